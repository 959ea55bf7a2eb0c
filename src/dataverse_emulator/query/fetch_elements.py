"""Elements of FetchXML, their attributes and children, and what is said of wrong ones."""

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from dataverse_emulator.state.problems import Problem, Refusal, not_implemented

Element = etree._Element

_DIGITS: Final = re.compile(r"\d{1,9}", re.ASCII)


def root_of(text: str) -> Element:
    """The root of an XML text."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        return etree.fromstring(text.encode("utf-8", "surrogatepass"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refusal(Problem.INVALID_XML, f"Invalid XML: {error}"[:300]) from None


def bad(detail: str) -> Refusal:
    """A text that is no query."""
    return Refusal(Problem.INVALID_ARGUMENT, f"The FetchXML is not valid: {detail}.")


def allow(element: Element, names: frozenset[str]) -> None:
    """Refuse attributes that would be ignored."""
    for name in element.attrib:
        if name not in names:
            raise not_implemented(f"attribute '{str(name)[:40]}' of <{element.tag}>", "see its README.")


def children(element: Element, tags: set[str]) -> Iterator[Element]:
    """The children, which must be among these."""
    for child in element:
        if child.tag not in tags:
            raise Refusal(
                Problem.INVALID_ARGUMENT,
                f"Invalid Child Node, valid nodes are {', '.join(sorted(tags))}. "
                f"NodeName = {str(child.tag)[:60]}",
            )
        yield child


def need(element: Element, name: str) -> str:
    """An attribute that must be there."""
    value = element.get(name)
    if not value:
        raise bad(f"<{element.tag}> needs the attribute '{name}'")
    return value


def number(element: Element, name: str) -> int | None:
    """An attribute that is a whole number."""
    text = element.get(name)
    if text is None or text == "":
        return None
    if not _DIGITS.fullmatch(text):
        raise bad(f"'{text[:40]}' is no value of '{name}'")
    return int(text)


def truth(element: Element, name: str) -> bool:
    """An attribute that is true or false; false when it is missing."""
    text = element.get(name, "false").lower()
    if text not in ("true", "false", "1", "0"):
        raise bad(f"'{text[:40]}' is no value of '{name}'")
    return text in ("true", "1")
