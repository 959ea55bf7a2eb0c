"""Contacts as pages need them: which form, which rows, and every value in words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from dataverse_emulator.state.columns import LOOKUPS, Cell, Column, Kind, utc_text
from dataverse_emulator.state.definitions import Definition
from dataverse_emulator.state.events import Values
from dataverse_emulator.state.formatted import named
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.table import VERSION

PAGE_SIZE: Final = 25
# Sorting more by name than this would hold up the Web API, which shares the loop.
_MOST_SORTED: Final = 50_000
_MAIN_FORM: Final = 2
_LANGUAGES: Final[Mapping[int, str]] = MappingProxyType(
    {
        1030: "da", 1031: "de", 1033: "en", 1035: "fi", 1036: "fr", 1040: "it", 1041: "ja",
        1043: "nl", 1044: "nb", 1045: "pl", 1046: "pt-BR", 1053: "sv", 1081: "hi", 3082: "es",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the contacts that match."""

    rows: list[Values]
    total: int
    page: int
    pages: int
    ordered: bool


def language(organization: Organization) -> str | None:
    """The language of the organisation's labels, where its code is known here."""
    return _LANGUAGES.get(organization.settings.language_code)


def main_forms(organization: Organization) -> list[Values]:
    """The published, active main forms of contact, the default one first."""
    found = [
        row
        for row in organization.table("systemform").rows()
        if row["type"] == _MAIN_FORM
        and row["objecttypecode"] == "contact"
        and row["formactivationstate"] == 1
    ]
    return sorted(found, key=lambda row: not row["isdefault"])


def matching(organization: Organization, search: str, page: int) -> Found:
    """Contacts whose name or e-mail contains the text, by name unless too many; the nearest page there is."""
    wanted, table = search.strip().lower(), organization.table("contact")
    names, emails, ids = table.cells("fullname"), table.cells("emailaddress1"), table.cells("contactid")
    found = [p for p in table.positions() if _matches((names[p], emails[p]), wanted)]
    ordered = len(found) <= _MOST_SORTED
    if ordered:
        found.sort(key=lambda p: (str(names[p] or "").lower(), ids[p]))
    pages = max(1, -(-len(found) // PAGE_SIZE))
    page = min(max(page, 1), pages)
    rows = [table.row(p) for p in found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]]
    return Found(rows, len(found), page, pages, ordered)


def _matches(cells: tuple[Cell, ...], wanted: str) -> bool:
    return not wanted or any(wanted in str(cell).lower() for cell in cells if cell)


def contact(organization: Organization, row_id: str | None) -> Values | None:
    """The contact of that id, if there is one."""
    table = organization.table("contact")
    position = table.position(row_id or "")
    return None if position is None else table.row(position)


def contacts(organization: Organization) -> Definition:
    """The columns of contact."""
    return organization.model.tables["contact"]


def words(organization: Organization, column: Column, row: Values) -> str:
    """A value as a rep reads it."""
    value = row.get(column.name)
    if value is None:
        return "Not set" if column.options else ""
    if column.options and isinstance(value, int):
        return column.options.get(int(value), str(value))
    if column.kind is Kind.WHEN and isinstance(value, int):
        return utc_text(value).replace("T", " ").replace("Z", " UTC")
    if column.kind in LOOKUPS:
        kind = contacts(organization).type_columns.get(column.name, "")
        return named(organization, str(row.get(kind) or column.targets[0]), str(value)) or str(value)
    return str(value)


def shown(organization: Organization, row: Values, name: str) -> str:
    """One column of a row in words."""
    return words(organization, contacts(organization).columns[name], row)


def etag(row: Values) -> str:
    """The row's version as the Web API writes it (2.6)."""
    return f'W/"{row[VERSION]}"'


def snapshot(organization: Organization, row: Values) -> str:
    """The row as JSON for the page: values to compare, words to show, and who wrote last."""
    columns = [column for column in contacts(organization).columns.values() if column.exposed]
    values: dict[str, Any] = {column.name: row.get(column.name) for column in columns}
    text = {column.name: words(organization, column, row) for column in columns}
    by = shown(organization, row, "modifiedby")
    held = {"etag": etag(row), "by": by, "active": row["statecode"] == 0, "values": values, "words": text}
    # Plain ASCII, because contacts may hold text that no encoding and no page can.
    return json.dumps(held)
