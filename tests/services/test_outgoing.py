"""Outgoing webhooks: whoever is to be told is told everything once, in order, whatever happens on the way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

from assent.errors import Conflict, Invalid, NotAllowed, Unknown
from assent.policy.permission import LegalBasis
from assent.ports import Act
from assent.services import outgoing
from assent.services.access import Caller, Role, caller, operator
from assent.services.application import Application
from assent.services.outgoing import Endpoint, State
from assent.services.posting import checked_url, opened, post
from assent.services.telling import Patience, Telling
from assent.store.desk_schema import deliveries
from tests.app.world import ADMIN, FORM, HERSELF, Office, account, add, office, until
from tests.services.receiver import Receiver, receiver

SOON = Patience(
    retries=tuple(timedelta(seconds=0.1) for _ in range(3)),
    rests=(timedelta(seconds=0.1),),
    lingers=timedelta(seconds=2),
    answer_s=0.3,
    looks_s=0.02,
)


@dataclass
class Desk:
    """An account with somebody to tell."""

    office: Office
    account_id: int
    stack: AsyncExitStack
    patience: Patience = SOON
    told: list[Receiver] = field(default_factory=list)

    @property
    def app(self) -> Application:
        """The application."""
        return self.office.app

    @property
    def admin(self) -> Caller:
        """Who may everything."""
        return operator(self.account_id)

    async def endpoint(self) -> tuple[Receiver, Endpoint]:
        """A receiver that is told from now on."""
        found = await self.stack.enter_async_context(receiver())
        made = await outgoing.add_endpoint(self.app, self.admin, found.url)
        found.secret = made.secret
        return found, made.endpoint

    async def tell(self) -> None:
        """One errand, as the worker runs it."""
        app = self.app
        telling = Telling(app.store, app.clock, app.ids, allow_other_hosts=True, patience=self.patience)
        await telling.perform(self.account_id, 0)

    async def add(self, *emails: str, basis: LegalBasis = LegalBasis.CONSENT) -> list[UUID]:
        """Contacts an admin creates."""
        return await add(self.app, self.account_id, *emails, basis=basis)

    async def act(self, contact_id: UUID, **what: object) -> None:
        """The contact sets something."""
        act = Act(contact_id, **what)  # type: ignore[arg-type]
        await self.app.act(self.account_id, HERSELF, [act], FORM)

    async def state(self, endpoint_id: int) -> list[State]:
        """Where the deliveries stand, oldest first."""
        page = await outgoing.deliveries(self.app, self.admin, endpoint_id)
        return [one.state for one in reversed(page.items)]


@pytest.fixture
async def desk(tmp_path: Path, database_url: str) -> AsyncIterator[Desk]:
    """An account without connections, on each kind of database."""
    async with office(tmp_path, database_url=database_url) as at, AsyncExitStack() as stack:
        yield Desk(at, await account(at.app), stack)


async def test_an_unmodified_verifier_takes_what_is_told(desk: Desk) -> None:
    """Type, time and data stand in a body whose signature a third party's library accepts."""
    found, _ = await desk.endpoint()
    (ada,) = await desk.add("Ada@person.example")
    await desk.act(ada, basis=LegalBasis.WITHDRAWN)
    await desk.tell()
    assert 0 == found.forged
    assert ["contact.created", "contact.permission.changed"] == found.types
    changed = found.taken[1][1]
    assert {"old": "consent", "new": "withdrawn"} == changed["data"]["basis"]
    assert (str(ada), "Ada@person.example") == (changed["data"]["contact_id"], changed["data"]["email"])
    assert {"kind": "contact"} == changed["data"]["actor"]
    assert changed["timestamp"].endswith("Z")


async def test_subscriptions_are_told_by_category(desk: Desk) -> None:
    """Only the answer that moved is told, with both its values."""
    found, _ = await desk.endpoint()
    (ada,) = await desk.add("ada@person.example")
    (news, _) = await desk.app.store.accounts.categories(desk.account_id)
    await desk.act(ada, answered=news.bit, value=0)
    await desk.tell()
    assert "contact.subscription.changed" == found.types[-1]
    moved = found.taken[-1][1]["data"]["subscriptions"]
    assert [{"category": "asn_News", "name": "News", "old": True, "new": False}] == moved


