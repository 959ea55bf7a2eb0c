"""What form XML must look like (dataverse.md 8.1, 8.2)."""

from types import MappingProxyType
from typing import Final

from lxml import etree

from dataverse_emulator.state.problems import Problem, Refusal


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Section 8.2 lists most of these; group, contenttype, autoexpand, rowheight and height are in real exports.
_ATTRIBUTES: Final = MappingProxyType(
    {
        "tab": _words(
            "name id verticallayout showlabel expanded visible IsUserDefined locklevel labelid "
            "availableforphone group contenttype"
        ),
        "section": _words(
            "name id showlabel showbar IsUserDefined layout columns labelwidth celllabelalignment "
            "celllabelposition visible locklevel labelid availableforphone autoexpand rowheight height group"
        ),
        "cell": _words(
            "id showlabel labelid locklevel rowspan colspan userspacer visible availableforphone auto"
        ),
        "control": _words(
            "id classid datafieldname disabled uniqueid isunbound isrequired relationship "
            "indicationOfSubgrid labelid"
        ),
    }
)
_REQUIRED: Final = MappingProxyType(
    {"column": ("width",), "cell": ("id",), "tab": ("id",), "section": ("id",)}
)


def validated(text: str) -> None:
    """Refuse what the server's schema refuses: bad XML, undeclared attributes, repeated ids (8.1, 8.2)."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(text.encode("utf-8", "surrogatepass"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _schema_error(getattr(error, "lineno", 0) or 0, str(error)) from None
    if root.tag != "form":
        raise _schema_error(1, f"The '{root.tag}' element is not declared.")
    if root.find("tabs") is None:
        raise _schema_error(
            1, "The element 'form' has incomplete content. List of possible elements expected: 'tabs'."
        )
    seen: dict[str, int] = {}
    for element in root.iter(*_ATTRIBUTES, "column"):
        _check_attributes(element)
        _check_unique(element, seen)


def _line(element: "etree._Element") -> int:
    line: object = element.sourceline
    return line if isinstance(line, int) else 0


def _check_attributes(element: "etree._Element") -> None:
    tag, line = str(element.tag), _line(element)
    if tag == "column" and getattr(element.getparent(), "tag", None) != "columns":
        return
    for name in _REQUIRED.get(tag, ()):
        if name not in element.attrib:
            raise _schema_error(line, f"The required attribute '{name}' is missing.")
    allowed = _ATTRIBUTES.get(tag)
    for name in map(str, element.attrib):
        if allowed is not None and name not in allowed:
            raise _schema_error(line, f"The '{name}' attribute is not declared.")


def _check_unique(element: "etree._Element", seen: dict[str, int]) -> None:
    # Guids are compared without braces and case (8.2). Control ids are column names; 8.2 calls them unique
    # too, but more than half of the public exports repeat one, so servers cannot be refusing that.
    found = element.get("id")
    if found is None or element.tag == "control":
        return
    key = found.strip("{}").lower()
    if key in seen:
        raise _schema_error(_line(element), f"The id '{found}' is used more than once in the form.")
    seen[key] = 1


def _schema_error(line: int, detail: str) -> Refusal:
    return Refusal(
        Problem.FORM_XML,
        "The Form XML does not conform to the required schema. "
        f"A schema validation error has been detected at line {line}: {detail}",
    )


def columns_shown(text: str) -> frozenset[str]:
    """The columns a form has controls for."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(text.encode(), parser)
    return frozenset(str(field.get("datafieldname", "")).lower() for field in root.iter("control"))
