"""Creating, updating, merging and deleting contacts, with the events each raises (2.6, 6.6, 9.4)."""

from collections.abc import Mapping

from dataverse_emulator.state.columns import Cell, accept
from dataverse_emulator.state.contacts import (
    CREATED_BY,
    CREATED_ON,
    FIRST,
    FULL,
    ID,
    LAST,
    MASTER,
    MERGED,
    MODIFIED_BY,
    MODIFIED_ON,
    STATE,
    STATUS,
    VERSION,
    Row,
)
from dataverse_emulator.state.events import Event, Message
from dataverse_emulator.state.identity import User
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_payload, not_implemented, row_missing
from dataverse_emulator.state.registrations import listened

Values = dict[str, Cell]

_STATUS_OF_STATE = {0: 1, 1: 2}
_STATE_COLUMNS = frozenset({"statecode", "statuscode"})
_NAME_COLUMNS = frozenset({"firstname", "lastname"})


def checked(organization: Organization, given: Mapping[str, object], *, creating: bool) -> Values:
    """The submitted values in the table's own form, or the refusal that the first bad one earns."""
    contacts, values = organization.contacts, Values()
    for name, value in given.items():
        column = contacts.columns.get(name)
        if column is None:
            if name in contacts.shape.known:
                raise not_implemented(f"column {name} of contact", "only the columns in its README are.")
            raise bad_payload(
                "contacts",
                f"The property '{name}' does not exist on type 'Microsoft.Dynamics.CRM.contact'. "
                "Make sure to only use property names that are defined by the type.",
            )
        if not (column.create if creating else column.update):
            raise not_implemented(f"writing {name}", "what becomes of a system-set column is not documented.")
        values[name] = accept(column, value, "contact", "contacts")
    return values


def need(organization: Organization, row_id: str) -> Row:
    """The row of that id, or 'contact With Id = … Does Not Exist' (2.6)."""
    row = organization.contacts.get(row_id)
    if row is None:
        raise row_missing("contact", row_id)
    return row


def create(organization: Organization, user: User, values: Values, row_id: str | None = None) -> Row:
    """A new row with the defaults of columns not named; the id may be the caller's (2.5)."""
    contacts = organization.contacts
    chosen = row_id or values.get("contactid") or organization.sources.new_id()
    if contacts.get(str(chosen)) is not None:
        raise Refusal(Problem.DUPLICATE_RECORD, "A record with matching key values already exists.")
    at, row = organization.sources.now(), contacts.blank()
    for name, column in contacts.columns.items():
        row[contacts.slots[name]] = values.get(name, column.default)
    if values.get("statuscode") not in (None, 1):
        raise Refusal(Problem.BAD_STATUS_PAIR, "2 is not a valid status code for state code 0 on contact.")
    row[STATUS] = 1
    row[ID], row[VERSION], row[FULL] = str(chosen), organization.next_version(), _full_name(row)
    row[CREATED_ON] = row[MODIFIED_ON] = int(at)
    row[CREATED_BY] = row[MODIFIED_BY] = user.user_id
    contacts.insert(row, at)
    organization.on_undo(lambda: contacts.undo_insert(row))
    _raise(organization, Message.CREATE, user, row, values, before=None)
    return row


def update(organization: Organization, user: User, row: Row, values: Values) -> None:
    """New values, new version, also when nothing differs; state beside others makes two updates (6.6)."""
    values = _with_status(values, row)
    state = {name: value for name, value in values.items() if name in _STATE_COLUMNS}
    others = {name: value for name, value in values.items() if name not in _STATE_COLUMNS}
    if others or not state:
        _apply(organization, user, row, others)
    if state:
        _apply(organization, user, row, state)


def delete(organization: Organization, user: User, row: Row) -> None:
    """Take the row away (9.4)."""
    contacts = organization.contacts
    _raise(organization, Message.DELETE, user, row, {}, before=list(row))
    contacts.remove(row, organization.next_version(), organization.sources.now())
    organization.on_undo(lambda: contacts.undo_remove(row))


