"""What the gate must know of very many contacts, read set at a time without building anybody whole."""

import hashlib
import hmac
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, or_, select, type_coerce
from sqlalchemy.types import NullType

from assent.policy.permission import LegalBasis
from assent.ports import Standing
from assent.store.among import among_bytes, among_guids
from assent.store.marks import Marks
from assent.store.notices import REFUSES
from assent.store.schema import address_marks, contacts, links, notices

#: Contacts to a statement: few enough for the parameter, which is one however many they are.
PIECE = 5_000


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads contacts as they stand, from one unchanging view of the tables."""

    marks: Marks

    def run(self, connection: Connection, account_id: int, contact_ids: Collection[UUID]) -> list[Standing]:
        """Contacts with the keys of their rows; those that are absent are not of this account."""
        wanted, found = list(dict.fromkeys(contact_ids)), list[Standing]()
        for start in range(0, len(wanted), PIECE):
            piece = wanted[start : start + PIECE]
            rows = connection.execute(_contacts(account_id, piece)).all()
            blocked = _blocked(connection, account_id, piece)
            barred = self._barred(connection, account_id, [row[1] for row in rows])
            found += _gathered(rows, blocked, barred)
        return found

    def _barred(self, connection: Connection, account_id: int, addresses: Collection[str]) -> set[str]:
        """The addresses among these that take no mail from us: suppressed or erased (G3)."""
        m = address_marks.c
        stopped = select(m.digest).where(m.account_id == account_id, or_(m.suppressed, m.erased))
        if connection.execute(stopped.limit(1)).first() is None:
            return set()
        digest = partial(hmac.digest, self.marks.key(connection, account_id), digest=hashlib.sha256)
        by_digest = {digest(address.encode()): address for address in addresses}
        found = connection.execute(stopped.where(among_bytes(m.digest, list(by_digest))))
        return {by_digest[bytes(row[0])] for row in found}


def _contacts(account_id: int, contact_ids: Collection[UUID]) -> Any:
    """Every contact once for each of its rows, and once where it has none; as the driver gives it.

    Turning columns into objects one by one would take longer than finding them.
    """
    c, k = contacts.c, links.c
    told = (c.contact_id, c.email, c.basis, c.value, c.hold, k.connection_id, k.row_id)
    theirs = and_(k.account_id == c.account_id, k.contact_id == c.contact_id)
    return (
        select(*(type_coerce(column, NullType()) for column in told))
        .select_from(contacts.outerjoin(links, theirs))
        .where(c.account_id == account_id, among_guids(c.contact_id, contact_ids))
    )


def _blocked(connection: Connection, account_id: int, contact_ids: Collection[UUID]) -> dict[UUID, int]:
    """The fields that waiting notices report refused, by contact (M8)."""
    n, k = notices.c, links.c
    refusing = (n.account_id == account_id, n.lane == REFUSES)
    if connection.execute(select(n.notice_id).where(*refusing).limit(1)).first() is None:
        return {}
    same = and_(k.account_id == n.account_id, k.connection_id == n.connection_id, k.row_id == n.row_id)
    statement = (
        select(k.contact_id, n.refused)
        .select_from(links.join(notices, same))
        .where(*refusing, k.account_id == account_id, among_guids(k.contact_id, contact_ids))
    )
    found: dict[UUID, int] = {}
    for contact_id, refused in connection.execute(statement):
        found[contact_id] = found.get(contact_id, 0) | refused
    return found


def _gathered(rows: Iterable[Any], blocked: dict[UUID, int], barred: set[str]) -> Iterable[Standing]:
    found: dict[bytes | UUID, Standing] = {}
    for key, email, basis, value, hold, connection_id, row_id in rows:
        at = () if row_id is None else ((connection_id, _bytes(row_id)),)
        if (known := found.get(key)) is not None:
            found[key] = known._replace(rows=known.rows + at)
            continue
        contact_id = key if isinstance(key, UUID) else UUID(bytes=key)
        found[key] = Standing(
            contact_id, email, _BASES[basis], value, hold, email in barred, blocked.get(contact_id, 0), at
        )
    return found.values()


def _bytes(raw: bytes | UUID) -> bytes:
    """SQLite keeps identifiers as bytes, others have a type for them."""
    return raw.bytes if isinstance(raw, UUID) else raw


_BASES = {int(basis): basis for basis in LegalBasis}
