"""Controls of a record: a toggle, a choice, a text, a value to read, or a note of what is missing."""

from lxml import etree

from dataverse_emulator.pages import values
from dataverse_emulator.pages.layout import Field
from dataverse_emulator.pages.markup import element
from dataverse_emulator.state.columns import Cell, Column, Kind
from dataverse_emulator.state.events import Values
from dataverse_emulator.state.organization import Organization


class Controls:
    """Draws fields of one record, an existing one or a new one, each with an id of its own."""

    def __init__(self, organization: Organization, row: Values | None) -> None:
        self._organization = organization
        self._columns = values.contacts(organization).columns
        self._row = row
        self._count = 0

    def draw(self, field: Field) -> list["etree._Element"]:
        """The field; a full name becomes the two names it is made of, as on real forms."""
        if field.name == "fullname" and not field.read_only:
            parts = [Field(name, "", label_shown=True, read_only=False) for name in ("firstname", "lastname")]
            return [found for part in parts for found in self.draw(part)]
        column = self._columns.get(field.name)
        if column is None or not column.exposed:
            return [_placeholder(field)]
        self._count += 1
        return [self._field(field, column, f"field-{self._count}")]

    def _field(self, field: Field, column: Column, key: str) -> "etree._Element":
        writable = (column.update if self._row else column.create) and not field.read_only
        if column.kind is Kind.BOOLEAN:
            control = self._toggle(column, key, writable=writable)
        elif writable and column.kind in (Kind.CHOICE, Kind.STATUS):
            control = self._choice(column, key)
        elif writable and column.kind is Kind.TEXT:
            control = self._text(column, key)
        else:
            control = self._reading(column, key)
        hidden = None if field.label_shown else "unseen"
        label = element("label", field.label or column.label, for_=key, class_=hidden)
        return element("div", label, control, class_="field")

    def _value(self, column: Column) -> Cell:
        if self._row is None:
            return column.default
        return self._row.get(column.name)

    def _words(self, column: Column) -> str:
        return values.words(
            self._organization, column, {column.name: self._value(column), **(self._row or {})}
        )

    def _toggle(self, column: Column, key: str, *, writable: bool) -> "etree._Element":
        box = element(
            "input",
            id=key,
            type="checkbox",
            role="switch",
            checked=self._value(column) is True,
            disabled=not writable,
            aria_describedby=f"{key}-words",
            data_column=column.name,
            data_kind="toggle",
            data_off=column.options[0],
            data_on=column.options[1],
        )
        words = element("span", self._words(column), id=f"{key}-words", class_="words")
        return element("div", box, words, class_="toggle")

    def _choice(self, column: Column, key: str) -> "etree._Element":
        present = self._value(column)
        offered = [element("option", "Not set", value="", selected=present is None)]
        for value, text in column.options.items():
            offered.append(element("option", text, value=str(value), selected=value == present))
        return element("select", *offered, id=key, data_column=column.name, data_kind="choice")

    def _text(self, column: Column, key: str) -> "etree._Element":
        kind = "email" if column.format == "Email" else "tel" if "phone" in column.name else "text"
        limit = str(column.max_length) if column.max_length else None
        return element(
            "input",
            id=key,
            type="text",
            inputmode=kind,
            value=str(self._value(column) or ""),
            maxlength=limit,
            data_column=column.name,
            data_kind="text",
        )

    def _reading(self, column: Column, key: str) -> "etree._Element":
        text = "" if self._row is None else self._words(column)
        return element("output", text, id=key, data_column=column.name, data_kind="words")


def _placeholder(field: Field) -> "etree._Element":
    label = field.label if field.label_shown and field.label != field.name else ""
    return element(
        "div",
        element("span", label, class_="label") if label else None,
        " ",
        element("span", field.name, class_="name"),
        " ",
        element("span", "is not in the emulator", class_="unseen"),
        class_="field absent",
        title="The emulator does not have this control.",
    )
