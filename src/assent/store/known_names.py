"""Who and what ledger entries speak of, by the names people know: users, keys, contacts, connections."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, select

from assent.ledger.entries import Entry
from assent.ports import ActorKind
from assent.store.among import among_guids
from assent.store.batches import chunked
from assent.store.categories import all_categories
from assent.store.desk_schema import api_keys, users
from assent.store.schema import connections, contacts


@dataclass(frozen=True, slots=True)
class Known:
    """The names of everything some entries speak of."""

    users: dict[str, tuple[str, str]]  # name and role by id
    keys: dict[str, str]
    contacts: dict[UUID, str]
    connections: dict[int, str]
    categories: dict[int, str]
    active: int = 0


def known_to(connection: Connection, account_id: int, entries: Sequence[Entry]) -> Known:
    """Read the names, one statement for each kind of thing."""
    categories = all_categories(connection, account_id)
    return Known(
        users=_users(connection, account_id, _ids(entries, ActorKind.USER)),
        keys=_keys(connection, account_id, _ids(entries, ActorKind.API_KEY)),
        contacts=labels(connection, account_id, {e.contact_id for e in entries if e.contact_id}),
        connections=_connections(connection, account_id),
        categories={category.bit: category.name for category in categories},
        active=sum(category.bit for category in categories if category.active),
    )


def _ids(entries: Sequence[Entry], kind: ActorKind) -> set[UUID]:
    found = set()
    for entry in entries:
        if entry.actor_kind == kind.value:
            try:
                found.add(UUID(entry.actor))
            except ValueError:
                continue  # an actor of tests or of an older form: it has no name here
    return found


def _users(connection: Connection, account_id: int, ids: Collection[UUID]) -> dict[str, tuple[str, str]]:
    u = users.c
    found = {}
    for piece in chunked(ids):
        statement = select(u.user_id, u.name, u.email, u.role).where(
            u.account_id == account_id, among_guids(u.user_id, piece)
        )
        for user_id, name, email, role in connection.execute(statement):
            found[str(user_id)] = (name or email, role)
    return found


def _keys(connection: Connection, account_id: int, ids: Collection[UUID]) -> dict[str, str]:
    k = api_keys.c
    found = {}
    for piece in chunked(ids):
        statement = select(k.key_id, k.name).where(k.account_id == account_id, among_guids(k.key_id, piece))
        for key_id, name in connection.execute(statement):
            found[str(key_id)] = name
    return found


def labels(connection: Connection, account_id: int, ids: Collection[UUID]) -> dict[UUID, str]:
    """What to call contacts: by name where there is one, else by address."""
    c = contacts.c
    found = {}
    for piece in chunked(ids):
        statement = select(c.contact_id, c.first_name, c.last_name, c.shown_email).where(
            c.account_id == account_id, among_guids(c.contact_id, piece)
        )
        for contact_id, first, last, email in connection.execute(statement):
            found[contact_id] = f"{first} {last}".strip() or email
    return found


def _connections(connection: Connection, account_id: int) -> dict[int, str]:
    c = connections.c
    rows = connection.execute(select(c.connection_id, c.name).where(c.account_id == account_id))
    return {connection_id: name for connection_id, name in rows}  # noqa: C416 - rows are no pairs to mypy
