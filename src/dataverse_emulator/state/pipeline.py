"""The events that writes raise, for whoever has registered for them (dataverse.md 6.2-6.6)."""

from dataverse_emulator.state import computed
from dataverse_emulator.state.definitions import Definition
from dataverse_emulator.state.events import EVERY_STEP, Event, Message, Values
from dataverse_emulator.state.identity import User
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.registrations import listened
from dataverse_emulator.state.table import Table


def tell(
    organization: Organization,
    message: Message,
    user: User,
    table: Table,
    position: int,
    values: Values,
    *,
    before: Values | None,
    depth: int = 1,
    subordinate: str | None = None,
) -> None:
    """Note what happened to a row, when any step concerns its table."""
    definition = table.definition
    if organization.bypassed == EVERY_STEP or not listened(organization, definition.name):
        return
    sources, row = organization.sources, table.row(position)
    organization.outbox.append(
        Event(
            message=message,
            table=definition,
            row_id=table.row_id(position),
            user_id=user.user_id,
            at=sources.now(),
            correlation=sources.new_id(),
            operation=sources.new_id(),
            submitted=dict(values),
            system_set=_system_set(message, definition, row, values),
            before=before,
            after=None if message is Message.DELETE else row,
            depth=depth,
            subordinate=subordinate,
            bypassed=organization.bypassed,
        )
    )


def tell_merge(
    organization: Organization, user: User, table: Table, target: int, subordinate: int, content: Values
) -> None:
    """The event of a merge, which is the target's (6.4)."""
    tell(
        organization,
        Message.MERGE,
        user,
        table,
        target,
        content,
        before=table.row(target),
        subordinate=table.row_id(subordinate),
    )


def _system_set(message: Message, definition: Definition, row: Values, values: Values) -> Values:
    """Columns the platform adds to the Target of a Create or an Update (6.4)."""
    if message in (Message.DELETE, Message.MERGE):
        return {}
    names = [definition.key, "modifiedon", "modifiedby"]
    if message is Message.CREATE:
        names += ["createdon", "createdby", "statecode", "statuscode"]
    names += computed.touched(definition, None if message is Message.CREATE else values)
    return {name: row.get(name) for name in names if name in definition.columns}
