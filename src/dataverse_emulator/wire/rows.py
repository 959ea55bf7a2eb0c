"""Rows as JSON: etag, key, selected columns and, where asked, annotations (dataverse.md 2.5)."""

from collections.abc import Callable
from typing import Any

from dataverse_emulator.state.columns import Kind, Property, Shape, utc_text
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.wire.odata import Preferences

FORMATTED = "OData.Community.Display.V1.FormattedValue"
LOOKUP_TABLE = "Microsoft.Dynamics.CRM.lookuplogicalname"

Writer = Callable[[Any], dict[str, Any]]

# Never readable: a secret (6.1) and a name that exists only for filters (4.2).
_HIDDEN = frozenset({"authvalue", "sdkmessageid/name"})


def writer(organization: Organization, shape: Shape, select: tuple[str, ...], wanted: Preferences) -> Writer:
    """A function from row to JSON object, prepared once per request because pages are long."""
    names = select or tuple(shape.properties)
    names = tuple(name for name in names if name not in _HIDDEN)
    if shape.key not in names:
        names = (*names, shape.key)
    properties = [shape.properties[name] for name in names]
    version: Any = shape.properties["versionnumber"].slot
    plain = [(found.name, found.slot) for found in properties if found.column.kind is not Kind.WHEN]
    times = [(found.name, found.slot) for found in properties if found.column.kind is Kind.WHEN]
    extras = _annotations(organization, properties, wanted)

    def write(row: Any) -> dict[str, Any]:
        shown: dict[str, Any] = {"@odata.etag": f'W/"{row[version]}"'}
        for name, slot in plain:
            shown[name] = row[slot]
        for name, slot in times:
            shown[name] = None if row[slot] is None else utc_text(row[slot])
        for extra in extras:
            extra(row, shown)
        return shown

    return write


def _annotations(
    organization: Organization, properties: list[Property], wanted: Preferences
) -> list[Callable[[Any, dict[str, Any]], None]]:
    if not wanted.annotations:
        return []
    made = []
    for found in properties:
        if found.column.options and wanted.wants(FORMATTED):
            made.append(_label(found))
        if found.column.target and wanted.wants(FORMATTED):
            made.append(_lookup_name(organization, found))
        if found.column.target and wanted.wants(LOOKUP_TABLE):
            made.append(_lookup_table(found))
    return made


def _label(found: Property) -> Callable[[Any, dict[str, Any]], None]:
    slot: Any = found.slot
    options, name = found.column.options, f"{found.name}@{FORMATTED}"

    def add(row: Any, shown: dict[str, Any]) -> None:
        if row[slot] is not None:
            shown[name] = options[int(row[slot])]

    return add


def _lookup_name(organization: Organization, found: Property) -> Callable[[Any, dict[str, Any]], None]:
    slot: Any = found.slot
    name, users = f"{found.name}@{FORMATTED}", organization.identity.users
    full_name: Any = organization.contacts.shape.properties["fullname"].slot

    def add(row: Any, shown: dict[str, Any]) -> None:
        value = row[slot]
        if value in users:
            shown[name] = users[value].name
        elif value is not None and (other := organization.contacts.get(value)) is not None:
            shown[name] = other[full_name]

    return add


def _lookup_table(found: Property) -> Callable[[Any, dict[str, Any]], None]:
    slot: Any = found.slot
    name, table = f"{found.name}@{LOOKUP_TABLE}", found.column.target

    def add(row: Any, shown: dict[str, Any]) -> None:
        if row[slot] is not None:
            shown[name] = table

    return add


def context(root: str, shape: Shape, select: tuple[str, ...], suffix: str = "") -> str:
    """`…/$metadata#contacts(a,b)` and its endings."""
    listed = f"({','.join(select)})" if select else ""
    return f"{root}/$metadata#{shape.set_name}{listed}{suffix}"