async def test_an_act_that_changes_nothing_is_told_to_nobody(desk: Desk) -> None:
    """It counts for the sync (M3), and is no change for others."""
    found, _ = await desk.endpoint()
    (ada,) = await desk.add("ada@person.example", basis=LegalBasis.WITHDRAWN)
    await desk.act(ada, basis=LegalBasis.WITHDRAWN)
    await desk.tell()
    assert ["contact.created"] == found.types


async def test_what_happened_before_an_endpoint_was_added_is_not_told(desk: Desk) -> None:
    """It hears from now on."""
    (ada,) = await desk.add("ada@person.example")
    found, _ = await desk.endpoint()
    await desk.act(ada, basis=LegalBasis.WITHDRAWN)
    await desk.tell()
    assert ["contact.permission.changed"] == found.types


@pytest.mark.parametrize("trouble", [[500, 503], ["hang"], [302, 400], [429, "hang", 404]])
async def test_nothing_is_lost_while_an_endpoint_fails(desk: Desk, trouble: list[int | str]) -> None:
    """Errors, silence and redirects are tried again under the same id, and each event is taken once."""
    found, endpoint = await desk.endpoint()
    found.answers = list(trouble)
    await desk.add(*(f"p{n}@person.example" for n in range(5)))
    await desk.tell()
    assert 5 == len(found.ids) == len(set(found.ids))
    assert set(found.tried) == set(found.ids)
    assert 5 + len(trouble) == len(found.tried)
    assert [State.DELIVERED] * 5 == await desk.state(endpoint.endpoint_id)


async def test_each_endpoint_is_told_in_the_order_of_the_ledger(desk: Desk) -> None:
    """However many errands run at once, first attempts follow the ledger and nothing is told twice."""
    found = [(await desk.endpoint())[0] for _ in range(3)]
    people = await desk.add(*(f"p{n}@person.example" for n in range(10)))

    async def acts() -> None:
        for contact_id in people:
            await desk.act(contact_id, basis=LegalBasis.WITHDRAWN)

    await asyncio.gather(acts(), *(desk.tell() for _ in range(3)))
    await desk.tell()
    for one in found:
        assert [str(c) for c in people] * 2 == [body["data"]["contact_id"] for _, body in one.taken]
        assert one.ids == one.tried
        assert found[0].ids == one.ids


async def first_heard(slow: Receiver, fast: Receiver) -> bool:
    """Both were told something, and only the fast one answered."""
    return bool(slow.tried and fast.taken)


@pytest.mark.thorough
async def test_a_slow_endpoint_holds_up_no_other(desk: Desk) -> None:
    """While one hangs, an errand that begins later serves the rest."""
    desk.patience = replace(SOON, answer_s=2.0)
    slow, _ = await desk.endpoint()
    fast, _ = await desk.endpoint()
    slow.answers = ["hang"]
    await desk.add("first@person.example")
    hanging = asyncio.create_task(desk.tell())
    await until(lambda: first_heard(slow, fast))
    await desk.add("second@person.example")
    later = asyncio.create_task(desk.tell())
    await asyncio.sleep(0.5)
    assert 2 == len(fast.taken)
    assert 0 == len(slow.taken)
    await asyncio.gather(hanging, later)
    assert 2 == len(slow.taken)


async def test_an_endpoint_that_is_gone_is_switched_off(desk: Desk) -> None:
    """410 ends it at once; switched on again it is told what happened meanwhile."""
    found, endpoint = await desk.endpoint()
    found.answers = [410]
    await desk.add("a@person.example", "b@person.example")
    await desk.tell()
    stands = await outgoing.endpoint(desk.app, desk.admin, endpoint.endpoint_id)
    assert (False, 1, 1) == (stands.active, stands.waiting, stands.failed)
    await desk.add("c@person.example")
    await desk.tell()
    assert [] == found.taken
    await outgoing.change_endpoint(desk.app, desk.admin, endpoint.endpoint_id, active=True)
    await desk.tell()
    assert 2 == len(found.taken)


