"""XML edited in place: what no edit names stays byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from assent.crm.document import LARGEST, MOST_ELEMENTS, NotXml, parse

NAMES = st.sampled_from(["a", "b", "c:d", "label"])
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters='"&<'))


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> str:
    """An element spelled in one of many ways."""
    name, space = draw(NAMES), draw(st.sampled_from(["", " ", "\t\n"]))
    given_ = draw(st.dictionaries(st.sampled_from(["x", "xx", "y-x"]), VALUES, max_size=3))
    quotes = "".join(f' {key}{space}={space}"{value}"' for key, value in given_.items())
    if not depth or draw(st.booleans()):
        return f"<{name}{quotes}{space}/>"
    inner = draw(
        st.lists(st.one_of(elements(depth - 1), st.just("<!-- <a> -->"), st.just("é&amp;")), max_size=3)
    )
    return f"<{name}{quotes}{space}>{''.join(inner)}</{name}{space}>"


@given(elements())
def test_elements_are_where_they_are_written(xml: str) -> None:
    """Every element's text parses by itself to the same tag, and no edit changes nothing."""
    document = parse(xml)
    assert document.edited([]) == xml
    for element in document.root.iter():
        own = etree.fromstring(document.text(element).replace("c:d", "cd"))
        assert (own.tag, len(own.findall("*"))) == (element.tag.replace("c:d", "cd"), len(element.children))


@given(elements(), VALUES)
def test_setting_an_attribute_changes_that_alone(xml: str, value: str) -> None:
    """Whatever quotes, spaces and other attributes there are."""
    document = parse(xml)
    for element in document.root.iter():
        for name in element.attributes:
            changed = parse(document.edited([document.set(element, name, value)]))
            found = [one.attributes for one in changed.root.iter()]
            wanted = [
                one.attributes | {name: value} if one is element else one.attributes
                for one in document.root.iter()
            ]
            assert found == wanted


@given(elements(), elements())
def test_appending_and_removing_are_inverse(xml: str, more: str) -> None:
    """What was put at the end of the outermost element is its last child; removed, it leaves no trace."""
    document = parse(xml)
    longer = parse(document.edited([document.append(document.root, more)]))
    last = longer.root.children[-1]
    assert more == longer.text(last)
    shorter = longer.edited([longer.remove(last)])
    assert [one.attributes for one in parse(shorter).root.iter()] == [
        one.attributes for one in document.root.iter()
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no element"),
        ("<a", "unclosed"),
        ("<a>&nbsp;</a>", "undefined entity"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "document type"),
        ("<a>\ud800</a>", "characters"),
        ("<a>\0</a>", "line 1"),
        (f"<a>{'x' * LARGEST}</a>", "8 MB"),
        (f"<a>{'<b/>' * MOST_ELEMENTS}</a>", "200,000"),
    ],
    ids=["nothing", "broken", "entity", "bomb", "surrogate", "nul", "large", "many"],
)
def test_what_cannot_be_read_says_why(text: str, says: str) -> None:
    """No entity is ever expanded or fetched, and nothing is too deep or too large to refuse (P8)."""
    with pytest.raises(NotXml, match=says):
        parse(text)


def test_depth_is_no_danger() -> None:
    """Fifty thousand elements within each other are read and searched without recursion."""
    document = parse("<a>" * 50_000 + "</a>" * 50_000)
    assert sum(1 for _ in document.root.iter("a")) == 50_000
