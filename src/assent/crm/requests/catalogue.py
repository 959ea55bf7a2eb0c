"""The catalogue's definitions: a table with a row per category, its columns and its view (7.5, 8.6). Pure."""

from collections.abc import Mapping
from uuid import UUID, uuid5

from assent.crm import odata
from assent.crm.requests.metadata import IN_SOLUTION, PREFIX, STRONG, Record, label
from assent.crm.transport import Request
from assent.ports.setup import CatalogueRow

SCHEMA = f"{PREFIX}_SubscriptionCategory"
TABLE = SCHEMA.lower()
KEY = f"{TABLE}id"
NAME, DESCRIPTION, COLUMN, POSITION, ARCHIVED = (
    f"{PREFIX}_{name}" for name in ("name", "description", "contactcolumn", "position", "archived")
)
#: What is read of a row; who deactivates one hides it.
SELECT = f"{NAME},{DESCRIPTION},{COLUMN},{POSITION},{ARCHIVED},statecode"

_NAMESPACE = UUID("5d0c2a58-6a0e-4c55-9d57-0f1f6a6f2f8e")
_DEFINITION = f"EntityDefinitions(LogicalName={odata.text(TABLE)})"
_TYPE = "Microsoft.Dynamics.CRM."

#: Each column's schema name, type, and what the type needs; twice the length a hub's text may have, for
#: Dynamics counts some characters double.
_KINDS: Mapping[str, tuple[str, str, Record]] = {
    NAME: (f"{PREFIX}_Name", "String", {"MaxLength": 400, "FormatName": {"Value": "Text"}}),
    DESCRIPTION: (f"{PREFIX}_Description", "Memo", {"MaxLength": 4_000, "Format": "TextArea"}),
    COLUMN: (f"{PREFIX}_ContactColumn", "String", {"MaxLength": 100, "FormatName": {"Value": "Text"}}),
    POSITION: (f"{PREFIX}_Position", "Integer", {"Format": "None", "MinValue": 0, "MaxValue": 1_000_000}),
    ARCHIVED: (f"{PREFIX}_Archived", "Boolean", {"DefaultValue": False}),
}
#: Singular, plural, the five columns, Yes and No, by base language; any other reads English.
_ENGLISH = (
    *("Subscription category", "Subscription categories"),
    *("Name", "Description", "Contact column", "Position", "Archived", "Yes", "No"),
)
_WORDS: Mapping[int, tuple[str, ...]] = {
    1030: (
        *("Abonnementskategori", "Abonnementskategorier"),
        *("Navn", "Beskrivelse", "Kontaktkolonne", "Position", "Arkiveret", "Ja", "Nej"),
    ),
    1031: (
        *("Abonnementkategorie", "Abonnementkategorien"),
        *("Name", "Beschreibung", "Kontaktspalte", "Position", "Archiviert", "Ja", "Nein"),
    ),
    1044: (
        *("Abonnementskategori", "Abonnementskategorier"),
        *("Navn", "Beskrivelse", "Kontaktkolonne", "Posisjon", "Arkivert", "Ja", "Nei"),
    ),
    1053: (
        *("Prenumerationskategori", "Prenumerationskategorier"),
        *("Namn", "Beskrivning", "Kontaktkolumn", "Position", "Arkiverad", "Ja", "Nej"),
    ),
}
_SAYS = (
    "The subscription categories of the marketing hub, as Assent lists them. They are made and changed in "
    "the hub; what is changed here is put back or reported."
)


def row_id(row: CatalogueRow) -> UUID:
    """The id of a category's row, the same wherever and whenever it is made."""
    return uuid5(_NAMESPACE, row.column)


def view_id() -> UUID:
    """The id of the one view of the catalogue."""
    return uuid5(_NAMESPACE, "view")


def definition() -> Request:
    """Ask for the table with the names and types of its columns."""
    asked = (
        "?$select=MetadataId,EntitySetName,ObjectTypeCode"
        "&$expand=Attributes($select=LogicalName,AttributeType)"
    )
    return Request("reading the category table", "GET", _DEFINITION + asked, STRONG)


