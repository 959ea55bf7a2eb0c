"""What follows a row in an address: properties, navigation properties, /$ref, /$value, /$count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dataverse_emulator.query import odata
from dataverse_emulator.query.scope import collected, followed
from dataverse_emulator.state import files as stored
from dataverse_emulator.state import security
from dataverse_emulator.state.columns import Column, Kind
from dataverse_emulator.state.definitions import Definition, Navigation, Way
from dataverse_emulator.state.events import Values
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_payload, not_implemented, row_missing
from dataverse_emulator.state.table import Table
from dataverse_emulator.wire import addressing, bodies, changes, files, reads, requests
from dataverse_emulator.wire.answers import Answer, Call, json_object
from dataverse_emulator.wire.requests import Segment


@dataclass(frozen=True, slots=True)
class Spot:
    """A row that an address has reached."""

    organization: Organization
    call: Call
    table: Table
    position: int


def below(spot: Spot, rest: Sequence[Segment]) -> Answer:
    """Answer a call whose address goes on after a row the caller may read."""
    security.require_row(spot.organization, spot.call.user, "Read", spot.table, spot.position)
    head, *tail = rest
    definition = spot.table.definition
    step = spot.organization.model.navigations[definition.name].get(head.name)
    if step is not None and step.way is Way.ONE and head.key is None:
        return _lookup(spot, step, tail)
    if step is not None and step.way is not Way.ONE:
        return _collection(spot, step, head, tail)
    if head.key is None and head.name in definition.properties:
        return _property(spot, head.name, tail)
    raise unknown(definition, head)


def unknown(definition: Definition, segment: Segment) -> Refusal:
    """What a segment after a row earns that is none of the row's."""
    name = segment.name[:80]
    if segment.name in definition.columns or definition.partial or name.startswith(("$", "Microsoft.")):
        return not_implemented(f"{definition.set_name}(…)/{name}", "see its README for what is.")
    return Refusal(Problem.UNKNOWN_RESOURCE, f"Resource not found for the segment '{name}'.")


def _property(spot: Spot, name: str, tail: Sequence[Segment]) -> Answer:
    if tail and (len(tail) > 1 or tail[0] != Segment("$value")):
        raise not_implemented(f"…/{name}/{tail[0].name[:60]}", "/$value is.")
    column = spot.table.definition.properties[name]
    if column.kind is Kind.FILE and (found := _file(spot, column, value=bool(tail))) is not None:
        return found
    match spot.call.method:
        case "GET":
            return reads.property_value(
                spot.organization, spot.call, spot.table, spot.position, name, raw=bool(tail)
            )
        case "PUT" | "DELETE" if not tail:
            return changes.set_property(spot.organization, spot.call, spot.table, spot.position, name)
    raise not_implemented(f"{spot.call.method} of one column", "GET, PUT and DELETE are.")


def _file(spot: Spot, column: Column, *, value: bool) -> Answer | None:
    """The operations that only file columns have."""
    organization, table, position = spot.organization, spot.table, spot.position
    match spot.call.method:
        case "GET":
            return files.download(organization, spot.call, table, position, column, raw=value)
        case "PATCH" if not value:
            return files.upload(organization, spot.call, table, position, column)
        case "DELETE" if not value:
            stored.remove(organization, spot.call.user, table, position, column)
            return Answer(204)
    return None


def _lookup(spot: Spot, step: Navigation, tail: Sequence[Segment]) -> Answer:
    call = spot.call
    if tail == [Segment("$ref")]:
        return _lookup_reference(spot, step)
    found = followed(spot.organization, step, spot.position)
    if tail:
        if found is None:
            raise Refusal(Problem.UNKNOWN_RESOURCE, f"'{step.name}' is null, and nothing is below it.")
        return below(Spot(spot.organization, call, *found), tail)
    if call.method != "GET":
        raise not_implemented(f"{call.method} of a navigation property", "GET, and writes to /$ref, are.")
    if found is None:
        return Answer(204)
    security.require_row(spot.organization, call.user, "Read", *found)
    return reads.one(spot.organization, call, *found)


