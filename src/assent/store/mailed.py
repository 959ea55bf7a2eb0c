"""Which addresses a send went to: when they change hands meanwhile, nobody gets it twice (P6)."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, select

from assent.store.among import among_guids
from assent.store.batches import chunked
from assent.store.desk_schema import mailed_addresses
from assent.store.dialects import insert

_CLAIM = insert(mailed_addresses).on_conflict_do_nothing()
_CLAIMED = select(mailed_addresses.c.digest, mailed_addresses.c.contact_id).where(
    mailed_addresses.c.account_id == bindparam("account_id"),
    mailed_addresses.c.send_id == bindparam("send_id"),
    mailed_addresses.c.digest.in_(bindparam("digests", expanding=True)),
)


def claim(connection: Connection, account_id: int, send_id: int, to: Mapping[bytes, UUID]) -> set[UUID]:
    """Note under their digests to which addresses mails go, and as whose; gives whose was taken before."""
    if not to:
        return set()
    rows = [
        {"account_id": account_id, "send_id": send_id, "digest": digest, "contact_id": contact_id}
        for digest, contact_id in sorted(to.items())
    ]
    connection.execute(_CLAIM, rows)
    taken = set[UUID]()
    for piece in chunked(to):
        asked = {"account_id": account_id, "send_id": send_id, "digests": piece}
        for digest, contact_id in connection.execute(_CLAIMED, asked).all():
            if contact_id != to[digest]:
                taken.add(to[digest])
    return taken


def release(connection: Connection, account_id: int, send_id: int, contact_ids: Collection[UUID]) -> None:
    """Let go of the addresses of contacts whose mail certainly did not arrive."""
    m = mailed_addresses.c
    for piece in chunked(contact_ids):
        theirs = among_guids(m.contact_id, piece)
        connection.execute(
            delete(mailed_addresses).where(m.account_id == account_id, m.send_id == send_id, theirs)
        )
