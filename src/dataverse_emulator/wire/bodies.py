"""The body of a write, read into column values, links and new related rows (dataverse.md 2.5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dataverse_emulator.state import pairs, security, writes
from dataverse_emulator.state.columns import guid
from dataverse_emulator.state.definitions import Definition, Navigation, Way
from dataverse_emulator.state.events import Values
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Refusal, bad_payload, not_implemented
from dataverse_emulator.state.table import Table
from dataverse_emulator.wire.addressing import is_lookup, linked
from dataverse_emulator.wire.answers import Call


@dataclass(slots=True)
class Submitted:
    """What a body asks for: values, rows to make first and point at, and rows to tie to the new one."""

    values: Values = field(default_factory=dict)
    parents: list[tuple[Navigation, Mapping[str, Any]]] = field(default_factory=list)
    children: list[tuple[Navigation, Mapping[str, Any]]] = field(default_factory=list)
    ties: list[tuple[Navigation, Table, int]] = field(default_factory=list)


def submitted(
    organization: Organization, call: Call, table: Definition, body: Mapping[str, Any], *, creating: bool
) -> Submitted:
    """The columns a body sets and the rows it names; annotations other than binds are skipped (2.5)."""
    found, given = Submitted(), dict[str, object]()
    navigations = organization.model.navigations[table.name]
    for name, value in body.items():
        base, mark, annotation = name.partition("@")
        if mark:
            _annotated(organization, call, table, found, given, base, annotation, value, creating=creating)
        elif name in navigations:
            _related(table, found, given, navigations[name], value, creating=creating)
        elif is_lookup(table, name):
            raise bad_payload(
                table.set_name,
                "CRM do not support direct update of Entity Reference properties, "
                "Use Navigation properties instead.",
            )
        elif name in table.properties:
            given[name] = value
        elif name in table.columns and table.columns[name].exposed is False and table.columns[name].create:
            given[name] = value  # write-only columns, such as the secret of an endpoint (6.1)
        else:
            raise writes.undeclared(table, name)
    found.values = writes.checked(organization, table, given, creating=creating)
    return found


def _annotated(
    organization: Organization,
    call: Call,
    table: Definition,
    found: Submitted,
    given: dict[str, object],
    base: str,
    annotation: str,
    value: object,
    *,
    creating: bool,
) -> None:
    step = organization.model.navigations[table.name].get(base)
    if annotation != "odata.bind":
        if base and step is None and base not in table.properties and base not in table.columns:
            raise _undeclared(table, base)
        return
    if step is None:
        raise _undeclared(table, base)
    if step.way is Way.ONE:
        _bind(organization, call, table, given, step, value)
        return
    if not creating:
        raise bad_payload(table.set_name, f"The collection '{base}' is changed through {base}/$ref.")
    if not isinstance(value, list):
        raise bad_payload(table.set_name, f"'{base}@odata.bind' must be an array of addresses.")
    for text in value:
        other, position = _linked(organization, call, table, step, text)
        found.ties.append((step, other, position))


def _undeclared(table: Definition, name: str) -> Refusal:
    return bad_payload(
        table.set_name,
        f"An undeclared property '{name[:100]}' which only has property annotations in the payload but no "
        "property value was found in the payload. In OData, only declared navigation properties and "
        "declared named streams can be represented as properties without values.",
    )


def _bind(
    organization: Organization,
    call: Call,
    table: Definition,
    given: dict[str, object],
    step: Navigation,
    value: object,
) -> None:
    kind = table.type_columns.get(step.column)
    if value is None:
        given[step.column] = None
        if kind is not None:
            given[kind] = None
        return
    other, position = _linked(organization, call, table, step, value)
    given[step.column] = other.row_id(position)
    if kind is not None:
        given[kind] = other.definition.name


def _linked(
    organization: Organization, call: Call, table: Definition, step: Navigation, text: object
) -> tuple[Table, int]:
    other, position = linked(organization, text, call.made)
    if other.definition.name not in step.targets:
        raise bad_payload(
            table.set_name, f"'{step.name}' leads to {step.target}, not to {other.definition.set_name}."
        )
    return other, position


def _related(
    table: Definition,
    found: Submitted,
    given: dict[str, object],
    step: Navigation,
    value: object,
    *,
    creating: bool,
) -> None:
    """A navigation property with a value: null unlinks, objects are rows to make (deep insert)."""
    if step.way is Way.ONE and value is None:
        given[step.column] = None
        if step.column in table.type_columns:
            given[table.type_columns[step.column]] = None
    elif not creating:
        raise bad_payload(
            table.set_name,
            "CRM do not support direct update of Entity Reference properties, "
            "Use Navigation properties instead.",
        )
    elif step.way is Way.ONE and isinstance(value, dict):
        found.parents.append((step, value))
    elif step.way is not Way.ONE and isinstance(value, list) and all(isinstance(v, dict) for v in value):
        found.children.extend((step, held) for held in value)
    else:
        raise bad_payload(table.set_name, f"The value of '{step.name}' is neither a row nor rows.")


def create(
    organization: Organization,
    call: Call,
    table: Table,
    body: Mapping[str, Any],
    row_id: str | None = None,
    preset: Values | None = None,
) -> int:
    """A new row with everything its body says: related rows made along and tied to it. Where it is."""
    definition = table.definition
    wanted = submitted(organization, call, definition, body, creating=True)
    values = {**(preset or {}), **wanted.values}
    for step, held in wanted.parents:
        other = organization.table(step.target)
        parent = create(organization, call, other, held)
        values[step.column] = other.row_id(parent)
        if step.column in definition.type_columns:
            values[definition.type_columns[step.column]] = step.target
    position = writes.create(organization, call.user, table, values, row_id)
    for step, held in wanted.children:
        other = organization.table(step.target)
        if step.way is Way.MANY:
            create(organization, call, other, held, preset=_pointing(table, other, step, position))
        else:
            tie(organization, call, table, position, step, other, create(organization, call, other, held))
    for step, other, found in wanted.ties:
        tie(organization, call, table, position, step, other, found)
    return position


def _pointing(table: Table, other: Table, step: Navigation, position: int) -> Values:
    kind = other.definition.type_columns.get(step.column)
    found: Values = {step.column: table.row_id(position)}
    return found if kind is None else {**found, kind: table.definition.name}


def tie(
    organization: Organization,
    call: Call,
    table: Table,
    position: int,
    step: Navigation,
    other: Table,
    found: int,
) -> None:
    """Put a row into a collection of another (Associate)."""
    if step.way is Way.MANY:
        writes.update(organization, call.user, other, found, _pointing(table, other, step, position))
        return
    _require_append(organization, call, table, other)
    near, far = (step.column, table.row_id(position)), (step.far_column, other.row_id(found))
    pairs.tie(organization, step.intersect, near, far)


def _require_append(organization: Organization, call: Call, table: Table, other: Table) -> None:
    security.require_on(organization, call.user, "Append", table.definition)
    security.require_on(organization, call.user, "AppendTo", other.definition)


def untie(
    organization: Organization,
    call: Call,
    table: Table,
    position: int,
    step: Navigation,
    other: Table,
    found: int,
) -> None:
    """Take a row out of a collection of another (Disassociate)."""
    if step.way is Way.PAIRS:
        _require_append(organization, call, table, other)
        near, far = (step.column, table.row_id(position)), (step.far_column, other.row_id(found))
        pairs.untie(organization, step.intersect, near, far)
        return
    if other.cell(found, step.column) != table.row_id(position):
        raise not_implemented("unlinking rows that are not linked", "the outcome is not documented.")
    cleared: Values = {step.column: None}
    writes.update(organization, call.user, other, found, cleared)


def without_key(definition: Definition, body: Mapping[str, Any], row_id: str | None) -> dict[str, Any]:
    """A body whose key, if it has one, is that of the address."""
    kept = dict(body)
    held = kept.pop(definition.key, None)
    if held is not None and row_id is not None and not (isinstance(held, str) and guid(held) == row_id):
        raise not_implemented(
            f"a body whose {definition.key} differs from the URL's", "the outcome is not documented."
        )
    return kept
