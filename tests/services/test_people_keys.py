"""API keys: shown once, told apart, revoked for good."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from assent.errors import Conflict, Forbidden, Unknown
from assent.ports import Actor, ActorKind
from assent.services import people
from assent.services.access import Role, operator
from tests.app.world import account

from .team import Team, team


@pytest.fixture
async def ours(tmp_path: Path, database_url: str) -> AsyncIterator[Team]:
    """A team over each database in turn."""
    async with team(tmp_path, database_url) as found:
        yield found


async def test_a_key_calls_with_its_role_for_its_account(ours: Team) -> None:
    """As itself, not as whoever made it."""
    made = await people.make_key(ours.app, ours.admin, "Shop", Role.MARKETER)
    holder = await people.key_holder(ours.app, made.secret)
    assert (ours.account_id, Role.MARKETER, "Shop") == (holder.account_id, holder.role, holder.name)
    assert Actor(ActorKind.API_KEY, str(made.key.key_id)) == holder.actor


async def test_a_key_is_told_by_its_first_characters_only(ours: Team) -> None:
    """The list shows enough to tell keys apart and nothing to call with."""
    made = await people.make_key(ours.app, ours.admin, "Shop", Role.MARKETER)
    (listed,) = await people.keys(ours.app, ours.admin)
    assert made.key == listed
    assert made.secret.startswith(listed.shown)
    assert 10 == len(listed.shown)
    assert made.secret not in str(listed)


async def test_use_is_noted_to_the_minute(ours: Team) -> None:
    """So that a key nobody uses can be revoked with an easy mind."""
    made = await people.make_key(ours.app, ours.admin, "Shop", Role.READER)
    assert made.key.used_at is None
    await people.key_holder(ours.app, made.secret)
    ours.clock.pass_by(timedelta(seconds=59))
    await people.key_holder(ours.app, made.secret)
    early = (await people.key(ours.app, ours.admin, made.key.key_id)).used_at
    ours.clock.pass_by(timedelta(seconds=1))
    await people.key_holder(ours.app, made.secret)
    late = (await people.key(ours.app, ours.admin, made.key.key_id)).used_at
    assert early is not None
    assert late == early + timedelta(seconds=60)


async def test_a_revoked_key_stays_revoked(ours: Team) -> None:
    """Since the first time; it stays in the list so that its deeds have a name."""
    made = await people.make_key(ours.app, ours.admin, "Shop", Role.READER)
    first = await people.revoke_key(ours.app, ours.admin, made.key.key_id)
    ours.clock.pass_by(timedelta(hours=1))
    assert first == await people.revoke_key(ours.app, ours.admin, made.key.key_id)
    with pytest.raises(Forbidden):
        await people.key_holder(ours.app, made.secret)
    assert [first] == await people.keys(ours.app, ours.admin)


async def test_keys_of_another_account_do_not_exist(ours: Team) -> None:
    """They are not listed, read or revoked."""
    made = await people.make_key(ours.app, ours.admin, "Shop", Role.READER)
    other = operator(await account(ours.app, "Other Ltd"))
    assert [] == await people.keys(ours.app, other)
    for call in (people.key, people.revoke_key):
        with pytest.raises(Unknown):
            await call(ours.app, other, made.key.key_id)
    await people.key_holder(ours.app, made.secret)


async def test_too_many_keys_are_refused_until_one_is_revoked(ours: Team) -> None:
    """A program that makes keys in a loop is stopped."""
    names = range(people.LIVE_KEYS)
    made = [await people.make_key(ours.app, ours.admin, f"{n}", Role.READER) for n in names]
    with pytest.raises(Conflict, match="Revoke one"):
        await people.make_key(ours.app, ours.admin, "one more", Role.READER)
    await people.revoke_key(ours.app, ours.admin, made[0].key.key_id)
    await people.make_key(ours.app, ours.admin, "one more", Role.READER)
