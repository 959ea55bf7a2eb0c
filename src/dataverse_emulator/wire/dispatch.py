"""From an operation to the code that answers it; whatever has no code is answered 501."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from dataverse_emulator.state import audit, layers
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, not_implemented
from dataverse_emulator.state.table import Table
from dataverse_emulator.wire import (
    actions,
    addressing,
    audits,
    bulk,
    bulk_delete,
    changes,
    definition_calls,
    paths,
    reads,
    requests,
)
from dataverse_emulator.wire.answers import Answer, Call, refused
from dataverse_emulator.wire.requests import Segment

MAX_URL: Final = 32_768
MAX_URL_IN_BATCH: Final = 65_536
_CRM: Final = "Microsoft.Dynamics.CRM."
# Headers that change what a request does; each would be a lie if it were silently ignored (2.2, 9.7).
_UNIMITATED_HEADERS: Final = ("callerobjectid", "mscrmcallerid", "mscrm.bypass", "mscrm.suppresscallback")

_Plain = Callable[[Organization, Call], Answer]
#: Functions with parameters, whose text stands in parentheses.
_WITH_PARAMETERS: Final[Mapping[str, Callable[[Organization, Call, str], Answer]]] = MappingProxyType(
    {
        "RetrieveRecordChangeHistory": audits.record_history,
        "RetrieveAttributeChangeHistory": audits.attribute_history,
    }
)
_FUNCTIONS: Final[Mapping[str, _Plain]] = MappingProxyType(
    {"WhoAmI": actions.who_am_i, "RetrieveVersion": actions.retrieve_version}
)
_ACTIONS: Final[Mapping[str, _Plain]] = MappingProxyType(
    {
        "Merge": actions.merge,
        "PublishXml": actions.publish_xml,
        "PublishAllXml": actions.publish_all_xml,
        "AddSolutionComponent": actions.add_solution_component,
        "BulkDelete": bulk_delete.bulk_delete,
    }
)
METADATA_WRITES: Final = frozenset({"EntityDefinitions", "PublishXml", "PublishAllXml"})


def perform(organization: Organization, call: Call) -> Answer:
    """Answer one operation; every refusal becomes its documented error body."""
    try:
        with organization.transaction():
            return _perform(organization, call)
    except Refusal as refusal:
        return refused(refusal, organization.choices.expired_delta_status)


def _perform(organization: Organization, call: Call) -> Answer:
    _check_headers(call)
    audit.settle(organization)
    limit = MAX_URL_IN_BATCH if call.in_batch else MAX_URL
    if len(call.root) + len(call.path) + len(call.query) + 2 > limit:
        raise not_implemented("a URL beyond the documented length", f"the limit is {limit} characters.")
    path = requests.segments(call.path)
    head = path[0]
    if call.in_change_set and call.method == "GET":
        raise not_implemented("reads in a change set", "writes are.")
    definition = organization.model.by_set.get(head.name)
    if definition is not None:
        return _table(organization, call, organization.table(definition.name), path)
    if call.in_change_set:
        raise not_implemented("this operation in a change set", "writes to rows are.")
    if head.name == "EntityDefinitions":
        return definition_calls.perform(organization, call, path)
    if len(path) == 1 and head.name in _FUNCTIONS and head.key in (None, ""):
        _need(call, "GET")
        return _FUNCTIONS[head.name](organization, call)
    if len(path) == 1 and head.name in _WITH_PARAMETERS and head.key:
        _need(call, "GET")
        return _WITH_PARAMETERS[head.name](organization, call, head.key)
    if len(path) == 1 and head.name in _ACTIONS and head.key is None:
        _need(call, "POST")
        return _ACTIONS[head.name](organization, call)
    raise not_implemented(f"'{head.name[:80]}'", "see its README for what is.")


def _check_headers(call: Call) -> None:
    for name, value in call.headers.items():
        if name.startswith(_UNIMITATED_HEADERS):
            raise not_implemented(f"header {name}", "it would change the outcome.")
        if name == "mscrm.suppressduplicatedetection" and value.lower() != "true":
            raise not_implemented("duplicate detection rules", "they are off, as by default.")


def _table(organization: Organization, call: Call, table: Table, path: Sequence[Segment]) -> Answer:
    key, rest = path[0].key, path[1:]
    if rest:
        if key is None:
            return _below_set(organization, call, table, rest)
        if rest == [Segment(f"{_CRM}RetrieveUnpublished", "")]:
            return _unpublished(organization, call, table, key)
        position = addressing.need(table, key)
        if table.definition.name == "audit" and rest[0].name == audits.DETAILS and len(rest) == 1:
            _need(call, "GET")
            return audits.details(organization, call, table, position)
        return paths.below(paths.Spot(organization, call, table, position), rest)
    match call.method, key:
        case "GET", None:
            return reads.collection(organization, call, table)
        case "GET", str():
            return reads.one(organization, call, table, addressing.need(table, key))
        case "POST", None:
            return changes.create(organization, call, table)
        case "PATCH", str():
            return changes.upsert(organization, call, table, key)
        case "DELETE", str():
            return changes.remove(organization, call, table, key)
    raise _not_allowed(call)


def _below_set(organization: Organization, call: Call, table: Table, rest: Sequence[Segment]) -> Answer:
    if len(rest) == 1 and rest[0].key is None:
        if rest[0].name == "$count":
            _need(call, "GET")
            return reads.count(organization, call, table)
        if rest[0].name.startswith(_CRM):
            _need(call, "POST")
            return bulk.perform(organization, call, table, rest[0].name.removeprefix(_CRM))
    raise not_implemented(f"{table.definition.set_name}/{rest[0].name[:80]}", "see its README for what is.")


def _unpublished(organization: Organization, call: Call, table: Table, key: str) -> Answer:
    name = table.definition.name
    if name not in layers.LAYERED or call.method != "GET":
        raise not_implemented("RetrieveUnpublished here", "GET on forms and views is.")
    found = addressing.key_of(table.definition, key)
    if found.row_id is None:
        raise addressing.missing(table, found)
    return reads.show(organization, call, *layers.newest(organization, name, found.row_id))


def _need(call: Call, method: str) -> None:
    if call.method != method:
        raise _not_allowed(call)


def _not_allowed(call: Call) -> Refusal:
    return Refusal(
        Problem.METHOD_NOT_ALLOWED,
        f"The requested resource does not support http method '{call.method[:20]}'.",
    )
