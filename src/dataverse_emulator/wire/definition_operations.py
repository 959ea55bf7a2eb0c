"""The operations on definitions: tables, columns, keys, relationships."""

from typing import Final

from dataverse_emulator.wire.costs import Work
from dataverse_emulator.wire.definition_calls import perform as _defined
from dataverse_emulator.wire.operation import Operation

_SIMPLE: Final = ("filters beyond comparisons", "`$expand` of anything but OptionSet")
_BOOLEAN: Final = ("types other than Boolean",)
_OWN: Final = ("columns of the system",)
_TABLE: Final = "EntityDefinitions({key})"
_COLUMNS: Final = f"{_TABLE}/Attributes"
_COLUMN: Final = f"{_COLUMNS}({{key}})"
_ANSWERED: Final = (
    Operation("Read a table's definition", "GET", _TABLE, "7.6", perform=_defined),
    Operation("List columns", "GET", _COLUMNS, "7.6", perform=_defined, gaps=_SIMPLE),
    Operation(
        "List columns of a type", "GET", f"{_COLUMNS}/{{cast}}", "7.3", perform=_defined, gaps=_BOOLEAN
    ),
    Operation("Read a column", "GET", _COLUMN, "7.3", perform=_defined),
    Operation(
        "Read a column as its type", "GET", f"{_COLUMN}/{{cast}}", "7.3", perform=_defined, gaps=_BOOLEAN
    ),
    Operation("Create a column", "POST", _COLUMNS, "7.3", Work.COLUMN, _defined, _BOOLEAN),
    Operation("Change a column", "PUT", _COLUMN, "7.3", Work.COLUMN, _defined, _OWN),
    Operation("Change a column", "PUT", f"{_COLUMN}/{{cast}}", "7.3", Work.COLUMN, _defined),
    Operation("Delete a column", "DELETE", _COLUMN, "7.8", Work.COLUMN, _defined, _OWN),
)
_MISSING: Final = tuple(
    Operation(name, method, shape, source, work)
    for name, method, shape, source, work in (
        ("List tables", "GET", "EntityDefinitions", "7.6", Work.OTHER),
        ("Create a table", "POST", "EntityDefinitions", "7.5", Work.TABLE),
        ("Change a table", "PUT", _TABLE, "7.5", Work.TABLE),
        ("Delete a table", "DELETE", _TABLE, "7.5", Work.TABLE),
        ("List keys", "GET", f"{_TABLE}/Keys", "7.5", Work.OTHER),
        ("Create a key", "POST", f"{_TABLE}/Keys", "7.5", Work.COLUMN),
        ("List relationships", "GET", "RelationshipDefinitions", "7.5", Work.OTHER),
        ("Create a relationship", "POST", "RelationshipDefinitions", "7.5", Work.RELATIONSHIP),
    )
)
DEFINITIONS: Final = (*_ANSWERED, *_MISSING)
