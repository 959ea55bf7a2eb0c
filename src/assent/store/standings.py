"""What the gate must know of very many contacts, read set at a time without building anybody whole."""

import hashlib
import hmac
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, Subquery, and_, or_, select, type_coerce
from sqlalchemy.types import NullType

from assent.policy.audience import Audience
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES
from assent.ports import STRANGER, Standing
from assent.store.among import among_bytes, among_guids
from assent.store.connection_rows import honouring
from assent.store.contact_rows import holders
from assent.store.marks import Marks
from assent.store.notices import REFUSES
from assent.store.schema import address_marks, contacts, links, notices
from assent.store.search import condition

#: An identifier as the driver gives it: SQLite keeps bytes, others have a type of their own.
Key = bytes | UUID

#: Contacts to a statement: few enough for the parameter, which is one however many they are.
PIECE = 5_000


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads contacts as they stand, from one unchanging view of the tables."""

    marks: Marks

    def run(self, connection: Connection, account_id: int, contact_ids: Collection[UUID]) -> list[Standing]:
        """These contacts; those that are absent are not of this account."""
        wanted, found = list(dict.fromkeys(contact_ids)), list[Standing]()
        for start in range(0, len(wanted), PIECE):
            these = among_guids(contacts.c.contact_id, wanted[start : start + PIECE])
            chosen = _chosen().where(contacts.c.account_id == account_id, these)
            found += self._read(connection, account_id, chosen)[0]
        return found

    def bearing(
        self, connection: Connection, account_id: int, addresses: Collection[str]
    ) -> dict[str, Standing]:
        """The contacts that hold these normalised addresses, and a stranger for each that nobody holds."""
        held = holders(connection, account_id, addresses)
        barred = self._barred(connection, account_id, [one for one in addresses if one not in held])
        strangers = {
            one: Standing(STRANGER, one, LegalBasis.NONE, CATEGORIES, None, one in barred, 0, ())
            for one in addresses
            if one not in held
        }
        return strangers | {one.email: one for one in self.run(connection, account_id, held.values())}

    def page(
        self, connection: Connection, account_id: int, audience: Audience, after: int, limit: int
    ) -> tuple[list[Standing], int]:
        """Contacts of an audience in the order they got their addresses, and how far that is.

        The order in which they lie, more or less: nothing has to be looked for one by one. Whoever
        changes address meanwhile is met again.
        """
        c = contacts.c
        chosen = (
            _chosen()
            .where(*condition(connection, account_id, audience), c.addressed > after)
            .order_by(c.addressed)
            .limit(limit)
        )
        return self._read(connection, account_id, chosen, after)

    def _read(
        self, connection: Connection, account_id: int, chosen: Select[Any], after: int = 0
    ) -> tuple[list[Standing], int]:
        """The chosen contacts with the keys of their rows, and when the last of them got its address."""
        rows = connection.execute(_with_rows(chosen.subquery())).all()
        blocked = _blocked(connection, account_id, [row[0] for row in rows])
        barred = self._barred(connection, account_id, [row[1] for row in rows])
        honoured = honouring(connection, account_id)
        return _gathered(rows, blocked, barred, honoured), max((row[-1] for row in rows), default=after)

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


def _chosen() -> Select[Any]:
    c = contacts.c
    return select(c.account_id, c.contact_id, c.email, c.basis, c.value, c.hold, c.addressed)


def _with_rows(chosen: Subquery) -> Any:
    """Every contact once for each of its rows, and once where it has none; as the driver gives it.

    Turning columns into objects one by one would take longer than finding them.
    """
    c, k = chosen.c, links.c
    hub = (c.contact_id, c.email, c.basis, c.value, c.hold)
    told = (*hub, k.connection_id, k.row_id, k.no_email, c.addressed)
    theirs = and_(k.account_id == c.account_id, k.contact_id == c.contact_id)
    return select(*(type_coerce(column, NullType()) for column in told)).select_from(
        chosen.outerjoin(links, theirs)
    )


def _blocked(connection: Connection, account_id: int, keys: Sequence[Key]) -> dict[Key, int]:
    """The fields that waiting notices report refused, by contact (M8)."""
    n, k = notices.c, links.c
    refusing = (n.account_id == account_id, n.lane == REFUSES)
    if connection.execute(select(n.notice_id).where(*refusing).limit(1)).first() is None:
        return {}
    same = and_(k.account_id == n.account_id, k.connection_id == n.connection_id, k.row_id == n.row_id)
    theirs = among_guids(k.contact_id, [_uuid(key) for key in keys])
    statement = (
        select(type_coerce(k.contact_id, NullType()), n.refused)
        .select_from(links.join(notices, same))
        .where(*refusing, k.account_id == account_id, theirs)
    )
    found: dict[Key, int] = {}
    for key, refused in connection.execute(statement):
        found[key] = found.get(key, 0) | refused
    return found


def _gathered(
    rows: Iterable[Any], blocked: Mapping[Key, int], barred: Collection[str], honoured: Collection[int]
) -> list[Standing]:
    found: dict[Key, Standing] = {}
    for key, email, basis, value, hold, connection_id, row_id, no_email, _ in rows:
        at = () if row_id is None else ((connection_id, _bytes(row_id)),)
        never = bool(no_email) and connection_id in honoured
        if (known := found.get(key)) is not None:
            found[key] = known._replace(rows=known.rows + at, no_email=known.no_email or never)
            continue
        stopped, told = email in barred, blocked.get(key, 0)
        found[key] = Standing(_uuid(key), email, _BASES[basis], value, hold, stopped, told, at, never)
    return list(found.values())


def _uuid(key: Key) -> UUID:
    return UUID(bytes=key) if isinstance(key, bytes) else key


def _bytes(key: Key) -> bytes:
    return key if isinstance(key, bytes) else key.bytes


_BASES = {int(basis): basis for basis in LegalBasis}
