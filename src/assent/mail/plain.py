"""The text of a page of HTML, for mail programs and people that read no HTML."""

import re

from lxml import etree

_SILENT = frozenset({"head", "script", "style", "title", "template"})
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "hr"})
_LINES = frozenset({"div", "tr", "br", "section", "article", "header", "footer"})
_SPACE = re.compile(r"[ \t\r\n\f]+")
_MANY = re.compile(r"\n{3,}")


def text_of(html: str) -> str:
    """Give the words of a page in their order: paragraphs apart, links with their address in brackets.

    Nothing is laid out: columns come one after the other, and pictures are their alternative text.
    """
    if not html.strip():
        return ""
    root = etree.fromstring(
        html.encode("utf-8", "replace"), etree.HTMLParser(encoding="utf-8", no_network=True, recover=True)
    )
    if root is None:
        return ""
    pieces: list[str] = []
    _tell(root, pieces)
    lines = (line.strip() for line in "".join(pieces).split("\n"))
    return _MANY.sub("\n\n", "\n".join(lines)).strip() + "\n"


def _tell(root: etree._Element, pieces: list[str]) -> None:
    """Walk without recursion: how deeply a page is nested is not ours to choose."""
    silent = 0
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        tag = element.tag if isinstance(element.tag, str) else ""
        begins = event == "start"
        if tag in _SILENT:
            silent += 1 if begins else -1
        if not silent:
            if begins:
                pieces.append(_opening(element, tag) + _flat(element.text))
            elif tag:
                pieces.append(_closing(element, tag))
        if not begins and not silent:
            pieces.append(_flat(element.tail))


def _opening(element: etree._Element, tag: str) -> str:
    match tag:
        case "li":
            return "\n- "
        case "img":
            return _flat(element.get("alt"))
        case "td" | "th":
            return " "
        case "br":
            return ""
    return _closing(element, tag) if tag != "a" else ""


def _closing(element: etree._Element, tag: str) -> str:
    if tag == "a":
        goal = element.get("href", "").strip()
        shown = "".join(map(str, element.itertext())).strip()
        return f" [{goal}]" if goal and not goal.startswith("#") and goal != shown else ""
    if tag in _PARAGRAPHS:
        return "\n\n"
    return "\n" if tag in _LINES else ""


def _flat(text: str | None) -> str:
    return _SPACE.sub(" ", text or "")
