"""A notice is answered once it is durable, and one commit serves everybody who waits (M8)."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientSession
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from assent.errors import Bug, Retry
from assent.ports import Notice
from assent.services.application import Admitted
from assent.web.inbox import Inbox
from assent.web.server import create_app
from tests.app.world import until

from .listening import listening
from .room import ROW, Reply, Room, body

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOON = datetime(2026, 1, 1, tzinfo=UTC)


def notice(number: int = 1) -> Notice:
    """A notice about a row of its own."""
    return Notice(1, UUID(int=number), "update", 0, 1, NOON)


class Shelf:
    """A store of notices that fails as often as it is told, and wakes nobody."""

    def __init__(self, *failures: Exception) -> None:
        self.commits: list[tuple[int, list[Notice]]] = []
        self.failures = list(failures)
        self.woken: list[int] = []

    async def post(self, account_id: int, notices: Sequence[Notice]) -> None:
        """Keep notices after a moment, as a disk would."""
        await asyncio.sleep(0.002)
        if self.failures:
            raise self.failures.pop(0)
        self.commits.append((account_id, list(notices)))

    async def wake(self, account_id: int) -> None:
        """Note who was woken."""
        self.woken.append(account_id)

    def kept(self) -> set[UUID]:
        """Every row kept."""
        return {one.row_id for _, notices in self.commits for one in notices}


async def test_a_good_notice_is_durable_when_it_is_answered(served: Room) -> None:
    """204, then another process reads it from the file; and the account is woken (M8)."""
    answer = await served.post(body())
    assert (204, b"") == (answer.status, answer.body)
    assert [str(ROW)] == served.stored()
    (found,) = await served.app.store.memory.notices(served.account_id, 10)
    assert (4711, True, "update") == (found.version, bool(found.refused), found.operation)

    async def woken() -> bool:
        return ["drain-1-1"] == served.woken

    await until(woken)


async def test_a_merge_is_a_notice_about_two_rows(served: Room) -> None:
    """Both the surviving and the merged row are looked at (I4)."""
    other = uuid4()
    inputs = [{"key": "SubordinateId", "value": str(other)}]
    assert 204 == (await served.post(body(MessageName="Merge", InputParameters=inputs))).status
    assert {str(ROW), str(other)} == set(served.stored())


async def test_a_flood_is_stored_to_the_last_notice(served: Room) -> None:
    """300 posts at once are all answered 204 and all stored, and the wake-ups ask for one drain (P8)."""
    rows = [UUID(int=number) for number in range(1, 301)]
    answers = await asyncio.gather(*(served.post(body(row)) for row in rows))
    assert {204} == {answer.status for answer in answers}
    assert {str(row) for row in rows} == set(served.stored())

    async def woken() -> bool:
        return {"drain-1-1"} == set(served.woken)

    await until(woken)


async def test_good_and_bad_posts_at_once_do_not_disturb_each_other(served: Room) -> None:
    """Among 100 concurrent posts the bad are refused and exactly the good are stored (P8)."""
    rows = [UUID(int=number) for number in range(1, 51)]
    good = [served.post(body(row)) for row in rows]
    bad = [served.post(b"{") for _ in range(25)] + [served.post(body(), key="guess") for _ in range(25)]
    answers = await asyncio.gather(*good, *bad)
    assert [204] * 50 + [400] * 25 + [401] * 25 == [answer.status for answer in answers]
    assert {str(row) for row in rows} == set(served.stored())


async def test_one_commit_serves_everybody_who_waits() -> None:
    """300 puts at once cost a handful of commits, and every one is kept."""
    shelf = Shelf()
    inbox = Inbox(shelf.post, shelf.wake)
    await asyncio.gather(*(inbox.put(1, [notice(n)]) for n in range(1, 301)))
    assert {UUID(int=n) for n in range(1, 301)} == shelf.kept()
    assert len(shelf.commits) <= 3


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 3), st.booleans(), st.integers(0, 3)), min_size=1, max_size=30),
    st.lists(st.booleans(), max_size=6),
)
async def test_whoever_got_no_error_is_kept(puts: list[tuple[int, bool, int]], fails: list[bool]) -> None:
    """Under failing stores, leaving clients and any interleaving: a put that returned is durable (P6)."""
    shelf = Shelf(*(Retry("busy") for fail in fails if fail))
    inbox = Inbox(shelf.post, shelf.wake)

    async def one(number: int, account_id: int, leaves: bool, pause: int) -> int | None:
        await asyncio.sleep(pause * 0.001)
        put = asyncio.ensure_future(inbox.put(account_id, [notice(number)]))
        if leaves:
            await asyncio.sleep(0.001)
            put.cancel()
        try:
            await put
        except (Retry, asyncio.CancelledError):
            return None
        return number

    done = await asyncio.gather(*(one(n, *put) for n, put in enumerate(puts, start=1)))
    assert {UUID(int=n) for n in done if n is not None} <= shelf.kept()
    assert all(len({account_id}) == 1 for account_id, _ in shelf.commits)


async def _posts(app: Starlette, count: int) -> list[Reply]:
    async with listening(app) as url, ClientSession() as session:

        async def one() -> Reply:
            async with session.post(f"{url}/webhooks/dynamics/1", data=b"{}") as reply:
                headers = {name.lower(): value for name, value in reply.headers.items()}
                return Reply(reply.status, headers, await reply.read())

        return list(await asyncio.gather(*(one() for _ in range(count))))


@pytest.mark.parametrize(
    ("failure", "status"), [(Retry("busy"), 503), (Bug("x"), 500), (OSError("disk"), 500)]
)
async def test_a_store_that_fails_is_told_to_everybody_who_waits_and_to_nobody_after(
    failure: Exception, status: int
) -> None:
    """Each waiting poster gets an error, so that Dynamics sends again; the next post is stored (P8)."""
    shelf = Shelf(failure)

    async def admit(connection_id: int, key: str) -> Admitted:
        await asyncio.sleep(0.02)  # so that all of them wait for the same commit
        return Admitted(1, lambda _: [notice()])

    async def ready() -> bool:
        return True

    inbox = Inbox(shelf.post, shelf.wake)
    app = create_app(admit, inbox, ready)
    first = await _posts(app, 20)
    failed = [answer for answer in first if answer.status == status]
    assert failed
    assert {204, status} >= {answer.status for answer in first}
    for answer in failed:
        answer.problem()
    assert len(first) - len(failed) == sum(len(kept) for _, kept in shelf.commits)
    assert {204} == {answer.status for answer in await _posts(app, 3)}


async def test_a_wake_up_that_fails_costs_no_notice() -> None:
    """The notices are durable by then: the poster is told so, and later ones are served."""
    shelf = Shelf()

    async def fails(account_id: int) -> None:
        raise Retry("the engine is away")

    inbox = Inbox(shelf.post, fails)
    await inbox.put(1, [notice(1)])
    await inbox.put(1, [notice(2)])
    assert {UUID(int=1), UUID(int=2)} == shelf.kept()


async def test_a_wake_up_that_hangs_does_not_keep_notices_from_being_stored() -> None:
    """Blocking a send depends on the store alone, never on the durable engine answering (M8)."""
    shelf, never = Shelf(), asyncio.Event()

    async def hangs(account_id: int) -> None:
        await never.wait()

    inbox = Inbox(shelf.post, hangs)
    await asyncio.wait_for(inbox.put(1, [notice(1)]), 1)
    try:
        await asyncio.wait_for(inbox.put(1, [notice(2)]), 0.3)
    finally:
        never.set()


async def test_health_and_readiness_say_so(served: Room) -> None:
    """Liveness answers by itself, readiness asks the database."""
    for path, text in (("healthz", b"ok"), ("readyz", b"ready")):
        answer = await served.call("GET", f"{served.url}/{path}")
        assert (200, text) == (answer.status, answer.body)


async def test_not_ready_is_said_while_alive(served: Room) -> None:
    """With the database gone the process is alive (200) and not ready (503, a problem document)."""

    async def admit(connection_id: int, key: str) -> Admitted:
        raise Bug("unused")

    async def away() -> bool:
        raise Retry("the database does not answer; try again")

    shelf = Shelf()
    async with listening(create_app(admit, Inbox(shelf.post, shelf.wake), away)) as url:
        assert 200 == (await served.call("GET", f"{url}/healthz")).status
        answer = await served.call("GET", f"{url}/readyz")
    assert 503 == answer.status
    assert answer.problem()
