"""How contacts lie in their table, with the newest act on each field."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select, update

from assent.policy.audience import fold
from assent.policy.sides import Contact
from assent.store.among import among_guids, among_texts
from assent.store.batches import chunked, in_order
from assent.store.dialects import insert
from assent.store.schema import acts, contacts

_NAMED_CHARS = 200

CONTACT_COLUMNS = (
    contacts.c.contact_id,
    contacts.c.email,
    contacts.c.revision,
    contacts.c.basis,
    contacts.c.value,
    contacts.c.last_positive,
    contacts.c.refused_personally,
    contacts.c.hold,
    contacts.c.synced,
)


def contact_from(found: Any) -> Contact:
    """Unpack a contact from its columns, without the times of its acts."""
    return Contact(*found)


def contacts_at(
    connection: Connection, account_id: int, contact_ids: Iterable[UUID], *, lock: bool = False
) -> dict[UUID, Contact]:
    """Read contacts, without their acts; absent ones are not of this account."""
    found = {}
    for piece in chunked(in_order(contact_ids)):
        statement = select(*CONTACT_COLUMNS).where(
            contacts.c.account_id == account_id, among_guids(contacts.c.contact_id, piece)
        )
        if lock:
            statement = statement.order_by(contacts.c.contact_id).with_for_update()
        for row in connection.execute(statement).all():
            found[row[0]] = contact_from(row)
    return found


def holders(connection: Connection, account_id: int, addresses: Iterable[str]) -> dict[str, UUID]:
    """Which contact holds each normalised address; absent ones are free."""
    found: dict[str, UUID] = {}
    for piece in chunked(sorted(set(addresses))):
        statement = select(contacts.c.email, contacts.c.contact_id).where(
            contacts.c.account_id == account_id, among_texts(contacts.c.email, piece)
        )
        found.update((email, contact_id) for email, contact_id in connection.execute(statement))
    return found


def update_contacts(
    connection: Connection, account_id: int, changes: Sequence[tuple[UUID, dict[str, object]]]
) -> None:
    """Set columns of many contacts; every change names the same columns."""
    if not changes:
        return
    statement = (
        update(contacts)
        .where(contacts.c.account_id == account_id, contacts.c.contact_id == bindparam("at_contact"))
        .values({name: bindparam(f"set_{name}") for name in changes[0][1]})
    )
    connection.execute(
        statement,
        [
            {"at_contact": contact_id} | {f"set_{name}": value for name, value in values.items()}
            for contact_id, values in changes
        ],
    )


def contact_values(contact: Contact, revision: int, now: datetime) -> dict[str, object]:
    """Pack what a change of a contact may move, except the address."""
    return {
        "revision": revision,
        "basis": contact.basis,
        "value": contact.value,
        "last_positive": contact.last_positive,
        "refused_personally": contact.refused_personally,
        "hold": contact.hold,
        "synced": contact.synced,
        "updated_at": now,
    }


def named(first_name: str, last_name: str) -> str:
    """What is kept of names to be found by; short enough for an index whatever letters it has."""
    return fold(f"{first_name} {last_name}".strip())[:_NAMED_CHARS]


def acts_of(
    connection: Connection, account_id: int, contact_ids: Collection[UUID]
) -> dict[UUID, dict[int, datetime]]:
    """When each field of contacts was last acted on; contacts without acts are absent."""
    found: dict[UUID, dict[int, datetime]] = {}
    for piece in chunked(contact_ids):
        statement = select(acts.c.contact_id, acts.c.field, acts.c.at).where(
            acts.c.account_id == account_id, among_guids(acts.c.contact_id, piece)
        )
        for contact_id, field, at in connection.execute(statement).all():
            found.setdefault(contact_id, {})[field] = at
    return found


def record_acts(
    connection: Connection,
    account_id: int,
    fields: Collection[tuple[UUID, int]],
    actor: str,
    at: datetime,
) -> None:
    """Remember that each named field of each contact was acted on now, by whom."""
    if not fields:
        return
    statement = insert(connection, acts)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "contact_id", "field"],
            set_={"at": statement.excluded.at, "actor": statement.excluded.actor},
        ),
        [
            {"account_id": account_id, "contact_id": contact_id, "field": field, "at": at, "actor": actor}
            for contact_id, field in sorted(fields)
        ],
    )