def merge(organization: Organization, user: User, target: Row, subordinate: Row, content: Values) -> None:
    """The subordinate becomes inactive and points at the target, which takes only `content` (9.4)."""
    if target is subordinate:
        raise Refusal(Problem.INVALID_ARGUMENT, "A contact cannot be merged with itself.")
    for row in (target, subordinate):
        if row[MERGED]:
            raise not_implemented("merging a merged row", "the outcome is not documented.")
    _raise(
        organization,
        Message.MERGE,
        user,
        target,
        content,
        before=list(target),
        subordinate=str(subordinate[ID]),
    )
    seen = organization.choices.merge_raises_updates
    _apply(organization, user, target, content, depth=2, silent=not seen)
    joined: Values = {"statecode": 1, "statuscode": 2, "merged": True, "masterid": target[ID]}
    _apply(organization, user, subordinate, joined, depth=2, silent=not seen)
    assert subordinate[MASTER] == target[ID]


def _apply(
    organization: Organization, user: User, row: Row, values: Values, *, depth: int = 1, silent: bool = False
) -> None:
    contacts, at, before = organization.contacts, organization.sources.now(), list(row)
    cells: dict[int, Cell] = {contacts.slots[name]: value for name, value in values.items()}
    cells[VERSION] = organization.next_version()
    cells[MODIFIED_ON] = int(at)
    cells[MODIFIED_BY] = user.user_id
    if not _NAME_COLUMNS.isdisjoint(values):
        cells[FULL] = _full_name(row, values)
    contacts.replace(row, cells, at)
    organization.on_undo(lambda: contacts.undo_replace(row, before))
    if not silent:
        _raise(organization, Message.UPDATE, user, row, values, before=before, depth=depth)


def _with_status(values: Values, row: Row) -> Values:
    """State and status belong together: 0 with 1, 1 with 2 (9.2); a missing one follows the other."""
    if _STATE_COLUMNS.isdisjoint(values):
        return values
    state = values.get("statecode", row[STATE])
    status = values.get("statuscode")
    if status is None and "statecode" in values and state in _STATUS_OF_STATE:
        status = _STATUS_OF_STATE[int(state)]
        values = values | {"statuscode": status}
    if _STATUS_OF_STATE.get(int(state) if state is not None else -1) != status:
        raise Refusal(
            Problem.BAD_STATUS_PAIR, f"{status} is not a valid status code for state code {state} on contact."
        )
    return values


def _full_name(row: Row, values: Values | None = None) -> str | None:
    given = values or {}
    first, last = given.get("firstname", row[FIRST]), given.get("lastname", row[LAST])
    return " ".join(str(part) for part in (first, last) if part) or None


def _raise(
    organization: Organization,
    message: Message,
    user: User,
    row: Row,
    values: Values,
    *,
    before: Row | None,
    depth: int = 1,
    subordinate: str | None = None,
) -> None:
    if not listened(organization.registers):
        return
    sources = organization.sources
    organization.outbox.append(
        Event(
            message=message,
            row_id=str(row[ID]),
            user_id=user.user_id,
            at=sources.now(),
            correlation=sources.new_id(),
            operation=sources.new_id(),
            submitted=dict(values),
            system_set=_system_set(message, row, values),
            before=before,
            after=None if message is Message.DELETE else list(row),
            depth=depth,
            subordinate=subordinate,
        )
    )


def _system_set(message: Message, row: Row, values: Values) -> Values:
    """Columns the platform adds to the Target of a Create or an Update (6.4)."""
    if message in (Message.DELETE, Message.MERGE):
        return {}
    found: Values = {"contactid": row[ID], "modifiedon": row[MODIFIED_ON], "modifiedby": row[MODIFIED_BY]}
    if message is Message.CREATE:
        found |= {"createdon": row[CREATED_ON], "createdby": row[CREATED_BY]}
        found |= {"statecode": row[STATE], "statuscode": row[STATUS]}
    if message is Message.CREATE or not _NAME_COLUMNS.isdisjoint(values):
        found["fullname"] = row[FULL]
    return found
