"""What makers did to the contact forms before anybody came to edit them (dataverse.md 8.5)."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from lxml import etree

from dataverse_emulator.state import contact_forms
from dataverse_emulator.state.columns import Cell
from dataverse_emulator.state.contact_forms import INFORMATION, MAIN, form_row, main_form, managed
from dataverse_emulator.state.sources import derived_id

Row = dict[str, Cell]
Rows = list[Row]
_Tree = Any

_DETAILS: Final = ".//tab[@name='DETAILS_TAB']"
_PREFERENCES: Final = ".//section[@name='CONTACT_PREFERENCES']"
_COPY: Final = derived_id("systemform", "contact", "copy")
_SECOND: Final = derived_id("systemform", "contact", "second")


def forms(languages: Iterable[int], variants: Iterable[str]) -> Rows:
    """The contact forms of an organisation in which all this happened, in the order given."""
    languages = tuple(languages)
    rows = contact_forms.forms(languages)
    for name in variants:
        if name not in VARIANTS:
            raise ValueError(f"there is no form variant {name!r}; known: {', '.join(VARIANTS)}")
        rows = VARIANTS[name](rows, languages)
    return rows


def _main(rows: Rows, **values: Cell) -> Rows:
    return [row | values if row["formid"] == MAIN else row for row in rows]


def _edited(rows: Rows, edit: Callable[[_Tree], None]) -> Rows:
    """The main form's XML changed in place."""
    found = next(row for row in rows if row["formid"] == MAIN)
    tree = etree.fromstring(str(found["formxml"]).encode())
    edit(tree)
    return _main(rows, formxml=etree.tostring(tree, encoding="unicode"))


def _renamed_form(rows: Rows, _: tuple[int, ...]) -> Rows:
    return _main(rows, name="Contact - Main 1")


def _renamed_tab(rows: Rows, _: tuple[int, ...]) -> Rows:
    return _edited(rows, lambda tree: tree.find(_DETAILS).set("name", "tab_7"))


def _relabelled_tab(rows: Rows, _: tuple[int, ...]) -> Rows:
    def edit(tree: _Tree) -> None:
        for label in tree.findall(f"{_DETAILS}/labels/label"):
            label.set("description", "More about the person")

    return _edited(rows, edit)


def _hidden_tab(rows: Rows, _: tuple[int, ...]) -> Rows:
    return _edited(rows, lambda tree: tree.find(_DETAILS).set("visible", "false"))


def _removed_tab(rows: Rows, _: tuple[int, ...]) -> Rows:
    def edit(tree: _Tree) -> None:
        tab = tree.find(_DETAILS)
        tab.getparent().remove(tab)

    return _edited(rows, edit)


def _removed_preferences(rows: Rows, _: tuple[int, ...]) -> Rows:
    def edit(tree: _Tree) -> None:
        section = tree.find(_PREFERENCES)
        section.getparent().remove(section)

    return _edited(rows, edit)


def _doubled_names(rows: Rows, _: tuple[int, ...]) -> Rows:
    """Two sections of one name."""
    return _edited(rows, lambda tree: tree.find(_PREFERENCES).set("name", "Summary_section_6"))


def _bare_ids(rows: Rows, _: tuple[int, ...]) -> Rows:
    """Ids without braces and in upper case, as the newer designer leaves some."""

    def edit(tree: _Tree) -> None:
        for element in tree.iter("tab", "section", "cell"):
            element.set("id", element.get("id").strip("{}").upper())

    return _edited(rows, edit)


def _managed(rows: Rows, _: tuple[int, ...]) -> Rows:
    return [row | {"ismanaged": True} for row in rows]


def _uncustomizable(rows: Rows, _: tuple[int, ...]) -> Rows:
    return _main(rows, iscustomizable=managed("iscustomizable", value=False))


def _several(rows: Rows, languages: tuple[int, ...]) -> Rows:
    """The older main form is active too, and a third one is shown first."""
    others = [row | {"formactivationstate": 1} if row["formid"] == INFORMATION else row for row in rows]
    return [*others, form_row(_SECOND, "Contact - Service", main_form(languages, _SECOND))]


def _clashing(rows: Rows, languages: tuple[int, ...]) -> Rows:
    """Another active main form of the same name."""
    return [*rows, form_row(_SECOND, "Contact", main_form(languages, _SECOND))]


def _copied(rows: Rows, languages: tuple[int, ...]) -> Rows:
    """Saved as another form, with the ids inside and the ancestor it had; the first one put away."""
    copy = form_row(_COPY, "Contact - Ours", main_form(languages), default=True)
    return [*_main(rows, formactivationstate=0, isdefault=False), copy]


#: What happened, by name; `Settings.form_variants` and the command line take these.
VARIANTS: Final[Mapping[str, Callable[[Rows, tuple[int, ...]], Rows]]] = MappingProxyType(
    {
        "renamed-form": _renamed_form,
        "renamed-tab": _renamed_tab,
        "relabelled-tab": _relabelled_tab,
        "hidden-tab": _hidden_tab,
        "removed-tab": _removed_tab,
        "removed-preferences": _removed_preferences,
        "doubled-section-names": _doubled_names,
        "bare-ids": _bare_ids,
        "managed": _managed,
        "uncustomizable": _uncustomizable,
        "several-main-forms": _several,
        "clashing-names": _clashing,
        "saved-as": _copied,
    }
)
