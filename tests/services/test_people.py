"""Users: invited, changed, disabled; an account is never without an admin, and never sees another's."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from assent.errors import Conflict, Forbidden, Invalid, NotAllowed, Unknown
from assent.services import people
from assent.services.access import RIGHTS, Caller, Right, Role, operator
from tests.app.world import account

from .team import PASSWORD, Team, team


@pytest.fixture
async def ours(tmp_path: Path, database_url: str) -> AsyncIterator[Team]:
    """A team over each database in turn."""
    async with team(tmp_path, database_url) as found:
        yield found


async def caller_of(at: Team, role: Role) -> Caller:
    """Somebody of a role who is signed in."""
    email = f"{role.value}@team.example"
    await at.add(email, role)
    return (await at.sign_in(email)).caller


async def test_the_first_admin_signs_in_by_a_link_and_chooses_a_password(ours: Team) -> None:
    """The link gives a session with all of an admin's rights, then the password does."""
    token = await people.first_admin(ours.app, ours.account_id, "Ada@Team.Example", "Ada")
    first = await people.sign_in_once(ours.app, token)
    assert (Role.ADMIN, False) == (first.caller.role, first.has_password)
    await people.set_password(ours.app, first.caller, "", PASSWORD, secret=first.secret)
    assert first.caller == (await ours.sign_in(" ada@team.example ")).caller


async def test_an_admin_who_was_locked_out_is_let_in_again_from_the_machine(ours: Team) -> None:
    """The same address gets its role and a new link; the old password ends."""
    ada = await ours.add("ada@team.example", Role.ADMIN)
    await ours.add("bob@team.example", Role.ADMIN)
    await people.change_user(ours.app, ours.admin, ada.user_id, role=Role.READER, disabled=True)
    token = await people.first_admin(ours.app, ours.account_id, "ada@team.example", "Ada")
    signed_in = await people.sign_in_once(ours.app, token)
    assert (str(ada.user_id), Role.ADMIN) == (signed_in.caller.actor.ident, signed_in.caller.role)
    with pytest.raises(Forbidden):
        await ours.sign_in("ada@team.example")


@pytest.mark.parametrize("role", sorted(RIGHTS[Right.READ] - RIGHTS[Right.PEOPLE], key=str))
async def test_only_admins_manage_people(tmp_path: Path, role: Role) -> None:
    """Every call about users and keys is refused to every other role."""
    async with team(tmp_path) as at:
        who, nobody = await caller_of(at, role), UUID(int=1)
        calls = [
            people.users(at.app, who),
            people.user(at.app, who, nobody),
            people.invite(at.app, who, "x@team.example", "X", Role.ADMIN),
            people.change_user(at.app, who, UUID(who.actor.ident), role=Role.ADMIN),
            people.new_link(at.app, who, nobody),
            people.keys(at.app, who),
            people.key(at.app, who, nobody),
            people.make_key(at.app, who, "X", Role.ADMIN),
            people.revoke_key(at.app, who, nobody),
        ]
        for call in calls:
            with pytest.raises(NotAllowed, match="may not manage users"):
                await call
        assert 1 == len(await people.users(at.app, at.admin))


async def test_a_mail_providers_role_is_for_keys_alone(ours: Team) -> None:
    """Nobody is invited to it, or changed to it."""
    ada = await ours.add("ada@team.example", Role.READER)
    with pytest.raises(Invalid, match="API keys of mail providers"):
        await people.invite(ours.app, ours.admin, "x@team.example", "X", Role.MAILER)
    with pytest.raises(Invalid, match="API keys of mail providers"):
        await people.change_user(ours.app, ours.admin, ada.user_id, role=Role.MAILER)
    assert Role.MAILER is (await people.make_key(ours.app, ours.admin, "provider", Role.MAILER)).key.role


