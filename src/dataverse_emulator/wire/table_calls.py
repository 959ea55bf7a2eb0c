"""The small tables over the wire: generic reads and writes, with each table's own rules (sections 6-8)."""

import re
from collections.abc import Mapping
from typing import Any

from dataverse_emulator.state import queries, registrations, solutions
from dataverse_emulator.state.columns import Kind, accept, guid
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_payload, bad_syntax, not_implemented
from dataverse_emulator.state.registers import Record, Register
from dataverse_emulator.wire import odata, rows
from dataverse_emulator.wire.answers import Answer, Call, json_answer, json_object

_BOUND = re.compile(r"(?:https?://[^/]+/api/data/v[\d.]+)?/?(\w+)\(([^()]+)\)")
_READ_ONLY = frozenset({"$select"})
SOLUTION_HEADER = "mscrm.solutionuniquename"


def key_of(key: str) -> str:
    """The guid in parentheses; small tables have no other keys here."""
    found = guid(key.strip())
    if found is None:
        raise bad_syntax(f"Unrecognized 'Edm.Guid' literal '{key[:60]}'.")
    return found


def collection(organization: Organization, call: Call, register: Register) -> Answer:
    """GET of a whole small table; they are never paged here, being small."""
    if register.spec.set_name == "systemusers":
        organization.refresh_users()
    query = odata.query_of(_without_paging(odata.options(call.query)), register.shape)
    wanted = odata.preferences(call.headers.get("prefer"))
    if wanted.track_changes:
        raise not_implemented("change tracking", f"on {register.spec.set_name}; contact has it.")
    size = query.top if query.top is not None else queries.MAX_PAGE
    choice = organization.choices.null_is_different
    page = queries.table_page(
        register.rows.values(), register.shape, query, size, None, null_is_different=choice
    )
    write = rows.writer(organization, register.shape, query.select, wanted)
    body: dict[str, Any] = {"@odata.context": rows.context(call.root, register.shape, query.select)}
    if page.total is not None:
        body["@odata.count"] = page.total
    body["value"] = [write(row) for row in page.rows]
    return json_answer(body, wanted.applied())


def _without_paging(given: dict[str, str]) -> dict[str, str]:
    for name in ("$skiptoken", "$deltatoken"):
        if name in given:
            raise not_implemented(f"{name} on a small table", "all rows come on one page.")
    return given


def one(organization: Organization, call: Call, register: Register, key: str) -> Answer:
    """GET of one row."""
    if register.spec.set_name == "systemusers":
        organization.refresh_users()
    return show(organization, call, register, register.need(key_of(key)))


def show(
    organization: Organization, call: Call, register: Register, row: Record, status: int = 200
) -> Answer:
    """One row as the answer."""
    given = odata.options(call.query)
    odata.check_options(given, _READ_ONLY)
    select = odata.selected(given, register.shape)
    wanted = odata.preferences(call.headers.get("prefer"))
    head = {"@odata.context": rows.context(call.root, register.shape, select, "/$entity")}
    body = head | rows.writer(organization, register.shape, select, wanted)(row)
    headers = {"ETag": str(body["@odata.etag"]), **wanted.applied()}
    if status == 201:
        headers |= _entity(call, register, row)
    return json_answer(body, headers, status)


def create(organization: Organization, call: Call, register: Register) -> Answer:
    """POST of a new row."""
    _allow(register, "POST")
    odata.check_options(odata.options(call.query), _READ_ONLY)
    _check_solution(organization, call)
    values = _submitted(organization, register, json_object(call), creating=True)
    values = _checked(organization, register, values, None)
    row_id = values.get(register.spec.key)
    if row_id in register.rows:
        raise Refusal(Problem.DUPLICATE_RECORD, "A record with matching key values already exists.")
    row = register.add(values, organization.next_version())
    solutions.join(
        organization, call.headers.get(SOLUTION_HEADER), register.spec.set_name, row[register.spec.key]
    )
    if odata.preferences(call.headers.get("prefer")).return_representation:
        return show(organization, call, register, row, 201)
    return Answer(204, _entity(call, register, row))


