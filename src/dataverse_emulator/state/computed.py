"""Columns the platform computes: full names, addresses in one piece, amounts in the base currency (9.2)."""

from collections.abc import Iterable, Mapping

from dataverse_emulator.state.columns import Cell
from dataverse_emulator.state.definitions import Definition
from dataverse_emulator.state.events import Values
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.table import Table


def on_create(organization: Organization, definition: Definition, row: Mapping[str, Cell]) -> Values:
    """What a new row gets computed."""
    found: Values = {}
    for name, parts in definition.joined:
        text = _together(name, (row.get(part) for part in parts))
        if text is not None:
            found[name] = text
    if any(row.get(name) is not None for name in definition.amounts):
        found |= _money(organization, definition, row, row.get("transactioncurrencyid"))
    return found


def on_update(organization: Organization, table: Table, position: int, values: Values) -> Values:
    """What an update changes along."""
    definition, found = table.definition, Values()
    for name, parts in definition.joined:
        if not values.keys().isdisjoint(parts):
            held = (values[part] if part in values else table.cell(position, part) for part in parts)
            found[name] = _together(name, held)
    if not values.keys().isdisjoint(definition.amounts):
        currency = values.get("transactioncurrencyid") or table.cell(position, "transactioncurrencyid")
        found |= _money(organization, definition, values, currency)
    return found


def touched(definition: Definition, values: Mapping[str, Cell] | None) -> list[str]:
    """Names among the computed columns that an update with these values (or a create) sets."""
    return [
        name
        for name, parts in definition.joined
        if name == "fullname" and (values is None or not values.keys().isdisjoint(parts))
    ]


def _together(name: str, parts: Iterable[Cell]) -> str | None:
    given = [str(part) for part in parts if part]
    if name == "fullname":
        return " ".join(given) or None
    return "\r\n".join(given) or None


def _money(
    organization: Organization, definition: Definition, values: Mapping[str, Cell], currency: Cell
) -> Values:
    """An amount brings its currency, and its value in the organisation's own (base = amount / rate)."""
    chosen = str(currency or organization.currency_id)
    currencies = organization.table("transactioncurrency")
    position = currencies.position(chosen)
    rate = float(currencies.cell(position, "exchangerate") or 1.0) if position is not None else 1.0
    found: Values = {"transactioncurrencyid": chosen, "exchangerate": rate}
    for name in definition.amounts:
        base = f"{name}_base"
        if name in values and base in definition.columns:
            amount = values[name]
            found[base] = round(float(amount) / rate, 4) if isinstance(amount, int | float) else None
    return {name: value for name, value in found.items() if name in definition.columns}
