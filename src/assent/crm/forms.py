"""Puts the Subscriptions section on a contact form, touching nothing else (dataverse.md 8.2-8.5). Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from lxml import etree

from assent.crm.tabs import Blocked, blocked, find_tab, guid
from assent.ports import CategoryColumn

SECTION_NAME = "asn_subscriptions"
SECTION_ID = UUID("5f0c7a3e-2b0d-4c55-9d6a-8a1f3e7b6c21")
PREFIX = "asn_"

#: The control for two options, which the unified client draws as a toggle (8.3).
_TOGGLE_CLASS = "{67FAC785-CD58-4F9F-ABB3-4B7DDC6ED5ED}"
_TITLES = {1030: "Abonnementer", 1031: "Abonnements", 1044: "Abonnementer", 1053: "Prenumerationer"}
_DECLARATION = re.compile(r"\A\ufeff?\s*<\?xml[^>]*\?>\s*")


@dataclass(frozen=True, slots=True)
class Edited:
    """The form with the section as it should be."""

    xml: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The form holds everything already."""


Placement = Edited | Unchanged | Blocked


def place_section(
    form_xml: str, columns: Sequence[CategoryColumn], language: int, *, tab: str | None = None
) -> Placement:
    """Give the form with one section of ours that holds a toggle per category.

    A column somebody placed elsewhere on the form stays there and gets no second toggle. The section
    is known by its GUID or name wherever it was moved to; toggles of ours that no category asks for
    leave it. Without a section, it goes to the end of the first column with room on the Details tab,
    or on the tab an admin named by name or GUID. `language` is the organisation's base language.
    """
    root = _parse(form_xml)
    if isinstance(root, Blocked):
        return root
    section = _own_section(root)
    changed = section is not None and _drop_others(section, columns)
    placed = {name.lower(): control for control in root.iter("control") if (name := _field(control))}
    if section is not None:
        changed |= _relabel(section, columns, placed, language)
    missing = [column for column in columns if column.logical_name not in placed]
    if not missing:
        return Edited(etree.tostring(root, encoding="unicode")) if changed else Unchanged()
    if section is None:
        target = find_tab(root, tab)
        if isinstance(target, Blocked):
            return target
        sections = _room(target)
        if sections is None:
            return blocked(
                "no_column", "The tab has no column with room for the Subscriptions section.", root, target
            )
        section = _new_section(sections, language)
    for column in missing:
        _add_cell(root, section, column, language)
    return Edited(etree.tostring(root, encoding="unicode"))


def remove_section(form_xml: str) -> Placement:
    """Give the form without our section, for uninstalling; the rest stays as it is."""
    root = _parse(form_xml)
    if isinstance(root, Blocked):
        return root
    section = _own_section(root)
    if section is None:
        return Unchanged()
    _detach(section)
    return Edited(etree.tostring(root, encoding="unicode"))


def _parse(form_xml: str) -> "etree._Element | Blocked":
    if "<!DOCTYPE" in form_xml or "<!ENTITY" in form_xml:
        return Blocked(
            "form_unreadable", "The form's XML holds a document type, which no form of Dynamics has."
        )
    parser = etree.XMLParser(resolve_entities=False, no_network=True, strip_cdata=False, huge_tree=False)
    try:
        root = etree.fromstring(_DECLARATION.sub("", form_xml).encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return Blocked(
            "form_unreadable", "The form's XML cannot be read; open and save the form in Dynamics."
        )
    if root.tag != "form" or root.find("tabs/tab") is None:
        return Blocked("no_tabs", "The form has no tabs, so the Subscriptions section has no place on it.")
    return root


def _own_section(root: "etree._Element") -> "etree._Element | None":
    """Find our section by GUID, else by name; copies of a form keep both (8.5)."""
    sections = list(root.iter("section"))
    by_id = [one for one in sections if guid(one.get("id")) == str(SECTION_ID)]
    by_name = [one for one in sections if one.get("name") == SECTION_NAME]
    return next(iter(by_id + by_name), None)


def _field(control: "etree._Element") -> str:
    return control.get("datafieldname") or ""


def _drop_others(section: "etree._Element", columns: Sequence[CategoryColumn]) -> bool:
    """Take out toggles of ours whose category is gone; what others put into our section stays."""
    wanted = {column.logical_name for column in columns}
    dropped = False
    for control in list(section.iter("control")):
        name = _field(control).lower()
        cell = control.getparent()
        if name.startswith(PREFIX) and name not in wanted and cell is not None:
            row = cell.getparent()
            _detach(row if row is not None and len(row) == 1 else cell)
            dropped = True
    return dropped


def _detach(element: "etree._Element") -> None:
    """Remove an element; the text that follows it is only the document's indentation."""
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def _relabel(
    section: "etree._Element",
    columns: Sequence[CategoryColumn],
    placed: "dict[str, etree._Element]",
    language: int,
) -> bool:
    """Bring the labels in our section up to date with renamed categories, in the base language."""
    own = set(section.iter("control"))
    changed = False
    for column in columns:
        control = placed.get(column.logical_name)
        cell = control.getparent() if control is not None and control in own else None
        if cell is None:
            continue
        for label in cell.iterfind("labels/label"):
            if label.get("languagecode") == str(language) and label.get("description") != column.name:
                label.set("description", column.name)
                changed = True
    return changed


def _room(tab: "etree._Element") -> "etree._Element | None":
    """Give the sections of the tab's first column that has a width; a column may have none yet."""
    for column in tab.iterfind("columns/column"):
        width = re.match(r"\d+", column.get("width", "100"))
        if width is None or int(width[0]) > 0:
            sections = column.find("sections")
            return etree.SubElement(column, "sections") if sections is None else sections
    return None


def _new_section(sections: "etree._Element", language: int) -> "etree._Element":
    section = etree.SubElement(
        sections,
        "section",
        {
            "name": SECTION_NAME,
            "id": f"{{{SECTION_ID}}}",
            "showlabel": "true",
            "showbar": "false",
            "columns": "1",
            "labelwidth": "115",
            "celllabelposition": "Left",
            "IsUserDefined": "1",
        },
    )
    _label(section, _TITLES.get(language, "Subscriptions"), language)
    return section


def _add_cell(
    root: "etree._Element", section: "etree._Element", column: CategoryColumn, language: int
) -> None:
    """Add a row with one toggle; ids derive from the column, so that the same edit is made each time."""
    rows = section.find("rows")
    row = etree.SubElement(etree.SubElement(section, "rows") if rows is None else rows, "row")
    attributes = {"id": _cell_id(root, column), "showlabel": "true", "locklevel": "0"}
    cell = etree.SubElement(row, "cell", attributes)
    _label(cell, column.name, language)
    name = column.logical_name
    etree.SubElement(
        cell,
        "control",
        {"id": name, "classid": _TOGGLE_CLASS, "datafieldname": name, "disabled": "false"},
    )


def _cell_id(root: "etree._Element", column: CategoryColumn) -> str:
    """Derive a GUID nothing else on the form bears: ids are unique in a form, braces or not (8.2)."""
    taken = {guid(element.get("id")) for element in root.iter("tab", "section", "cell")}
    found = uuid5(SECTION_ID, column.logical_name)
    while str(found) in taken:
        found = uuid5(found, column.logical_name)
    return f"{{{found}}}"


def _label(parent: "etree._Element", text: str, language: int) -> None:
    labels = etree.SubElement(parent, "labels")
    etree.SubElement(labels, "label", {"description": text, "languagecode": str(language)})
