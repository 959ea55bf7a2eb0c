"""Signing in: the same answer for everything wrong, waits that grow, sessions that end."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from uuid import UUID

import pytest

from assent.errors import Conflict, Forbidden, Invalid, NotAllowed, TooMany
from assent.ports import Actor, ActorKind
from assent.services import people
from assent.services.access import Role, caller
from assent.services.application import Application
from assent.services.people import attempts, passwords
from tests.app.world import office

from .team import PASSWORD, Team, team

pytestmark = pytest.mark.thorough  # passwords are slow on purpose


@pytest.fixture
async def ours(tmp_path: Path, database_url: str) -> AsyncIterator[Team]:
    """A team over each database in turn, with Ada in it."""
    async with team(tmp_path, database_url) as found:
        await found.add("ada@team.example", Role.SUPPORT)
        yield found


async def refused(at: Team, email: str, password: str = "wrong password", place: str = "") -> Exception:
    """A sign-in that must fail; gives how."""
    with pytest.raises((Forbidden, TooMany)) as found:
        await at.sign_in(email, password, place or "192.0.2.1")
    return found.value


async def test_whatever_is_wrong_the_answer_is_the_same(ours: Team) -> None:
    """Wrong password, unknown address, disabled user, no password yet, and what is no address at all."""
    bob = await ours.add("bob@team.example")
    await people.change_user(ours.app, ours.admin, bob.user_id, disabled=True)
    await people.invite(ours.app, ours.admin, "new@team.example", "New", Role.READER)
    told = {
        str(await refused(ours, email, password))
        for email, password in [
            ("ada@team.example", "wrong password"),
            ("nobody@team.example", PASSWORD),
            ("bob@team.example", PASSWORD),
            ("new@team.example", ""),
            ("no address", PASSWORD),
            ("nul\x00@team.example", PASSWORD),
            ("ada@team.example", "x" * 100_000),
        ]
    }
    assert 1 == len(told)


async def test_an_address_nobody_has_takes_as_long_as_one_somebody_has(tmp_path: Path) -> None:
    """The stand-in costs what passwords cost, so that time tells nobody who signs in here."""
    assert not passwords.HASHER.check_needs_rehash(passwords.NOBODY)
    assert not await passwords.matches("anything", None)
    known = await passwords.hashed(PASSWORD)
    took = []
    for stored in (known, None):
        started = perf_counter()
        assert not await passwords.matches("wrong password", stored)
        took.append(perf_counter() - started)
    assert max(took) < 20 * min(took)  # a lookup without hashing is a thousand times faster


async def test_failures_of_an_address_make_everybody_wait_longer_each_time(ours: Team) -> None:
    """Five are free; then the waits double up to a quarter of an hour, also with the right password."""
    for number in range(5):
        assert isinstance(await refused(ours, "ada@team.example", place=f"192.0.2.{number}"), Forbidden)
    waits = []
    for _ in range(12):
        error = await refused(ours, "ada@team.example", PASSWORD)
        assert isinstance(error, TooMany)
        assert error.after_s is not None
        waits.append(error.after_s)
        ours.clock.pass_by(timedelta(seconds=error.after_s))
        assert isinstance(await refused(ours, "ada@team.example"), Forbidden)
    assert [2**n for n in range(10)] + [900, 900] == waits


async def test_a_success_forgets_the_failures_of_the_address(ours: Team) -> None:
    """Four mistakes, the right password, and four more mistakes are no reason to wait."""
    for _ in range(3):
        for _ in range(4):
            await refused(ours, "ada@team.example")
        await ours.sign_in("ada@team.example")


async def test_a_place_that_tries_many_addresses_waits(ours: Team) -> None:
    """Also for addresses nobody has; people at other places sign in meanwhile."""
    for number in range(30):
        assert isinstance(await refused(ours, f"guess{number}@team.example", place="198.51.100.9"), Forbidden)
    assert isinstance(await refused(ours, "fresh@team.example", place="198.51.100.9"), TooMany)
    await ours.sign_in("ada@team.example", place="203.0.113.1")


async def test_an_ipv6_customer_is_one_place_whichever_address_is_used(ours: Team) -> None:
    """Whoever has a /64 has more addresses in it than there are guesses; the next /64 is somebody else's."""
    for number in range(30):
        place = f"2001:db8:0:1::{number:x}"
        assert isinstance(await refused(ours, f"guess{number}@team.example", place=place), Forbidden)
    assert isinstance(await refused(ours, "fresh@team.example", place="2001:0DB8:0:1:ffff::9%eth0"), TooMany)
    await ours.sign_in("ada@team.example", place="2001:db8:0:2::1")


