"""What form XML must look like, and the text of the contact form every organisation starts with (8.2-8.4)."""

from types import MappingProxyType
from typing import Final

from lxml import etree

from dataverse_emulator.state.problems import Problem, Refusal
from dataverse_emulator.state.sources import derived_id

CONTACT_FORM_ID: Final = "1fed44d1-ae68-4a41-bd2b-f13acac4acfa"


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

BOOLEAN_CLASS: Final = "{67FAC785-CD58-4F9F-ABB3-4B7DDC6ED5ED}"
TEXT_CLASS: Final = "{4273EDBD-AC1D-40D3-9FB2-095C621B552D}"
EMAIL_CLASS: Final = "{ADA2203E-B4CD-49BE-9DDF-234642B43B52}"
CHOICE_CLASS: Final = "{3EF39988-22BB-4F0B-BBBE-64B5A3748AEE}"
NOTES_CLASS: Final = "{06375649-C143-495E-A496-C962E5B4488E}"


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


def contact_form() -> str:
    """The contact main form as it comes out of the box, with the documented names and ids (8.4)."""
    return (
        f'<form showImage="true"><ancestor id="{{{CONTACT_FORM_ID}}}"/>'
        f"<hiddencontrols/><tabs>{_summary()}{_details()}</tabs>"
        "<header/><footer/><events/><clientresources/><Navigation/><controlDescriptions/>"
        '<DisplayConditions Order="0" FallbackForm="true"><Everyone/></DisplayConditions></form>'
    )


def _summary() -> str:
    contact = _section(
        "CONTACT_INFORMATION",
        "{9d943649-0387-1882-caa1-36de40d5a86c}",
        "CONTACT INFORMATION",
        _cell("fullname", "Full Name", TEXT_CLASS)
        + _cell("jobtitle", "Job Title", TEXT_CLASS)
        + _cell("emailaddress1", "Email", EMAIL_CLASS)
        + _cell("telephone1", "Business Phone", TEXT_CLASS)
        + _cell("mobilephone", "Mobile Phone", TEXT_CLASS),
    )
    place = _section("MapSection", "{e0109668-cb5b-4b6c-8ca6-9d0c4b24f385}", "MAP", "<row/>")
    social = _section("SOCIAL_PANE_TAB", "{bea579b8-8901-77b0-1128-351760e68bd4}", "SOCIAL PANE", "<row/>")
    other = _section("Summary_section_6", "{ea3bb0a6-b9dc-1b0e-5e7d-74a380ee79a3}", "RECORDS", "<row/>")
    return _tab(
        "SUMMARY_TAB",
        "{15bb2d4b-71da-74ea-3c5b-e497d78a55a2}",
        "Summary",
        (("33%", contact + place), ("42%", social), ("25%", other)),
    )


def _details() -> str:
    personal = _section(
        "PERSONAL INFORMATION", "{0F64B9A3-01F2-4411-B0B5-6C6C39D7B011}", "PERSONAL INFORMATION", "<row/>"
    ) + _section(
        "PERSONAL_NOTES_SECTION", "{9435d60e-c5ac-2462-a159-414573dc2e45}", "PERSONAL NOTES", "<row/>"
    )
    billing = _section("billing information", "{4565ac06-d780-4467-9baa-d03d6af45ae7}", "BILLING", "<row/>")
    shipping = _section(
        "shipping information", "{19e024e7-16f7-40c6-a1d6-e8672a639011}", "SHIPPING", "<row/>"
    )
    return _tab(
        "DETAILS_TAB",
        "{fe1c5c3b-d556-4552-a444-4781214a6d63}",
        "Details",
        (("34%", personal), ("33%", _preferences()), ("33%", billing + shipping)),
    )


def _preferences() -> str:
    cells = _cell("preferredcontactmethodcode", "Contact Method", CHOICE_CLASS)
    cells += _cell("donotemail", "Email", BOOLEAN_CLASS)
    cells += _cell("followemail", "Follow Email", BOOLEAN_CLASS)
    cells += _cell("donotbulkemail", "Bulk Email", BOOLEAN_CLASS, "{041968bd-14fe-486a-baa0-719e7691e6ee}")
    cells += _cell("donotphone", "Phone", BOOLEAN_CLASS)
    cells += _cell("donotfax", "Fax", BOOLEAN_CLASS)
    cells += _cell("donotpostalmail", "Mail", BOOLEAN_CLASS)
    return _section(
        "CONTACT_PREFERENCES", "{42aa148d-17fa-4c73-8213-bd22400b74ea}", "CONTACT PREFERENCES", cells
    )


def _tab(name: str, tab_id: str, label: str, columns: tuple[tuple[str, str], ...]) -> str:
    inner = "".join(
        f'<column width="{width}"><sections>{held}</sections></column>' for width, held in columns
    )
    return (
        f'<tab name="{name}" id="{tab_id}" IsUserDefined="0" showlabel="true" expanded="true">'
        f"{_labels(label)}<columns>{inner}</columns></tab>"
    )


def _section(name: str, section_id: str, label: str, rows: str) -> str:
    return (
        f'<section name="{name}" id="{section_id}" showlabel="true" showbar="false" IsUserDefined="0" '
        f'layout="varwidth" columns="1" labelwidth="115" celllabelposition="Left">'
        f"{_labels(label)}<rows>{rows}</rows></section>"
    )


def _cell(column: str, label: str, class_id: str, cell_id: str = "") -> str:
    # Only one cell id is documented; the others are derived from the column's name.
    cell_id = cell_id or "{" + derived_id("cell", CONTACT_FORM_ID, column) + "}"
    field = f'id="{column}" classid="{class_id}" datafieldname="{column}" disabled="false"'
    return (
        f'<row><cell id="{cell_id}" showlabel="true" locklevel="0">{_labels(label)}'
        f"<control {field}/></cell></row>"
    )


def _labels(label: str) -> str:
    return f'<labels><label description="{label}" languagecode="1033"/></labels>'
