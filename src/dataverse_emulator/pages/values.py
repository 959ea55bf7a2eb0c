"""Contacts as pages need them: which form, which rows, and every value in words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from dataverse_emulator.state.columns import Cell, Column, Kind, utc_text
from dataverse_emulator.state.contacts import EMAIL, FULL, ID, MODIFIED_BY, STATE, VERSION, Row
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.registers import Record

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

    rows: list[Row]
    total: int
    page: int
    pages: int
    ordered: bool


def language(organization: Organization) -> str | None:
    """The language of the organisation's labels, where its code is known here."""
    return _LANGUAGES.get(organization.settings.language_code)


def main_forms(organization: Organization) -> list[Record]:
    """The published, active main forms of contact, the default one first."""
    rows = organization.forms.register.rows.values()
    found = [
        row
        for row in rows
        if row["type"] == _MAIN_FORM
        and row["objecttypecode"] == "contact"
        and row["formactivationstate"] == 1
    ]
    return sorted(found, key=lambda row: not row["isdefault"])


def matching(organization: Organization, search: str, page: int) -> Found:
    """Contacts whose name or e-mail contains the text, by name unless too many; the nearest page there is."""
    wanted = search.strip().lower()
    rows = [row for row in organization.contacts.rows() if _matches(row, wanted)]
    ordered = len(rows) <= _MOST_SORTED
    if ordered:
        rows.sort(key=lambda row: (str(row[FULL] or "").lower(), str(row[ID])))
    pages = max(1, -(-len(rows) // PAGE_SIZE))
    page = min(max(page, 1), pages)
    return Found(rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE], len(rows), page, pages, ordered)


def _matches(row: Row, wanted: str) -> bool:
    return not wanted or any(wanted in str(cell).lower() for cell in (row[FULL], row[EMAIL]) if cell)


def words(organization: Organization, column: Column, value: Cell) -> str:
    """A value as a rep reads it."""
    if value is None:
        return "Not set" if column.options else ""
    if column.options:
        return column.options.get(int(value), str(value))
    if column.kind is Kind.WHEN:
        return utc_text(int(value)).replace("T", " ").replace("Z", " UTC")
    if column.kind is Kind.LOOKUP:
        return _named(organization, str(value))
    return str(value)


def shown(organization: Organization, row: Row, name: str) -> str:
    """One column of a row in words."""
    contacts = organization.contacts
    return words(organization, contacts.columns[name], row[contacts.slots[name]])


def _named(organization: Organization, row_id: str) -> str:
    user, row = organization.identity.users.get(row_id), organization.contacts.get(row_id)
    return user.name if user else str(row[FULL] or row_id) if row else row_id


def etag(row: Row) -> str:
    """The row's version as the Web API writes it (2.6)."""
    return f'W/"{row[VERSION]}"'


def snapshot(organization: Organization, row: Row) -> str:
    """The row as JSON for the page: values to compare, words to show, and who wrote last."""
    contacts = organization.contacts
    values: dict[str, Any] = {name: row[slot] for name, slot in contacts.slots.items()}
    text = {name: words(organization, column, values[name]) for name, column in contacts.columns.items()}
    by = _named(organization, str(row[MODIFIED_BY]))
    held = {"etag": etag(row), "by": by, "active": row[STATE] == 0, "values": values, "words": text}
    # Plain ASCII, because contacts may hold text that no encoding and no page can.
    return json.dumps(held)