@pytest.mark.parametrize("place", ["198.51.100.9", "::ffff:198.51.100.9", "somewhere"])
def test_other_places_are_counted_as_they_are(place: str) -> None:
    """An IPv4 address is one place however it is written, and none of its neighbours'."""
    ours, theirs = attempts.limits("", place)[1], attempts.limits("", "198.51.100.8")[1]
    assert (attempts.limits("", "198.51.100.9")[1] == ours) is (place != "somewhere")
    assert ours != theirs


async def test_a_success_does_not_pay_for_the_failures_of_its_place(ours: Team) -> None:
    """Whoever has an account of their own here cannot reset the counter between guesses."""
    for number in range(30):
        await refused(ours, f"guess{number}@team.example")
        if number % 10 == 5:
            await ours.sign_in("ada@team.example", place="192.0.2.1")
    assert isinstance(await refused(ours, "fresh@team.example"), TooMany)


async def test_failures_are_forgotten_after_a_day(ours: Team) -> None:
    """Nothing about who failed to sign in is kept for longer."""
    for _ in range(5):
        await refused(ours, "ada@team.example")
    ours.clock.pass_by(attempts.FORGOTTEN_AFTER + timedelta(seconds=1))
    for _ in range(5):
        assert isinstance(await refused(ours, "ada@team.example"), Forbidden)


async def test_the_limit_holds_for_many_at_once_in_several_processes(
    tmp_path: Path, database_url: str
) -> None:
    """Of thirty guesses at one moment, five are looked at."""
    async with team(tmp_path, database_url) as at, office(tmp_path, database_url=database_url) as other:
        await at.add("ada@team.example")
        elsewhere = Team(_with_clock(other.app, at), at.clock, at.account_id)
        guesses = [
            who.sign_in("ada@team.example", f"guess {n}") for n in range(15) for who in (at, elsewhere)
        ]
        ended = await asyncio.gather(*guesses, return_exceptions=True)
    assert 5 == len([one for one in ended if isinstance(one, Forbidden)])
    assert 25 == len([one for one in ended if isinstance(one, TooMany)])


def _with_clock(app: Application, at: Team) -> Application:
    return replace(app, clock=at.clock)


async def test_every_sign_in_is_a_session_of_its_own(ours: Team) -> None:
    """No secret is given twice, so that none can be planted in a browser beforehand."""
    secrets = {(await ours.sign_in("ada@team.example")).secret for _ in range(3)}
    assert 3 == len(secrets)
    for secret in secrets:
        assert Role.SUPPORT is (await people.session(ours.app, secret)).role


@pytest.mark.parametrize("secret", ["", "x", "x" * 43, "x" * 100_000, "\x00", "\ud800", "é"])
async def test_a_forged_secret_is_nobodys(ours: Team, secret: str) -> None:
    """Forbidden, whatever it looks like."""
    for call in (people.session(ours.app, secret), people.sign_in_once(ours.app, secret)):
        with pytest.raises(Forbidden):
            await call


async def test_a_session_ends_after_hours_of_silence_and_after_days_of_use(ours: Team) -> None:
    """Use makes it hold longer, but not for ever."""
    idle = (await ours.sign_in("ada@team.example")).secret
    used = (await ours.sign_in("ada@team.example")).secret
    ours.clock.pass_by(timedelta(hours=8))
    await people.session(ours.app, used)
    ours.clock.pass_by(timedelta(hours=8))
    with pytest.raises(Forbidden):
        await people.session(ours.app, idle)
    for _ in range(14 * 3 - 2):
        await people.session(ours.app, used)
        ours.clock.pass_by(timedelta(hours=8))
    with pytest.raises(Forbidden):
        await people.session(ours.app, used)


async def test_a_session_has_the_rights_of_this_moment(ours: Team) -> None:
    """A change of role counts at once; a disabled user is out at once, and stays out when let in again."""
    bob = await ours.add("bob@team.example", Role.READER)
    secret = (await ours.sign_in("bob@team.example")).secret
    await people.change_user(ours.app, ours.admin, bob.user_id, role=Role.PRIVACY)
    assert Role.PRIVACY is (await people.session(ours.app, secret)).role
    await people.change_user(ours.app, ours.admin, bob.user_id, disabled=True)
    with pytest.raises(Forbidden):
        await people.session(ours.app, secret)
    await people.change_user(ours.app, ours.admin, bob.user_id, disabled=False)
    with pytest.raises(Forbidden):
        await people.session(ours.app, secret)


async def test_signing_out_ends_one_session(ours: Team) -> None:
    """The other browser goes on; signing out twice is fine."""
    here, there = [(await ours.sign_in("ada@team.example")).secret for _ in range(2)]
    await people.sign_out(ours.app, here)
    await people.sign_out(ours.app, here)
    with pytest.raises(Forbidden):
        await people.session(ours.app, here)
    await people.session(ours.app, there)


