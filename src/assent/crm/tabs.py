"""Finds the Details tab on a contact form, or says with evidence why it will not guess (dataverse.md 8.5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

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


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why nothing was placed: a reason code, a text, and evidence a person can choose from."""

    reason: str
    message: str
    evidence: Mapping[str, object] = field(default_factory=dict)

    def pause(self, form: str) -> Paused:
        """Give the error that makes setup wait, naming the form."""
        message = f"{self.message} Choose a form and tab, skip the placement, or change the form and retry."
        return Paused(self.reason, message, evidence={"form": form, **self.evidence})


def guid(text: str | None) -> str:
    """Give a GUID in one spelling; forms have them with and without braces, in either case (8.2)."""
    return (text or "").strip().strip("{}").lower()


def find_tab(root: "etree._Element", chosen: str | None) -> "etree._Element | Blocked":
    """Find the tab for our section: the one chosen, else by name, by GUID, by label, in that order."""
    tabs = root.findall("tabs/tab")
    if chosen is not None:
        named = [tab for tab in tabs if _is_named(tab, chosen) or guid(tab.get("id")) == guid(chosen)]
        target = _one(named, root)
        if target is not None:
            return target
        return blocked("tab_not_found", "The chosen tab is not on this form.", root)
    by_name = [tab for tab in tabs if _is_named(tab, DETAILS_NAME)]
    by_guid = [tab for tab in tabs if guid(tab.get("id")) == DETAILS_GUID]
    by_label = [tab for tab in tabs if _DETAILS_LABELS & {text.casefold() for text in _labels(tab)}]
    hidden: etree._Element | None = None
    for found in (by_name, by_guid, by_label):
        visible = [tab for tab in found if _visible(tab)]
        target = _one(visible, root)
        if target is not None:
            return target
        hidden = hidden if hidden is not None or not found else found[0]
    if hidden is not None:
        return blocked("tab_hidden", "The Details tab of this form is hidden.", root, hidden)
    return blocked("tab_not_found", "This form has no Details tab.", root)


def _one(found: "list[etree._Element]", root: "etree._Element") -> "etree._Element | Blocked | None":
    if not found:
        return None
    if len(found) > 1:
        return blocked("tab_ambiguous", "Several tabs of this form could be the Details tab.", root, *found)
    if (found[0].get("contenttype") or "").lower() == "singlecomponent":
        return blocked("tab_single_component", "The tab shows one component and no sections.", root, found[0])
    return found[0]


def blocked(reason: str, message: str, root: "etree._Element", *tabs: "etree._Element") -> Blocked:
    """Say why, and list the form's tabs and those in question."""
    every = [_described(tab) for tab in root.iterfind("tabs/tab")]
    return Blocked(reason, message, {"tabs": every, "in_question": [_described(tab) for tab in tabs]})


def _described(tab: "etree._Element") -> dict[str, object]:
    return {
        "name": tab.get("name") or "",
        "id": guid(tab.get("id")),
        "labels": _labels(tab),
        "visible": _visible(tab),
    }


def _labels(tab: "etree._Element") -> list[str]:
    return [(label.get("description") or "").strip() for label in tab.iterfind("labels/label")]


def _is_named(tab: "etree._Element", name: str) -> bool:
    return (tab.get("name") or "").strip().lower() == name.strip().lower()


def _visible(tab: "etree._Element") -> bool:
    return (tab.get("visible") or "true").strip().lower() not in ("false", "0")
