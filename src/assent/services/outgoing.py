"""Outgoing webhooks: who is told of permission changes, what they were told, and telling it again."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from sqlalchemy import Connection

from assent.errors import Conflict, Invalid, Unknown
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.events import PING, encoded
from assent.services.paging import Page, within_limit
from assent.services.posting import checked_url, opened, post
from assent.services.signing import Secrets, headers, read_secrets, write_secrets
from assent.services.telling import message_id, next_run
from assent.store import deliveries as told
from assent.store import endpoints as stored
from assent.store.counters import lock_account
from assent.store.endpoints import ENDPOINT_LIMIT, NewEndpoint

#: The longest note beside an endpoint.
LONGEST_DESCRIPTION = 200

_SECRET_BYTES = 32


class State(Enum):
    """How telling an event to an endpoint stands."""

    WAITING = told.WAITING
    DELIVERED = told.DELIVERED
    FAILED = told.FAILED


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where events are told. While `rests_until` lies ahead it is left alone after `failures` in a row."""

    endpoint_id: int
    url: str
    description: str
    active: bool
    failures: int
    rests_until: datetime | None
    waiting: int
    failed: int
    last_delivered_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MadeEndpoint:
    """A new endpoint and its secret, which is shown this once."""

    endpoint: Endpoint
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one endpoint: what became of it, and when it is tried again."""

    delivery_id: int
    endpoint_id: int
    message_id: str
    kind: str
    state: State
    attempts: int
    status: int | None
    problem: str
    created_at: datetime
    next_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Pinged:
    """How an endpoint answered to a test event; `problem` says in words what was wrong."""

    taken: bool
    status: int | None
    problem: str


async def endpoints(app: Application, caller: Caller) -> list[Endpoint]:
    """Every endpoint of the account, in the order they were made."""
    caller.require(Right.PEOPLE)
    found = await app.store.database.read(lambda c: stored.all_of(c, caller.account_id))
    tallies = await app.store.database.read(lambda c: told.tallies(c, caller.account_id))
    return [_endpoint(one, *tallies.get(one.endpoint_id, (0, 0, None))) for one in found]


async def endpoint(app: Application, caller: Caller, endpoint_id: int) -> Endpoint:
    """One endpoint; raises Unknown."""
    for one in await endpoints(app, caller):
        if one.endpoint_id == endpoint_id:
            return one
    raise Unknown("this account has no such webhook endpoint")


async def add_endpoint(app: Application, caller: Caller, url: str, description: str = "") -> MadeEndpoint:
    """Tell an address everything that happens from now on; the answer holds its secret, this once.

    Raises Invalid for an address that may not be told anything, Conflict where there are too many.
    """
    caller.require(Right.PEOPLE)
    secrets = Secrets(_fresh(app))
    sealed = app.store.accounts.vault.wrap(write_secrets(secrets))
    new = NewEndpoint(_url(app, url), _described(description), sealed)
    now = app.clock.now()
    made = await app.store.database.write(lambda c: stored.add(c, caller.account_id, new, now))
    if made is None:
        raise Conflict(f"An account has at most {ENDPOINT_LIMIT} webhook endpoints; remove one first.")
    return MadeEndpoint(await endpoint(app, caller, made), secrets.shown)


async def change_endpoint(
    app: Application,
    caller: Caller,
    endpoint_id: int,
    *,
    url: str | None = None,
    description: str | None = None,
    active: bool | None = None,
) -> Endpoint:
    """Change what is given; an endpoint switched on again is told what happened meanwhile, in order.

    Raises Unknown and Invalid.
    """
    caller.require(Right.PEOPLE)
    values: dict[str, object] = {}
    if url is not None:
        values |= {"url": _url(app, url), "failures": 0, "rests_until": None}
    if description is not None:
        values["description"] = _described(description)
    if active is not None:
        values |= {"active": active, "failures": 0, "rests_until": None}
    if values:
        await app.store.database.write(lambda c: stored.change(c, caller.account_id, endpoint_id, **values))
        await app.work.ask(await next_run(app.store, caller.account_id))
    return await endpoint(app, caller, endpoint_id)


async def remove_endpoint(app: Application, caller: Caller, endpoint_id: int) -> None:
    """Tell an endpoint nothing more, and forget what it was told; raises Unknown."""
    caller.require(Right.PEOPLE)
    await app.store.database.write(lambda c: stored.remove(c, caller.account_id, endpoint_id))


async def rotate_secret(app: Application, caller: Caller, endpoint_id: int) -> str:
    """Give an endpoint another secret, shown this once; the old one signs along for a day. Raises Unknown."""
    caller.require(Right.PEOPLE)
    vault, fresh, now = app.store.accounts.vault, _fresh(app), app.clock.now()

    def work(connection: Connection) -> str:
        lock_account(
            connection, caller.account_id
        )  # of two at once, the later signs along with the earlier's
        found = stored.one(connection, caller.account_id, endpoint_id)
        secrets = read_secrets(found.open(vault)).rotated(fresh, now)
        sealed = vault.wrap(write_secrets(secrets))
        stored.change(connection, caller.account_id, endpoint_id, secret=sealed)
        return secrets.shown

    return await app.store.database.write(work)


async def ping(app: Application, caller: Caller, endpoint_id: int) -> Pinged:
    """Post a test event at once, and tell how it was answered.

    Raises Unknown, and Invalid for an address the operator allows no more.
    """
    caller.require(Right.PEOPLE)
    found = await app.store.database.read(lambda c: stored.one(c, caller.account_id, endpoint_id))
    secrets = read_secrets(found.open(app.store.accounts.vault))
    now = app.clock.now()
    body = encoded(PING, now, {"endpoint_id": endpoint_id})
    signed = headers(secrets.at(now), f"ping_{app.ids.new()}", now, body)
    async with opened(allow_other_hosts=app.settings.allow_other_hosts) as session:
        answer = await post(session, _url(app, found.url), signed, body)
    return Pinged(answer.taken, answer.status, answer.problem)


async def deliveries(
    app: Application,
    caller: Caller,
    endpoint_id: int,
    *,
    state: State | None = None,
    after: str = "",
    limit: int = 100,
) -> Page[Delivery]:
    """What an endpoint is told, newest first; raises Unknown."""
    caller.require(Right.PEOPLE)
    limit, before = within_limit(limit), _number(after)
    word = "" if state is None else state.value
    await app.store.database.read(lambda c: stored.one(c, caller.account_id, endpoint_id))
    found = await app.store.database.read(
        lambda c: told.page(c, caller.account_id, endpoint_id, before, limit + 1, word)
    )
    items = tuple(_delivery(caller.account_id, one) for one in found[:limit])
    return Page(items, str(items[-1].delivery_id) if len(found) > limit else "")


async def replay(app: Application, caller: Caller, delivery_id: int) -> None:
    """Tell one event once more under the same id, whatever became of it before; raises Unknown."""
    caller.require(Right.PEOPLE)
    now = app.clock.now()
    if not await app.store.database.write(lambda c: told.replay(c, caller.account_id, delivery_id, now)):
        raise Unknown("this account has no such webhook delivery")
    await app.work.ask(await next_run(app.store, caller.account_id))


async def replay_failed(app: Application, caller: Caller, endpoint_id: int, since: datetime) -> int:
    """Tell again everything given up since a moment; gives how much that is. Raises Unknown."""
    caller.require(Right.PEOPLE)
    now = app.clock.now()
    await app.store.database.read(lambda c: stored.one(c, caller.account_id, endpoint_id))
    again = await app.store.database.write(
        lambda c: told.replay_failed(c, caller.account_id, endpoint_id, since, now)
    )
    await app.work.ask(await next_run(app.store, caller.account_id))
    return again


def _url(app: Application, url: str) -> str:
    return checked_url(url, allow_other_hosts=app.settings.allow_other_hosts)


def _described(description: str) -> str:
    if len(description.strip()) > LONGEST_DESCRIPTION:
        raise Invalid(f"A description has at most {LONGEST_DESCRIPTION} characters.")
    return description.strip()


def _fresh(app: Application) -> bytes:
    return app.store.accounts.vault.entropy(_SECRET_BYTES)


def _number(after: str) -> int | None:
    if not after:
        return None
    if not (after.isascii() and after.isdigit() and len(after) <= 18):
        raise Invalid("This is not a place in the list of deliveries; begin without one.")
    return int(after)


def _endpoint(one: stored.Endpoint, waiting: int, failed: int, last: datetime | None) -> Endpoint:
    return Endpoint(
        endpoint_id=one.endpoint_id,
        url=one.url,
        description=one.description,
        active=one.active,
        failures=one.failures,
        rests_until=one.rests_until,
        waiting=waiting,
        failed=failed,
        last_delivered_at=last,
        created_at=one.created_at,
    )


def _delivery(account_id: int, one: told.Delivery) -> Delivery:
    return Delivery(
        delivery_id=one.delivery_id,
        endpoint_id=one.endpoint_id,
        message_id=message_id(account_id, one.place),
        kind=one.kind,
        state=State(one.state),
        attempts=one.attempts,
        status=one.status,
        problem=one.problem,
        created_at=one.created_at,
        next_at=one.next_at,
        finished_at=one.finished_at,
    )