async def test_a_link_signs_in_once(ours: Team) -> None:
    """Of many at the same moment one; never again, and not after its days."""
    ada = await _ada(ours)
    token = (await people.new_link(ours.app, ours.admin, ada)).token
    uses = [people.sign_in_once(ours.app, token) for _ in range(8)]
    ended = await asyncio.gather(*uses, return_exceptions=True)
    assert 7 == len([one for one in ended if isinstance(one, Forbidden)])
    late = (await people.new_link(ours.app, ours.admin, ada)).token
    ours.clock.pass_by(timedelta(days=3))
    with pytest.raises(Forbidden, match="Ask an admin"):
        await people.sign_in_once(ours.app, late)


async def test_a_new_link_ends_what_opened_the_door_before(ours: Team) -> None:
    """Older links, sessions and the password: whoever lost them may have lost them to somebody."""
    ada, secret = await _ada(ours), (await ours.sign_in("ada@team.example")).secret
    old, new = [(await people.new_link(ours.app, ours.admin, ada)).token for _ in range(2)]
    for call in (
        people.session(ours.app, secret),
        people.sign_in_once(ours.app, old),
        ours.sign_in("ada@team.example"),
    ):
        with pytest.raises(Forbidden):
            await call
    await people.sign_in_once(ours.app, new)


async def test_a_disabled_user_gets_no_link_and_uses_none(ours: Team) -> None:
    """Also not one that was made before."""
    ada = await _ada(ours)
    token = (await people.new_link(ours.app, ours.admin, ada)).token
    await people.change_user(ours.app, ours.admin, ada, disabled=True)
    with pytest.raises(Forbidden):
        await people.sign_in_once(ours.app, token)
    with pytest.raises(Invalid, match="disabled"):
        await people.new_link(ours.app, ours.admin, ada)


async def test_a_new_password_ends_the_other_sessions(ours: Team) -> None:
    """The one it was chosen in goes on; the old password is wrong from then on."""
    here, there = [await ours.sign_in("ada@team.example") for _ in range(2)]
    await people.set_password(ours.app, here.caller, PASSWORD, "another few words", secret=here.secret)
    await people.session(ours.app, here.secret)
    with pytest.raises(Forbidden):
        await people.session(ours.app, there.secret)
    await refused(ours, "ada@team.example", PASSWORD)
    await ours.sign_in("ada@team.example", "another few words")


async def test_a_password_chosen_while_an_admin_resets_it_is_not_taken(
    ours: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sits in a session that an admin ends cannot keep the door open with a new password."""
    ada, here = await _ada(ours), await ours.sign_in("ada@team.example")
    reset: list[str] = []

    async def meanwhile(password: str) -> str:
        reset.append((await people.new_link(ours.app, ours.admin, ada)).token)
        return passwords.HASHER.hash(password)

    monkeypatch.setattr("assent.services.people.passwords.hashed", meanwhile)
    with pytest.raises(Conflict, match="reset"):
        await people.set_password(ours.app, here.caller, PASSWORD, "another few words", secret=here.secret)
    await refused(ours, "ada@team.example", "another few words")
    await people.sign_in_once(ours.app, reset[0])


async def test_the_old_password_cannot_be_guessed_from_a_session(ours: Team) -> None:
    """Guesses count as failed sign-ins do."""
    caller = (await ours.sign_in("ada@team.example")).caller
    for _ in range(5):
        with pytest.raises(Forbidden):
            await people.set_password(ours.app, caller, "wrong password", "another few words")
    with pytest.raises(TooMany):
        await people.set_password(ours.app, caller, PASSWORD, "another few words")


@pytest.mark.parametrize("new", ["", "short", "x" * 201, "ada@team.example", "aaaaaaaaaaaa", "ababababab"])
async def test_a_password_that_is_easily_guessed_is_refused(ours: Team, new: str) -> None:
    """With what is wrong with it; the old one stays."""
    caller = (await ours.sign_in("ada@team.example")).caller
    with pytest.raises(Invalid, match="password"):
        await people.set_password(ours.app, caller, PASSWORD, new)
    await ours.sign_in("ada@team.example")


async def test_an_api_key_has_no_password(ours: Team) -> None:
    """It is not a user, whatever its role."""
    key = caller(ours.account_id, Actor(ActorKind.API_KEY, "1"), Role.ADMIN)
    for call in (people.me(ours.app, key), people.set_password(ours.app, key, "", "another few words")):
        with pytest.raises(NotAllowed):
            await call


def test_waits_never_get_shorter() -> None:
    """And end at a quarter of an hour, for any number of failures."""
    limit = attempts.Limit(b"", 5)
    waits = [limit.wait_after(failures) for failures in range(2000)]
    assert all(one <= next_one for one, next_one in pairwise(waits))
    assert attempts.LONGEST_WAIT == waits[-1]


async def _ada(at: Team) -> UUID:
    (ada,) = [one for one in await people.users(at.app, at.admin) if one.email == "ada@team.example"]
    return ada.user_id