def _lookup_reference(spot: Spot, step: Navigation) -> Answer:
    """GET, PUT and DELETE of a lookup's /$ref (Associate and disassociate)."""
    organization, call, table = spot.organization, spot.call, spot.table
    match call.method:
        case "GET":
            odata.check_options(requests.options(call.query), frozenset())
            found = followed(organization, step, spot.position)
            return Answer(204) if found is None else reads.reference(call, *found)
        case "PUT":
            body = {f"{step.name}@odata.bind": _named_row(call)}
        case "DELETE":
            body = {f"{step.name}@odata.bind": None}
        case _:
            raise not_implemented(f"{call.method} of a lookup's /$ref", "GET, PUT and DELETE are.")
    changes.change(organization, call, table, spot.position, body)
    return Answer(204)


def _named_row(call: Call) -> object:
    body = json_object(call)
    if "@odata.id" not in body:
        raise bad_payload("", 'A reference is written as {"@odata.id": "…"}.')
    return body["@odata.id"]


def _collection(spot: Spot, step: Navigation, head: Segment, tail: Sequence[Segment]) -> Answer:
    organization, call = spot.organization, spot.call
    target = organization.table(step.target)
    if head.key is not None:
        return _member(spot, step, target, head.key, tail)
    among = collected(organization, step, spot.table.row_id(spot.position))
    readable = security.readable(organization, call.user, target)
    if readable is not None:
        among = sorted(set(among) & set(readable))
    match call.method, tuple(tail):
        case "GET", ():
            return reads.collection(organization, call, target, among)
        case "GET", (Segment("$count", None),):
            return reads.count(organization, call, target, among)
        case "GET", (Segment("$ref", None),):
            return reads.references(organization, call, target, among)
        case "POST", (Segment("$ref", None),):
            other, found = addressing.linked(organization, _named_row(call), call.made)
            return _tied(spot, step, other, found, bodies.tie)
        case "DELETE", (Segment("$ref", None),):
            address = requests.options(call.query).get("$id")
            other, found = addressing.linked(organization, address, call.made)
            return _tied(spot, step, other, found, bodies.untie)
        case "POST", () if step.way is Way.MANY:
            kind = target.definition.type_columns.get(step.column)
            preset: Values = {step.column: spot.table.row_id(spot.position)}
            return changes.create(
                organization, call, target, preset if kind is None else {**preset, kind: step.table}
            )
    raise not_implemented(f"{call.method} …/{step.name}", "GET, POST, and /$ref and /$count of it are.")


def _member(spot: Spot, step: Navigation, target: Table, key: str, tail: Sequence[Segment]) -> Answer:
    found = addressing.need(target, key)
    if found not in collected(spot.organization, step, spot.table.row_id(spot.position)):
        raise row_missing(target.definition.name, target.row_id(found))
    if spot.call.method == "DELETE" and list(tail) == [Segment("$ref")]:
        return _tied(spot, step, target, found, bodies.untie)
    security.require_row(spot.organization, spot.call.user, "Read", target, found)
    if spot.call.method != "GET":
        raise not_implemented(f"{spot.call.method} through {step.name}", "GET is, and DELETE of its /$ref.")
    if tail:
        return below(Spot(spot.organization, spot.call, target, found), tail)
    return reads.one(spot.organization, spot.call, target, found)


def _tied(
    spot: Spot,
    step: Navigation,
    other: Table,
    found: int,
    act: Callable[[Organization, Call, Table, int, Navigation, Table, int], None],
) -> Answer:
    if other.definition.name != step.target:
        raise bad_payload("", f"'{step.name}' leads to {step.target}, not to {other.definition.set_name}.")
    act(spot.organization, spot.call, spot.table, spot.position, step, other, found)
    return Answer(204)
