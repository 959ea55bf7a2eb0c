"""Tells endpoints what changed: the ledger is the outbox, every entry becomes one delivery per endpoint."""

import asyncio
from collections.abc import Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from aiohttp import ClientSession

from assent.errors import Invalid, Unknown
from assent.ports import Clock, Ids
from assent.services.events import About, body_of, kind_of
from assent.services.posting import ANSWER_S, Answer, checked_url, opened, post
from assent.services.signing import headers, read_secrets
from assent.store import deliveries, endpoints
from assent.store.deliveries import DELIVERED, FAILED, WAITING, Delivery, Outcome
from assent.store.endpoints import Endpoint, Step
from assent.store.opening import Store
from assent.store.reading import Place, Recorded
from assent.work.durable import Errand, Kind, Work

log = structlog.get_logger()

#: The counter of runs: they are numbered as they begin, and whoever asks gets one that begins after.
BEGUN = "notify-begun"

#: Errands of one account take these numbers in turn, so that one may begin while another still ends.
TURNS = 3

#: Entries turned into deliveries per step, and deliveries read per step.
STEP = 500
BATCH = 5

#: How long an endpoint is left to a process that died: longer than a batch takes.
LEASE = timedelta(seconds=60)

_ENDPOINTS = 7 << 64


@dataclass(frozen=True, slots=True)
class Patience:
    """When a delivery is tried again, and how long an endpoint that fails is left alone.

    A run waits for what comes due within `lingers`, and leaves the rest to the next tick.
    """

    retries: tuple[timedelta, ...] = (
        timedelta(seconds=5),
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=30),
        timedelta(hours=2),
        timedelta(hours=5),
        timedelta(hours=10),
    )
    rests: tuple[timedelta, ...] = (timedelta(seconds=5), timedelta(minutes=1))
    lingers: timedelta = timedelta(seconds=8)
    answer_s: float = ANSWER_S
    looks_s: float = 0.2


PATIENT = Patience()


