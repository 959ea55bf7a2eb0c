"""What a form's XML says is to be drawn: visible tabs, columns, sections and cells (dataverse.md 8.2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

_MOST_COLUMNS: Final = 4


@dataclass(frozen=True, slots=True)
class Field:
    """A cell with a control; `name` is the column it shows, or what the control is called."""

    name: str
    label: str
    label_shown: bool
    read_only: bool


@dataclass(frozen=True, slots=True)
class Section:
    """A group of fields in so many columns."""

    label: str
    label_shown: bool
    columns: int
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Pillar:
    """A column of a tab; `share` is its width in tenths."""

    share: int
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Tab:
    """A page of the form."""

    label: str
    pillars: tuple[Pillar, ...]


def tabs(formxml: str, language: int) -> tuple[Tab, ...]:
    """The form as a rep in that language sees it; nothing when the text is no form."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(formxml.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return ()
    found = [tab for tab in root.iterfind("tabs/tab") if _true(tab, "visible")]
    return tuple(Tab(_label(tab, language) or "General", tuple(_pillars(tab, language))) for tab in found)


def _pillars(tab: "etree._Element", language: int) -> Iterator[Pillar]:
    for column in tab.iterfind("columns/column"):
        sections = tuple(_sections(column, language))
        if sections:
            yield Pillar(_share(column.get("width", "")), sections)


def _sections(column: "etree._Element", language: int) -> Iterator[Section]:
    for section in column.iterfind("sections/section"):
        fields = tuple(_fields(section, language))
        # A section without anything in it takes no room on a real form either.
        if fields and _true(section, "visible"):
            label = _label(section, language)
            shown = _true(section, "showlabel") and bool(label)
            yield Section(label, shown, _columns(section.get("columns", "1")), fields)


def _fields(section: "etree._Element", language: int) -> Iterator[Field]:
    for cell in section.iterfind("rows/row/cell"):
        control = cell.find("control")
        if control is None or not _true(cell, "visible"):
            continue
        name = control.get("datafieldname", "").lower() or control.get("id", "")
        locked = control.get("disabled", "").lower() == "true"
        yield Field(name or "unnamed", _label(cell, language), _true(cell, "showlabel"), locked)


def _label(element: "etree._Element", language: int) -> str:
    """The text in the organisation's language, else the first there is."""
    texts = {
        label.get("languagecode"): label.get("description", "") for label in element.iterfind("labels/label")
    }
    return (texts.get(str(language)) or next(filter(None, texts.values()), "")).strip()


def _true(element: "etree._Element", name: str) -> bool:
    return element.get(name, "true").lower() not in ("false", "0")


def _columns(text: str) -> int:
    """Exports write a mark per column ("111"); others write the number."""
    many = len(text) if text and set(text) == {"1"} else int(text) if text.isdecimal() else 1
    return min(max(many, 1), _MOST_COLUMNS)


def _share(width: str) -> int:
    number = width.strip().rstrip("%")
    return min(max(round(int(number) / 10), 1), 10) if number.isdecimal() else 10
