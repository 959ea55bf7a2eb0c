"""Forms and views in two layers: what everybody sees, and edits that wait for a publish (8.1)."""

from typing import Final

from dataverse_emulator.state.formxml import CONTACT_FORM_ID, columns_shown, contact_form, validated
from dataverse_emulator.state.problems import not_implemented
from dataverse_emulator.state.registers import Record, Register

CUSTOMIZABLE: Final = "iscustomizable"

# Contact views of 8.6 with the ids printed there; definitions are the minimal documented shape.
_VIEWS: Final = (
    ("00000000-0000-0000-00aa-000010001004", "Active Contacts", "0"),
    ("00000000-0000-0000-00aa-000010001033", "Inactive Contacts", "1"),
    ("0d5d377b-5e7c-47b5-bab1-a5cb8b4ac105", "All Contacts", ""),
)


class Layered:
    """A register with an unpublished layer above it."""

    def __init__(self, register: Register) -> None:
        self.register = register
        self.drafts: dict[str, Record] = {}

    def unpublished(self, row_id: str) -> Record:
        """The row with its pending edits (RetrieveUnpublished, 8.1)."""
        return self.drafts.get(row_id) or self.register.need(row_id)

    def edit(self, row_id: str, values: Record, version: int) -> Record:
        """Put values into the unpublished layer; readers see them only after a publish."""
        base = self.unpublished(row_id)
        managed = base.get(CUSTOMIZABLE)
        if isinstance(managed, dict) and managed.get("Value") is False:
            raise not_implemented(
                "editing a component that is not customizable", "its error code is not documented."
            )
        self.drafts[row_id] = base | values | {"versionnumber": version, "componentstate": 1}
        return self.drafts[row_id]

    def publish(self, at: float, version: int) -> None:
        """Make every pending edit the published one."""
        for row_id, draft in self.drafts.items():
            if row_id in self.register.rows:
                published = draft | {"componentstate": 0, "versionnumber": version}
                if "publishedon" in published:
                    published["publishedon"] = int(at)
                self.register.rows[row_id] = published
        self.drafts.clear()

    def everything(self) -> list[Record]:
        """Both layers, for finding references."""
        return [*self.register.rows.values(), *self.drafts.values()]


def managed_true() -> dict[str, object]:
    """A managed property that allows customising (8.1)."""
    return {"Value": True, "CanBeChanged": True, "ManagedPropertyLogicalName": CUSTOMIZABLE}


class Forms(Layered):
    """The forms of the organisation, starting with the contact main form."""

    def __init__(self, register: Register, version: int) -> None:
        super().__init__(register)
        self.put(CONTACT_FORM_ID, "Contact", contact_form(), version=version, default=True)

    def put(
        self,
        form_id: str,
        name: str,
        formxml: str,
        *,
        version: int,
        form_type: int = 2,
        active: bool = True,
        customizable: bool = True,
        default: bool = False,
        table: str = "contact",
    ) -> None:
        """Add or replace a published form, for organisations whose makers were busy (8.5)."""
        self.drafts.pop(form_id, None)
        row = {
            "name": name,
            "type": form_type,
            "formactivationstate": int(active),
            "formpresentation": 1,
            "isdefault": default,
            CUSTOMIZABLE: managed_true() | {"Value": customizable},
            "objecttypecode": table,
            "formxml": formxml,
            "componentstate": 0,
        }
        self.register.add(row, version, form_id)

    def edit(self, row_id: str, values: Record, version: int) -> Record:
        """As for any layered row, with the form XML checked first (8.1)."""
        if isinstance(formxml := values.get("formxml"), str):
            validated(formxml)
        return super().edit(row_id, values, version)

    def showing(self, column: str) -> list[Record]:
        """Forms with a control for the column, in either layer."""
        return [row for row in self.everything() if column in columns_shown(row["formxml"])]


class Views(Layered):
    """The system views of the organisation, starting with three of contact's."""

    def __init__(self, register: Register, version: int) -> None:
        super().__init__(register)
        for row_id, name, state in _VIEWS:
            row: Record = {"name": name, "querytype": 0, "returnedtypecode": "contact", "isdefault": False}
            row |= {"fetchxml": _fetch(state), "layoutxml": _LAYOUT, CUSTOMIZABLE: managed_true()}
            self.register.add(row | {"componentstate": 0}, version, row_id)

    def showing(self, column: str) -> list[Record]:
        """Views whose definition names the column, in either layer."""
        return [row for row in self.everything() if f'"{column}"' in f"{row['fetchxml']}{row['layoutxml']}"]


_LAYOUT: Final = (
    '<grid name="resultset" object="2" jump="fullname" select="1" icon="1" preview="1">'
    '<row name="result" id="contactid"><cell name="fullname" width="300"/></row></grid>'
)


def _fetch(state: str) -> str:
    test = f'<filter type="and"><condition attribute="statecode" operator="eq" value="{state}"/></filter>'
    return (
        '<fetch version="1.0" output-format="xml-platform" mapping="logical"><entity name="contact">'
        f'<attribute name="fullname"/><order attribute="fullname" descending="false"/>{test if state else ""}'
        '<attribute name="contactid"/></entity></fetch>'
    )
