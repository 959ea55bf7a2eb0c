"""Puts the Subscriptions section on a contact form, touching nothing else (dataverse.md 8.2-8.5). Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from assent.crm import section as spelled
from assent.crm.document import Document, Element, NotXml, Splice, parse
from assent.crm.section import SECTION_ID, SECTION_NAME, TAB_NAME
from assent.crm.tabs import Blocked, blocked, find_tab, guid, labels, visible
from assent.ports.setup import CategoryColumn, Placing, Tab

PREFIX = "asn_"


@dataclass(frozen=True, slots=True)
class FormChange:
    """One edit in words, with the XML or text it concerns as it was and as it becomes."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Edited:
    """The form with the section as it should be, and what was changed for that."""

    xml: str = field(repr=False)
    changes: tuple[FormChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The form holds everything already."""


Placement = Edited | Unchanged | Blocked


def place_section(
    form_xml: str, columns: Sequence[CategoryColumn], language: int, chosen: Placing | None = None
) -> Placement:
    """Give the form with one section of ours that holds a toggle per category.

    A column somebody placed elsewhere on the form stays there and gets no second toggle. The section
    is known by its GUID wherever it was moved to; toggles of ours that no category asks for leave it.
    Without a section, it goes to the end of the first column with room on the Details tab, or where an
    admin chose. `language` is the organisation's base language. Everything else stays byte for byte.
    """
    try:
        document = parse(form_xml)
    except NotXml as error:
        return unreadable(error)
    return place_in(document, document.root, columns, language, chosen)


def unreadable(error: NotXml) -> Blocked:
    """The pause for a form that cannot be read."""
    return Blocked(
        "form_unreadable", f"The form's XML cannot be read: {error}. Open and save the form in Dynamics."
    )


def place_in(
    document: Document,
    form: Element,
    columns: Sequence[CategoryColumn],
    language: int,
    chosen: Placing | None = None,
) -> Placement:
    """The same for a form that is part of a larger document, such as an export; gives all of it."""
    if form.tag != "form" or form.find("tabs/tab") is None:
        return Blocked("no_tabs", "The form has no tabs, so the Subscriptions section has no place on it.")
    placed = {name.lower(): control for control in form.iter("control") if (name := _field(control))}
    missing = [column for column in columns if column.logical_name not in placed]
    cells = "".join(spelled.row(form, column, language) for column in missing)
    section = _own_section(document, form)
    if isinstance(section, Blocked):
        return section.with_addition(spelled.section(cells, language))
    if (clash := _control_clash(document, form, missing)) is not None:
        return clash.with_addition(cells)
    edits = _Edits(document)
    if section is not None:
        _drop_others(edits, section, columns)
        _relabel(edits, section, columns, placed, language)
        _add_rows(edits, section, cells, missing)
    elif missing:
        problem = _add_section(edits, form, spelled.section(cells, language), language, chosen or Placing())
        if problem is not None:
            return problem
    return edits.made()


@dataclass(slots=True)
class _Edits:
    """The edits of one document, and how people read them."""

    document: Document
    splices: list[Splice] = field(default_factory=list)
    changes: list[FormChange] = field(default_factory=list)

    def make(self, splice: Splice, what: str, before: str, after: str) -> None:
        """Add one."""
        self.splices.append(splice)
        self.changes.append(FormChange(what, before, after))

    def remove(self, element: Element, what: str) -> None:
        """Take an element out."""
        self.make(self.document.remove(element), what, self.document.text(element), "")

    def made(self) -> Edited | Unchanged:
        """The document with all of them made."""
        if not self.splices:
            return Unchanged()
        return Edited(self.document.edited(self.splices), tuple(self.changes))


def survey(form_xml: str) -> tuple[bool, tuple[Tab, ...]]:
    """Whether our section is on a form, and its tabs; nothing of a form that cannot be read."""
    try:
        form = parse(form_xml).root
    except NotXml:
        return False, ()
    tabs = [
        Tab(tab.get("name"), guid(tab.get("id")), tuple(labels(tab)), visible(tab))
        for tab in form.findall("tabs/tab")
    ]
    return _known_section(form) is not None, tuple(tabs)


def remove_section(form_xml: str) -> Placement:
    """Give the form without our section and toggles, for uninstalling; the rest stays as it is.

    Toggles of ours that somebody placed elsewhere go, too: Dynamics deletes no column that a form shows.
    A section that holds what others put there stays, without our toggles.
    """
    try:
        document = parse(form_xml)
    except NotXml as error:
        return unreadable(error)
    form, edits = document.root, _Edits(document)
    section = _known_section(form)
    ours = [control for control in form.iter("control") if _is_ours(control)]
    if section is not None and all(_is_ours(control) for control in section.iter("control")):
        edits.remove(_whole(section), "take the Subscriptions section off the form")
        ours = [control for control in ours if not _within(control, section)]
    for control in ours:
        edits.remove(_place_of(control), f"take the toggle {_field(control)} off the form")
    return edits.made()


def _whole(section: Element) -> Element:
    """The tab that was made for the section, where it holds nothing else."""
    tab = section
    while tab.parent is not None and tab.tag != "tab":
        tab = tab.parent
    return tab if tab.get("name") == TAB_NAME and len(list(tab.iter("section"))) == 1 else section


def _within(element: Element, outer: Element) -> bool:
    return outer.start <= element.start < outer.end


def _known_section(form: Element) -> Element | None:
    """Our section by its GUID, which copies of a form keep (8.5), else by its name and our toggles in it."""
    sections = list(form.iter("section"))
    by_id = [one for one in sections if guid(one.get("id")) == str(SECTION_ID)]
    named = [one for one in sections if one.get("name").lower() == SECTION_NAME]
    ours = [one for one in named if any(_is_ours(control) for control in one.iter("control"))]
    return next(iter(by_id + ours), None)


def _own_section(document: Document, form: Element) -> Element | Blocked | None:
    """The same, where nothing leaves a doubt about it."""
    bearing = [one for one in form.iter("tab", "section", "cell") if guid(one.get("id")) == str(SECTION_ID)]
    named = [one for one in form.iter("section") if one.get("name").lower() == SECTION_NAME]
    known = _known_section(form)
    if bearing == [known] or (not bearing and named in ([], [known])):
        return known
    return blocked(
        "section_clash",
        "The form has something else with the id or the name of the Subscriptions section.",
        document,
        form,
        bearing or named,
        (f"no section named {SECTION_NAME}, and no id {SECTION_ID}, but our own",),
    )


def _control_clash(document: Document, form: Element, missing: Sequence[CategoryColumn]) -> Blocked | None:
    """Ids of controls are unique in a form (8.2): one of ours may be somebody else's already."""
    wanted = {column.logical_name for column in missing}
    taken = [control for control in form.iter("control") if control.get("id").lower() in wanted]
    if not taken:
        return None
    return blocked(
        "control_clash",
        "A control of the form has the id that the toggle of a category needs, and shows something else.",
        document,
        form,
        taken,
        tuple(f"no control with the id {name}" for name in sorted(wanted)),
    )


def _field(control: Element) -> str:
    return control.get("datafieldname")


def _is_ours(control: Element) -> bool:
    return _field(control).lower().startswith(PREFIX)


def _place_of(control: Element) -> Element:
    """What holds the control and nothing else: its row, its cell, or only itself."""
    cell = control.parent
    if cell is None or cell.tag != "cell":
        return control
    row = cell.parent
    return row if row is not None and row.tag == "row" and len(row.children) == 1 else cell


def _drop_others(edits: _Edits, section: Element, columns: Sequence[CategoryColumn]) -> None:
    """Take out toggles of ours whose category is gone; what others put into our section stays."""
    wanted = {column.logical_name for column in columns}
    for control in section.iter("control"):
        if _is_ours(control) and _field(control).lower() not in wanted:
            edits.remove(_place_of(control), f"take the toggle {_field(control)} off the form")


def _relabel(
    edits: _Edits,
    section: Element,
    columns: Sequence[CategoryColumn],
    placed: Mapping[str, Element],
    language: int,
) -> None:
    """Bring the labels in our section up to date with renamed categories, in the base language."""
    for column in columns:
        control = placed.get(column.logical_name)
        if control is None or control.parent is None or not _within(control, section):
            continue
        for label in control.parent.findall("labels/label"):
            was = label.attributes.get("description", column.name)
            if label.get("languagecode") == str(language) and was != column.name:
                splice = edits.document.set(label, "description", column.name)
                edits.make(splice, f"relabel the toggle {column.logical_name}", was, column.name)


def _add_rows(edits: _Edits, section: Element, cells: str, missing: Sequence[CategoryColumn]) -> None:
    if not missing:
        return
    rows = section.find("rows")
    document = edits.document
    splice = (
        document.append(section, f"<rows>{cells}</rows>") if rows is None else document.append(rows, cells)
    )
    names = ", ".join(column.logical_name for column in missing)
    edits.make(splice, f"add toggles to the Subscriptions section: {names}", "", cells)


def _add_section(
    edits: _Edits, form: Element, section: str, language: int, chosen: Placing
) -> Blocked | None:
    """Put a new section where it belongs, or say why not."""
    document, tabs = edits.document, form.findall("tabs")[0]
    if chosen.new_tab:
        tab = spelled.new_tab(form, section, language)
        edits.make(document.append(tabs, tab), "add a Subscriptions tab at the end of the form", "", tab)
        return None
    target = find_tab(document, form, chosen.tab or None)
    if isinstance(target, Blocked):
        return target.with_addition(section)
    column = _room(target)
    if column is None:
        message = "The tab has no column with room for the Subscriptions section."
        return blocked("no_column", message, document, form, [target]).with_addition(section)
    sections = column.find("sections")
    if sections is None:
        splice = document.append(column, f"<sections>{section}</sections>")
    else:
        splice = document.append(sections, section)
    words = " / ".join(labels(target)) or target.get("name") or guid(target.get("id"))
    edits.make(splice, f"add the Subscriptions section to the tab {words}", "", section)
    return None


def _room(tab: Element) -> Element | None:
    """Give the tab's first column that has a width."""
    for column in tab.findall("columns/column"):
        width = re.match(r"\d+", column.get("width", "100"))
        if width is None or int(width[0]) > 0:
            return column
    return None
