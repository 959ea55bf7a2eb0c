"""Creating, updating and deleting rows of any table, with the events each raises (2.6, 6.6, 9.4)."""

from collections.abc import Mapping

from dataverse_emulator.state import audit, computed, pairs, rules, security
from dataverse_emulator.state.audit import Operation
from dataverse_emulator.state.columns import LOOKUPS, Cell, Kind
from dataverse_emulator.state.definitions import Definition, Way
from dataverse_emulator.state.events import Message, Values
from dataverse_emulator.state.identity import User
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.pipeline import tell
from dataverse_emulator.state.problems import Problem, Refusal, bad_payload, not_implemented, row_missing
from dataverse_emulator.state.registrations import listened
from dataverse_emulator.state.table import VERSION, Table
from dataverse_emulator.state.values import accept

_STATE_COLUMNS = frozenset({"statecode", "statuscode"})


def checked(
    organization: Organization, table: Definition, given: Mapping[str, object], *, creating: bool
) -> Values:
    """The submitted values in the table's own form, or the refusal that the first bad one earns.

    Names are those of columns; lookups come as ids with, where they may point at several tables, the
    column that says which. Everything a lookup names must exist.
    """
    values = Values()
    for name, value in given.items():
        column = table.columns.get(name)
        if column is None:
            raise undeclared(table, name)
        if not (column.create if creating else column.update) and column.of is None:
            raise not_implemented(f"writing {name}", "what becomes of a system-set column is not documented.")
        values[name] = accept(table, column, value)
        if column.kind in LOOKUPS and values[name] is not None:
            _check_target(organization, table, name, given, str(values[name]))
    return values


def undeclared(table: Definition, name: str) -> Refusal:
    """A property in a body that the table does not have (2.5)."""
    if table.partial:
        return not_implemented(f"column {name[:60]} of {table.name}", "only the columns in its README are.")
    return bad_payload(
        table.set_name,
        f"The property '{name[:100]}' does not exist on type 'Microsoft.Dynamics.CRM.{table.name}'. "
        "Make sure to only use property names that are defined by the type.",
    )


def _check_target(
    organization: Organization, table: Definition, name: str, given: Mapping[str, object], row_id: str
) -> None:
    target = given.get(table.type_columns.get(name, ""), table.columns[name].targets[0])
    if target not in organization.model.tables:
        raise not_implemented(f"lookups to {target}", f"'{name}' of {table.name} cannot be set.")
    if organization.table(str(target)).position(row_id) is None:
        raise row_missing(str(target), row_id)


def need(table: Table, row_id: str) -> int:
    """Where the row of that id is, or 'contact With Id = … Does Not Exist' (2.6)."""
    position = table.position(row_id)
    if position is None:
        raise row_missing(table.definition.name, row_id)
    return position


def create(
    organization: Organization, user: User, table: Table, given: Mapping[str, Cell], row_id: str | None = None
) -> int:
    """A new row with the defaults of columns not named; the id may be the caller's (2.5). Where it is."""
    definition = table.definition
    security.require_on(organization, user, "Create", definition)
    security.require_columns(organization, user, definition, list(given), "cancreate")
    _require_links(organization, user, definition, given)
    chosen = row_id or given.get(definition.key) or organization.sources.new_id()
    if table.position(str(chosen)) is not None:
        raise Refusal(Problem.DUPLICATE_RECORD, "A record with matching key values already exists.")
    values = rules.check(organization, definition, dict(given), None)
    at, row = organization.sources.now(), {**definition.defaults, **values, definition.key: str(chosen)}
    _begin(organization, definition, user, row, at)
    _check_keys(table, row, None)
    row[VERSION] = organization.next_version()
    position = table.insert(row, at)
    organization.on_undo(lambda: table.undo_insert(position))
    if audit.switched_on(organization, definition):
        audit.note(organization, user, table, position, Operation.CREATE, {}, row)
    tell(organization, Message.CREATE, user, table, position, values, before=None)
    return position


