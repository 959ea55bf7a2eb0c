"""What setup asks of the CRM and orders there: parts, columns, forms, and their removal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol
from uuid import UUID

from assent.ports import Organisation


@dataclass(frozen=True, slots=True)
class CategoryColumn:
    """A category's Yes/No column on the contact table. `schema_name` never changes."""

    bit: int
    schema_name: str
    name: str
    description: str = ""

    @property
    def logical_name(self) -> str:
        """The name used in queries and rows."""
        return self.schema_name.lower()


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """A category as Dynamics lists it; `column` is the logical name of its column on the contact table."""

    column: str
    name: str
    description: str
    position: int
    archived: bool


#: The categories in their order, archived ones too; None where Dynamics shall have no list of them.
Catalogue = Sequence[CatalogueRow] | None


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of a form, as people can tell it from others."""

    name: str
    tab_id: str
    labels: tuple[str, ...]
    visible: bool


@dataclass(frozen=True, slots=True)
class Form:
    """A contact main form, its unpublished layer where there is one; `ours` when our section is on it."""

    form_id: UUID
    name: str
    xml: str = field(repr=False)
    customisable: bool
    is_default: bool
    ours: bool = False
    tabs: tuple[Tab, ...] = ()


@dataclass(frozen=True, slots=True)
class Placing:
    """Where a person wants the toggles: on which form (any unless named), on which tab or a new one."""

    form: str = ""  # a form's id
    tab: str = ""  # a tab's name or id
    new_tab: bool = False


class Action(Enum):
    """What setup would do with a part of an organisation."""

    CREATE = "create"
    CHANGE = "change"
    KEEP = "keep"
    BLOCKED = "blocked"  # a person has to decide first
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Component:
    """A part of an organisation that setup makes or changes, as it is and as it would be."""

    kind: str
    name: str
    action: Action
    before: str = ""
    after: str = ""


class CrmSetup(Protocol):
    """The parts of an organisation that setup makes; every call may be repeated safely."""

    @property
    def language(self) -> int:
        """The organisation's base language, in which labels are written."""

    async def components(
        self, columns: Sequence[CategoryColumn], catalogue: Catalogue, url: str
    ) -> list[Component]:
        """What each part but the forms is now and would be; nothing is written."""

    async def foreign_columns(self) -> list[str]:
        """Columns that go by our prefix and are not of our solution: somebody else made them (S1)."""

    async def contacts(self) -> int:
        """About how many contacts there are, 0 where that is not told."""

    async def ensure_solution(self) -> None:
        """Our publisher and unmanaged solution exist."""

    async def ensure_catalogue(self, rows: Sequence[CatalogueRow]) -> None:
        """The table of categories exists with exactly these rows.

        Raises Paused where a table of its name is somebody else's, PrivilegeMissing where it may not be
        made or written.
        """

    async def ensure_column(self, column: CategoryColumn, *, adopt: bool = False) -> bool:
        """The column exists with the right type; True when it was made now.

        Raises Paused for one that is somebody else's, unless it may be adopted.
        """

    async def spread(self, columns: Sequence[CategoryColumn]) -> None:
        """Contacts can be read with these columns: new ones take a while to be known everywhere."""

    async def main_forms(self) -> list[Form]:
        """The active contact main forms."""

    async def save_form(self, form_id: UUID, xml: str) -> None:
        """Store a form's XML in the unpublished layer."""

    async def ensure_views(self, columns: Sequence[CategoryColumn]) -> None:
        """A view of subscribers for each column, called as its category is; those of others are gone."""

    async def publish(self) -> None:
        """Publish the customisations of the contact table and of the catalogue."""

    async def ensure_webhooks(self, url: str, key: str, filtering: Sequence[str]) -> None:
        """One service endpoint, and steps on contact create, update, delete and merge, enabled."""


class CrmRemoval(Protocol):
    """Takes away what setup made; every call may be repeated safely, and what is gone is no error."""

    async def parts(self) -> list[Component]:
        """Each part that will be removed, changed or kept, with what it is and why it stays."""

    async def remove_webhooks(self) -> None:
        """No notices are posted any more."""

    async def clear_forms(self) -> list[Component]:
        """Our section and toggles are off every form that may be changed; gives those that may not."""

    async def remove_views(self) -> None:
        """Our views are gone."""

    async def publish(self) -> None:
        """Publish the contact table's customisations."""

    async def remove_columns(self) -> list[Component]:
        """The columns of our solution are gone; gives those that something else refers to."""

    async def remove_catalogue(self) -> list[Component]:
        """The table of categories is gone; gives it where something else refers to it."""

    async def remove_solution(self) -> list[Component]:
        """Solution and publisher are gone; gives the publisher where others use it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many contacts are to be settled, and how many rows of a connection lack a value."""

    unsettled: int
    blank: int


class Journal(Protocol):
    """What setup has done to a connection, step by step."""

    async def done(self, connection_id: int) -> set[str]:
        """The steps that are finished."""

    async def mark(self, connection_id: int, step: str, state: str, detail: Mapping[str, object]) -> None:
        """Record a step as running, done or paused, with what a person should know."""

    async def waiting(self, connection_id: int) -> Waiting:
        """What reconciling and filling have before them now."""

    async def set_organisation(self, connection_id: int, organisation: Organisation) -> None:
        """Remember who this connection is joined to (M7)."""

    async def go_live(self, connection_id: int) -> None:
        """From now on real time, sweeps and checks include this connection."""

    async def columns(self, connection_id: int) -> list[CategoryColumn]:
        """The columns the account's active categories want."""

    async def made(self, connection_id: int, categories: int) -> None:
        """From now on these categories have their column there."""

    async def catalogue(self, connection_id: int) -> list[CatalogueRow]:
        """Every category of the account in its order, archived ones too."""
