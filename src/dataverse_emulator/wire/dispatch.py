"""From an operation to the code that answers it; whatever has no code is answered 501."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, not_implemented
from dataverse_emulator.wire import (
    actions,
    bulk,
    contact_changes,
    contact_reads,
    definition_calls,
    odata,
    table_calls,
)
from dataverse_emulator.wire.answers import Answer, Call, refused
from dataverse_emulator.wire.odata import Segment

MAX_URL: Final = 32_768
MAX_URL_IN_BATCH: Final = 65_536
_CRM: Final = "Microsoft.Dynamics.CRM."
# Headers that change what a request does; each would be a lie if it were silently ignored (2.2, 9.7).
_UNIMITATED_HEADERS: Final = ("callerobjectid", "mscrmcallerid", "mscrm.bypass", "mscrm.suppresscallback")

_Plain = Callable[[Organization, Call], Answer]
_FUNCTIONS: Final[Mapping[str, _Plain]] = MappingProxyType(
    {"WhoAmI": actions.who_am_i, "RetrieveVersion": actions.retrieve_version}
)
_ACTIONS: Final[Mapping[str, _Plain]] = MappingProxyType(
    {
        "Merge": actions.merge,
        "PublishXml": actions.publish_xml,
        "PublishAllXml": actions.publish_all_xml,
        "AddSolutionComponent": actions.add_solution_component,
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
    limit = MAX_URL_IN_BATCH if call.in_batch else MAX_URL
    if len(call.root) + len(call.path) + len(call.query) + 2 > limit:
        raise not_implemented("a URL beyond the documented length", f"the limit is {limit} characters.")
    path = odata.segments(call.path)
    head = path[0]
    if call.in_change_set and (call.method == "GET" or head.name != "contacts" or len(path) > 1):
        raise not_implemented("this operation in a change set", "writes to contact rows are.")
    if head.name == "contacts":
        return _contacts(organization, call, path)
    if head.name == "EntityDefinitions":
        return definition_calls.perform(organization, call, path)
    if head.name in organization.registers.by_set:
        return _table(organization, call, path)
    if len(path) == 1 and head.name in _FUNCTIONS and head.key in (None, ""):
        _need(call, "GET")
        return _FUNCTIONS[head.name](organization, call)
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


def _contacts(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    key, method = path[0].key, call.method
    if len(path) == 1:
        match method, key:
            case "GET", None:
                return contact_reads.collection(organization, call)
            case "GET", str():
                return contact_reads.one(organization, call, key)
            case "POST", None:
                return contact_changes.create(organization, call)
            case "PATCH", str():
                return contact_changes.upsert(organization, call, key)
            case "DELETE", str():
                return contact_changes.remove(organization, call, key)
        raise _not_allowed(call)
    if len(path) == 2 and key is None and path[1].key is None:
        if path[1].name == "$count":
            _need(call, "GET")
            return contact_reads.count(organization, call)
        if path[1].name.startswith(_CRM):
            _need(call, "POST")
            return bulk.perform(organization, call, path[1].name.removeprefix(_CRM))
    if (
        len(path) == 2
        and key is not None
        and path[1].key is None
        and path[1].name in organization.contacts.columns
    ):
        return contact_changes.one_column(organization, call, key, path[1].name)
    raise not_implemented(f"contacts/{path[1].name[:80]}", "see its README for what is.")


def _table(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    register, key, method = organization.registers[path[0].name], path[0].key, call.method
    if len(path) == 2 and key is not None and path[1] == Segment(f"{_CRM}RetrieveUnpublished", ""):
        return _unpublished(organization, call, path[0].name, key)
    if len(path) > 1:
        raise not_implemented(f"{path[0].name}/{path[1].name[:80]}", "see its README for what is.")
    match method, key:
        case "GET", None:
            return table_calls.collection(organization, call, register)
        case "GET", str():
            return table_calls.one(organization, call, register, key)
        case "POST", None:
            return table_calls.create(organization, call, register)
        case "PATCH", str():
            return table_calls.update(organization, call, register, key)
        case "DELETE", str():
            return table_calls.remove(organization, call, register, key)
    raise _not_allowed(call)


def _unpublished(organization: Organization, call: Call, set_name: str, key: str) -> Answer:
    layered = {"systemforms": organization.forms, "savedqueries": organization.views}.get(set_name)
    if layered is None or call.method != "GET":
        raise not_implemented("RetrieveUnpublished here", "GET on forms and views is.")
    row = layered.unpublished(table_calls.key_of(key))
    return table_calls.show(organization, call, layered.register, row)


def _need(call: Call, method: str) -> None:
    if call.method != method:
        raise _not_allowed(call)


def _not_allowed(call: Call) -> Refusal:
    return Refusal(
        Problem.METHOD_NOT_ALLOWED,
        f"The requested resource does not support http method '{call.method[:20]}'.",
    )
