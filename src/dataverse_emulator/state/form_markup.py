"""Form XML made of tabs, sections and cells, labelled in several languages (dataverse.md 8.2, 8.3)."""

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final
from xml.sax.saxutils import quoteattr

from dataverse_emulator.state.columns import Kind
from dataverse_emulator.state.sources import derived_id

_TEXTS: Final = Path(__file__).parent / "standard" / "form_texts.csv"
_ENGLISH: Final = "1033"
#: Controls by the kind of column they show (8.3); e-mail addresses have one of their own.
_CLASSES: Final = MappingProxyType(
    {
        Kind.BOOLEAN: "{67FAC785-CD58-4F9F-ABB3-4B7DDC6ED5ED}",
        Kind.TEXT: "{4273EDBD-AC1D-40D3-9FB2-095C621B552D}",
        Kind.CHOICE: "{3EF39988-22BB-4F0B-BBBE-64B5A3748AEE}",
        Kind.CUSTOMER: "{270BD3DB-D9AF-4782-9025-509E298DEC0A}",
        Kind.WHEN: "{5B773807-9FB2-42DB-97C3-7A91EFF8ADFF}",
        Kind.MEMO: "{E0DECE4B-6FC8-4A8F-A065-082708572369}",
    }
)
EMAIL_CLASS: Final = "{ADA2203E-B4CD-49BE-9DDF-234642B43B52}"


@cache
def _translations() -> Mapping[str, Mapping[int, str]]:
    with _TEXTS.open(encoding="utf-8", newline="") as file:
        return {
            row[_ENGLISH]: {int(code): text for code, text in row.items()} for row in csv.DictReader(file)
        }


class Markup:
    """Writes the parts of one form; cells get ids derived from the form's and their column's."""

    def __init__(self, form_id: str, languages: Iterable[int]) -> None:
        self._form_id = form_id
        self._languages = tuple(languages)

    def labels(self, text: str) -> str:
        """A text in every language; in English where it is in none of ours."""
        known = _translations()[text]
        parts = (
            f"<label description={quoteattr(known.get(code, text))} languagecode={quoteattr(str(code))}/>"
            for code in self._languages
        )
        return f"<labels>{''.join(parts)}</labels>"

    def cell(self, column: str, label: str, kind: Kind = Kind.TEXT, cell_id: str = "") -> str:
        """A row with one column."""
        cell_id = cell_id or "{" + derived_id("cell", self._form_id, column) + "}"
        shown = EMAIL_CLASS if column.startswith("emailaddress") else _CLASSES[kind]
        field = f'id="{column}" classid="{shown}" datafieldname="{column}" disabled="false"'
        return (
            f'<row><cell id="{cell_id}" showlabel="true" locklevel="0">{self.labels(label)}'
            f"<control {field}/></cell></row>"
        )

    def section(self, name: str, section_id: str, label: str, rows: str = "<row/>") -> str:
        """A section of one column of cells."""
        return (
            f'<section name="{name}" id="{section_id}" showlabel="true" showbar="false" IsUserDefined="0" '
            f'layout="varwidth" columns="1" labelwidth="115" celllabelposition="Left">'
            f"{self.labels(label)}<rows>{rows}</rows></section>"
        )

    def tab(self, name: str, tab_id: str, label: str, *columns: tuple[str, str]) -> str:
        """A tab of columns, each a width and its sections."""
        inner = "".join(
            f'<column width="{width}"><sections>{held}</sections></column>' for width, held in columns
        )
        return (
            f'<tab name="{name}" id="{tab_id}" IsUserDefined="0" showlabel="true" expanded="true">'
            f"{self.labels(label)}<columns>{inner}</columns></tab>"
        )

    def plain(self, label: str, *cells: tuple[str, str, Kind]) -> str:
        """A form of one tab and one section, with ids derived from its own."""
        rows = "".join(self.cell(*held) for held in cells)
        ids = ["{" + derived_id(part, self._form_id) + "}" for part in ("tab", "section")]
        held = self.section("tab_1_column_1_section_1", ids[1], label, rows)
        return self.form(self.tab("tab_1", ids[0], label, ("100%", held)))

    def form(self, tabs: str) -> str:
        """The whole."""
        return (
            f'<form showImage="true"><ancestor id="{{{self._form_id}}}"/>'
            f"<hiddencontrols/><tabs>{tabs}</tabs>"
            "<header/><footer/><events/><clientresources/><Navigation/><controlDescriptions/>"
            '<DisplayConditions Order="0" FallbackForm="true"><Everyone/></DisplayConditions></form>'
        )
