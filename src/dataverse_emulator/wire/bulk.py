"""CreateMultiple, UpdateMultiple and UpsertMultiple on any table: all or nothing (dataverse.md 4.2)."""

from typing import Any

from dataverse_emulator.query import odata
from dataverse_emulator.state.columns import guid
from dataverse_emulator.state.definitions import Definition
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_payload, not_implemented
from dataverse_emulator.state.table import Table
from dataverse_emulator.wire import addressing, bodies, changes, requests
from dataverse_emulator.wire.answers import Answer, Call, json_answer, json_object
from dataverse_emulator.wire.requests import Segment


def perform(organization: Organization, call: Call, table: Table, action: str) -> Answer:
    """One bulk message on a table."""
    odata.check_options(requests.options(call.query), frozenset())
    if action == "DeleteMultiple":
        raise Refusal(Problem.METHOD_NOT_ALLOWED, "DeleteMultiple has not yet been implemented.")
    if action not in ("CreateMultiple", "UpdateMultiple", "UpsertMultiple"):
        raise not_implemented(f"action {action[:60]} on {table.definition.set_name}", "see its README.")
    needed = {"CreateMultiple": {"POST"}, "UpdateMultiple": {"PATCH"}}.get(action, {"POST", "PATCH"})
    if not needed <= table.definition.writes:
        raise not_implemented(f"{action} on {table.definition.set_name}", "see its README for what is.")
    if changes.detects_duplicates(call):
        raise not_implemented("duplicate detection with many rows at once", "with single rows it is.")
    targets = _targets(table.definition, json_object(call))
    with organization.transaction():
        if action == "CreateMultiple":
            return _create_all(organization, call, table, targets)
        if action == "UpdateMultiple":
            _update_all(organization, call, table, targets)
        else:
            for target in targets:
                _upsert(organization, call, table, target)
    return Answer(204, operations=len(targets))


def _targets(definition: Definition, body: dict[str, Any]) -> list[dict[str, Any]]:
    targets, kind = body.get("Targets"), f"Microsoft.Dynamics.CRM.{definition.name}"
    if set(body) != {"Targets"} or not isinstance(targets, list) or not targets:
        raise bad_payload(definition.set_name, "The parameter 'Targets' must be a collection of entities.")
    for target in targets:
        if not isinstance(target, dict):
            raise bad_payload(definition.set_name, "Every target must be an object.")
        given = target.get("@odata.type")
        if not isinstance(given, str) or given.removeprefix("#") != kind:
            raise bad_payload(definition.set_name, f"Every target needs @odata.type '{kind}'.")
    return targets


def _key(definition: Definition, target: dict[str, Any]) -> addressing.KeyValues | None:
    """The key of a target: in `@odata.id`, as the primary key, or as the columns of an alternate key."""
    if "@odata.id" in target:
        text = str(target["@odata.id"]).rpartition("/")[2] if isinstance(target["@odata.id"], str) else ""
        path: list[Segment] = requests.segments(text) if text else []
        if len(path) != 1 or path[0].name != definition.set_name or path[0].key is None:
            raise bad_payload(definition.set_name, "@odata.id must be the address of a row of this table.")
        return addressing.key_of(definition, path[0].key)
    if definition.key in target:
        text = target[definition.key]
        found = guid(text) if isinstance(text, str) else None
        if found is None:
            raise bad_payload(definition.set_name, f"{definition.key} must be a guid.")
        return addressing.KeyValues(found, {})
    return None


def _create_all(
    organization: Organization, call: Call, table: Table, targets: list[dict[str, Any]]
) -> Answer:
    ids = []
    for target in targets:
        key = _key(table.definition, target)
        if key is not None and addressing.find(table, key) is not None:
            raise Refusal(Problem.DUPLICATE_RECORD, "Cannot insert duplicate key.")
        ids.append(table.row_id(bodies.create(organization, call, table, target)))
    context = f"{call.root}/$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse"
    return json_answer({"@odata.context": context, "Ids": ids}, operations=len(targets))


def _update_all(organization: Organization, call: Call, table: Table, targets: list[dict[str, Any]]) -> None:
    definition, positions = table.definition, list[int]()
    for target in targets:
        key = _key(definition, target)
        if key is None:
            raise bad_payload(definition.set_name, "Every target of UpdateMultiple needs its key.")
        position = addressing.find(table, key)
        if position is None:
            if key.row_id is None:
                raise addressing.missing(table, key)
            # The entity name is capitalised in the documented text of this message.
            raise Refusal(
                Problem.OBJECT_DOES_NOT_EXIST, f"{definition.label} With Ids = {key.row_id} Do Not Exist"
            )
        positions.append(position)
    if len(set(positions)) < len(positions) and organization.choices.refuse_repeated_ids:
        raise not_implemented("the same id twice in one UpdateMultiple", "the outcome is not documented.")
    for position, target in zip(positions, targets, strict=True):
        changes.change(organization, call, table, position, bodies.without_key(definition, target, None))


def _upsert(organization: Organization, call: Call, table: Table, target: dict[str, Any]) -> None:
    definition = table.definition
    key = _key(definition, target)
    if key is None:
        key = _alternate(organization, call, definition, target)
    position = addressing.find(table, key) if key else None
    body = bodies.without_key(definition, target, None)
    if position is not None and key is not None:
        kept = {name: value for name, value in body.items() if name not in key.values}
        changes.change(organization, call, table, position, kept)
    elif key is None:
        bodies.create(organization, call, table, body)
    else:
        bodies.create(organization, call, table, body, key.row_id, preset=dict(key.values))


def _alternate(
    organization: Organization, call: Call, definition: Definition, target: dict[str, Any]
) -> addressing.KeyValues | None:
    """The alternate key whose columns the body has, if any (2.7, `UpsertMultiple`)."""
    if not any(key.status == "Active" for key in definition.keys):
        return None
    values = bodies.submitted(organization, call, definition, target, creating=True).values
    for key in definition.keys:
        held = {name: values.get(name) for name in key.columns}
        if key.status == "Active" and None not in held.values():
            return addressing.KeyValues(None, held)
    return None
