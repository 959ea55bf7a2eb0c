"""What every page has around it: the notice that this is an emulator, and who is at work."""

from lxml import etree

from dataverse_emulator.pages import files
from dataverse_emulator.pages.markup import document, element
from dataverse_emulator.state.organization import Organization


def page(
    organization: Organization, title: str, *content: "etree._Element | None", script: str = "rep.js"
) -> bytes:
    """A whole page."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{title} · Dataverse emulator"),
        element("link", rel="icon", href=files.address("icon.svg"), type="image/svg+xml"),
        element("link", rel="stylesheet", href=files.address("rep.css")),
        element("script", src=files.address(script), type="module"),
    )
    main = element("main", *content, id="main")
    body = element(
        "body",
        element("a", "Skip to content", class_="skip", href="#main"),
        _banner(organization),
        main,
    )
    return document(element("html", head, body, lang="en"))


def _banner(organization: Organization) -> "etree._Element":
    name = element(
        "input",
        id="rep",
        value="rep-anna",
        autocomplete="off",
        spellcheck="false",
        maxlength="60",
        aria_describedby="rep-hint",
    )
    strict = None
    if organization.identity.strict:
        strict = element(
            "p",
            "This emulator is strict: put a token that it issued in place of the rep's name.",
            class_="notice",
        )
    return element(
        "header",
        element(
            "div",
            element("a", "Contacts", class_="home", href="/rep/contacts"),
            element("strong", "Dataverse emulator, not Dynamics 365", class_="mark"),
            element(
                "div",
                element("label", "You are", for_="rep"),
                name,
                element("span", "Changes are saved under this name.", id="rep-hint", class_="unseen"),
                class_="who",
            ),
            class_="bar",
        ),
        strict,
        element("noscript", element("p", "Saving needs JavaScript.", class_="notice")),
    )
