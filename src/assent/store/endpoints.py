"""Where permission changes are told by webhooks: address, sealed secret, and how far the ledger was told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, delete, exists, func, or_, select, update

from assent.errors import Unknown
from assent.ledger.seal import Vault
from assent.store.counters import lock_account, take_numbers
from assent.store.deliveries import WAITING
from assent.store.deliveries import add as add_deliveries
from assent.store.desk_schema import deliveries, endpoints
from assent.store.reading import Place
from assent.store.schema import accounts

#: The most endpoints an account may have.
ENDPOINT_LIMIT = 20

#: A place behind every entry of a link.
LAST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint as it is worked with; `secret` is still sealed."""

    account_id: int
    endpoint_id: int
    url: str
    description: str
    active: bool
    failures: int
    rests_until: datetime | None
    place: Place
    created_at: datetime
    secret: bytes = field(repr=False)

    def open(self, vault: Vault) -> bytes:
        """Unseal the secret."""
        return vault.unwrap(self.secret)


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """What is stored of an endpoint somebody adds; `secret` is sealed."""

    url: str
    description: str
    secret: bytes = field(repr=False)


def add(connection: Connection, account_id: int, new: NewEndpoint, now: datetime) -> int | None:
    """Store an endpoint that is told everything from now on; None where there are too many already."""
    lock_account(connection, account_id)
    e = endpoints.c
    many = connection.execute(select(func.count()).where(e.account_id == account_id)).scalar_one()
    if many >= ENDPOINT_LIMIT:
        return None
    endpoint_id = take_numbers(connection, account_id, "endpoint")[0]
    connection.execute(
        endpoints.insert().values(
            account_id=account_id,
            endpoint_id=endpoint_id,
            url=new.url,
            description=new.description,
            secret=new.secret,
            seq=_head(connection, account_id),
            position=LAST,
            created_at=now,
        )
    )
    return endpoint_id


def all_of(connection: Connection, account_id: int) -> list[Endpoint]:
    """Every endpoint of an account, in the order they were made."""
    e = endpoints.c
    statement = select(endpoints).where(e.account_id == account_id).order_by(e.endpoint_id)
    return [_endpoint(row) for row in connection.execute(statement).all()]


def one(connection: Connection, account_id: int, endpoint_id: int) -> Endpoint:
    """One endpoint; raises Unknown."""
    e = endpoints.c
    statement = select(endpoints).where(e.account_id == account_id, e.endpoint_id == endpoint_id)
    row = connection.execute(statement).first()
    if row is None:
        raise Unknown("this account has no such webhook endpoint")
    return _endpoint(row)


def change(connection: Connection, account_id: int, endpoint_id: int, **values: object) -> None:
    """Set columns of an endpoint; raises Unknown."""
    e = endpoints.c
    done = connection.execute(
        update(endpoints).where(e.account_id == account_id, e.endpoint_id == endpoint_id).values(**values)
    )
    if not done.rowcount:
        raise Unknown("this account has no such webhook endpoint")


def remove(connection: Connection, account_id: int, endpoint_id: int) -> None:
    """Remove an endpoint and everything that was or would have been told it; raises Unknown."""
    one(connection, account_id, endpoint_id)
    for table in (deliveries, endpoints):
        theirs = and_(table.c.account_id == account_id, table.c.endpoint_id == endpoint_id)
        connection.execute(delete(table).where(theirs))


@dataclass(frozen=True, slots=True)
class Step:
    """A piece of the ledger for one endpoint: from behind one place through another, and its events."""

    endpoint: Endpoint
    at: Place
    to: Place
    events: Sequence[tuple[Place, str]]
    now: datetime

    def run(self, connection: Connection) -> bool:
        """Make deliveries of the events, unless somebody did so meanwhile; tells whether they were made."""
        e, account_id, endpoint_id = endpoints.c, self.endpoint.account_id, self.endpoint.endpoint_id
        done = connection.execute(
            update(endpoints)
            .where(
                e.account_id == account_id,
                e.endpoint_id == endpoint_id,
                e.seq == self.at.seq,
                e.position == self.at.position,
            )
            .values(seq=self.to.seq, position=self.to.position)
        )
        if done.rowcount:
            add_deliveries(connection, account_id, endpoint_id, self.events, self.now)
        return bool(done.rowcount)


def failed(connection: Connection, endpoint: Endpoint, rests_until: datetime) -> None:
    """Count one more failure in a row, and leave the endpoint alone for a while."""
    failures = case((endpoints.c.failures < 1000, endpoints.c.failures + 1), else_=1000)
    change(connection, endpoint.account_id, endpoint.endpoint_id, failures=failures, rests_until=rests_until)


def owed(connection: Connection, now: datetime) -> list[int]:
    """Accounts with an endpoint that is to be told something now."""
    e, a = endpoints.c, accounts.c
    ready = or_(e.rests_until.is_(None), e.rests_until <= now)
    statement = (
        select(e.account_id)
        .distinct()
        .select_from(endpoints.join(accounts, a.account_id == e.account_id))
        .where(e.active.is_(True), or_(a.ledger_seq > e.seq, and_(ready, _due(now))))
        .order_by(e.account_id)
    )
    return list(connection.execute(statement).scalars())


def _due(now: datetime) -> Any:
    d, e = deliveries.c, endpoints.c
    return exists().where(
        d.account_id == e.account_id,
        d.endpoint_id == e.endpoint_id,
        d.state == WAITING,
        d.next_at <= now,
    )


def _head(connection: Connection, account_id: int) -> int:
    statement = select(accounts.c.ledger_seq).where(accounts.c.account_id == account_id)
    return int(connection.execute(statement).scalar_one())


def _endpoint(row: Any) -> Endpoint:
    return Endpoint(
        account_id=row.account_id,
        endpoint_id=row.endpoint_id,
        url=row.url,
        description=row.description,
        active=row.active,
        failures=row.failures,
        rests_until=row.rests_until,
        place=Place(row.seq, row.position),
        created_at=row.created_at,
        secret=bytes(row.secret),
    )