async def test_an_address_is_one_user_of_one_account(ours: Team) -> None:
    """In whichever spelling and whichever account; the refusal names neither."""
    await ours.add("ada@team.example")
    other = operator(await account(ours.app, "Other Ltd"))
    for who in (ours.admin, other):
        with pytest.raises(Conflict) as found:
            await people.invite(ours.app, who, "ADA@team.example", "Another", Role.READER)
        assert "ada" not in str(found.value).lower()


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "@team.example",
        "ada@",
        "a b@team.example",
        "ada@team.example\x00",
        "a" * 400 + "@b.example",
    ],
)
async def test_what_is_no_address_is_refused(ours: Team, email: str) -> None:
    """Before anything is stored."""
    with pytest.raises(Invalid, match="no email address"):
        await people.invite(ours.app, ours.admin, email, "Ada", Role.READER)
    assert [] == await people.users(ours.app, ours.admin)


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "two\nlines", "nul\x00", "right\u202eleft"])
async def test_what_cannot_be_shown_is_no_name(ours: Team, name: str) -> None:
    """Neither when somebody is invited nor when they are renamed, nor for a key."""
    bob = await ours.add("bob@team.example")
    for call in (
        people.invite(ours.app, ours.admin, "ada@team.example", name, Role.READER),
        people.change_user(ours.app, ours.admin, bob.user_id, name=name),
        people.make_key(ours.app, ours.admin, name, Role.READER),
    ):
        with pytest.raises(Invalid, match="A name has"):
            await call


async def test_only_what_is_given_is_changed(ours: Team) -> None:
    """A role, a name, or whether somebody may sign in; nothing given changes nothing."""
    bob = await ours.add("bob@team.example", Role.READER)
    changed = await people.change_user(ours.app, ours.admin, bob.user_id, role=Role.SUPPORT)
    assert (Role.SUPPORT, "bob", False) == (changed.role, changed.name, changed.disabled)
    changed = await people.change_user(ours.app, ours.admin, bob.user_id, name="Robert")
    assert (Role.SUPPORT, "Robert", False) == (changed.role, changed.name, changed.disabled)
    assert changed == await people.change_user(ours.app, ours.admin, bob.user_id)


@pytest.mark.parametrize("change", [{"role": Role.READER}, {"disabled": True}])
async def test_the_last_admin_stays(ours: Team, change: dict[str, object]) -> None:
    """Neither another role nor being disabled; with a second admin both are fine."""
    ada = await ours.add("ada@team.example", Role.ADMIN)
    with pytest.raises(Conflict, match="last admin"):
        await people.change_user(ours.app, ours.admin, ada.user_id, **change)  # type: ignore[arg-type]
    await ours.add("bob@team.example", Role.ADMIN)
    await people.change_user(ours.app, ours.admin, ada.user_id, **change)  # type: ignore[arg-type]


async def test_two_admins_who_leave_at_once_leave_one(ours: Team) -> None:
    """Whoever comes second is the last."""
    users = [await ours.add(f"{name}@team.example", Role.ADMIN) for name in ("ada", "bob")]
    leaving = (people.change_user(ours.app, ours.admin, one.user_id, disabled=True) for one in users)
    ended = await asyncio.gather(*leaving, return_exceptions=True)
    assert 1 == len([one for one in ended if isinstance(one, Conflict)])
    assert 1 == len([one for one in await people.users(ours.app, ours.admin) if not one.disabled])


async def test_users_of_another_account_do_not_exist(ours: Team) -> None:
    """They are not listed, read, changed, or given links."""
    ada = await ours.add("ada@team.example", Role.ADMIN)
    other = operator(await account(ours.app, "Other Ltd"))
    assert [] == await people.users(ours.app, other)
    for call in (
        people.user(ours.app, other, ada.user_id),
        people.change_user(ours.app, other, ada.user_id, role=Role.READER),
        people.new_link(ours.app, other, ada.user_id),
    ):
        with pytest.raises(Unknown):
            await call
    assert Role.ADMIN is (await ours.sign_in("ada@team.example")).caller.role


async def test_no_secret_can_be_printed_by_accident(ours: Team) -> None:
    """Values that hold one leave it out of their text."""
    invited = await people.invite(ours.app, ours.admin, "ada@team.example", "Ada", Role.READER)
    signed_in = await people.sign_in_once(ours.app, invited.token)
    made = await people.make_key(ours.app, ours.admin, "key", Role.READER)
    assert invited.token not in repr(invited)
    assert signed_in.secret not in repr(signed_in)
    assert made.secret not in repr(made)
