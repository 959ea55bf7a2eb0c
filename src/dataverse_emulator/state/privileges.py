"""Privileges: their names, and how far each reaches (dataverse.md 10, 9.2)."""

from collections.abc import Iterator, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from dataverse_emulator.state.columns import Cell
from dataverse_emulator.state.definitions import Definition, Model
from dataverse_emulator.state.sources import derived_id


class Depth(IntEnum):
    """How far a privilege reaches, with the values of `privilegedepthmask`."""

    BASIC = 1
    LOCAL = 2
    DEEP = 4
    GLOBAL = 8

    @property
    def title(self) -> str:
        """As functions and actions name it: Basic, Local, Deep, Global."""
        return self.name.capitalize()


#: Verbs of a table's privileges with their access rights.
VERBS: Final = MappingProxyType(
    {
        "Create": 32,
        "Read": 1,
        "Write": 2,
        "Delete": 65536,
        "Append": 4,
        "AppendTo": 16,
        "Assign": 524288,
        "Share": 262144,
    }
)
#: Tables whose privileges are those of another, or named otherwise than the table (10).
_NAMED: Final = MappingProxyType(
    {
        "systemuser": "User",
        "savedquery": "Query",
        "task": "Activity",
        "sdkmessagefilter": "SdkMessage",
        "solutioncomponent": "Solution",
        "fieldpermission": "FieldSecurityProfile",
        "audit": "AuditSummary",
    }
)
#: Views are customisations: making and changing them asks for that (10).
_OTHERWISE: Final = MappingProxyType(
    {("savedquery", verb): "prvWriteCustomization" for verb in ("Create", "Write", "Delete")}
)
#: What customisers make is created, read, written and deleted; to refer to it needs nothing more (10).
_MADE_BY_CUSTOMISERS: Final = frozenset(
    (
        *("publisher", "solution", "solutioncomponent", "systemform", "savedquery", "serviceendpoint"),
        *("sdkmessage", "sdkmessagefilter", "sdkmessageprocessingstep", "sdkmessageprocessingstepimage"),
    )
)
_REFERRING: Final = ("Append", "AppendTo")
#: Privileges that are of no table of rows (10).
OTHERS: Final = (
    *(
        f"prv{verb}{what}"
        for what in ("Entity", "Attribute", "Relationship", "EntityKey", "OptionSet", "Customization")
        for verb in ("Create", "Read", "Write", "Delete")
    ),
    "prvPublishCustomization",
    "prvActOnBehalfOfAnotherUser",
    "prvMerge",
    "prvReadRecordAuditHistory",
    "prvBypassCustomBusinessLogic",
    "prvBypassCustomPlugins",
    "prvBulkDelete",
)


def name_of(verb: str, definition: Definition) -> str | None:
    """The privilege for an act on a table's rows; none for pairs and what everybody may see."""
    if definition.intersect or definition.name == "privilege":
        return None
    if verb in _REFERRING and definition.name in _MADE_BY_CUSTOMISERS:
        return None
    other = _OTHERWISE.get((definition.name, verb))
    return other or f"prv{verb}{_NAMED.get(definition.name, definition.schema_name)}"


def id_of(name: str) -> str:
    """Stable for a name; a real organisation's are its own."""
    return derived_id("privilege", name.lower())


def privilege_rows(model: Model) -> Iterator[dict[str, Cell]]:
    """Every privilege there is, once."""
    seen = set[str]()
    for definition in model.tables.values():
        for row in of_table(definition):
            if row["name"] not in seen:
                seen.add(str(row["name"]))
                yield row
    for name in OTHERS:
        if name not in seen:
            yield _row(name, 0, owned=False)


def of_table(definition: Definition) -> Iterator[dict[str, Cell]]:
    """The privileges of one table."""
    owned = definition.ownership == "UserOwned"
    for verb, right in VERBS.items():
        if verb in ("Assign", "Share") and not owned:
            continue
        name = name_of(verb, definition)
        if name is not None:
            yield _row(name, right, owned=owned)


def _row(name: str, right: int, *, owned: bool) -> dict[str, Cell]:
    reach: Mapping[str, Cell] = {"canbebasic": owned, "canbelocal": owned, "canbedeep": owned}
    return {"privilegeid": id_of(name), "name": name, "accessright": right, "canbeglobal": True, **reach}
