"""XML that is edited in place: what no edit names stays as it was, byte for byte. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

#: More than any form or view of a real organisation holds, by far.
LARGEST = 8 * 1024 * 1024
MOST_ELEMENTS = 200_000

#: A start tag whose quotes close: between it and the next, nothing is tried twice.
_START_TAG = re.compile(rb"<(?>[^>\"']+|\"[^\"]*\"|'[^']*')*+>")


class NotXml(Exception):
    """The text cannot be read as a document; the message says why, as the end of a sentence."""


@dataclass(slots=True, eq=False)
class Element:
    """An element and where it stands in the document's bytes.

    `start` and `opened` enclose the start tag, `closed` and `end` the end tag; of an element that closes
    itself these are all at its end.
    """

    tag: str
    attributes: dict[str, str]
    parent: "Element | None"
    start: int
    opened: int = 0
    closed: int = 0
    end: int = 0
    children: list["Element"] = field(default_factory=list)

    def get(self, name: str, default: str = "") -> str:
        """An attribute's value."""
        return self.attributes.get(name, default)

    def iter(self, *tags: str) -> Iterator["Element"]:
        """This element and everything below it with one of the tags (any without), in document order."""
        waiting = [self]
        while waiting:
            one = waiting.pop()
            if not tags or one.tag in tags:
                yield one
            waiting += reversed(one.children)

    def findall(self, path: str) -> list["Element"]:
        """The elements at the end of a path of tags, such as `tabs/tab`."""
        found = [self]
        for tag in path.split("/"):
            found = [child for one in found for child in one.children if child.tag == tag]
        return found

    def find(self, path: str) -> "Element | None":
        """The first of them."""
        return next(iter(self.findall(path)), None)


@dataclass(frozen=True, slots=True)
class Splice:
    """One edit: these bytes of the document give way to a text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document and the tree of its elements."""

    source: bytes = field(repr=False)
    root: Element

    def text(self, element: Element) -> str:
        """An element as it is written."""
        return self.source[element.start : element.end].decode()

    def told(self, element: Element | None, path: str) -> str:
        """The text an element holds at the end of a path; empty without one."""
        found = element.find(path) if element is not None else None
        return self.source[found.opened : found.closed].decode().strip() if found is not None else ""

    def start_tag(self, element: Element) -> str:
        """Its start tag as it is written."""
        return self.source[element.start : element.opened].decode()

    def append(self, parent: Element, xml: str) -> Splice:
        """The edit that puts something at the end of an element; one to an element."""
        if parent.opened < parent.end:
            return Splice(parent.closed, parent.closed, xml)
        tag = self.start_tag(parent)
        return Splice(parent.start, parent.end, f"{tag[: tag.rindex('/')].rstrip()}>{xml}</{parent.tag}>")

    def remove(self, element: Element) -> Splice:
        """The edit that takes an element out."""
        return Splice(element.start, element.end, "")

    def set(self, element: Element, name: str, value: str) -> Splice:
        """The edit that changes the value of an attribute the element has."""
        tag = self.start_tag(element)
        found = re.search(rf"\s{re.escape(name)}\s*=\s*(\"[^\"]*\"|'[^']*')", _outside_quotes(tag, name))
        assert found is not None
        before = len(tag[: found.start(1)].encode())
        length = len(tag[found.start(1) : found.end(1)].encode())
        start = element.start + before
        return Splice(start, start + length, quoteattr(value))

    def edited(self, splices: Sequence[Splice]) -> str:
        """The document with the edits made."""
        pieces, at = [], 0
        for splice in sorted(splices, key=lambda one: (one.start, one.end)):
            pieces += [self.source[at : splice.start], splice.text.encode()]
            at = splice.end
        return b"".join([*pieces, self.source[at:]]).decode()


def _outside_quotes(tag: str, name: str) -> str:
    """The tag with other attributes' values blanked, so that none is taken for an attribute itself."""

    def blank(found: re.Match[str]) -> str:
        return found[0] if found[1] == name else f"{found[0][: -len(found[2])]}{'_' * len(found[2])}"

    return re.sub(r"([^\s=\"'<>/]+)\s*=\s*(\"[^\"]*\"|'[^']*')", blank, tag)


def parse(text: str) -> Document:
    """Read a document; raises NotXml.

    One with a document type is not read: no entities of its own, and nothing from elsewhere.
    """
    try:
        source = text.encode()
    except UnicodeEncodeError:
        raise NotXml("it holds characters that XML cannot") from None
    if len(source) > LARGEST:
        raise NotXml(f"it is larger than {LARGEST // 1024 // 1024} MB")
    builder = _Builder(source)
    try:
        builder.parser.Parse(source, True)
    except expat.ExpatError as error:
        what = expat.errors.messages[error.code]
        raise NotXml(f"{what} at line {error.lineno}, column {error.offset + 1}") from None
    assert builder.root is not None
    return Document(source, builder.root)


class _Builder:
    """Makes elements of what the parser meets."""

    def __init__(self, source: bytes) -> None:
        self.root: Element | None = None
        self._count = 0
        self._source = source
        self._open: Element | None = None
        # The text was decoded before: whatever its declaration says, these bytes are UTF-8.
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _doctype(self, *_: object) -> None:
        raise NotXml("it has a document type, which nothing that Dynamics exports has")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MOST_ELEMENTS:
            raise NotXml(f"it holds more than {MOST_ELEMENTS:,} elements")
        start = self.parser.CurrentByteIndex
        found = _START_TAG.match(self._source, start)
        assert found is not None
        element = Element(tag, attributes, self._open, start, opened=found.end())
        if self._open is None:
            self.root = element
        else:
            self._open.children.append(element)
        self._open = element

    def _end(self, tag: str) -> None:
        element = self._open
        assert element is not None
        if self._source[element.opened - 2 : element.opened] == b"/>":
            element.closed = element.end = element.opened
        else:
            element.closed = self.parser.CurrentByteIndex
            element.end = self._source.index(b">", element.closed) + 1
        self._open = element.parent
