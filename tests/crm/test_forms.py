"""The Subscriptions section on contact forms, ours and real ones."""

from pathlib import Path

import pytest
from lxml import etree

from assent.crm.forms import Edited, Unchanged, place_section, remove_section
from assent.crm.section import SECTION_ID, SECTION_NAME
from assent.crm.tabs import Blocked
from assent.ports.setup import CategoryColumn, Placing
from tests.corpus import ABSENT, FORMS

from .samples import EVENTS, NEWS

COLUMNS = (NEWS, EVENTS)
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
    pause = blocked.pause("Contact", "1fed")
    assert (pause.reason, pause.evidence["form"], pause.evidence["form_id"]) == (reason, "Contact", "1fed")
    shown = {"looked_for", "found", "in_question", "before", "after"} & pause.evidence.keys()
    assert bool(shown) == (reason not in ("no_tabs", "form_unreadable"))
    assert len(shown) in (0, 5)


def test_a_person_may_choose_the_tab() -> None:
    """The override of a pause names a tab by name or GUID, hidden or not."""
    xml = form(tab("x", "X", "{1}"), tab("y", "Y", "{2}", 'visible="false"'))
    for choice in ("Y", "{2}"):
        placed = place_section(xml, COLUMNS, 1033, Placing(tab=choice))
        assert isinstance(placed, Edited)
        assert etree.fromstring(placed.xml).findall("tabs/tab")[1].find(".//control") is not None
    assert isinstance(place_section(xml, COLUMNS, 1033, Placing(tab="z")), Blocked)


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


def test_a_clash_of_names_or_ids_pauses() -> None:
    """Somebody's section of our name, our id on something else, our toggle's id on another column (8.2)."""
    named = tab().replace('name="s"', f'name="{SECTION_NAME}"')
    bearing = tab(tab_id=f"{{{SECTION_ID}}}")
    control = '<control id="ASN_sub_news" datafieldname="jobtitle"/>'
    clashing = tab().replace("<row/>", f'<row><cell id="{{8}}">{control}</cell></row>', 1)
    reasons = ("section_clash", "section_clash", "control_clash")
    for xml, reason in zip((named, bearing, clashing), reasons, strict=True):
        blocked = place_section(form(xml), COLUMNS, 1033)
        assert isinstance(blocked, Blocked)
        assert (reason, True) == (blocked.reason, bool(blocked.evidence["in_question"]))
        assert "asn_sub_news" in str(blocked.evidence["after"])


def test_our_section_without_its_id_is_known_by_its_toggles() -> None:
    """An import may have given it another id; a toggle of ours in it says whose it is."""
    placed = place_section(form(tab()), (NEWS,), 1033)
    assert isinstance(placed, Edited)
    root = edited(placed.xml.replace(str(SECTION_ID), "66666666-0000-4000-8000-000000000000"))
    assert len(texts(root, "//section[@name='asn_subscriptions']//control/@id")) == 2
    assert len(texts(root, "//section/@name")) == 2


def test_a_person_may_choose_a_tab_of_its_own() -> None:
    """It comes last, with our section and nothing else; removing takes it away whole."""
    xml = form(tab("x", "X", "{1}"))
    placed = place_section(xml, COLUMNS, 1053, Placing(new_tab=True))
    assert isinstance(placed, Edited)
    (last,) = etree.fromstring(placed.xml).findall("tabs/tab")[1:]
    assert texts(last, "labels/label/@description") == ["Prenumerationer"]
    assert texts(last, ".//control/@id") == ["asn_sub_news", "asn_sub_events"]
    assert place_section(placed.xml, COLUMNS, 1053) == Unchanged()
    removed = remove_section(placed.xml)
    assert isinstance(removed, Edited)
    assert removed.xml == xml


ODD = """<?xml version="1.0" encoding='utf-16'?>\r
<!-- before --><form a = 'x "quoted"'  b="&lt;&#10;&#x41;">\r
<tabs><tab\tname='DETAILS_TAB' id = "{1}"><labels><label description='D&amp;é' languagecode='1033'/></labels>
<columns><column width='100%'  ><sections ><?keep this?><![CDATA[<kept>]]></sections></column></columns>
</tab ></tabs><parameters><x>a &gt; b</x></parameters>\r\n</form><!-- after -->
"""


def test_everything_else_stays_byte_for_byte() -> None:
    """Declaration, comments, entities, quotes, spaces, CDATA: one piece of text is put in, that is all."""
    placed = place_section(ODD, COLUMNS, 1033)
    assert isinstance(placed, Edited)
    (change,) = placed.changes
    assert ("", ODD) == (change.before, placed.xml.replace(change.after, "", 1))
    assert placed.xml.index("]]>") < placed.xml.index(change.after) < placed.xml.index("</sections>")


def test_a_removed_section_leaves_what_others_put_into_it() -> None:
    """Somebody's own column in our section stays there; only our toggles go, wherever they are."""
    placed = place_section(form(tab()), COLUMNS, 1033)
    assert isinstance(placed, Edited)
    theirs = '<row><cell id="{77}"><control id="jobtitle" datafieldname="jobtitle"/></cell></row>'
    header = (
        '<header><row><cell id="{78}"><control id="h" datafieldname="asn_sub_news"/></cell></row></header>'
    )
    xml = placed.xml.replace("</rows></section></sections>", f"{theirs}</rows></section></sections>", 1)
    removed = remove_section(xml.replace("<footer/>", header))
    assert isinstance(removed, Edited)
    root = etree.fromstring(removed.xml)
    assert texts(root, "//control/@id") == ["jobtitle"]
    assert texts(root, "//section[@name='asn_subscriptions']/@id") == [f"{{{SECTION_ID}}}"]


@pytest.mark.skipif(not FORMS, reason=ABSENT)
@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_real_forms_keep_everything_else(path: Path) -> None:
    """On real forms the edit adds our section and nothing else, or pauses saying which tabs there are."""
    found = etree.parse(path).getroot().find(".//form")
    assert found is not None
    found.tail = None
    xml = etree.tostring(found, encoding="unicode")
    placed = place_section(xml, COLUMNS, 1033)
    if isinstance(placed, Blocked):
        assert placed.reason in ("tab_not_found", "tab_hidden")
        assert placed.evidence["found"]
        return
    assert isinstance(placed, Edited)
    assert place_section(placed.xml, COLUMNS, 1033) == Unchanged()
    removed = remove_section(placed.xml)
    assert isinstance(removed, Edited)
    assert removed.xml in (xml, xml.replace("<sections/>", "<sections></sections>", 1))


def test_removing_leaves_no_trace() -> None:
    """Uninstalling takes the section out and touches nothing else (design 5.2)."""
    placed = place_section(form(tab()), COLUMNS, 1033)
    assert isinstance(placed, Edited)
    removed = remove_section(placed.xml)
    assert isinstance(removed, Edited)
    assert canonical(removed.xml) == canonical(form(tab()))
    assert remove_section(form(tab())) == Unchanged()
