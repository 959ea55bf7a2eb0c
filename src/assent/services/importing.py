"""What an import does to each contact: decided as a value before anything is written (I7)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from assent.policy.identity import AddressMarks, Origin, imported_basis, imported_value
from assent.policy.permission import LegalBasis
from assent.ports import Act, Evidence, NewPerson
from assent.services.tables.plan import ImportRow
from assent.store.imports import Standing
from assent.store.marks import NOTHING


class ImportOutcome(Enum):
    """What becomes of a row; the first that holds."""

    ERROR = "error"  # it cannot be read, or a grant has no evidence
    BARRED = "barred"  # the address was erased, or is being erased (I6)
    NEW = "new"
    NEW_WITHDRAWN = "new_withdrawn"  # a new contact with a remembered refusal (I3)
    KEPT_WITHDRAWN = "kept_withdrawn"  # the person stays Withdrawn; names and refusals are taken (I7)
    KEPT_NO = "kept_no"  # a Yes in the file meets a No, which stays; the rest is taken (I7)
    CHANGED = "changed"
    UNCHANGED = "unchanged"


OUTCOME_WORDS: Mapping[ImportOutcome, str] = {
    ImportOutcome.ERROR: "have errors and are not imported",
    ImportOutcome.BARRED: "were erased and are not created again",
    ImportOutcome.NEW: "are new contacts",
    ImportOutcome.NEW_WITHDRAWN: "are new, but had withdrawn before: they start Withdrawn",
    ImportOutcome.KEPT_WITHDRAWN: "have withdrawn and stay Withdrawn",
    ImportOutcome.KEPT_NO: "had unsubscribed from a category the file says Yes to, and stay unsubscribed",
    ImportOutcome.CHANGED: "will be changed",
    ImportOutcome.UNCHANGED: "are so already",
}


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the person who imports decides.

    `evidence` is for grants whose row has none of its own. `create_rows` ticks that new contacts get a
    row in Dynamics (I5). `leave_out_errors` imports the rest although some rows have errors.
    """

    evidence: str = ""
    create_rows: bool = False
    leave_out_errors: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """A row with what becomes of it."""

    row: ImportRow
    outcome: ImportOutcome
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class File:
    """Where rows come from: its name is part of every contact's evidence."""

    name: str
    options: ImportOptions

    def evidence(self, row: ImportRow) -> Evidence:
        """What proves a row: its own text or the import's, and the file with the line."""
        where = f"{self.name}, line {row.line}"
        source = f"{row.evidence.source} ({where})" if row.evidence.source else where
        return Evidence(row.evidence.text or self.options.evidence, source)

    def unproven(self, row: ImportRow) -> bool:
        """Whether a row grants without saying why."""
        return row.basis is not None and row.basis.positive and not self.evidence(row).text

    def person(self, row: ImportRow) -> NewPerson:
        """The contact a row creates; it gets a row in Dynamics only where that was ticked (I5)."""
        return NewPerson(
            email=row.shown_email,
            first_name=row.first_name,
            last_name=row.last_name,
            basis=row.basis or LegalBasis.NONE,
            refused=row.answered & ~row.value,
            origin=Origin.PERSON if self.options.create_rows else Origin.BULK,
            evidence=self.evidence(row),
        )


def decide(
    rows: Sequence[ImportRow], standing: Mapping[str, Standing], marks: Mapping[str, AddressMarks]
) -> list[Decided]:
    """Decide every row against the contacts there are."""
    decided = []
    for row in rows:
        holder = standing.get(row.email)
        remembered = marks.get(row.email, NOTHING)
        if remembered.erased:
            found = ImportOutcome.BARRED
        else:
            found = _existing(row, holder) if holder is not None else _new(row, remembered)
        decided.append(Decided(row, found, holder))
    return decided


def counts(decided: Sequence[Decided], errors: int) -> dict[ImportOutcome, int]:
    """How many rows have each outcome; those nobody has are left out."""
    found = Counter(item.outcome for item in decided)
    found[ImportOutcome.ERROR] += errors
    return {outcome: found[outcome] for outcome in ImportOutcome if found[outcome]}


def act_of(item: Decided, file: File) -> Act | None:
    """What a row of a standing contact comes to; None where it leaves everything as it is."""
    row, standing = item.row, item.standing
    if standing is None or item.outcome is ImportOutcome.BARRED:
        return None
    act = _moved(row, standing)
    return None if act == Act(standing.contact_id) else replace(act, evidence=file.evidence(row))


def _new(row: ImportRow, marks: AddressMarks) -> ImportOutcome:
    return ImportOutcome.NEW_WITHDRAWN if marks.refused else ImportOutcome.NEW


def _existing(row: ImportRow, standing: Standing) -> ImportOutcome:
    asks = row.basis is not None and row.basis is not LegalBasis.WITHDRAWN
    if standing.basis is LegalBasis.WITHDRAWN and asks:
        return ImportOutcome.KEPT_WITHDRAWN
    if row.answered & row.value & ~standing.value:
        return ImportOutcome.KEPT_NO
    moved = _moved(row, standing) != Act(standing.contact_id)
    return ImportOutcome.CHANGED if moved else ImportOutcome.UNCHANGED


def _moved(row: ImportRow, standing: Standing) -> Act:
    """What differs: blanks change nothing, refusals are taken, nothing lifts one (I7)."""
    basis = imported_basis(standing.basis, row.basis)
    value = imported_value(standing.value, row.answered, row.value)
    return Act(
        standing.contact_id,
        basis=None if basis is standing.basis else basis,
        answered=value ^ standing.value,
        first_name=_differs(row.first_name, standing.first_name),
        last_name=_differs(row.last_name, standing.last_name),
    )


def _differs(given: str, standing: str) -> str | None:
    return given if given and given != standing else None
