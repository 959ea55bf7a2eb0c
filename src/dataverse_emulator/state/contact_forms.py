"""The forms and views of contact that every organisation starts with (dataverse.md 8.4, 8.6).

Names and ids are the documented ones, texts are the emulator's own. No id is documented of a card form.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from dataverse_emulator.state.columns import Cell, Kind
from dataverse_emulator.state.form_markup import Markup
from dataverse_emulator.state.sources import derived_id

MAIN: Final = "1fed44d1-ae68-4a41-bd2b-f13acac4acfa"
INFORMATION: Final = "894cc46a-b0cb-4ab0-8bf6-200544e46a2d"
INTERACTIVE: Final = "cc760212-3eab-4009-b5c3-ea9cf6f3e141"
MOBILE: Final = "28b5b9b6-dfa2-45d6-8a81-3f6ba02a098a"
QUICK_VIEW: Final = "bdb0ae1c-32fa-4374-b637-8dafe107bc44"
QUICK_CREATE: Final = "661157fe-2fc9-4eaa-835f-5bfa2f7b64f7"
CARD: Final = derived_id("systemform", "contact", "card")

_NAMES: Final = (("firstname", "First Name", Kind.TEXT), ("lastname", "Last Name", Kind.TEXT))
_REACHED: Final = (
    ("emailaddress1", "Email", Kind.TEXT),
    ("telephone1", "Business Phone", Kind.TEXT),
    ("mobilephone", "Mobile Phone", Kind.TEXT),
)
_SHORT: Final = (
    ("fullname", "Full Name", Kind.TEXT),
    ("jobtitle", "Job Title", Kind.TEXT),
    ("parentcustomerid", "Company", Kind.CUSTOMER),
    *_REACHED,
)
#: The only cell whose id is documented: the toggle for bulk e-mail.
_BULK_CELL: Final = "{041968bd-14fe-486a-baa0-719e7691e6ee}"
_PREFERENCES: Final = (
    ("preferredcontactmethodcode", "Contact Method", Kind.CHOICE, ""),
    ("donotemail", "Email", Kind.BOOLEAN, ""),
    ("followemail", "Follow Email", Kind.BOOLEAN, ""),
    ("donotbulkemail", "Bulk Email", Kind.BOOLEAN, _BULK_CELL),
    ("donotphone", "Phone", Kind.BOOLEAN, ""),
    ("donotfax", "Fax", Kind.BOOLEAN, ""),
    ("donotpostalmail", "Mail", Kind.BOOLEAN, ""),
)


def managed(name: str, *, value: bool = True) -> Mapping[str, Any]:
    """A managed property (8.1)."""
    return {"Value": value, "CanBeChanged": True, "ManagedPropertyLogicalName": name}


def form_row(
    form_id: str,
    name: str,
    formxml: str,
    *,
    form_type: int = 2,
    active: bool = True,
    customizable: bool = True,
    default: bool = False,
    table: str = "contact",
) -> dict[str, Cell]:
    """A published form as its table keeps it (8.1)."""
    return {
        "formid": form_id,
        "name": name,
        "type": form_type,
        "formactivationstate": int(active),
        "formpresentation": 1,
        "isdefault": default,
        "ismanaged": False,
        "iscustomizable": managed("iscustomizable", value=customizable),
        "canbedeleted": managed("canbedeleted", value=False),
        "objecttypecode": table,
        "formxml": formxml,
        "componentstate": 0,
    }


def forms(languages: Iterable[int]) -> list[dict[str, Cell]]:
    """The forms, in these languages; the older main form is inactive, as in exports of newer ones (8.4)."""
    languages = tuple(languages)

    def plain(form_id: str, *cells: tuple[str, str, Kind]) -> str:
        return Markup(form_id, languages).plain("Contact", *cells)

    return [
        form_row(MAIN, "Contact", main_form(languages), default=True),
        form_row(INFORMATION, "Information", information_form(languages), active=False),
        form_row(
            INTERACTIVE, "Contact for Interactive experience", plain(INTERACTIVE, *_SHORT), form_type=12
        ),
        form_row(MOBILE, "Contact - Mobile", plain(MOBILE, *_SHORT), form_type=5),
        form_row(QUICK_VIEW, "Contact Quick Form", plain(QUICK_VIEW, *_REACHED), form_type=6),
        form_row(QUICK_CREATE, "Contact Quick Create", plain(QUICK_CREATE, *_NAMES, *_REACHED), form_type=7),
        form_row(CARD, "Contact Card form", plain(CARD, _SHORT[0], _REACHED[0]), form_type=11),
    ]


def main_form(languages: Iterable[int], form_id: str = MAIN) -> str:
    """The main form with the documented tabs and sections; a copy has another id of its own (8.4)."""
    made = Markup(form_id, languages)
    return made.form(_summary(made) + _details(made))


def _summary(made: Markup) -> str:
    contact = made.section(
        "CONTACT_INFORMATION",
        "{9d943649-0387-1882-caa1-36de40d5a86c}",
        "Contact information",
        "".join(made.cell(*held) for held in (_SHORT[0], _SHORT[1], *_REACHED)),
    )
    contact += made.section("MapSection", "{e0109668-cb5b-4b6c-8ca6-9d0c4b24f385}", "Map")
    social = made.section("SOCIAL_PANE_TAB", "{bea579b8-8901-77b0-1128-351760e68bd4}", "Timeline")
    other = made.section("Summary_section_6", "{ea3bb0a6-b9dc-1b0e-5e7d-74a380ee79a3}", "Related records")
    return made.tab(
        "SUMMARY_TAB",
        "{15bb2d4b-71da-74ea-3c5b-e497d78a55a2}",
        "Summary",
        ("33%", contact),
        ("42%", social),
        ("25%", other),
    )


def _details(made: Markup) -> str:
    personal = made.section(
        "PERSONAL INFORMATION", "{0F64B9A3-01F2-4411-B0B5-6C6C39D7B011}", "Personal information"
    )
    personal += made.section(
        "PERSONAL_NOTES_SECTION", "{9435d60e-c5ac-2462-a159-414573dc2e45}", "Personal notes"
    )
    preferences = made.section(
        "CONTACT_PREFERENCES",
        "{42aa148d-17fa-4c73-8213-bd22400b74ea}",
        "Contact preferences",
        "".join(made.cell(*held) for held in _PREFERENCES),
    )
    money = made.section("billing information", "{4565ac06-d780-4467-9baa-d03d6af45ae7}", "Billing")
    money += made.section("shipping information", "{19e024e7-16f7-40c6-a1d6-e8672a639011}", "Shipping")
    return made.tab(
        "DETAILS_TAB",
        "{fe1c5c3b-d556-4552-a444-4781214a6d63}",
        "Details",
        ("34%", personal),
        ("33%", preferences),
        ("33%", money),
    )


def information_form(languages: Iterable[int]) -> str:
    """The older main form, whose details tab is another and whose preferences have a tab (8.4)."""
    made = Markup(INFORMATION, languages)

    def tab(name: str, label: str, section: str, section_label: str, rows: str) -> str:
        ids = ["{" + derived_id(part, INFORMATION, name) + "}" for part in ("tab", "section")]
        held = made.section(section, ids[1], section_label, rows)
        return made.tab(name, ids[0], label, ("100%", held))

    def rows(*cells: tuple[str, str, Kind]) -> str:
        return "".join(made.cell(*held) for held in cells)

    return made.form(
        tab("general", "General", "name", "Contact information", rows(*_NAMES, *_REACHED))
        + tab(
            "details",
            "Details",
            "personal information",
            "Personal information",
            rows(
                ("familystatuscode", "Marital status", Kind.CHOICE),
                ("birthdate", "Birthday", Kind.WHEN),
                ("description", "Description", Kind.MEMO),
            ),
        )
        + tab("notes and activities", "Notes & Activities", "notes", "Timeline", "<row/>")
        + tab(
            "administration",
            "Preferences",
            "contact methods",
            "Contact methods",
            rows(*((name, label, kind) for name, label, kind, _ in _PREFERENCES)),
        )
    )


# -- views -------------------------------------------------------------------------------------------------

_ACTIVE: Final = '<condition attribute="statecode" operator="eq" value="0"/>'
_INACTIVE: Final = '<condition attribute="statecode" operator="eq" value="1"/>'
_MINE: Final = '<condition attribute="ownerid" operator="eq-userid"/>'
#: Ids and names of 8.6, with the conditions and the query type of each.
_VIEWS: Final = (
    ("00000000-0000-0000-00aa-000010001003", "My Active Contacts", _MINE + _ACTIVE, 0),
    ("00000000-0000-0000-00aa-000010001004", "Active Contacts", _ACTIVE, 0),
    ("00000000-0000-0000-00aa-000010001033", "Inactive Contacts", _INACTIVE, 0),
    ("0d5d377b-5e7c-47b5-bab1-a5cb8b4ac105", "All Contacts", "", 0),
    ("73bc2d9b-4e0e-424c-8839-ed59d6817e3a", "Active Contacts Subgrid View", _ACTIVE, 0),
    ("8df19b44-a073-40c3-9d6d-ee1355d8c4ba", "Quick Find Active Contacts", _ACTIVE, 4),
    ("a2d479c5-53e3-4c69-addd-802327e67a0d", "Contacts Lookup View", _ACTIVE, 64),
)
_WIDTHS: Final = MappingProxyType(
    {"fullname": 300, "emailaddress1": 150, "parentcustomerid": 150, "telephone1": 125}
)


def views() -> Iterator[dict[str, Cell]]:
    """The views of contact that are documented with an id and are about contacts alone."""
    for row_id, name, conditions, kind in _VIEWS:
        yield {
            "savedqueryid": row_id,
            "name": name,
            "querytype": kind,
            "returnedtypecode": "contact",
            "isdefault": row_id == _VIEWS[0][0] or kind != 0,
            "fetchxml": _fetch(conditions),
            "layoutxml": _layout(),
            "iscustomizable": managed("iscustomizable"),
            "canbedeleted": managed("canbedeleted", value=False),
            "ismanaged": False,
            "isquickfindquery": kind == 4,
            "statecode": 0,
            "statuscode": 1,
            "componentstate": 0,
        }


def _fetch(conditions: str) -> str:
    test = f'<filter type="and">{conditions}</filter>' if conditions else ""
    columns = "".join(f'<attribute name="{name}"/>' for name in (*_WIDTHS, "contactid"))
    return (
        '<fetch version="1.0" output-format="xml-platform" mapping="logical"><entity name="contact">'
        f'{columns}<order attribute="fullname" descending="false"/>{test}</entity></fetch>'
    )


def _layout() -> str:
    cells = "".join(f'<cell name="{name}" width="{width}"/>' for name, width in _WIDTHS.items())
    return (
        '<grid name="resultset" object="2" jump="fullname" select="1" icon="1" preview="1">'
        f'<row name="result" id="contactid">{cells}</row></grid>'
    )
