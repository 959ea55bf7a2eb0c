"""The operations on definitions: tables, columns, keys, relationships, option sets, languages, publishing."""

from typing import Final

from dataverse_emulator.wire import csdl, definition_actions, metadata_changes, publishing
from dataverse_emulator.wire.costs import Work
from dataverse_emulator.wire.definition_calls import perform as _defined
from dataverse_emulator.wire.operation import Operation, plain

_TABLE: Final = "EntityDefinitions({key})"
_COLUMNS: Final = f"{_TABLE}/Attributes"
_COLUMN: Final = f"{_COLUMNS}({{key}})"
_KEYS: Final = f"{_TABLE}/Keys"
_RELATIONSHIPS: Final = "RelationshipDefinitions"
_RELATIONSHIP: Final = f"{_RELATIONSHIPS}({{key}})"
_SETS: Final = "GlobalOptionSetDefinitions"
_SET: Final = f"{_SETS}({{key}})"

_SIMPLE: Final = ("filters beyond comparisons", "properties nobody documented of standard definitions")
_NEW_TABLES: Final = ("tables of activities", "elastic and virtual tables")
_BY_ITSELF: Final = ("a lookup without its relationship",)
_ITSELF: Final = ("a many-to-many relationship of a table with itself without names of its properties",)

_READS: Final = tuple(
    Operation(name, "GET", shape, source, Work.OTHER, _defined, gaps)
    for name, shape, source, gaps in (
        ("List tables", "EntityDefinitions", "7.6", _SIMPLE),
        ("Read a table's definition", _TABLE, "7.6", ()),
        ("Read a property of a table", f"{_TABLE}/{{property}}", "7.6", ()),
        ("List columns", _COLUMNS, "7.6", _SIMPLE),
        ("List columns of a type", f"{_COLUMNS}/{{cast}}", "7.3", ()),
        ("Read a column", _COLUMN, "7.3", ()),
        ("Read a column as its type", f"{_COLUMN}/{{cast}}", "7.3", ()),
        ("Read a property of a column", f"{_COLUMN}/{{property}}", "7.3", ()),
        ("Read what a column's type has", f"{_COLUMN}/{{cast}}/{{property}}", "7.3", ()),
        ("List keys", _KEYS, "7.5", ()),
        ("Read a key", f"{_KEYS}({{key}})", "7.5", ()),
        ("List a table's relationships", f"{_TABLE}/{{relationships}}", "7.5", ()),
        ("Read a relationship of a table", f"{_TABLE}/{{relationships}}({{key}})", "7.5", ()),
        ("List relationships", _RELATIONSHIPS, "7.5", ()),
        ("List relationships of a type", f"{_RELATIONSHIPS}/{{cast}}", "7.5", ()),
        ("Read a relationship", _RELATIONSHIP, "7.5", ()),
        ("Read a relationship as its type", f"{_RELATIONSHIP}/{{cast}}", "7.5", ()),
        ("List global option sets", _SETS, "Create and update choices", ()),
        ("List global option sets of a type", f"{_SETS}/{{cast}}", "Create and update choices", ()),
        ("Read a global option set", _SET, "Create and update choices", ()),
        ("Read a global option set as its type", f"{_SET}/{{cast}}", "Create and update choices", ()),
    )
)
_WRITES: Final = tuple(
    Operation(name, method, shape, source, work, _defined, gaps)
    for name, method, shape, source, work, gaps in (
        ("Create a table", "POST", "EntityDefinitions", "7.5", Work.TABLE, _NEW_TABLES),
        ("Change a table", "PUT", _TABLE, "7.5", Work.TABLE, ("changing EntitySetName",)),
        ("Delete a table", "DELETE", _TABLE, "7.8", Work.TABLE, ()),
        ("Create a column", "POST", _COLUMNS, "7.3", Work.COLUMN, _BY_ITSELF),
        ("Change a column", "PUT", _COLUMN, "7.3", Work.COLUMN, ("shortening a column",)),
        ("Change a column", "PUT", f"{_COLUMN}/{{cast}}", "7.3", Work.COLUMN, ()),
        ("Delete a column", "DELETE", _COLUMN, "7.8", Work.COLUMN, ()),
        ("Create a key", "POST", _KEYS, "7.5", Work.COLUMN, ()),
        ("Delete a key", "DELETE", f"{_KEYS}({{key}})", "7.5", Work.COLUMN, ()),
        ("Create a relationship", "POST", _RELATIONSHIPS, "7.5", Work.RELATIONSHIP, _ITSELF),
        ("Change a relationship", "PUT", _RELATIONSHIP, "7.5", Work.RELATIONSHIP, ()),
        ("Change a relationship", "PUT", f"{_RELATIONSHIP}/{{cast}}", "7.5", Work.RELATIONSHIP, ()),
        ("Delete a relationship", "DELETE", _RELATIONSHIP, "7.5", Work.RELATIONSHIP, ()),
        ("Create a global option set", "POST", _SETS, "Create and update choices", Work.COLUMN, ()),
        ("Change a global option set", "PUT", _SET, "Create and update choices", Work.COLUMN, ()),
        ("Delete a global option set", "DELETE", _SET, "Create and update choices", Work.COLUMN, ()),
    )
)
_OPTIONS: Final = tuple(
    Operation(name, "POST", name, "Create and update choices", Work.COLUMN, plain(act))
    for name, act in (
        ("InsertOptionValue", definition_actions.insert),
        ("InsertStatusValue", definition_actions.insert),
        ("UpdateOptionValue", definition_actions.change),
        ("UpdateStateValue", definition_actions.change),
        ("DeleteOptionValue", definition_actions.change),
        ("OrderOption", definition_actions.change),
    )
)
_NAMED: Final = (
    Operation(
        "CreateEntities", "POST", "CreateEntities", "Microsoft's Python client", Work.TABLE,
        plain(definition_actions.create_tables),
    ),
    Operation(
        "CreateCustomerRelationships", "POST", "CreateCustomerRelationships", "Multi-table lookups",
        Work.RELATIONSHIP, plain(definition_actions.create_lookup),
    ),
    Operation(
        "CreatePolymorphicLookupAttribute", "POST", "CreatePolymorphicLookupAttribute",
        "Multi-table lookups", Work.RELATIONSHIP, plain(definition_actions.create_lookup),
    ),
    Operation(
        "ReactivateEntityKey", "POST", "ReactivateEntityKey", "7.5", Work.COLUMN,
        plain(definition_actions.reactivate),
    ),
    Operation(
        "RetrieveDependenciesForDelete", "GET", "RetrieveDependenciesForDelete({key})", "7.8",
        perform=definition_actions.what_depends,
    ),
    Operation(
        "RetrieveMetadataChanges", "GET", "RetrieveMetadataChanges({key})", "Query schema definitions",
        perform=metadata_changes.perform,
        gaps=("changes since a stamp", "conditions beyond equality", "labels of some languages"),
    ),
    Operation(
        "RetrieveProvisionedLanguages", "GET", "RetrieveProvisionedLanguages", "7.2",
        perform=plain(definition_actions.provisioned_languages),
    ),
    Operation(
        "RetrieveAvailableLanguages", "GET", "RetrieveAvailableLanguages", "7.2",
        perform=plain(definition_actions.available_languages),
    ),
    Operation(
        "PublishXml", "POST", "PublishXml", "7.6", Work.PUBLISH, plain(publishing.publish_xml),
        ("anything but tables and option sets",),
    ),
    Operation(
        "PublishAllXml", "POST", "PublishAllXml", "7.6", Work.PUBLISH, plain(publishing.publish_all_xml)
    ),
    Operation("Service description", "GET", "$metadata", "3.1", perform=plain(csdl.metadata)),
)  # fmt: skip
DEFINITIONS: Final = (*_READS, *_WRITES, *_OPTIONS, *_NAMED)
