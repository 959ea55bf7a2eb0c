"""The rows a new organisation already has, table by table."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from dataverse_emulator.state.columns import Cell
from dataverse_emulator.state.definitions import Model
from dataverse_emulator.state.formxml import CONTACT_FORM_ID, contact_form
from dataverse_emulator.state.privileges import privilege_rows
from dataverse_emulator.state.sources import derived_id

#: Older than anything that happens later.
SEED_VERSION: Final = 500_000

# Three ids are documented as the same everywhere (6.2); the others are derived and must be looked up.
MESSAGE_IDS: Final = MappingProxyType(
    {
        "Create": "9ebdbb1b-ea3e-db11-86a7-000a3a5473e8",
        "Update": "20bebb1b-ea3e-db11-86a7-000a3a5473e8",
        "Delete": "a1bdbb1b-ea3e-db11-86a7-000a3a5473e8",
        "Merge": derived_id("sdkmessage", "Merge"),
        "CreateMultiple": derived_id("sdkmessage", "CreateMultiple"),
        "UpdateMultiple": derived_id("sdkmessage", "UpdateMultiple"),
        "UpsertMultiple": derived_id("sdkmessage", "UpsertMultiple"),
    }
)
#: The role that allows everything; the others are what organisations make of them (10).
ADMINISTRATOR: Final = derived_id("role", "System Administrator")
#: Tables whose rows merge (9.4, and the Merge action's own documentation).
MERGEABLE: Final = frozenset({"account", "contact", "lead"})
#: Tables that hold business data, and so have message filters to begin with.
_BUSINESS: Final = ("account", "contact", "lead", "list", "task")

# Contact views of 8.6 with the ids printed there; definitions are the minimal documented shape.
_VIEWS: Final = (
    ("00000000-0000-0000-00aa-000010001004", "Active Contacts", "0"),
    ("00000000-0000-0000-00aa-000010001033", "Inactive Contacts", "1"),
    ("0d5d377b-5e7c-47b5-bab1-a5cb8b4ac105", "All Contacts", ""),
)
_LAYOUT: Final = (
    '<grid name="resultset" object="2" jump="fullname" select="1" icon="1" preview="1">'
    '<row name="result" id="contactid"><cell name="fullname" width="300"/></row></grid>'
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the seeds need to know of their organisation."""

    organization_id: str
    business_unit_id: str
    currency_id: str
    name: str
    language_code: int
    expire_change_tracking_in_days: int
    is_audit_enabled: bool


def seeds(table: str, facts: Facts, model: Model) -> Iterable[dict[str, Cell]]:
    """The rows a table begins with."""
    make = _SEEDS.get(table)
    return () if make is None else make(facts, model)


def _organization(facts: Facts, _model: Model) -> Iterator[dict[str, Cell]]:
    yield {
        "organizationid": facts.organization_id,
        "name": facts.name,
        "languagecode": facts.language_code,
        "expirechangetrackingindays": facts.expire_change_tracking_in_days,
        "isauditenabled": facts.is_audit_enabled,
        "basecurrencyid": facts.currency_id,
    }


def _business_unit(facts: Facts, _model: Model) -> Iterator[dict[str, Cell]]:
    yield {"businessunitid": facts.business_unit_id, "name": facts.name, "isdisabled": False}


def _messages(_facts: Facts, _model: Model) -> Iterator[dict[str, Cell]]:
    for name, message_id in MESSAGE_IDS.items():
        yield {"sdkmessageid": message_id, "name": name}


def _filters(_facts: Facts, _model: Model) -> Iterator[dict[str, Cell]]:
    for name in _BUSINESS:
        yield from message_filters(name)


def _roles(facts: Facts, _model: Model) -> Iterator[dict[str, Cell]]:
    yield {
        "roleid": ADMINISTRATOR,
        "name": "System Administrator",
        "businessunitid": facts.business_unit_id,
        "organizationid": facts.organization_id,
        "ismanaged": False,
        "iscustomizable": managed("iscustomizable", value=False),
    }


def _forms(_facts: Facts, _model: Model) -> Iterator[dict[str, Cell]]:
    yield form_row(CONTACT_FORM_ID, "Contact", contact_form(), default=True)


def _views(_facts: Facts, _model: Model) -> Iterator[dict[str, Cell]]:
    for row_id, name, state in _VIEWS:
        yield _view(row_id, name, state)


def message_filters(table: str) -> Iterator[dict[str, Cell]]:
    """The messages a table has, one filter each (6.2, 4.2)."""
    for name, message_id in MESSAGE_IDS.items():
        if name != "Merge" or table in MERGEABLE:
            yield {
                "sdkmessagefilterid": derived_id("sdkmessagefilter", name, table),
                "primaryobjecttypecode": table,
                "sdkmessageid": message_id,
            }


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
        "iscustomizable": managed("iscustomizable", value=customizable),
        "canbedeleted": managed("canbedeleted"),
        "ismanaged": False,
        "objecttypecode": table,
        "formxml": formxml,
        "componentstate": 0,
    }


def _currency(facts: Facts, _model: Model) -> Iterator[dict[str, Cell]]:
    yield {
        "transactioncurrencyid": facts.currency_id,
        "currencyname": "US Dollar",
        "isocurrencycode": "USD",
        "currencysymbol": "$",
        "currencyprecision": 2,
        "exchangerate": 1.0,
        "organizationid": facts.organization_id,
        "statecode": 0,
        "statuscode": 1,
    }


def _view(row_id: str, name: str, state: str) -> dict[str, Cell]:
    return {
        "savedqueryid": row_id,
        "name": name,
        "querytype": 0,
        "returnedtypecode": "contact",
        "isdefault": False,
        "fetchxml": _fetch(state),
        "layoutxml": _LAYOUT,
        "iscustomizable": managed("iscustomizable"),
        "canbedeleted": managed("canbedeleted"),
        "ismanaged": False,
        "isquickfindquery": False,
        "statecode": 0,
        "statuscode": 1,
        "componentstate": 0,
    }


def _fetch(state: str) -> str:
    test = f'<filter type="and"><condition attribute="statecode" operator="eq" value="{state}"/></filter>'
    return (
        '<fetch version="1.0" output-format="xml-platform" mapping="logical"><entity name="contact">'
        f'<attribute name="fullname"/><order attribute="fullname" descending="false"/>{test if state else ""}'
        '<attribute name="contactid"/></entity></fetch>'
    )


_SEEDS: Final[Mapping[str, Callable[[Facts, Model], Iterable[dict[str, Cell]]]]] = MappingProxyType(
    {
        "organization": _organization,
        "businessunit": _business_unit,
        "transactioncurrency": _currency,
        "sdkmessage": _messages,
        "sdkmessagefilter": _filters,
        "role": _roles,
        "privilege": lambda _facts, model: privilege_rows(model),
        "systemform": _forms,
        "savedquery": _views,
    }
)
