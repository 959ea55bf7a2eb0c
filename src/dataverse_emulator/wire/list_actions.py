"""AddListMembersList: rows put on a marketing list at once (AddListMembersList action)."""

from typing import Any, Final

from dataverse_emulator.query.scope import navigation_of
from dataverse_emulator.state import pairs, security, writes
from dataverse_emulator.state.columns import guid
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_payload, not_implemented
from dataverse_emulator.state.table import Table
from dataverse_emulator.wire.answers import Answer, Call, json_object

_TYPES: Final = "Microsoft.Dynamics.CRM."
#: What a list is of (its column createdfromcode), and where its members are.
_MEMBERS: Final = {1: "account", 2: "contact", 4: "lead"}


def add(organization: Organization, call: Call, table: Table, position: int) -> Answer:
    """Put accounts, contacts or leads on a list of such; who is on it already stays on it."""
    if table.definition.name != "list":
        raise not_implemented("AddListMembersList on other than lists", "on lists it is.")
    security.require_row(organization, call.user, "Write", table, position)
    body, name = json_object(call), _MEMBERS.get(table.cell(position, "createdfromcode"))
    if name is None:
        raise Refusal(
            Problem.INVALID_ARGUMENT, "The list does not say what its members are (createdfromcode)."
        )
    members = body.get("Members")
    if set(body) != {"Members"} or not isinstance(members, list):
        raise bad_payload("lists", "The parameter 'Members' must be a collection of entities.")
    other = organization.table(name)
    found = [other.row_id(writes.need(other, _id(other, held))) for held in members]
    step = navigation_of(organization, "list", f"list{name}_association")
    near = (step.column, table.row_id(position))
    for row_id in dict.fromkeys(found):
        far = (step.far_column, row_id)
        if not organization.table(step.intersect).holding((near[0], far[0]), (near[1], far[1])):
            pairs.tie(organization, step.intersect, near, far)
    return Answer(204)


def _id(other: Table, held: Any) -> str:
    definition = other.definition
    kind = str(held.get("@odata.type", "")).removeprefix("#") if isinstance(held, dict) else ""
    if kind != _TYPES + definition.name:
        raise Refusal(
            Problem.INVALID_ARGUMENT,
            f"The members of this list are of @odata.type '{_TYPES}{definition.name}'.",
        )
    text = held.get(definition.key)
    row_id = guid(text) if isinstance(text, str) else None
    if row_id is None:
        raise bad_payload("lists", f"Every member needs a {definition.key}.")
    return row_id