def update(organization: Organization, call: Call, register: Register, key: str) -> Answer:
    """PATCH of an existing row; forms and views change in their unpublished layer (8.1)."""
    _allow(register, "PATCH")
    odata.check_options(odata.options(call.query), _READ_ONLY)
    _no_versions(call)
    row_id = key_of(key)
    if row_id not in register.rows and odata.condition_header(call.headers, "if-match") != "*":
        raise not_implemented(
            f"PATCH of a missing {register.spec.logical_name}", "upserts are for contact only."
        )
    before = register.need(row_id)
    _check_solution(organization, call)
    values = _submitted(organization, register, json_object(call), creating=False)
    values = _checked(organization, register, values, before)
    stored = {register.columns[name].wire_name: value for name, value in values.items()}
    layered = {"systemforms": organization.forms, "savedqueries": organization.views}.get(
        register.spec.set_name
    )
    if layered is not None:
        layered.edit(row_id, stored, organization.next_version())
    else:
        before |= stored | {"versionnumber": organization.next_version()}
    solutions.join(organization, call.headers.get(SOLUTION_HEADER), register.spec.set_name, row_id)
    if odata.preferences(call.headers.get("prefer")).return_representation:
        shown = layered.register.need(row_id) if layered else before
        return show(organization, call, register, shown)
    return Answer(204, _entity(call, register, before))


def remove(organization: Organization, call: Call, register: Register, key: str) -> Answer:
    """DELETE of a row that nothing else needs."""
    _allow(register, "DELETE")
    _no_versions(call)
    row_id = key_of(key)
    register.need(row_id)
    registrations.check_removal(register.spec.set_name, row_id, organization.registers)
    solutions.check_removal(register.spec.set_name, row_id, organization.registers)
    del register.rows[row_id]
    organization.views.drafts.pop(row_id, None)
    solutions.leave(organization, row_id)
    return Answer(204)


def _allow(register: Register, method: str) -> None:
    if method not in register.spec.writes:
        raise not_implemented(f"{method} {register.spec.set_name}", "see its README for what is.")


def _check_solution(organization: Organization, call: Call) -> None:
    # Before anything is written: these tables have no undo.
    if (name := call.headers.get(SOLUTION_HEADER)) is not None:
        solutions.need(organization, name)
    odata.preferences(call.headers.get("prefer"))
    odata.selected(odata.options(call.query), organization.registers[odata.segments(call.path)[0].name].shape)


def _no_versions(call: Call) -> None:
    match = odata.condition_header(call.headers, "if-match")
    none_match = odata.condition_header(call.headers, "if-none-match")
    if match not in (None, "*") or none_match is not None:
        raise not_implemented(
            "conditional writes on small tables", "If-Match: * is, and versions on contact."
        )


def _submitted(
    organization: Organization, register: Register, body: Mapping[str, Any], *, creating: bool
) -> Record:
    values: Record = {}
    for name, value in body.items():
        base, mark, annotation = name.partition("@")
        if mark and annotation == "odata.bind":
            column = _bind_column(register, base)
            values[column] = _bound(organization, register, base, value)
        elif not mark:
            values[name] = _value(register, name, value, creating=creating)
    return values


def _value(register: Register, name: str, value: object, *, creating: bool) -> object:
    spec, column = register.spec, register.columns.get(name)
    if column is None or column.kind is Kind.MANAGED or "/" in name:
        raise not_implemented(f"column '{name[:60]}' of {spec.logical_name}", "only those in its README are.")
    if column.kind is Kind.LOOKUP:
        raise bad_payload(spec.set_name, f"The lookup '{name}' is written with '@odata.bind'.")
    if not (column.create if creating else column.update):
        raise not_implemented(f"writing '{name}'", f"on {spec.logical_name}.")
    return accept(column, value, spec.logical_name, spec.set_name)


def _bind_column(register: Register, base: str) -> str:
    if base not in register.spec.binds:
        raise bad_payload(
            register.spec.set_name,
            f"An undeclared property '{base}' has only property annotations in the payload.",
        )
    return base.removesuffix("_serviceendpoint")


def _bound(organization: Organization, register: Register, base: str, value: object) -> str:
    hit = _BOUND.fullmatch(value) if isinstance(value, str) else None
    expected = register.spec.binds[base]
    if hit is None or hit[1] != expected:
        raise bad_payload(register.spec.set_name, f"'{base}@odata.bind' must name a row of {expected}.")
    row_id = key_of(hit[2])
    organization.registers[expected].need(row_id)
    return row_id


def _checked(organization: Organization, register: Register, values: Record, before: Record | None) -> Record:
    registers, columns = organization.registers, organization.contacts.columns
    match register.spec.set_name:
        case "serviceendpoints":
            return registrations.check_endpoint(values, before)
        case "sdkmessageprocessingsteps":
            return registrations.check_step(values, before, registers, columns)
        case "sdkmessageprocessingstepimages":
            return registrations.check_image(values, before, registers, columns)
        case "publishers" | "solutions":
            return solutions.checked(register, values, before)
        case "savedqueries":
            return solutions.check_view(values, before)
    return values


def _entity(call: Call, register: Register, row: Record) -> dict[str, str]:
    address = f"{call.root}/{register.spec.set_name}({row[register.spec.key]})"
    return {"OData-EntityId": address, **({"Location": address} if call.in_batch else {})}