async def test_what_was_given_up_can_be_told_again(desk: Desk) -> None:
    """After the last try a delivery has failed; replayed, it comes under the id it had."""
    found, endpoint = await desk.endpoint()
    found.down = 500
    await desk.add("a@person.example", "b@person.example")
    for _ in range(12):
        await desk.tell()
    assert [State.FAILED] * 2 == await desk.state(endpoint.endpoint_id)
    found.down = 0
    since = desk.app.clock.now() - timedelta(hours=1)
    assert 2 == await outgoing.replay_failed(desk.app, desk.admin, endpoint.endpoint_id, since)
    await desk.tell()
    assert set(found.tried) == set(found.ids)
    (newest, *_) = (await outgoing.deliveries(desk.app, desk.admin, endpoint.endpoint_id)).items
    await outgoing.replay(desk.app, desk.admin, newest.delivery_id)
    await desk.tell()
    assert newest.message_id == found.ids[-1] == found.ids[-2]


async def test_both_secrets_sign_for_a_day_after_a_change(desk: Desk) -> None:
    """Receivers may change over when it suits them."""
    found, endpoint = await desk.endpoint()
    fresh = await outgoing.rotate_secret(desk.app, desk.admin, endpoint.endpoint_id)
    await desk.add("a@person.example")
    await desk.tell()
    assert fresh != found.secret
    found.secret = fresh
    await desk.add("b@person.example")
    await desk.tell()
    assert (2, 0) == (len(found.taken), found.forged)


async def test_of_two_changes_at_once_both_secrets_sign(desk: Desk) -> None:
    """Whoever got one of them can verify with it."""
    found, endpoint = await desk.endpoint()
    made = await asyncio.gather(
        *(outgoing.rotate_secret(desk.app, desk.admin, endpoint.endpoint_id) for _ in range(2))
    )
    for found.secret in made:
        await desk.add(f"{len(found.taken)}@person.example")
        await desk.tell()
    assert (2, 0) == (len(found.taken), found.forged)


async def test_a_ping_says_how_the_endpoint_answers(desk: Desk) -> None:
    """In words, at once, and without a delivery."""
    found, endpoint = await desk.endpoint()
    assert (await outgoing.ping(desk.app, desk.admin, endpoint.endpoint_id)).taken
    assert ["assent.ping"] == found.types
    found.answers = [302]
    pinged = await outgoing.ping(desk.app, desk.admin, endpoint.endpoint_id)
    assert (False, 302) == (pinged.taken, pinged.status)
    assert "redirect" in pinged.problem
    assert [] == await desk.state(endpoint.endpoint_id)


async def test_an_endpoint_takes_its_deliveries_with_it(desk: Desk) -> None:
    """Nothing of it is kept, and nothing more is told."""
    found, endpoint = await desk.endpoint()
    await desk.add("a@person.example")
    await desk.tell()
    await outgoing.remove_endpoint(desk.app, desk.admin, endpoint.endpoint_id)
    await desk.add("b@person.example")
    await desk.tell()
    assert 1 == len(found.taken)
    counted = select(func.count()).select_from(deliveries)
    assert 0 == await desk.app.store.database.read(lambda c: c.execute(counted).scalar_one())


async def test_secrets_are_shown_once_and_sealed(desk: Desk) -> None:
    """Neither the list nor the file gives them away."""
    found, endpoint = await desk.endpoint()
    assert found.secret not in repr(await outgoing.endpoints(desk.app, desk.admin))
    assert found.secret not in repr(outgoing.MadeEndpoint(endpoint, found.secret))
    stored = b"".join(p.read_bytes() for p in desk.app.settings.data.iterdir() if p.is_file())
    assert found.secret.removeprefix("whsec_").encode() not in stored


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
async def test_only_admins_deal_with_webhooks(desk: Desk, role: Role) -> None:
    """No other role reads or changes them."""
    other = caller(desk.account_id, ADMIN, role)
    with pytest.raises(NotAllowed):
        await outgoing.endpoints(desk.app, other)
    with pytest.raises(NotAllowed):
        await outgoing.add_endpoint(desk.app, other, "https://hooks.example.com/")