class Telling:
    """`jobs.Errands` of outgoing webhooks.

    Any number of runs may work for one account: an endpoint is served by one at a time, so that it is
    told in the order of the ledger, and a run ends only after a look at which nothing was due.
    """

    def __init__(
        self, store: Store, clock: Clock, ids: Ids, *, allow_other_hosts: bool, patience: Patience = PATIENT
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._allow_other_hosts = allow_other_hosts
        self._patience = patience
        self._work: Work | None = None
        self._asking: set[asyncio.Task[None]] = set()

    def through(self, work: Work) -> None:
        """Ask for runs here; said once everything is wired."""
        self._work = work

    async def ask(self, account_id: int) -> None:
        """See to it that a run begins after this moment, where anybody is owed anything."""
        now = self._clock.now()
        owed = await self._store.database.read(lambda c: endpoints.owed(c, now))
        if self._work is None or account_id not in owed:
            return
        # Outside the workflow this may be called from: within a step nothing new can be started.
        asking = asyncio.create_task(self._ask(self._work, account_id), context=Context())
        self._asking.add(asking)
        asking.add_done_callback(self._asking.discard)

    async def _ask(self, work: Work, account_id: int) -> None:
        try:
            await work.ask(await next_run(self._store, account_id))
        except Exception as error:  # noqa: BLE001 - the next tick finds what is owed
            log.warning("telling_not_asked", account_id=account_id, error=type(error).__name__)

    async def perform(self, account_id: int, number: int) -> Mapping[str, Any]:
        """Tell every endpoint what it is owed now and within seconds."""
        await self._store.accounts.count(account_id, BEGUN)
        patience, told = self._patience, 0
        async with opened(allow_other_hosts=self._allow_other_hosts, answer_s=patience.answer_s) as session:
            while True:
                ready = await self._ready(account_id)
                told += sum(await asyncio.gather(*(self._tell(session, endpoint) for endpoint in ready)))
                wait = await self._until_next(account_id)
                if wait is None or wait > patience.lingers:
                    return {"told": told}
                await asyncio.sleep(max(wait.total_seconds(), patience.looks_s))

    async def owed(self) -> list[tuple[int, int]]:
        """Accounts with something to tell now: a retry came due, or whoever owed it has died."""
        now = self._clock.now()
        found = await self._store.database.read(lambda c: endpoints.owed(c, now))
        runs = [await next_run(self._store, account_id) for account_id in found]
        return [(run.account_id, run.number) for run in runs]

    async def _ready(self, account_id: int) -> list[Endpoint]:
        """Turn new ledger entries into deliveries; gives the endpoints that may be told something now."""
        found = await self._store.database.read(lambda c: endpoints.all_of(c, account_id))
        active = [endpoint for endpoint in found if endpoint.active]
        for endpoint in active:
            await self._fan_out(endpoint)
        now = self._clock.now()
        return [e for e in active if e.rests_until is None or e.rests_until <= now]

    async def _fan_out(self, endpoint: Endpoint) -> None:
        account_id, place = endpoint.account_id, endpoint.place
        while page := await self._store.ledger.entries(account_id, after=place, limit=STEP):
            events = [(r.place, kind) for r in page if (kind := kind_of(r.entry))]
            step = Step(endpoint, place, page[-1].place, events, self._clock.now())
            if not await self._store.database.write(step.run):
                return  # another run is at it
            place = step.to

    async def _tell(self, session: ClientSession, endpoint: Endpoint) -> int:
        """Tell one endpoint what is due, in order, until it fails; gives how much it took."""
        told, owner = 0, self._ids.new()
        try:
            while await self._held(endpoint, owner):
                for delivery in (due := await self._due(endpoint)):
                    answer = await self._post(session, endpoint, delivery)
                    told += answer.taken
                    if answer.passing or answer.gone:
                        return told
                if not due:
                    return told
        except Unknown:
            log.info("endpoint_removed_meanwhile", endpoint_id=endpoint.endpoint_id)
        finally:
            await self._store.memory.release(endpoint.account_id, owner)
        return told

    async def _held(self, endpoint: Endpoint, owner: UUID) -> set[UUID]:
        """Take the endpoint, or go on holding it; empty while another run has it."""
        key = UUID(int=_ENDPOINTS | endpoint.endpoint_id)
        until = self._clock.now() + LEASE
        return await self._store.memory.claim(endpoint.account_id, [key], owner, until)

    async def _due(self, endpoint: Endpoint) -> list[Delivery]:
        now, account_id = self._clock.now(), endpoint.account_id
        return await self._store.database.read(
            lambda c: deliveries.due(c, account_id, endpoint.endpoint_id, now, BATCH)
        )

    async def _post(self, session: ClientSession, endpoint: Endpoint, delivery: Delivery) -> Answer:
        account_id = endpoint.account_id
        body = await self._body(account_id, delivery)
        secrets = read_secrets(endpoint.open(self._store.accounts.vault))
        now = self._clock.now()
        signed = headers(secrets.at(now), message_id(account_id, delivery.place), now, body)
        try:
            url = checked_url(endpoint.url, allow_other_hosts=self._allow_other_hosts)
            answer = await post(session, url, signed, body)
        except Invalid:  # the operator allows fewer hosts than when it was added
            answer = Answer(None, "Its address is not allowed any more.", passing=True)
        outcome, ended = self._outcome(delivery, answer), self._clock.now()

        def work(c: Any) -> None:
            deliveries.end(c, account_id, delivery.delivery_id, outcome)
            if answer.gone:
                endpoints.change(c, account_id, endpoint.endpoint_id, active=False)
            elif answer.passing:
                endpoints.failed(c, endpoint, ended + self._rest(c, endpoint, answer))
            elif endpoint.failures:
                endpoints.change(c, account_id, endpoint.endpoint_id, failures=0, rests_until=None)

        await self._store.database.write(work)
        return answer

    def _rest(self, c: Any, endpoint: Endpoint, answer: Answer) -> timedelta:
        failures = endpoints.one(c, endpoint.account_id, endpoint.endpoint_id).failures
        rest = self._patience.rests[min(failures, len(self._patience.rests) - 1)]
        return max(rest, timedelta(seconds=answer.pause_s))

    def _outcome(self, delivery: Delivery, answer: Answer) -> Outcome:
        now, attempts = self._clock.now(), delivery.attempts + 1
        if answer.taken:
            return Outcome(DELIVERED, attempts, answer.status, "", None, now)
        retries = self._patience.retries
        if answer.gone or attempts > len(retries):
            return Outcome(FAILED, attempts, answer.status, answer.problem, None, now)
        next_at = now + max(retries[attempts - 1], timedelta(seconds=answer.pause_s))
        return Outcome(WAITING, attempts, answer.status, answer.problem, next_at, None)

    async def _body(self, account_id: int, delivery: Delivery) -> bytes:
        place = Place(delivery.place.seq, delivery.place.position - 1)
        (recorded,) = await self._store.ledger.entries(account_id, after=place, limit=1)
        return body_of(recorded, delivery.kind, await self._about(account_id, recorded))

    async def _about(self, account_id: int, recorded: Recorded) -> About:
        contact_id = recorded.entry.contact_id
        wanted: Sequence[UUID] = [] if contact_id is None else [contact_id]
        shown = await self._store.database.read(lambda c: deliveries.shown_addresses(c, account_id, wanted))
        categories = await self._store.accounts.categories(account_id)
        return About(next(iter(shown.values()), None), categories)

    async def _until_next(self, account_id: int) -> timedelta | None:
        """How long until anything is due; None where nothing waits."""
        now = self._clock.now()
        found = await self._store.database.read(lambda c: endpoints.all_of(c, account_id))
        due = await self._store.database.read(lambda c: deliveries.next_due(c, account_id))
        times = [
            max(due[e.endpoint_id], e.rests_until or now) for e in found if e.active and e.endpoint_id in due
        ]
        return max(min(times) - now, timedelta(0)) if times else None


def message_id(account_id: int, place: Place) -> str:
    """The id of an event: the same at every attempt, every replay and every endpoint."""
    return f"evt_{account_id}_{place.seq}_{place.position}"


async def next_run(store: Store, account_id: int) -> Errand:
    """The errand that begins after this moment."""
    begun = await store.accounts.counted(account_id, BEGUN)
    return Errand(Kind.NOTIFY, account_id, (begun + 1) % TURNS)