def _require_links(
    organization: Organization, user: User, definition: Definition, given: Mapping[str, Cell]
) -> None:
    """Pointing at a row appends this one to it: Append here, AppendTo there (10)."""
    for name, value in given.items():
        column = definition.columns.get(name)
        if value is None or column is None or column.kind not in LOOKUPS or column.kind is Kind.OWNER:
            continue
        kind = given.get(definition.type_columns.get(name, ""), column.targets[0])
        if kind in organization.model.tables:
            security.require_on(organization, user, "Append", definition)
            security.require_on(organization, user, "AppendTo", organization.model.tables[str(kind)])


def _begin(organization: Organization, definition: Definition, user: User, row: Values, at: float) -> None:
    """What the platform sets on a new row (9.2)."""
    stamps: Values = {
        "createdon": row.get("overriddencreatedon") or int(at),
        "modifiedon": int(at),
        "createdby": user.user_id,
        "modifiedby": user.user_id,
        "createdonbehalfby": user.behind,
        "modifiedonbehalfby": user.behind,
    }
    row.update((name, value) for name, value in stamps.items() if name in definition.columns)
    if row.get("overriddencreatedon") is not None:
        row["overriddencreatedon"] = int(at)
    if definition.has_owner:
        row.setdefault("ownerid", user.user_id)
        row.setdefault("owneridtype", "systemuser")
        row.update(_ownership(organization, row))
    if definition.columns.keys() >= _STATE_COLUMNS:
        row.update(_paired(definition, row, row.get("statecode")))
    row.update(computed.on_create(organization, definition, row))


def _ownership(organization: Organization, row: Mapping[str, Cell]) -> Values:
    """The owner's shadows: who it is as a user or a team, and its business unit."""
    kind, owner = str(row["owneridtype"]), str(row["ownerid"])
    table = organization.table(kind)
    unit = table.cell(need(table, owner), "businessunitid") or organization.business_unit_id
    return {
        "owninguser": owner if kind == "systemuser" else None,
        "owningteam": owner if kind == "team" else None,
        "owningbusinessunit": unit,
    }


def _check_keys(table: Table, values: Mapping[str, Cell], position: int | None) -> None:
    """No other row may have the same alternate key; nulls are not compared (7.5)."""
    for key in table.definition.keys:
        if key.status != "Active" or values.keys().isdisjoint(key.columns):
            continue
        held = [
            values[name] if name in values else (None if position is None else table.cell(position, name))
            for name in key.columns
        ]
        if None not in held and any(found != position for found in table.holding(key.columns, held)):
            raise Refusal(
                Problem.DUPLICATE_KEY,
                f"A record that has the attribute values {', '.join(key.columns)} already exists. "
                "The entity key requires that this set of attributes contains unique values. "
                "Select unique values and try again.",
            )


def update(
    organization: Organization, user: User, table: Table, position: int, given: Mapping[str, Cell]
) -> None:
    """New values, new version, also when nothing differs; state beside others makes two updates (6.6)."""
    definition = table.definition
    security.require_row(organization, user, "Write", table, position)
    security.require_columns(organization, user, definition, list(given), "canupdate")
    _require_links(organization, user, definition, given)
    if given.get("ownerid") not in (None, table.cell(position, "ownerid")):
        security.require_row(organization, user, "Assign", table, position)
    values = rules.check(organization, definition, dict(given), position)
    if not _STATE_COLUMNS.isdisjoint(values) and definition.columns.keys() >= _STATE_COLUMNS:
        values = {**values, **_paired(definition, values, table.cell(position, "statecode"))}
        state = {name: value for name, value in values.items() if name in _STATE_COLUMNS}
        others = {name: value for name, value in values.items() if name not in _STATE_COLUMNS}
        if others:
            apply(organization, user, table, position, others)
        apply(organization, user, table, position, state)
        return
    apply(organization, user, table, position, values)


