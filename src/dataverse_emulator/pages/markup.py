"""HTML built from elements, so that text and attribute values are escaped by construction."""

import re
from typing import Final

from lxml import etree

# What XML, and therefore lxml, cannot hold; contacts can.
_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """The text with what a page cannot show replaced."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def element(
    tag: str, *children: "etree._Element | str | None", **attributes: str | bool | None
) -> "etree._Element":
    """One element; `for_` stands for for, `_` for -, True for a bare attribute, None and False for none."""
    made = etree.Element(tag)
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        name = name.rstrip("_").replace("_", "-")
        made.set(name, name if value is True else clean(str(value)))
    for child in children:
        if isinstance(child, str):
            _append_text(made, clean(child))
        elif child is not None:
            made.append(child)
    return made


def _append_text(parent: "etree._Element", text: str) -> None:
    last = parent[-1] if len(parent) else None
    if last is None:
        parent.text = (parent.text or "") + text
    else:
        last.tail = (last.tail or "") + text


def document(root: "etree._Element") -> bytes:
    """The whole page as it is sent."""
    text: str = etree.tostring(root, method="html", encoding="unicode")
    return f"<!doctype html>\n{text}\n".encode()
