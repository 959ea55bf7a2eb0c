"""The Subscriptions section on contact forms, ours and real ones."""

from pathlib import Path

import pytest
from lxml import etree

from assent.crm.forms import SECTION_ID, SECTION_NAME, Edited, Unchanged, place_section, remove_section
from assent.crm.tabs import Blocked
from assent.ports import CategoryColumn

from .samples import EVENTS, NEWS

COLUMNS = (NEWS, EVENTS)
CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "contact-forms"
REAL = sorted(CORPUS.glob("form*.xml"))
GUID = "{fe1c5c3b-d556-4552-a444-4781214a6d63}"


def tab(
    name: str = "DETAILS_TAB", label: str = "Details", tab_id: str = GUID, more: str = "", width: str = "50%"
) -> str:
    """A tab with two columns."""
    section = '<section name="s" id="{%s}"><labels/><rows><row/></rows></section>' % (
        name.lower() + tab_id[1:5]
    )
    return (
        f'<tab name="{name}" id="{tab_id}" {more}><labels><label description="{label}" languagecode="1033"/>'
        f'</labels><columns><column width="{width}"><sections>{section}</sections></column>'
        '<column width="50%"><sections/></column></columns></tab>'
    )


def form(*tabs: str, after: str = "<footer/>") -> str:
    """A form with the given tabs, and something unknown around them."""
    kept = '<unheardof a="1">x<!-- kept --></unheardof>'
    return f'<form showImage="true">{kept}<tabs>{"".join(tabs)}</tabs>{after}</form>'


def edited(xml: str, columns: tuple[CategoryColumn, ...] = COLUMNS, language: int = 1033) -> etree._Element:
    """The edited form as a tree."""
    placed = place_section(xml, columns, language)
    assert isinstance(placed, Edited)
    return etree.fromstring(placed.xml)


def texts(root: etree._Element, path: str) -> list[str]:
    """What an XPath finds, as texts."""
    found = root.xpath(path)
    assert isinstance(found, list)
    return [str(one) for one in found]


def canonical(xml: str) -> bytes:
    """The meaning of a document, without its spelling."""
    return etree.tostring(etree.fromstring(xml), method="c14n")


def test_a_toggle_per_category_on_the_details_tab() -> None:
    """One own section with fixed ids at the end of the Details tab's first column (8.2, 8.5)."""
    root = edited(form(tab("OTHER", "Other", "{1}"), tab()))
    section = root.findall("tabs/tab")[1].findall("columns/column")[0].findall("sections/section")[-1]
    assert (section.get("name"), section.get("id")) == (SECTION_NAME, f"{{{SECTION_ID}}}")
    assert texts(section, "labels/label/@description") == ["Subscriptions"]
    assert texts(section, "rows/row/cell/control/@datafieldname") == ["asn_sub_news", "asn_sub_events"]
    assert texts(section, "rows/row/cell/labels/label/@description") == ["Newsletters", "Events & fairs"]
    assert texts(section, "rows/row/cell/labels/label/@languagecode") == ["1033", "1033"]


def test_placing_twice_changes_nothing() -> None:
    """A second run finds the section by its GUID and the toggles by their columns (8.5)."""
    first = place_section(form(tab()), COLUMNS, 1033)
    assert isinstance(first, Edited)
    assert place_section(first.xml, COLUMNS, 1033) == Unchanged()


def test_a_section_somebody_moved_is_found_again() -> None:
    """Wherever an administrator moved our section, new toggles join it there (8.5 trap 11)."""
    placed = place_section(form(tab()), (NEWS,), 1033)
    assert isinstance(placed, Edited)
    moved = placed.xml.replace("DETAILS_TAB", "ELSEWHERE").replace('description="Details"', 'description="X"')
    moved = moved.replace(str(SECTION_ID), str(SECTION_ID).upper()).replace(GUID, "{9}")
    assert len(texts(edited(moved), "//section[@name='asn_subscriptions']//control/@id")) == 2


def test_a_toggle_placed_elsewhere_is_respected() -> None:
    """A column already on the form gets no second toggle."""
    own = '<control id="x" datafieldname="ASN_SUB_NEWS"/>'
    root = edited(form(tab(), after=f"<footer><cell>{own}</cell></footer>"))
    assert texts(root, "//section[@name='asn_subscriptions']//control/@id") == ["asn_sub_events"]


def test_the_section_follows_the_categories() -> None:
    """A renamed category is relabelled and a deleted one leaves; what others added stays (section 4)."""
    placed = place_section(form(tab()), COLUMNS, 1033)
    assert isinstance(placed, Edited)
    foreign = '<row><cell id="{77}"><control id="jobtitle" datafieldname="jobtitle"/></cell></row>'
    end = "</rows></section></sections>"
    xml = placed.xml.replace(end, foreign + end, 1)
    root = edited(xml, (CategoryColumn(1, "asn_Sub_News", "News"),))
    assert texts(root, "//section[@name='asn_subscriptions']//control/@id") == ["asn_sub_news", "jobtitle"]
    assert texts(root, "//cell/labels/label/@description") == ["News"]


