"""Writing contacts over the wire: create, upsert, delete, one column (dataverse.md 2.1-2.6)."""

from collections.abc import Mapping
from typing import Any

from dataverse_emulator.state import contact_writes
from dataverse_emulator.state.columns import guid
from dataverse_emulator.state.contacts import VERSION, Row
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_payload, not_implemented
from dataverse_emulator.wire import odata
from dataverse_emulator.wire.answers import Answer, Call, json_object
from dataverse_emulator.wire.contact_reads import SELECT_ONLY, entity_headers, row_id, single


def create(organization: Organization, call: Call) -> Answer:
    """POST contacts: 204 with OData-EntityId, or 201 with the row (2.2, 2.5)."""
    given = odata.options(call.query)
    odata.check_options(given, SELECT_ONLY)
    values = submitted(organization, json_object(call), creating=True)
    row = contact_writes.create(organization, call.user, values)
    return _created_or_changed(organization, call, given, row, created=True)


def upsert(organization: Organization, call: Call, key: str) -> Answer:
    """PATCH contacts(id) with the whole table of preconditions (2.6)."""
    given = odata.options(call.query)
    odata.check_options(given, SELECT_ONLY)
    wanted_id, body = row_id(key), json_object(call)
    row = organization.contacts.get(wanted_id)
    _check_preconditions(organization, call, row, wanted_id)
    values = submitted(organization, _without_key(body, wanted_id), creating=row is None)
    if row is None:
        row = contact_writes.create(organization, call.user, values, wanted_id)
        return _created_or_changed(organization, call, given, row, created=True)
    contact_writes.update(organization, call.user, row, values)
    return _created_or_changed(organization, call, given, row, created=False)


def _check_preconditions(organization: Organization, call: Call, row: Row | None, wanted_id: str) -> None:
    match = odata.condition_header(call.headers, "if-match")
    none_match = odata.condition_header(call.headers, "if-none-match")
    if match and none_match:
        raise not_implemented("If-Match together with If-None-Match", "the outcome is not documented.")
    if none_match is not None:
        if none_match != "*":
            raise not_implemented("If-None-Match with a version on a write", "only * is documented.")
        if row is not None:
            raise Refusal(Problem.DUPLICATE_RECORD, "A record with matching key values already exists.")
    if match is not None:
        version = None if match == "*" else odata.etag_version(match)
        found = contact_writes.need(organization, wanted_id)
        if version is not None and found[VERSION] != version:
            raise Refusal(
                Problem.VERSION_MISMATCH,
                "The version of the existing record doesn't match the RowVersion property provided.",
            )


def _without_key(body: dict[str, Any], wanted_id: str) -> dict[str, Any]:
    held = body.pop("contactid", None)
    if held is not None and not (isinstance(held, str) and guid(held) == wanted_id):
        raise not_implemented(
            "a body whose contactid differs from the URL's", "the outcome is not documented."
        )
    return body


def submitted(
    organization: Organization, body: Mapping[str, Any], *, creating: bool
) -> contact_writes.Values:
    """The columns a body sets; annotations are skipped, binds and lookups refused (2.5)."""
    given: dict[str, object] = {}
    for name, value in body.items():
        base, mark, annotation = name.partition("@")
        if mark:
            if annotation == "odata.bind":
                raise not_implemented(f"binding {base} of contact", "no writable lookup is imitated.")
            if base and base not in organization.contacts.shape.properties:
                raise bad_payload(
                    "contacts", f"The property '{base}' has only property annotations but is undeclared."
                )
            continue
        given[name] = value
    return contact_writes.checked(organization, given, creating=creating)


def remove(organization: Organization, call: Call, key: str) -> Answer:
    """DELETE contacts(id), conditional on a version when asked (2.6)."""
    odata.check_options(odata.options(call.query), frozenset())
    wanted_id = row_id(key)
    row = contact_writes.need(organization, wanted_id)
    _check_preconditions(organization, call, row, wanted_id)
    contact_writes.delete(organization, call.user, row)
    return Answer(204)


def one_column(organization: Organization, call: Call, key: str, name: str) -> Answer:
    """PUT contacts(id)/jobtitle {"value":…} and DELETE of one column (2.1)."""
    odata.check_options(odata.options(call.query), frozenset())
    if call.method == "PUT":
        body = json_object(call)
        if set(body) != {"value"}:
            raise bad_payload("contacts", 'A single column is written as {"value": …}.')
        value = body["value"]
    elif call.method == "DELETE":
        value = None
    else:
        raise not_implemented(f"{call.method} of one column", "PUT and DELETE are.")
    values = contact_writes.checked(organization, {name: value}, creating=False)
    row = contact_writes.need(organization, row_id(key))
    contact_writes.update(organization, call.user, row, values)
    return Answer(204, entity_headers(call, row))


def _created_or_changed(
    organization: Organization, call: Call, given: Mapping[str, str], row: Row, *, created: bool
) -> Answer:
    if odata.preferences(call.headers.get("prefer")).return_representation:
        return single(organization, call, given, row, 201 if created else 200)
    return Answer(204, entity_headers(call, row))