def apply(
    organization: Organization,
    user: User,
    table: Table,
    position: int,
    values: Values,
    *,
    depth: int = 1,
    silent: bool = False,
) -> None:
    """One update of one row, without the rules that a client's update meets."""
    definition, at = table.definition, organization.sources.now()
    _check_keys(table, values, position)
    changes: Values = {**values, VERSION: organization.next_version()}
    if "modifiedon" in definition.columns:
        changes["modifiedon"] = int(at)
        changes["modifiedby"] = user.user_id
        if "modifiedonbehalfby" in definition.columns:
            changes["modifiedonbehalfby"] = user.behind
    if values.get("ownerid") is not None:
        changes.setdefault("owneridtype", "systemuser")
        changes.update(_ownership(organization, changes))
    changes.update(computed.on_update(organization, table, position, values))
    told = not silent and listened(organization, definition.name)
    before = table.row(position) if told else {}
    undone = {name: table.cell(position, name) for name in changes}
    table.replace(position, changes, at)
    organization.on_undo(lambda: table.undo_replace(position, undone))
    if audit.switched_on(organization, definition):
        audit.note(organization, user, table, position, Operation.UPDATE, undone, changes)
    if told:
        tell(organization, Message.UPDATE, user, table, position, values, before=before, depth=depth)


def _paired(definition: Definition, values: Mapping[str, Cell], present: Cell) -> Values:
    """State and status belong together: 0 with 1, 1 with 2 (9.2); a missing one follows the other."""
    states, statuses = definition.columns["statecode"].pairs, definition.columns["statuscode"].pairs
    state = values.get("statecode", present)
    state = 0 if state is None else state
    status = values.get("statuscode")
    if status is None and isinstance(state, int):
        status = states.get(state)
    if not isinstance(status, int) or statuses.get(status) != state:
        raise Refusal(
            Problem.BAD_STATUS_PAIR,
            f"{status} is not a valid status code for state code {state} on {definition.name}.",
        )
    return {"statecode": state, "statuscode": status}


def delete(organization: Organization, user: User, table: Table, position: int) -> None:
    """Take the row away if the caller may, and what goes or is unlinked with it (9.4)."""
    security.require_row(organization, user, "Delete", table, position)
    _remove(organization, user, table, position)


def _remove(organization: Organization, user: User, table: Table, position: int) -> None:
    definition, row_id = table.definition, table.row_id(position)
    rules.check_removal(organization, definition, row_id)
    _detach(organization, user, definition, row_id)
    values = table.row(position)
    if audit.switched_on(organization, definition):
        audit.note(organization, user, table, position, Operation.DELETE, values, {})
    tell(organization, Message.DELETE, user, table, position, {}, before=values)
    table.remove(position, organization.next_version(), organization.sources.now())
    organization.on_undo(lambda: table.undo_remove(position, values))


def _detach(organization: Organization, user: User, definition: Definition, row_id: str) -> None:
    for relation in organization.model.referencing.get(definition.name, ()):
        if not relation.delete:
            continue
        table = organization.table(relation.table)
        for position in children(table, relation.column, definition.name, row_id):
            if relation.delete == "Restrict":
                raise Refusal(
                    Problem.CANNOT_DELETE_ASSOCIATED,
                    "The object cannot be deleted because it is associated with another object.",
                )
            if relation.delete == "Cascade":
                _remove(organization, user, table, position)
            else:
                cleared: Values = {relation.column: None}
                apply(organization, user, table, position, cleared, depth=2, silent=True)
    for step in organization.model.navigations[definition.name].values():
        if step.way is Way.PAIRS:
            held = organization.table(step.intersect)
            for position in held.holding((step.column,), (row_id,)):
                pairs.drop(organization, held, position)


def children(table: Table, column: str, target: str, row_id: str) -> list[int]:
    """The rows whose lookup points at that row of that table."""
    found = table.holding((column,), (row_id,))
    kind = table.definition.type_columns.get(column)
    return found if kind is None else [p for p in found if table.cell(p, kind) == target]
