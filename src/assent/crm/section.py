"""How our section, its toggles and a tab of its own are spelled on a form (dataverse.md 8.2, 8.3). Pure."""

from uuid import UUID, uuid5
from xml.sax.saxutils import quoteattr

from assent.crm.document import Element
from assent.crm.tabs import guid
from assent.ports.setup import CategoryColumn

SECTION_NAME = "asn_subscriptions"
SECTION_ID = UUID("5f0c7a3e-2b0d-4c55-9d6a-8a1f3e7b6c21")
TAB_NAME = "asn_subscriptions_tab"

#: The control for two options, which the unified client draws as a toggle (8.3).
_TOGGLE_CLASS = "{67FAC785-CD58-4F9F-ABB3-4B7DDC6ED5ED}"
_TITLES = {1030: "Abonnementer", 1031: "Abonnements", 1044: "Abonnementer", 1053: "Prenumerationer"}


def new_tab(form: Element, section: str, language: int) -> str:
    """A tab that holds the section and nothing else."""
    tab_id = _unused(form, TAB_NAME)
    return (
        f'<tab name="{TAB_NAME}" id="{tab_id}" IsUserDefined="1" showlabel="true" expanded="true">'
        f"{_labels(_title(language), language)}"
        f'<columns><column width="100%"><sections>{section}</sections></column></columns></tab>'
    )


def section(rows: str, language: int) -> str:
    """The section with these rows."""
    return (
        f'<section name="{SECTION_NAME}" id="{{{SECTION_ID}}}" showlabel="true" showbar="false" columns="1" '
        f'labelwidth="115" celllabelposition="Left" IsUserDefined="1">{_labels(_title(language), language)}'
        f"<rows>{rows}</rows></section>"
    )


def row(form: Element, column: CategoryColumn, language: int) -> str:
    """A row with one toggle; ids derive from the column, so that the same edit is made each time."""
    name = column.logical_name
    return (
        f'<row><cell id="{_unused(form, name)}" showlabel="true" locklevel="0">'
        f"{_labels(column.name, language)}"
        f'<control id="{name}" classid="{_TOGGLE_CLASS}" datafieldname="{name}" disabled="false"/>'
        "</cell></row>"
    )


def _unused(form: Element, name: str) -> str:
    """Derive a GUID nothing else on the form bears: ids are unique in a form, braces or not (8.2)."""
    taken = {guid(element.get("id")) for element in form.iter("tab", "section", "cell")}
    found = uuid5(SECTION_ID, name)
    while str(found) in taken:
        found = uuid5(found, name)
    return f"{{{found}}}"


def _title(language: int) -> str:
    return _TITLES.get(language, "Subscriptions")


def _labels(text: str, language: int) -> str:
    return f'<labels><label description={quoteattr(text)} languagecode="{language}"/></labels>'
