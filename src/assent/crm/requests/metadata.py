"""The calls of setup: publisher, solution, columns, forms, publish (dataverse.md sections 7 and 8)."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from assent.crm import odata
from assent.crm.faults import check
from assent.crm.requests.batch import Operation
from assent.crm.transport import Request, Response
from assent.ports.setup import CategoryColumn, Form

PUBLISHER = "assent"
PREFIX = "asn"
SOLUTION = "assent_connector"
_OPTION_PREFIX = 47301  # choice values of ours begin with it; we have none, but a publisher must say (7.1)

#: Past the metadata cache, which may lag 30 s (7.6); and what puts a component in our solution (7.1).
STRONG = {"Consistency": "Strong"}
IN_SOLUTION = {"MSCRM.SolutionUniqueName": SOLUTION}
_BOOLEAN = "Microsoft.Dynamics.CRM.BooleanAttributeMetadata"
_ATTRIBUTES = "EntityDefinitions(LogicalName='contact')/Attributes"

Record = Mapping[str, object]


def find(table: str, select: str, condition: str, what: str) -> Request:
    """Ask for rows of one of the small tables."""
    return Request(what, "GET", table + odata.query(select=select, filter=condition))


def parse_found(response: Response, what: str) -> list[dict[str, object]]:
    """Give the rows found."""
    return odata.listed(odata.decode(check(response, what).body, what), what)


def insert(table: str, body: Record, what: str) -> Request:
    """Create a row of one of the small tables; sent once, for a second would double it (5.1)."""
    return Request(
        what, "POST", table, odata.JSON_HEADERS | IN_SOLUTION, odata.encode(body), repeatable=False
    )


def parse_inserted(response: Response, what: str) -> UUID:
    """Give the id of the row made, from the header that names it (2.5)."""
    address = check(response, what).headers.get("odata-entityid", "")
    try:
        return UUID(address.rpartition("(")[2].rstrip(")"))
    except ValueError:
        raise odata.broken(what) from None


def amend(table: str, row_id: UUID, body: Record, what: str) -> Request:
    """Change columns of a row that exists; without If-Match a deleted one would come back (2.6)."""
    headers = odata.JSON_HEADERS | IN_SOLUTION | {"If-Match": "*"}
    return Request(what, "PATCH", f"{table}({row_id})", headers, odata.encode(body))


def question(table: str, select: str, condition: str) -> Operation:
    """`find` as one question of several in a request."""
    return Operation("GET", table + odata.query(select=select, filter=condition))


def insertion(table: str, body: Record) -> Operation:
    """`insert` as one write of several in a request."""
    return Operation("POST", table, IN_SOLUTION, body)


def amendment(table: str, row_id: UUID, body: Record) -> Operation:
    """`amend` as one write of several in a request."""
    return Operation("PATCH", f"{table}({row_id})", IN_SOLUTION | {"If-Match": "*"}, body)


def publisher() -> Record:
    """Our publisher (7.1)."""
    return {
        "uniquename": PUBLISHER,
        "friendlyname": "Assent",
        "description": "Keeps marketing permission the same here and in the marketing hub.",
        "customizationprefix": PREFIX,
        "customizationoptionvalueprefix": _OPTION_PREFIX,
    }


def solution(publisher_id: UUID) -> Record:
    """Our unmanaged solution, which every component belongs to (7.1)."""
    return {
        "uniquename": SOLUTION,
        "friendlyname": "Assent connector",
        "version": "1.0.0.0",
        "publisherid@odata.bind": f"/publishers({publisher_id})",
    }


def column(logical_name: str) -> Request:
    """Ask for a contact column of any type."""
    path = f"{_ATTRIBUTES}(LogicalName={odata.text(logical_name)})"
    return Request("reading a column", "GET", path, STRONG)


def yes_no_column(logical_name: str) -> Request:
    """Ask for the whole definition of a Yes/No column, as an update must give it back (7.3)."""
    path = f"{_ATTRIBUTES}(LogicalName={odata.text(logical_name)})/{_BOOLEAN}"
    return Request("reading a column", "GET", path + "?$expand=OptionSet", STRONG)


def create_column(wanted: CategoryColumn, language: int) -> Request:
    """Make a category's Yes/No column, Yes for rows made from then on; older rows hold null (7.3, T6)."""
    options = {"OptionSetType": "Boolean", "@odata.type": "Microsoft.Dynamics.CRM.BooleanOptionSetMetadata"}
    body = {
        "@odata.type": _BOOLEAN,
        "AttributeType": "Boolean",
        "AttributeTypeName": {"Value": "BooleanType"},
        "SchemaName": wanted.schema_name,
        "DefaultValue": True,
        "RequiredLevel": {
            "Value": "None",
            "CanBeChanged": True,
            "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings",
        },
        "DisplayName": label(wanted.name, language),
        "Description": label(wanted.description or f"Subscription to {wanted.name}", language),
        "OptionSet": options
        | {"TrueOption": {"Value": 1, "Label": label(_yes_no(language)[0], language)}}
        | {"FalseOption": {"Value": 0, "Label": label(_yes_no(language)[1], language)}},
    }
    headers = odata.JSON_HEADERS | IN_SOLUTION
    # Making the same column twice is refused as a duplicate, so repeating it is safe.
    return Request("creating a column", "POST", _ATTRIBUTES, headers, odata.encode(body))


