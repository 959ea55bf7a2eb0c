"""Our own views: who is subscribed to a category, one for each; nobody else's view is touched (8.6). Pure."""

from collections.abc import Mapping
from uuid import UUID, uuid5

from assent.ports.setup import CategoryColumn

_NAMESPACE = UUID("0b5e4d1c-7a52-4f0e-9a43-2f6c0b7a9d11")
_TITLES = {1030: "Abonnenter", 1031: "Abonnenten", 1044: "Abonnenter", 1053: "Prenumeranter"}


def view_id(column: CategoryColumn) -> UUID:
    """The id of a category's view, the same wherever and whenever it is made."""
    return uuid5(_NAMESPACE, column.logical_name)


def view_name(column: CategoryColumn, language: int) -> str:
    """What it is called."""
    return f"{_TITLES.get(language, 'Subscribers')}: {column.name}"


def view(column: CategoryColumn, language: int) -> Mapping[str, object]:
    """Active contacts who may be mailed and are subscribed; an empty toggle counts as Yes (S1)."""
    name = column.logical_name
    shown = ("fullname", "emailaddress1", name)
    cells = "".join(f'<cell name="{one}" width="200"/>' for one in shown)
    attributes = "".join(f'<attribute name="{one}"/>' for one in (*shown, "contactid"))
    return {
        "savedqueryid": str(view_id(column)),
        "name": view_name(column, language),
        "returnedtypecode": "contact",
        "querytype": 0,
        "fetchxml": (
            '<fetch version="1.0" output-format="xml-platform" mapping="logical"><entity name="contact">'
            f'{attributes}<order attribute="fullname" descending="false"/><filter type="and">'
            '<condition attribute="statecode" operator="eq" value="0"/>'
            '<condition attribute="donotbulkemail" operator="ne" value="1"/>'
            f'<filter type="or"><condition attribute="{name}" operator="eq" value="1"/>'
            f'<condition attribute="{name}" operator="null"/></filter></filter></entity></fetch>'
        ),
        "layoutxml": (
            '<grid name="resultset" object="2" jump="fullname" select="1" icon="1" preview="1">'
            f'<row name="result" id="contactid">{cells}</row></grid>'
        ),
    }
