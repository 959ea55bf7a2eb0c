"""The list of contacts: search, pages, and what to do when it is empty."""

from urllib.parse import urlencode

from lxml import etree

from dataverse_emulator.pages import frame, values
from dataverse_emulator.pages.markup import element
from dataverse_emulator.state.events import Values
from dataverse_emulator.state.organization import Organization

PATH = "/rep/contacts"


def draw(organization: Organization, search: str, page: int) -> bytes:
    """The whole page."""
    found = values.matching(organization, search, page)
    title = f"Contacts matching “{search}”" if search else "Contacts"
    heading = element(
        "div",
        element("h1", "Contacts"),
        element("a", "New contact", class_="button primary", href=f"{PATH}/new"),
        class_="head",
    )
    shown: list[etree._Element | None]
    if not found.total:
        shown = [_empty(organization, search)]
    else:
        shown = [_summary(found, search), _table(organization, found.rows), _turning(found, search)]
    return frame.page(organization, title, heading, _search(search), *shown)


def _search(search: str) -> "etree._Element":
    box = element("input", id="search", name="search", type="search", value=search, maxlength="200")
    return element(
        "form",
        element("label", "Search by name or e-mail", for_="search"),
        element("div", box, element("button", "Search", class_="button"), class_="row"),
        class_="search",
        role="search",
        action=PATH,
        method="get",
    )


def _empty(organization: Organization, search: str) -> "etree._Element":
    if search and len(organization.table("contact")):
        return element(
            "div",
            element("p", f"No contact has “{search}” in the name or the e-mail."),
            element("p", element("a", "Show all contacts", href=PATH), " or try a shorter part of the word."),
            class_="empty",
        )
    return element(
        "div",
        element("p", "This organisation has no contacts yet."),
        element(
            "p", element("a", "Create the first one", href=f"{PATH}/new"), ", or start the emulator with"
        ),
        element("p", element("code", "python -m dataverse_emulator --contacts 1000")),
        class_="empty",
    )


def _summary(found: values.Found, search: str) -> "etree._Element":
    first = (found.page - 1) * values.PAGE_SIZE + 1
    last = first + len(found.rows) - 1
    what = f" matching “{search}”" if search else ""
    text = f"{first:,}–{last:,} of {found.total:,}{what}" if found.pages > 1 else f"{found.total:,}{what}"  # noqa: RUF001
    clear = element("a", "Show all", href=PATH) if search else None
    loose = None if found.ordered else ", too many to sort by name: search for fewer"
    return element("p", text, loose, " ", clear, class_="quiet")


def _table(organization: Organization, rows: list[Values]) -> "etree._Element":
    names = ("Name", "E-mail", "Bulk Email", "State")
    head = element("tr", *(element("th", name, scope="col") for name in names))
    body = element("tbody", *(_line(organization, row) for row in rows))
    return element("table", element("thead", head), body, class_="list")


def _line(organization: Organization, row: Values) -> "etree._Element":
    def text(name: str) -> str:
        return values.shown(organization, row, name)

    link = element("a", text("fullname") or "(no name)", href=f"{PATH}/{row['contactid']}")
    refused = row.get("donotbulkemail")
    return element(
        "tr",
        element("th", link, scope="row"),
        element("td", text("emailaddress1") or "–", class_="email"),  # noqa: RUF001
        element(
            "td",
            element("span", "Bulk Email: ", class_="narrow"),
            element("span", text("donotbulkemail"), class_="tag no" if refused else "tag"),
        ),
        element(
            "td", element("span", text("statecode"), class_="tag off" if row["statecode"] else "tag plain")
        ),
    )


def _turning(found: values.Found, search: str) -> "etree._Element | None":
    if found.pages == 1:
        return None

    def link(text: str, page: int, rel: str) -> "etree._Element":
        if not 1 <= page <= found.pages:
            return element("span", text, class_="button", aria_disabled="true")
        given = {"search": search} if search else {}
        query = urlencode({**given, "page": page}, errors="replace")
        return element("a", text, class_="button", href=f"{PATH}?{query}", rel=rel)

    return element(
        "nav",
        link("Previous", found.page - 1, "prev"),
        element("span", f"Page {found.page:,} of {found.pages:,}"),
        link("Next", found.page + 1, "next"),
        class_="turn",
        aria_label="Pages of the list",
    )
