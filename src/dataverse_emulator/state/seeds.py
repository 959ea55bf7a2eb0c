"""The rows a new organisation already has, table by table."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from dataverse_emulator.state import contact_forms, form_variants
from dataverse_emulator.state.columns import Cell
from dataverse_emulator.state.contact_forms import managed
from dataverse_emulator.state.definitions import Model
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
    languages: tuple[int, ...]
    form_variants: tuple[str, ...]


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


def _forms(facts: Facts, _model: Model) -> Iterator[dict[str, Cell]]:
    yield from form_variants.forms(facts.languages, facts.form_variants)


def _views(_facts: Facts, _model: Model) -> Iterator[dict[str, Cell]]:
    yield from contact_forms.views()


def message_filters(table: str) -> Iterator[dict[str, Cell]]:
    """The messages a table has, one filter each (6.2, 4.2)."""
    for name, message_id in MESSAGE_IDS.items():
        if name != "Merge" or table in MERGEABLE:
            yield {
                "sdkmessagefilterid": derived_id("sdkmessagefilter", name, table),
                "primaryobjecttypecode": table,
                "sdkmessageid": message_id,
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
