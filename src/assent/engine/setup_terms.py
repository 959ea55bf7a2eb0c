"""What the setup of a connection works with: its steps in their order, its ports, and people's choices."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from assent.engine.run import Run
from assent.ports.setup import Catalogue, CategoryColumn, CrmSetup, Form, Journal, Placing


class Step(Enum):
    """The steps in their order; the journal and the console name them by these words."""

    IDENTIFY = "identify"
    PLAN = "plan"
    SOLUTION = "solution"
    CATALOGUE = "catalogue"
    COLUMNS = "columns"
    FORM = "form"
    VIEWS = "views"
    PUBLISH = "publish"
    READ = "read"
    RECONCILE = "reconcile"
    BACKFILL = "backfill"
    WEBHOOKS = "webhooks"
    CATCH_UP = "catch_up"


@dataclass(frozen=True, slots=True)
class Placed:
    """A form's XML with our section in it; `changes` say in words and XML what differs, if anything."""

    xml: str = field(repr=False)
    changes: tuple[Mapping[str, str], ...] = ()


class PlaceSection(Protocol):
    """Puts the Subscriptions section on a form, or raises Paused with reason and evidence."""

    def __call__(
        self, form: Form, columns: Sequence[CategoryColumn], language: int, chosen: Placing
    ) -> Placed:
        """Place one toggle per column; pure, and idempotent."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where the organisation posts its notices, and the key it sends along."""

    url: str
    key: str = field(repr=False)


ANYWHERE = Placing()


@dataclass(frozen=True, slots=True)
class Setup:
    """What the setup of one connection works with.

    `webhook` makes a new key, which takes effect at once: it is called only right before that key
    is told to the organisation. `preview` says what all of it would do. Nothing is written to an
    organisation that is not live yet until a person `approved` that (its `fingerprint`). `placing` is
    where people want the toggles, `adopted` names columns of others that may be used, `listing` is off
    where people want no list of categories.
    """

    connection_id: int
    schema: CrmSetup
    journal: Journal
    place: PlaceSection
    webhook: Callable[[], Awaitable[Webhook]]
    preview: Callable[["Setup", Run], Awaitable[Mapping[str, Any]]]
    approved: str = ""
    placing: Placing = ANYWHERE
    adopted: frozenset[str] = frozenset()
    listing: bool = True

    async def catalogue(self) -> Catalogue:
        """The list of categories as it should be in Dynamics, or None where there shall be none."""
        return await self.journal.catalogue(self.connection_id) if self.listing else None


#: Told of every step as it begins and ends.
Progress = Callable[[Step, str], None]


def fingerprint(columns: Sequence[CategoryColumn]) -> str:
    """What an approval is for: other categories are another plan."""
    return "/".join(["columns", *sorted(column.logical_name for column in columns)])