async def test_another_accounts_endpoints_do_not_exist(desk: Desk) -> None:
    """Nothing of them can be read, changed, told or removed."""
    _, endpoint = await desk.endpoint()
    await desk.add("a@person.example")
    await desk.tell()
    stranger, number = operator(await account(desk.app, "Other Ltd")), endpoint.endpoint_id
    (delivery,) = (await outgoing.deliveries(desk.app, desk.admin, number)).items
    for call in (
        outgoing.endpoint(desk.app, stranger, number),
        outgoing.change_endpoint(desk.app, stranger, number, active=False),
        outgoing.rotate_secret(desk.app, stranger, number),
        outgoing.ping(desk.app, stranger, number),
        outgoing.deliveries(desk.app, stranger, number),
        outgoing.replay(desk.app, stranger, delivery.delivery_id),
        outgoing.replay_failed(desk.app, stranger, number, desk.app.clock.now()),
        outgoing.remove_endpoint(desk.app, stranger, number),
    ):
        with pytest.raises(Unknown):
            await call
    assert [] == await outgoing.endpoints(desk.app, stranger)


async def test_an_account_has_a_limited_number_of_endpoints(desk: Desk) -> None:
    """The twenty-first is refused in words."""
    for _ in range(20):
        await outgoing.add_endpoint(desk.app, desk.admin, "https://hooks.example.com/x")
    with pytest.raises(Conflict, match="at most 20"):
        await outgoing.add_endpoint(desk.app, desk.admin, "https://hooks.example.com/x")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks",
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "https://",
        "https://user:pw@hooks.example.com/",
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[2002:7f00:1::]/",
        "https://[ff02::1]/",
        "https://224.0.0.1/",
        "https://localhost/",
        "https://intranet/",
        "https://hooks.example.com/#x",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:99999/",
        "https://hooks.example.com/\n",
        "https://hooks.example.com/" + "x" * 1000,
    ],
)
def test_only_public_https_addresses_may_be_told(url: str) -> None:
    """Nobody can point the server at a machine of its own network."""
    if url.endswith("\n"):
        assert url.strip() == checked_url(url, allow_other_hosts=False)
        return
    with pytest.raises(Invalid):
        checked_url(url, allow_other_hosts=False)


async def test_a_name_that_leads_to_a_private_machine_is_not_told(desk: Desk) -> None:
    """The address is judged at every connection, after the name was resolved."""
    async with opened(allow_other_hosts=False) as session:
        answer = await post(session, "https://localhost:9/hooks", {}, b"{}")
    assert not answer.taken
    assert "public internet" in answer.problem


@pytest.mark.parametrize("host", ["127.0.0.1", "１２７.0.0.1", "127。0。0。1", "[::1]", "localhost"])  # noqa: RUF001
async def test_a_private_machine_is_not_spoken_to_however_it_is_written(host: str) -> None:
    """Digits and dots of other scripts make addresses too, which no name server is asked about."""
    met: list[object] = []
    async with await asyncio.start_server(lambda reader, writer: met.append(writer), "127.0.0.1", 0) as door:
        port = door.sockets[0].getsockname()[1]
        async with opened(allow_other_hosts=False, answer_s=2) as session:
            answer = await post(session, f"https://{host}:{port}/hooks", {}, b"{}")
    assert [] == met
    assert "public internet" in answer.problem


async def test_an_address_that_is_allowed_no_more_is_told_nothing(desk: Desk) -> None:
    """An operator who closes the door again closes it for endpoints that stand, too."""
    found, endpoint = await desk.endpoint()
    await desk.add("a@person.example")
    app = desk.app
    telling = Telling(app.store, app.clock, app.ids, allow_other_hosts=False, patience=SOON)
    await telling.perform(desk.account_id, 0)
    assert [] == found.tried
    (delivery,) = (await outgoing.deliveries(app, desk.admin, endpoint.endpoint_id)).items
    assert "not allowed" in delivery.problem


async def test_a_tick_finds_what_is_owed(desk: Desk) -> None:
    """Accounts with untold entries or due retries are owed a run; settled ones are not."""
    app = desk.app
    telling = Telling(app.store, app.clock, app.ids, allow_other_hosts=True, patience=SOON)
    assert [] == await telling.owed()
    await desk.endpoint()
    assert [] == await telling.owed()
    await desk.add("a@person.example")
    assert [desk.account_id] == [account_id for account_id, _ in await telling.owed()]
    await desk.tell()
    assert [] == await telling.owed()