def custom_columns() -> Request:
    """Ask which columns of contact were added by anybody, without those that only name another's value."""
    query = odata.query(
        select="LogicalName,MetadataId,AttributeType",
        filter="IsCustomAttribute eq true and AttributeOf eq null",
    )
    return Request("reading the columns", "GET", _ATTRIBUTES + query, STRONG)


def delete_column(logical_name: str) -> Request:
    """Delete a column and its data; refused while something refers to it (7.8)."""
    path = f"{_ATTRIBUTES}(LogicalName={odata.text(logical_name)})"
    return Request("deleting a column", "DELETE", path)


def delete(table: str, row_id: UUID, what: str) -> Request:
    """Delete a row of one of the small tables."""
    return Request(what, "DELETE", f"{table}({row_id})")


def probe_columns(logical_names: Sequence[str]) -> Request:
    """Ask for one contact with the columns: new ones may not be known everywhere yet (7.6)."""
    select = ",".join(logical_names)
    return Request("looking for the new columns", "GET", "contacts" + odata.query(select=select, top="1"))


def replace_column(logical_name: str, definition: Record) -> Request:
    """Put a column's whole definition back, keeping labels in other languages (7.3).

    Without naming our solution: one of ours is in it already, and one that was adopted stays its maker's.
    """
    headers = odata.JSON_HEADERS | {"MSCRM.MergeLabels": "true"}
    path = f"{_ATTRIBUTES}(LogicalName={odata.text(logical_name)})"
    body = {"@odata.type": _BOOLEAN} | {k: v for k, v in definition.items() if k != "@odata.context"}
    return Request("relabelling a column", "PUT", path, headers, odata.encode(body))


def label(text: str, language: int) -> Record:
    """Spell a label in the organisation's base language (7.2)."""
    localized = {
        "@odata.type": "Microsoft.Dynamics.CRM.LocalizedLabel",
        "Label": text,
        "LanguageCode": language,
    }
    return {"@odata.type": "Microsoft.Dynamics.CRM.Label", "LocalizedLabels": [localized]}


def label_text(found: object, language: int) -> str | None:
    """Read a label in one language, or None where it has none."""
    labels = found.get("LocalizedLabels") if isinstance(found, dict) else None
    for one in labels if isinstance(labels, list) else ():
        if isinstance(one, dict) and one.get("LanguageCode") == language:
            return str(one.get("Label") or "")
    return None


def _yes_no(language: int) -> tuple[str, str]:
    known = {1030: ("Ja", "Nej"), 1031: ("Ja", "Nein"), 1044: ("Ja", "Nei"), 1053: ("Ja", "Nej")}
    return known.get(language, ("Yes", "No"))


def main_forms() -> Request:
    """Ask which contact main forms are active (8.1)."""
    return _forms("objecttypecode eq 'contact' and type eq 2 and formactivationstate eq 1")


def every_form() -> Request:
    """Ask for the contact forms of any kind, active or not: each may show a column."""
    return _forms("objecttypecode eq 'contact'")


def _forms(condition: str) -> Request:
    return find("systemforms", "formid,name,isdefault,iscustomizable", condition, "reading forms")


def unpublished_form(form_id: str) -> Request:
    """Ask for a form as its makers left it: the published one may be older (8.1)."""
    path = f"systemforms({UUID(form_id)})/Microsoft.Dynamics.CRM.RetrieveUnpublished()"
    return Request("reading a form", "GET", path + odata.query(select="formid,name,formxml"))


def parse_form(listed: Record, response: Response) -> Form:
    """Join a form's list entry with its unpublished XML."""
    found = odata.decode(check(response, "reading a form").body, "reading a form")
    xml, may = found.get("formxml"), listed.get("iscustomizable")
    if not isinstance(xml, str):
        raise odata.broken("reading a form")
    return Form(
        form_id=UUID(str(listed["formid"])),
        name=str(found.get("name") or listed.get("name") or ""),
        xml=xml,
        customisable=bool(may.get("Value")) if isinstance(may, dict) else bool(may),
        is_default=listed.get("isdefault") is True,
    )


def publish(tables: Sequence[str]) -> Request:
    """Publish the customisations of tables; it interrupts users for a moment (7.6)."""
    named = "".join(f"<entity>{table}</entity>" for table in tables)
    xml = f"<importexportxml><entities>{named}</entities></importexportxml>"
    body = odata.encode({"ParameterXml": xml})
    return Request(f"publishing {' and '.join(tables)}", "POST", "PublishXml", odata.JSON_HEADERS, body)
