"""CreateMultiple, UpdateMultiple and UpsertMultiple on contact: all or nothing (dataverse.md 4.2)."""

from typing import Any

from dataverse_emulator.state import contact_writes
from dataverse_emulator.state.columns import guid
from dataverse_emulator.state.contacts import ID
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_payload, not_implemented
from dataverse_emulator.wire import odata
from dataverse_emulator.wire.answers import Answer, Call, json_answer, json_object
from dataverse_emulator.wire.contact_changes import submitted

_TYPE = "Microsoft.Dynamics.CRM.contact"


def perform(organization: Organization, call: Call, action: str) -> Answer:
    """One bulk message on contacts."""
    odata.check_options(odata.options(call.query), frozenset())
    if action == "DeleteMultiple":
        raise Refusal(Problem.METHOD_NOT_ALLOWED, "DeleteMultiple has not yet been implemented.")
    targets = _targets(json_object(call))
    with organization.transaction():
        if action == "CreateMultiple":
            ids = [_create(organization, call, target) for target in targets]
            body = {
                "@odata.context": f"{call.root}/$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse",
                "Ids": ids,
            }
            answer = json_answer(body)
            return Answer(200, answer.headers, answer.body, operations=len(targets))
        if action == "UpdateMultiple":
            _update_all(organization, call, targets)
        elif action == "UpsertMultiple":
            for target in targets:
                _upsert(organization, call, target)
        else:
            raise not_implemented(f"action {action} on contacts", "CreateMultiple to UpsertMultiple are.")
    return Answer(204, operations=len(targets))


def _targets(body: dict[str, Any]) -> list[dict[str, Any]]:
    targets = body.get("Targets")
    if set(body) != {"Targets"} or not isinstance(targets, list) or not targets:
        raise bad_payload("contacts", "The parameter 'Targets' must be a collection of entities.")
    for target in targets:
        if not isinstance(target, dict):
            raise bad_payload("contacts", "Every target must be an object.")
        kind = target.get("@odata.type")
        if not isinstance(kind, str) or kind.removeprefix("#") != _TYPE:
            raise bad_payload("contacts", f"Every target needs @odata.type '{_TYPE}'.")
        if "@odata.id" in target:
            raise not_implemented("@odata.id in targets", "contact has no alternate keys out of the box.")
    return targets


def _key(target: dict[str, Any]) -> str | None:
    if "contactid" not in target:
        return None
    text = target["contactid"]
    found = guid(text) if isinstance(text, str) else None
    if found is None:
        raise bad_payload("contacts", "contactid must be a guid.")
    return found


def _create(organization: Organization, call: Call, target: dict[str, Any]) -> str:
    found = _key(target)
    if found and organization.contacts.get(found) is not None:
        raise Refusal(Problem.DUPLICATE_RECORD, "Cannot insert duplicate key.")
    values = submitted(organization, target, creating=True)
    return str(contact_writes.create(organization, call.user, values)[ID])


def _update_all(organization: Organization, call: Call, targets: list[dict[str, Any]]) -> None:
    keys = [_key(target) for target in targets]
    if None in keys:
        raise bad_payload("contacts", "Every target of UpdateMultiple needs its key.")
    if len(set(keys)) < len(keys) and organization.choices.refuse_repeated_ids:
        raise not_implemented("the same id twice in one UpdateMultiple", "the outcome is not documented.")
    for key, target in zip(keys, targets, strict=True):
        row = organization.contacts.get(str(key))
        if row is None:
            # The entity name is capitalised in the documented text of this message.
            raise Refusal(Problem.OBJECT_DOES_NOT_EXIST, f"Contact With Ids = {key} Do Not Exist")
        given = {name: value for name, value in target.items() if name != "contactid"}
        contact_writes.update(organization, call.user, row, submitted(organization, given, creating=False))


def _upsert(organization: Organization, call: Call, target: dict[str, Any]) -> None:
    found = _key(target)
    row = organization.contacts.get(found) if found else None
    given = {name: value for name, value in target.items() if name != "contactid"}
    values = submitted(organization, given, creating=row is None)
    if row is None:
        contact_writes.create(organization, call.user, values, found)
    else:
        contact_writes.update(organization, call.user, row, values)