def create_table(language: int) -> Request:
    """Make the table with all its columns, owned by the organisation: no rep has a privilege on it (10)."""
    one, many = _words(language)[:2]
    body = {
        "@odata.type": f"{_TYPE}EntityMetadata",
        "SchemaName": SCHEMA,
        "DisplayName": label(one, language),
        "DisplayCollectionName": label(many, language),
        "Description": label(_SAYS, language),
        "OwnershipType": "OrganizationOwned",
        "IsActivity": False,
        "HasActivities": False,
        "HasNotes": False,
        "Attributes": [_column(name, language) for name in _KINDS],
    }
    # Making the same table twice is refused as a duplicate, so repeating it is safe.
    headers = odata.JSON_HEADERS | IN_SOLUTION
    return Request("making the category table", "POST", "EntityDefinitions", headers, odata.encode(body))


def create_column(name: str, language: int) -> Request:
    """Make one column that is not there any more."""
    headers, body = odata.JSON_HEADERS | IN_SOLUTION, odata.encode(_column(name, language))
    what = "making a column of the category table"
    return Request(what, "POST", f"{_DEFINITION}/Attributes", headers, body)


def delete_table() -> Request:
    """Delete the table and its rows; refused while something refers to it (7.8)."""
    return Request("deleting the category table", "DELETE", _DEFINITION)


def types() -> dict[str, str]:
    """The type each column should have."""
    return {name: kind for name, (_, kind, _) in _KINDS.items()}


def record(row: CatalogueRow) -> Record:
    """A category as its row holds it."""
    return {
        NAME: row.name,
        DESCRIPTION: row.description or None,
        COLUMN: row.column,
        POSITION: row.position,
        ARCHIVED: row.archived,
    }


def view(code: int, language: int) -> Record:
    """The list people open: every category in its order, archived ones too."""
    shown = (NAME, DESCRIPTION, COLUMN, POSITION, ARCHIVED)
    attributes = "".join(f'<attribute name="{one}"/>' for one in (*shown, KEY))
    cells = "".join(f'<cell name="{one}" width="200"/>' for one in shown)
    return {
        "savedqueryid": str(view_id()),
        "name": _words(language)[1],
        "returnedtypecode": TABLE,
        "querytype": 0,
        "fetchxml": (
            f'<fetch version="1.0" output-format="xml-platform" mapping="logical"><entity name="{TABLE}">'
            f'{attributes}<order attribute="{POSITION}" descending="false"/></entity></fetch>'
        ),
        "layoutxml": (
            f'<grid name="resultset" object="{code}" jump="{NAME}" select="1" icon="1" preview="1">'
            f'<row name="result" id="{KEY}">{cells}</row></grid>'
        ),
    }


def _words(language: int) -> tuple[str, ...]:
    return _WORDS.get(language, _ENGLISH)


def _column(name: str, language: int) -> Record:
    schema, kind, more = _KINDS[name]
    words = _words(language)
    body: dict[str, object] = {
        "@odata.type": f"{_TYPE}{kind}AttributeMetadata",
        "AttributeType": kind,
        "AttributeTypeName": {"Value": f"{kind}Type"},
        "SchemaName": schema,
        "DisplayName": label(words[2 + list(_KINDS).index(name)], language),
        "RequiredLevel": {
            "Value": "None",
            "CanBeChanged": True,
            "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings",
        },
        **more,
    }
    if name == NAME:
        body["IsPrimaryName"] = True
    if kind == "Boolean":
        body["OptionSet"] = {
            "@odata.type": f"{_TYPE}BooleanOptionSetMetadata",
            "OptionSetType": "Boolean",
            "TrueOption": {"Value": 1, "Label": label(words[7], language)},
            "FalseOption": {"Value": 0, "Label": label(words[8], language)},
        }
    return body
