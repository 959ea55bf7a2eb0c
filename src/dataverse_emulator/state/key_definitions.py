"""Alternate keys: made, deleted, their indexes built over time (dataverse.md 7.5)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from dataverse_emulator.state import labels, solutions
from dataverse_emulator.state.columns import Kind
from dataverse_emulator.state.definitions import Definition, Key
from dataverse_emulator.state.edits import need_column
from dataverse_emulator.state.metadata_types import KEY, checked, missing
from dataverse_emulator.state.names import check_schema_name
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal
from dataverse_emulator.state.table import Table

MOST_KEYS: Final = 10
MOST_COLUMNS: Final = 16
_KINDS: Final = frozenset(
    {Kind.DECIMAL, Kind.INTEGER, Kind.TEXT, Kind.WHEN, Kind.LOOKUP, Kind.CUSTOMER, Kind.CHOICE}
)


def create(
    organization: Organization, definition: Definition, body: Mapping[str, Any], solution: str | None
) -> Key:
    """A new key whose index is Pending; building it is the system's job (7.5)."""
    given = checked("EntityKeyMetadata", body, KEY)
    schema = check_schema_name(organization, given.get("SchemaName"))
    columns = tuple(given.get("KeyAttributes", ()))
    _check(definition, schema.lower(), columns)
    texts = labels.given(organization, given, labels.DISPLAY)
    if texts is None:
        raise missing("DisplayName")
    key_id = given.get("MetadataId") or organization.sources.new_id()
    key = Key(schema.lower(), schema, columns, "Pending", key_id, texts)
    _put(organization, replace(definition, keys=(*definition.keys, key)))
    _start(organization, definition.name, key.name)
    organization.metadata_changed(definition.name)
    solutions.join(organization, solution, "entitykey", key_id)
    return key


def _check(definition: Definition, name: str, columns: tuple[str, ...]) -> None:
    if any(key.name == name for key in definition.keys):
        raise Refusal(
            Problem.KEY_NAME_EXISTS,
            f"An entity key with the name {name} already exists on entity {definition.name}.",
        )
    if any(set(key.columns) == set(columns) for key in definition.keys):
        raise Refusal(
            Problem.KEY_COLUMNS_EXIST, "An entity key with the selected attributes already exists on entity."
        )
    if not 1 <= len(columns) <= MOST_COLUMNS or len(set(columns)) < len(columns):
        raise _bad(f"a key has 1 to {MOST_COLUMNS} different columns")
    if len(definition.keys) >= MOST_KEYS:
        raise _bad(f"a table has at most {MOST_KEYS} keys")
    for column in (need_column(definition, one) for one in columns):
        if column.kind not in _KINDS:
            raise _bad(f"{column.name} is {column.kind.value}, which no key can be made of")
        if column.secured:
            raise Refusal(
                Problem.KEY_SECURED, f"The field {column.name} is secured, so it cannot be part of a key."
            )


def _bad(why: str) -> Refusal:
    return Refusal(Problem.BAD_KEY, f"Invalid EntityKey Operation performed : {why}")


def need(definition: Definition, name: str) -> Key:
    """The key of that logical name or id, or 404."""
    for key in definition.keys:
        if name.lower() in (key.name, key.metadata_id):
            return key
    raise Refusal(
        Problem.OBJECT_DOES_NOT_EXIST,
        f"Could not find an entity key with specified name: entityLogicalName={definition.name}, "
        f"entityKeyName={name[:100]}",
    )


def remove(organization: Organization, definition: Definition, key: Key) -> None:
    """Delete a key; its columns stay."""
    _put(organization, replace(definition, keys=tuple(one for one in definition.keys if one is not key)))
    organization.metadata_changed(definition.name)
    solutions.leave(organization, key.metadata_id)


def reactivate(organization: Organization, definition: Definition, key: Key) -> None:
    """Build the index of a Failed key again (ReactivateEntityKey)."""
    if key.status != "Failed":
        raise Refusal(Problem.KEY_NOT_FAILED, "Reactivate entity key is only supported for failed job")
    _become(organization, definition, key, "Pending")
    _start(organization, definition.name, key.name)


def settle(organization: Organization) -> None:
    """Finish the indexes whose time has come: Active, or Failed where rows share their values (7.5)."""
    at = organization.sources.now()
    due = [job for job in organization.index_jobs if job[0] <= at]
    if not due:
        return
    organization.index_jobs = tuple(job for job in organization.index_jobs if job[0] > at)
    for _, table, name in due:
        definition = organization.model.tables.get(table)
        key = None if definition is None else next((k for k in definition.keys if k.name == name), None)
        if definition is not None and key is not None:
            unique = _unique(organization.table(table), key)
            _become(organization, definition, key, "Active" if unique else "Failed")


def _unique(table: Table, key: Key) -> bool:
    seen = set[tuple[object, ...]]()
    cells = [table.cells(name) for name in key.columns]
    for position in table.positions():
        values = [column[position] for column in cells]
        if None in values:
            continue
        folded = tuple(value.casefold() if isinstance(value, str) else value for value in values)
        if folded in seen:
            return False
        seen.add(folded)
    return True


def _start(organization: Organization, table: str, name: str) -> None:
    before = organization.index_jobs
    due = organization.sources.now() + organization.choices.key_index_s
    organization.index_jobs = (*before, (due, table, name))

    def undo() -> None:
        organization.index_jobs = before

    organization.on_undo(undo)


def _become(organization: Organization, definition: Definition, key: Key, status: str) -> None:
    changed = replace(key, status=status)
    keys = tuple(changed if one is key else one for one in definition.keys)
    _put(organization, replace(definition, keys=keys))


def _put(organization: Organization, definition: Definition) -> None:
    organization.change_model(organization.model.with_table(definition))
