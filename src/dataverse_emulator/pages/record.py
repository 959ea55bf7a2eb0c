"""One contact, or a new one, drawn from the published main form."""

from urllib.parse import urlencode

from lxml import etree

from dataverse_emulator.pages import frame, layout, values
from dataverse_emulator.pages.controls import Controls
from dataverse_emulator.pages.listing import PATH
from dataverse_emulator.pages.markup import element
from dataverse_emulator.state.events import Values
from dataverse_emulator.state.organization import Organization


def draw(organization: Organization, row: Values | None, form_id: str) -> bytes:
    """The whole page; without a row it is for a new one."""
    forms = values.main_forms(organization)
    form = next((found for found in forms if found["formid"] == form_id), forms[0] if forms else None)
    name = values.shown(organization, row, "fullname") or "(no name)" if row else "New contact"
    content = _form(organization, row, form) if form else _no_form("has no active main form of contact.")
    back = element("p", element("a", "← Contacts", href=PATH), class_="back")
    choice = _forms(forms, form, str(row["contactid"]) if row else "new")
    return frame.page(
        organization, name, back, _heading(organization, row, name), choice, content, script="record.js"
    )


def missing(organization: Organization, row_id: str) -> bytes:
    """The page of a contact that does not exist, or no longer."""
    text = f"There is no contact with the id {row_id}. It may have been deleted."
    link = element("p", element("a", "Show all contacts", href=PATH))
    box = element("div", element("h1", "No such contact"), element("p", text), link, class_="empty")
    return frame.page(organization, "No such contact", box)


def _heading(organization: Organization, row: Values | None, name: str) -> "etree._Element":
    heading = element("h1", name, id="name")
    if row is None:
        return element("div", heading, class_="head")
    facts = element("p", class_="facts")
    for column, label in (("donotbulkemail", "Bulk Email"), ("statecode", "State")):
        value = element("span", values.shown(organization, row, column), data_words=column, class_="tag")
        facts.append(element("span", f"{label}: ", value))
    facts.append(element("span", "Last changed by ", element("span", data_by=True)))
    return element("div", heading, facts, class_="head")


def _forms(forms: list[Values], present: Values | None, key: str) -> "etree._Element | None":
    if len(forms) < 2:
        return None
    links = [
        element(
            "a",
            str(form["name"]),
            href=f"{PATH}/{key}?{urlencode({'form': form['formid']})}",
            aria_current="page" if form is present else None,
        )
        for form in forms
    ]
    return element("nav", element("span", "Form:"), *links, class_="forms", aria_label="Forms")


def _form(organization: Organization, row: Values | None, form: Values) -> "etree._Element":
    tabs = layout.tabs(str(form["formxml"]), organization.settings.language_code)
    if not any(tab.pillars for tab in tabs):
        return _no_form("shows a form without anything to draw.")
    controls, tongue = Controls(organization, row), values.language(organization)
    panels = [_panel(controls, tab, at) for at, tab in enumerate(tabs)]
    return element(
        "form",
        _commands(row),
        _tab_list(tabs),
        element("div", *panels, lang=tongue),
        id="record",
        autocomplete="off",
        novalidate=True,
        data_id=str(row["contactid"]) if row else "",
        data_row=values.snapshot(organization, row) if row else None,
    )


def _commands(row: Values | None) -> "etree._Element":
    save = element("button", "Save" if row else "Create", id="save", class_="button primary", disabled=True)
    state = None
    if row is not None:
        state = element("button", "Deactivate", id="state", type="button", class_="button", disabled=True)
    status = element("p", id="status", role="status")
    return element("div", element("div", save, state, class_="row"), status, class_="commands")


def _tab_list(tabs: tuple[layout.Tab, ...]) -> "etree._Element":
    buttons = [
        element("button", tab.label, id=f"tab-{at}", type="button", role="tab", aria_controls=f"panel-{at}")
        for at, tab in enumerate(tabs)
    ]
    # Shown by the script, since without it all panels are.
    return element("div", *buttons, class_="tabs", role="tablist", aria_label="Tabs of the form", hidden=True)


def _panel(controls: Controls, tab: layout.Tab, at: int) -> "etree._Element":
    pillars = [
        element(
            "div", *(_section(controls, held) for held in pillar.sections), class_=f"share-{pillar.share}"
        )
        for pillar in tab.pillars
    ]
    if not pillars:
        pillars = [element("p", "This tab has nothing that the emulator knows.", class_="quiet")]
    title = element("h2", tab.label, class_="tab-title")
    return element(
        "section", title, element("div", *pillars, class_="pillars"), id=f"panel-{at}", class_="panel"
    )


def _section(controls: Controls, section: layout.Section) -> "etree._Element":
    title = element("legend", section.label, class_=None if section.label_shown else "unseen")
    fields = [drawn for field in section.fields for drawn in controls.draw(field)]
    many = f"fields in-{section.columns}"
    return element("fieldset", title if section.label else None, element("div", *fields, class_=many))


def _no_form(problem: str) -> "etree._Element":
    return element("div", element("p", f"This organisation {problem}"), class_="empty")
