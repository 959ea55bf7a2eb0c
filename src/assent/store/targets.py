"""The contacts a bulk action is for, with what its outcome rests on."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Connection, or_, select

from assent.policy.audience import Audience
from assent.policy.bulk import BulkAction, BulkKind, Target
from assent.policy.sides import Hold, bits
from assent.ports import ActorKind
from assent.store.among import among_guids
from assent.store.batches import chunked
from assent.store.schema import acts, contacts
from assent.store.search import condition


def targets(
    connection: Connection, account_id: int, audience: Audience, action: BulkAction, limit: int
) -> dict[UUID, Target]:
    """The contacts of an audience in the order of their ids, at most so many.

    Whoever is being erased is no contact any more that something could be done to (I6).
    """
    c = contacts.c
    statement = (
        select(c.contact_id, c.basis, c.value, c.synced)
        .where(*condition(connection, account_id, audience))
        .where(or_(c.hold.is_(None), c.hold != Hold.ERASING.value))
        .order_by(c.contact_id)
        .limit(limit)
    )
    rows = connection.execute(statement).all()
    ours = _ours(connection, account_id, [row.contact_id for row in rows], action)
    return {
        row.contact_id: Target(row.basis, row.value, ours.get(row.contact_id, 0) & ~row.synced)
        for row in rows
    }


def _ours(
    connection: Connection, account_id: int, contact_ids: Collection[UUID], action: BulkAction
) -> dict[UUID, int]:
    """The categories whose newest act was a user's or a key's; asked for only where it matters."""
    found: dict[UUID, int] = {}
    if action.kind is not BulkKind.SUBSCRIBE:
        return found
    a = acts.c
    hub = or_(*(a.actor.startswith(f"{kind.value}:") for kind in (ActorKind.USER, ActorKind.API_KEY)))
    for piece in chunked(contact_ids):
        statement = select(a.contact_id, a.field).where(
            a.account_id == account_id,
            among_guids(a.contact_id, piece),
            a.field.in_(list(bits(action.categories))),
            hub,
        )
        for contact_id, field in connection.execute(statement):
            found[contact_id] = found.get(contact_id, 0) | field
    return found
