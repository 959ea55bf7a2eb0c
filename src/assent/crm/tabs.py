"""Finds the Details tab on a contact form, or says with evidence why it will not guess (dataverse.md 8.5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from assent.crm.document import Document, Element
from assent.errors import Paused

DETAILS_NAME = "DETAILS_TAB"
DETAILS_GUID = "fe1c5c3b-d556-4552-a444-4781214a6d63"

#: What the tab is called in the languages of most organisations.
_DETAILS_LABELS = frozenset(
    label.casefold()
    for label in (
        "Details",
        "Detaljer",
        "Détails",
        "Detalles",
        "Dettagli",
        "Detalhes",
        "Tiedot",
        "Szczegóły",
        "Podrobnosti",
        "Részletek",
    )
)

LOOKED_FOR = (
    f"a tab named {DETAILS_NAME}",
    f"a tab with the id {DETAILS_GUID}",
    "a tab labelled Details, in any of ten languages",
)


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why nothing was placed: a reason code, a text, and evidence a person can choose from.

    The evidence holds what was looked for, the tabs that were found, those in question, the XML of these as
    it is (`before`) and what would have been added (`after`).
    """

    reason: str
    message: str
    evidence: Mapping[str, object] = field(default_factory=dict)

    def with_addition(self, xml: str) -> "Blocked":
        """The same, with the XML that would have been added."""
        return replace(self, evidence={**self.evidence, "after": xml})

    def pause(self, form: str, form_id: str) -> Paused:
        """Give the error that makes setup wait, naming the form."""
        message = f"{self.message} Choose a form and tab, skip the placement, or change the form and retry."
        return Paused(self.reason, message, evidence={"form": form, "form_id": form_id, **self.evidence})


def guid(text: str) -> str:
    """Give a GUID in one spelling; forms have them with and without braces, in either case (8.2)."""
    return text.strip().strip("{}").lower()


def find_tab(document: Document, form: Element, chosen: str | None) -> Element | Blocked:
    """Find the tab for our section: the one chosen, else by name, by GUID, by label, in that order."""
    tabs = form.findall("tabs/tab")
    if chosen is not None:
        named = [tab for tab in tabs if _is_named(tab, chosen) or guid(tab.get("id")) == guid(chosen)]
        target = _one(document, form, named)
        if target is not None:
            return target
        return blocked("tab_not_found", "The chosen tab is not on this form.", document, form, [], (chosen,))
    by_name = [tab for tab in tabs if _is_named(tab, DETAILS_NAME)]
    by_guid = [tab for tab in tabs if guid(tab.get("id")) == DETAILS_GUID]
    by_label = [tab for tab in tabs if _DETAILS_LABELS & {text.casefold() for text in labels(tab)}]
    hidden: Element | None = None
    for found in (by_name, by_guid, by_label):
        target = _one(document, form, [tab for tab in found if visible(tab)])
        if target is not None:
            return target
        hidden = hidden if hidden is not None or not found else found[0]
    if hidden is not None:
        return blocked("tab_hidden", "The Details tab of this form is hidden.", document, form, [hidden])
    return blocked("tab_not_found", "This form has no Details tab.", document, form, [])


def _one(document: Document, form: Element, found: Sequence[Element]) -> Element | Blocked | None:
    if not found:
        return None
    if len(found) > 1:
        return blocked(
            "tab_ambiguous", "Several tabs of this form could be the Details tab.", document, form, found
        )
    if found[0].get("contenttype").lower() == "singlecomponent":
        return blocked(
            "tab_single_component", "The tab shows one component and no sections.", document, form, found
        )
    return found[0]


def blocked(
    reason: str,
    message: str,
    document: Document,
    form: Element,
    in_question: Sequence[Element],
    looked_for: Sequence[str] = LOOKED_FOR,
) -> Blocked:
    """Say why, and show the form's tabs and the elements in question as they are.

    Of a tab only its own words are shown, not everything on it; without one in question, of every tab.
    """
    tabs = form.findall("tabs/tab")
    evidence = {
        "looked_for": list(looked_for),
        "found": [described(tab) for tab in tabs],
        "in_question": [described(one) for one in in_question],
        "before": "\n".join(_outline(document, one) for one in in_question or tabs),
    }
    return Blocked(reason, message, evidence)


def _outline(document: Document, element: Element) -> str:
    if element.tag != "tab":
        return document.text(element)
    named = element.find("labels")
    words = document.text(named) if named is not None else ""
    return f"{document.start_tag(element)}{words}</tab>" if element.opened < element.end else words


def described(element: Element) -> dict[str, object]:
    """A tab, section or cell as people can tell it from others."""
    return {
        "name": element.get("name"),
        "id": guid(element.get("id")),
        "labels": labels(element),
        "visible": visible(element),
    }


def labels(element: Element) -> list[str]:
    """What it is called, in whatever languages."""
    return [label.get("description").strip() for label in element.findall("labels/label")]


def visible(element: Element) -> bool:
    """Whether people who open the form can see it."""
    return element.get("visible", "true").strip().lower() not in ("false", "0")


def _is_named(tab: Element, name: str) -> bool:
    return tab.get("name").strip().lower() == name.strip().lower()
