"""How contacts lie in their table, with the newest act on each field."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Update, bindparam, select, update

from assent.errors import Unknown
from assent.policy.audience import fold
from assent.policy.sides import Contact, bits
from assent.ports import Actor
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

_AT = select(*CONTACT_COLUMNS).where(
    contacts.c.account_id == bindparam("account_id"),
    among_guids(contacts.c.contact_id, bindparam("contact_ids")),
)
_AT_LOCKED = _AT.order_by(contacts.c.contact_id).with_for_update()
_HOLDERS = select(contacts.c.email, contacts.c.contact_id).where(
    contacts.c.account_id == bindparam("account_id"), among_texts(contacts.c.email, bindparam("emails"))
)
_ACTS = select(acts.c.contact_id, acts.c.field, acts.c.at).where(
    acts.c.account_id == bindparam("account_id"), among_guids(acts.c.contact_id, bindparam("contact_ids"))
)
_ACTED = insert(acts)
_RECORD = _ACTED.on_conflict_do_update(
    index_elements=["account_id", "contact_id", "field"],
    set_={"at": _ACTED.excluded.at, "actor": _ACTED.excluded.actor},
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
        asked = {"account_id": account_id, "contact_ids": piece}
        for row in connection.execute(_AT_LOCKED if lock else _AT, asked).all():
            found[row[0]] = contact_from(row)
    return found


def contact_at(connection: Connection, account_id: int, contact_id: UUID) -> Contact:
    """One contact, locked and without its acts; raises Unknown for one of another account."""
    found = contacts_at(connection, account_id, [contact_id], lock=True).get(contact_id)
    if found is None:
        raise Unknown("this account has no such contact")
    return found


def holders(connection: Connection, account_id: int, addresses: Iterable[str]) -> dict[str, UUID]:
    """Which contact holds each normalised address; absent ones are free."""
    found: dict[str, UUID] = {}
    for piece in chunked(sorted(set(addresses))):
        asked = {"account_id": account_id, "emails": piece}
        found.update((email, contact_id) for email, contact_id in connection.execute(_HOLDERS, asked))
    return found


def update_contacts(
    connection: Connection, account_id: int, changes: Sequence[tuple[UUID, dict[str, object]]]
) -> None:
    """Set columns of many contacts; every change names the same columns."""
    if not changes:
        return
    connection.execute(
        _setting(tuple(changes[0][1])),
        [
            {"at_account": account_id, "at_contact": contact_id}
            | {f"set_{name}": value for name, value in values.items()}
            for contact_id, values in changes
        ],
    )


@cache
def _setting(names: tuple[str, ...]) -> Update:
    return (
        update(contacts)
        .where(
            contacts.c.account_id == bindparam("at_account"),
            contacts.c.contact_id == bindparam("at_contact"),
        )
        .values({name: bindparam(f"set_{name}") for name in names})
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
        asked = {"account_id": account_id, "contact_ids": piece}
        for contact_id, field, at in connection.execute(_ACTS, asked).all():
            found.setdefault(contact_id, {})[field] = at
    return found


def record_acts(
    connection: Connection,
    account_id: int,
    acted: Iterable[tuple[Contact, int]],
    actor: Actor,
    *,
    asked_at: datetime,
    now: datetime,
) -> None:
    """Remember that each field in a contact's mask was acted on, when, and by whom.

    A refusal counts from now on, anything else from when it was asked for: whatever the CRM said while the
    act waited for its turn is no grant after that refusal, and no refusal before that grant (M2).
    """
    who = f"{actor.kind.value}:{actor.ident}"
    rows = [
        {
            "account_id": account_id,
            "contact_id": contact.contact_id,
            "field": field,
            "at": now if contact.refused & field else asked_at,
            "actor": who,
        }
        for contact, mask in acted
        for field in bits(mask)
    ]
    if rows:
        connection.execute(_RECORD, sorted(rows, key=lambda row: (row["contact_id"], row["field"])))


def record_heard(
    connection: Connection, account_id: int, heard: Iterable[tuple[Contact, Contact]], actor: Actor
) -> None:
    """Remember the times of refusals told late, where contacts before and after hearing differ in them."""
    who = f"{actor.kind.value}:{actor.ident}"
    rows = [
        {"account_id": account_id, "contact_id": after.contact_id, "field": field, "at": at, "actor": who}
        for before, after in heard
        for field, at in sorted(after.acted.items())
        if before.acted.get(field) != at
    ]
    if rows:
        connection.execute(_RECORD, rows)
