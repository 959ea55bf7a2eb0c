"""Writing rows of any table over the wire: create, upsert, delete, one property (dataverse.md 2.1-2.7)."""

from typing import Any

from dataverse_emulator.query import odata
from dataverse_emulator.state import duplicates, layers, rules, solutions, writes
from dataverse_emulator.state.events import Values
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_payload, not_implemented
from dataverse_emulator.state.table import VERSION, Table
from dataverse_emulator.wire import addressing, bodies, reads, requests
from dataverse_emulator.wire.answers import Answer, Call, json_object

SOLUTION_HEADER = "mscrm.solutionuniquename"
_DETECTION = "mscrm.suppressduplicatedetection"


def create(organization: Organization, call: Call, table: Table, preset: Values | None = None) -> Answer:
    """POST of a row: 204 with OData-EntityId, or 201 with the row (2.2, 2.5)."""
    _allow(table, "POST")
    _check_options(organization, call, table)
    position = bodies.create(organization, call, table, json_object(call), preset=preset)
    _detect(call, table, position)
    _join(organization, call, table, position)
    return _written(organization, call, table, position, created=True)


def upsert(organization: Organization, call: Call, table: Table, key_text: str) -> Answer:
    """PATCH of a row with the whole table of preconditions (2.6)."""
    definition = table.definition
    _allow(table, "PATCH")
    _check_options(organization, call, table)
    key, body = addressing.key_of(definition, key_text), json_object(call)
    position = addressing.find(table, key)
    check_preconditions(call, table, position, key)
    body = bodies.without_key(definition, body, key.row_id)
    if position is None:
        _allow(table, "POST")
        position = bodies.create(organization, call, table, body, key.row_id, preset=dict(key.values))
        _detect(call, table, position)
        _join(organization, call, table, position)
        return _written(organization, call, table, position, created=True)
    change(organization, call, table, position, _without(body, key.values))
    _join(organization, call, table, position)
    return _written(organization, call, table, position, created=False)


def _without(body: dict[str, Any], values: Values) -> dict[str, Any]:
    """On update, values of the columns that make up the URL's key are dropped (2.6)."""
    return {name: value for name, value in body.items() if name not in values}


def change(organization: Organization, call: Call, table: Table, position: int, body: dict[str, Any]) -> None:
    """An update of an existing row; forms and views change in their unpublished layer (8.1)."""
    definition = table.definition
    values = bodies.submitted(organization, call, definition, body, creating=False).values
    if definition.name in layers.LAYERED:
        values = rules.check(organization, definition, values, position)
        layers.edit(organization, definition.name, table.row_id(position), values)
    else:
        writes.update(organization, call.user, table, position, values)
        _detect(call, table, position)


def detects_duplicates(call: Call) -> bool:
    """Whether duplicates are to be found; they are not unless a header says so (9.5)."""
    return call.headers.get(_DETECTION, "").lower() == "false"


def _detect(call: Call, table: Table, position: int) -> None:
    if detects_duplicates(call):
        duplicates.check(table, position)


def check_preconditions(call: Call, table: Table, position: int | None, key: addressing.KeyValues) -> None:
    """If-Match and If-None-Match, or the refusal they ask for (2.6)."""
    match = requests.condition_header(call.headers, "if-match")
    none_match = requests.condition_header(call.headers, "if-none-match")
    if match and none_match:
        raise not_implemented("If-Match together with If-None-Match", "the outcome is not documented.")
    if none_match is not None:
        if none_match != "*":
            raise not_implemented("If-None-Match with a version on a write", "only * is documented.")
        if position is not None:
            raise Refusal(Problem.DUPLICATE_RECORD, "A record with matching key values already exists.")
    if match is not None:
        version = None if match == "*" else requests.etag_version(match)
        if position is None:
            raise addressing.missing(table, key)
        if version is not None and table.cell(position, VERSION) != version:
            raise Refusal(
                Problem.VERSION_MISMATCH,
                "The version of the existing record doesn't match the RowVersion property provided.",
            )


def remove(organization: Organization, call: Call, table: Table, key_text: str) -> Answer:
    """DELETE of a row, conditional on a version when asked (2.6)."""
    _allow(table, "DELETE")
    odata.check_options(requests.options(call.query), frozenset())
    key = addressing.key_of(table.definition, key_text)
    position = addressing.find(table, key)
    if position is None:
        raise addressing.missing(table, key)
    check_preconditions(call, table, position, key)
    writes.delete(organization, call.user, table, position)
    return Answer(204)


def set_property(organization: Organization, call: Call, table: Table, position: int, name: str) -> Answer:
    """PUT contacts(id)/jobtitle {"value":…} and DELETE of one column (2.1)."""
    _allow(table, "PATCH")
    odata.check_options(requests.options(call.query), frozenset())
    value: Any = None
    if call.method == "PUT":
        body = json_object(call)
        if set(body) - {"@odata.context"} != {"value"}:
            raise bad_payload(table.definition.set_name, 'A single column is written as {"value": …}.')
        value = body["value"]
    change(organization, call, table, position, {name: value})
    return Answer(204, reads.entity_headers(call, table, position))


def _written(organization: Organization, call: Call, table: Table, position: int, *, created: bool) -> Answer:
    if requests.preferences(call.headers.get("prefer")).return_representation:
        return reads.show(organization, call, table, position, 201 if created else 200)
    return Answer(204, reads.entity_headers(call, table, position))


def _allow(table: Table, method: str) -> None:
    if method not in table.definition.writes:
        raise not_implemented(f"{method} {table.definition.set_name}", "see its README for what is.")


def _check_options(organization: Organization, call: Call, table: Table) -> None:
    """What would be refused after the write is refused before."""
    given = requests.options(call.query)
    odata.query_of(organization, table.definition.name, given, odata.SHOW_OPTIONS)
    requests.preferences(call.headers.get("prefer"))
    if (name := call.headers.get(SOLUTION_HEADER)) is not None:
        solutions.need(organization, name)


def _join(organization: Organization, call: Call, table: Table, position: int) -> None:
    name = call.headers.get(SOLUTION_HEADER)
    solutions.join(organization, name, table.definition.name, table.row_id(position))
