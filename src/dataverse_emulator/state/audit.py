"""The audit log: who changed which values of a row, when all three switches are on (dataverse.md 9.6)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final

import msgspec

from dataverse_emulator.state.columns import LOOKUPS, WHOLE, Cell, Column, Kind
from dataverse_emulator.state.definitions import Definition
from dataverse_emulator.state.events import Values
from dataverse_emulator.state.formatted import target_of
from dataverse_emulator.state.identity import User
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.table import VERSION, Table

_SWITCH: Final = "IsAuditEnabled"
_NO_TRANSACTION: Final = "00000000-0000-0000-0000-000000000000"
#: What the platform stamps on every row is not audited.
_STAMPS: Final = frozenset({VERSION, "createdon", "createdby", "modifiedon", "modifiedby", "exchangerate"})
#: "Large column values are limited (capped) to 5KB or ~5,000 characters" and end in three dots.
_LONGEST: Final = 5000
_MOMENT: Final = "%m/%d/%Y %H:%M:%S"


class Operation(Enum):
    """What was done to a row; the values are those of audit.operation."""

    CREATE = 1
    UPDATE = 2
    DELETE = 3


# Values of audit.action beyond those of the operation (Audit actions).
_ACTIVATE, _DEACTIVATE, _MERGE, _ASSIGN = 4, 5, 12, 13


@dataclass(frozen=True, slots=True)
class Change:
    """One column's value before and after, as the log spells them: text, lookups as `table,id`."""

    column: str
    old: str | None
    new: str | None


def switched_on(organization: Organization, definition: Definition) -> bool:
    """Whether organisation and table are audited."""
    if not table_switch(organization, definition):
        return False
    rows = organization.table("organization")
    return any(rows.cell(position, "isauditenabled") for position in rows.positions())


def table_switch(organization: Organization, definition: Definition) -> bool:
    """The table's own switch; until it is set it is as the organisation began."""
    return _switch(definition.facts, default=organization.settings.is_audit_enabled)


def column_switch(column: Column) -> bool:
    """The column's own switch, which is on unless set otherwise."""
    return _switch(column.facts, default=True)


def _switch(facts: Mapping[str, Any], *, default: bool) -> bool:
    held = facts.get(_SWITCH)
    return bool(held.get("Value", default)) if isinstance(held, Mapping) else default


def audit_table(organization: Organization, table: str, *, on: bool = True) -> None:
    """Set the switch of a table."""
    definition = organization.model.tables[table]
    facts = {**definition.facts, _SWITCH: {"Value": on}}
    organization.change_model(organization.model.with_table(replace(definition, facts=facts)))


def audit_column(organization: Organization, table: str, column: str, *, on: bool = True) -> None:
    """Set the switch of a column."""
    definition = organization.model.tables[table]
    found = definition.columns[column]
    changed = replace(found, facts={**found.facts, _SWITCH: {"Value": on}})
    organization.change_model(organization.model.with_table(definition.with_columns(changed)))


def note(
    organization: Organization,
    user: User,
    table: Table,
    position: int,
    operation: Operation,
    before: Mapping[str, Cell],
    after: Mapping[str, Cell],
) -> None:
    """Log what differs between two states of a row, if anything does; it appears after a while."""
    definition = table.definition
    changes = list(_changes(table, position, before, after))
    if not changes:
        return
    numbers = [str(definition.columns[change.column].number) for change in changes]
    data = [{"logicalName": c.column, "oldValue": c.old, "newValue": c.new} for c in changes]
    now = organization.sources.now()
    row: Values = {
        "auditid": organization.sources.new_id(),
        "operation": operation.value,
        "action": _action(operation, before, after),
        "attributemask": ",".join(numbers),
        "createdon": int(now),
        "objecttypecode": definition.name,
        "objectid": table.row_id(position),
        "objectidtypecode": definition.name,
        "userid": user.user_id,
        "callinguserid": user.behind,
        "transactionid": _NO_TRANSACTION,
        "changedata": msgspec.json.encode({"changedAttributes": data}).decode(),
    }
    entry = (now + organization.choices.audit_lag_s, row)
    organization.pending_audits.append(entry)
    organization.on_undo(lambda: organization.pending_audits.remove(entry))


def _changes(
    table: Table, position: int, before: Mapping[str, Cell], after: Mapping[str, Cell]
) -> Iterator[Change]:
    definition = table.definition
    for name in dict.fromkeys((*before, *after)):
        column = definition.columns.get(name)
        old, new = before.get(name), after.get(name)
        if column is None or old == new or name in _STAMPS or name == definition.key:
            continue
        if column.of is None and column_switch(column):
            yield Change(
                name,
                _spelled(column, old, _target(table, column, position, before)),
                _spelled(column, new, _target(table, column, position, after)),
            )


def _target(table: Table, column: Column, position: int, values: Mapping[str, Cell]) -> str:
    """The table that a lookup among these values points at."""
    if column.kind not in LOOKUPS:
        return ""
    kind = table.definition.type_columns.get(column.name, "")
    return str(values.get(kind) or target_of(table, column, position))


def _spelled(column: Column, value: Cell, target: str) -> str | None:
    if value is None:
        return None
    if column.kind in LOOKUPS:
        return f"{target},{value}"
    if column.kind is Kind.WHEN and isinstance(value, int):
        return datetime.fromtimestamp(value, UTC).strftime(_MOMENT)
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _action(operation: Operation, before: Mapping[str, Cell], after: Mapping[str, Cell]) -> int:
    if operation is Operation.UPDATE:
        if after.get("masterid") is not None and before.get("masterid") != after["masterid"]:
            return _MERGE
        if "statecode" in after and before.get("statecode") != after["statecode"]:
            return _DEACTIVATE if after["statecode"] else _ACTIVATE
        if "ownerid" in after and before.get("ownerid") != after["ownerid"]:
            return _ASSIGN
    return operation.value


def settle(organization: Organization) -> None:
    """Let the rows appear whose time has come."""
    if not organization.pending_audits:
        return
    now, kept = organization.sources.now(), list[tuple[float, Values]]()
    for due, row in organization.pending_audits:
        if due > now:
            kept.append((due, row))
        else:
            organization.table("audit").insert({**row, VERSION: organization.next_version()}, now)
    organization.pending_audits = kept


def changes_of(table: Table, position: int) -> list[Change]:
    """What an audit row tells."""
    data = msgspec.json.decode(str(table.cell(position, "changedata")))
    return [Change(c["logicalName"], c["oldValue"], c["newValue"]) for c in data["changedAttributes"]]


def value_of(column: Column, text: str) -> Any:
    """A value of the log as the wire has it elsewhere; lookups without their table."""
    if column.kind is Kind.BOOLEAN:
        return text == "True"
    if column.kind in WHOLE:
        return int(text)
    if column.kind in (Kind.DECIMAL, Kind.DOUBLE, Kind.MONEY):
        return float(text)
    if column.kind is Kind.WHEN:
        moment = datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)
        return moment.strftime("%Y-%m-%d" if column.date_only else "%Y-%m-%dT%H:%M:%SZ")
    return text.partition(",")[2] if column.kind in LOOKUPS else text