@pytest.mark.parametrize(
    ("tabs", "chosen"),
    [
        ((tab("x", "X", "{1}"), tab("details_tab", "Contact facts", "{2}")), 1),
        ((tab("x", "X", "{1}"), tab("y", "Y", GUID.upper()[1:-1])), 1),
        ((tab("x", "X", "{1}"), tab("y", " detaljer ", "{2}")), 1),
        ((tab("x", "Details", "{1}"), tab("DETAILS_TAB", "X", "{2}")), 1),
        ((tab("DETAILS_TAB", "Board", "{1}", 'visible="false"'), tab("y", "Details", "{2}")), 1),
    ],
)
def test_the_tab_is_found_by_name_then_guid_then_label(tabs: tuple[str, ...], chosen: int) -> None:
    """The order of 8.5; braces and case do not matter, and a hidden tab gives way to a visible one."""
    root = edited(form(*tabs))
    assert root.findall("tabs/tab")[chosen].find(f".//section[@name='{SECTION_NAME}']") is not None


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        (form(tab("x", "X", "{1}")), "tab_not_found"),
        (form(tab(more='visible="false"')), "tab_hidden"),
        (form(tab("x", "Details", "{1}"), tab("y", "Details", "{2}")), "tab_ambiguous"),
        (form(tab(more='contenttype="singleComponent"')), "tab_single_component"),
        (form(tab().replace("50%", "0%")), "no_column"),
        (form(), "no_tabs"),
        ("<systemform/>", "no_tabs"),
        ("<form><tabs>", "form_unreadable"),
        ("", "form_unreadable"),
        ('<!DOCTYPE form [<!ENTITY a "b">]>' + form(tab()), "form_unreadable"),
    ],
)
def test_a_form_that_leaves_doubt_pauses_with_evidence(xml: str, reason: str) -> None:
    """Nothing is guessed: a code, a text and the form's tabs go to a person (8.5, design 5.2)."""
    blocked = place_section(xml, COLUMNS, 1033)
    assert isinstance(blocked, Blocked)
    assert blocked.reason == reason
    pause = blocked.pause("Contact")
    assert (pause.reason, pause.evidence["form"]) == (reason, "Contact")
    assert ("tabs" in pause.evidence) == (reason not in ("no_tabs", "form_unreadable"))


def test_a_person_may_choose_the_tab() -> None:
    """The override of a pause names a tab by name or GUID, hidden or not."""
    xml = form(tab("x", "X", "{1}"), tab("y", "Y", "{2}", 'visible="false"'))
    for choice in ("Y", "{2}"):
        placed = place_section(xml, COLUMNS, 1033, tab=choice)
        assert isinstance(placed, Edited)
        assert etree.fromstring(placed.xml).findall("tabs/tab")[1].find(".//control") is not None
    assert isinstance(place_section(xml, COLUMNS, 1033, tab="z"), Blocked)


def test_no_id_is_used_twice() -> None:
    """Ids are unique in a form, with or without braces (8.2); a taken one is stepped over."""
    cell = texts(edited(form(tab())), "//cell[control/@id='asn_sub_news']/@id")[0]
    taken = tab().replace("<row/>", f'<row><cell id="{cell.strip("{}").upper()}"/></row>', 1)
    found = [
        value.strip("{}").lower()
        for value in texts(edited(form(taken)), "//tab/@id|//section/@id|//cell/@id")
    ]
    assert len(found) == len(set(found))


def test_a_column_without_sections_gets_them() -> None:
    """A column may have no sections element yet."""
    xml = form(tab()).replace("<sections/>", "").replace('width="50%"><sections>', 'width="0"><sections>')
    assert edited(xml).xpath("count(//column[2]/sections/section)") == 1.0


def test_labels_are_in_the_base_language() -> None:
    """Labels must hold the organisation's base language (7.2)."""
    root = edited(form(tab()), language=1053)
    assert texts(root, "//section[@name='asn_subscriptions']/labels/label/@description") == [
        "Prenumerationer"
    ]


@pytest.mark.skipif(not REAL, reason="the corpus of real forms is not part of the repository")
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_real_forms_keep_everything_else(path: Path) -> None:
    """On real forms the edit adds our section and nothing else, or pauses saying which tabs there are."""
    found = etree.parse(path).getroot().find(".//form")
    assert found is not None
    found.tail = None
    xml = etree.tostring(found, encoding="unicode")
    placed = place_section(xml, COLUMNS, 1033)
    if isinstance(placed, Blocked):
        assert placed.reason in ("tab_not_found", "tab_hidden")
        assert placed.evidence["tabs"]
        return
    assert isinstance(placed, Edited)
    assert place_section(placed.xml, COLUMNS, 1033) == Unchanged()
    removed = remove_section(placed.xml)
    assert isinstance(removed, Edited)
    assert canonical(removed.xml) == canonical(xml)


def test_removing_leaves_no_trace() -> None:
    """Uninstalling takes the section out and touches nothing else (design 5.2)."""
    placed = place_section(form(tab()), COLUMNS, 1033)
    assert isinstance(placed, Edited)
    removed = remove_section(placed.xml)
    assert isinstance(removed, Edited)
    assert canonical(removed.xml) == canonical(form(tab()))
    assert remove_section(form(tab())) == Unchanged()
