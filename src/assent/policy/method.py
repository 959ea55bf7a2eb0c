"""How a check learns who refuses in Dynamics: whichever way costs that organisation least (G4)."""

from dataclasses import dataclass
from enum import Enum
from math import ceil


class Method(Enum):
    """What is read of an organisation beside its change feed; each way leads to the same verdicts."""

    REFUSING = "refusing"  # every row that refuses anything this message is about
    TARGETS = "targets"  # the rows of the contacts asked about, and every row bearing their addresses
    NOT_ASKED = "not_asked"  # transactional mail goes by what was last read (G3)


#: Rows to a page, and contacts to a batched request: ten questions, an address in three spellings (I1).
PAGE_ROWS, REQUEST_CONTACTS = 5_000, 2_500

#: What reading costs an organisation, in seconds of its time: only the proportion matters here.
REQUEST_S, ROW_S = 0.15, 0.000_2


@dataclass(frozen=True, slots=True)
class Cost:
    """What a way of asking is expected to take."""

    requests: int
    rows: int

    @property
    def seconds(self) -> float:
        """The organisation's time, roughly."""
        return self.requests * REQUEST_S + self.rows * ROW_S


@dataclass(frozen=True, slots=True)
class Choice:
    """The way chosen, what it is expected to cost, and what the other would have."""

    method: Method
    cost: Cost
    other: Cost


def choose(contacts: int, refusing: int) -> Choice:
    """Choose by the number of contacts asked about and by how many rows are thought to refuse."""
    by_set = Cost(max(1, ceil(refusing / PAGE_ROWS)), refusing)
    # Every row is found twice: by its id and by its address.
    by_contact = Cost(ceil(contacts / REQUEST_CONTACTS), 2 * contacts)
    if by_contact.seconds <= by_set.seconds:
        return Choice(Method.TARGETS, by_contact, by_set)
    return Choice(Method.REFUSING, by_set, by_contact)
