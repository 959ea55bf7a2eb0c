"""Users of an account: invited by an admin, with a role each, never without an admin."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import Connection

from assent.errors import Conflict, Invalid, NotAllowed
from assent.policy.address import normalise
from assent.ports import ActorKind
from assent.services.access import Caller, Right, Role
from assent.services.application import Application
from assent.services.people.secrets import digest, new_secret
from assent.store import sign_ins
from assent.store import users as kept
from assent.store.counters import lock_account
from assent.store.users import StoredUser

NAME_LIMIT = 200

#: How long a link to sign in once is good for.
LINK_HOLDS = timedelta(days=3)

_LINK = "link"


@dataclass(frozen=True, slots=True)
class User:
    """A person who signs in; `ready` once they have a password."""

    user_id: UUID
    email: str
    name: str
    role: Role
    disabled: bool
    ready: bool
    created_at: datetime
    signed_in_at: datetime | None


@dataclass(frozen=True, slots=True)
class Invited:
    """A user, and the token of the link they sign in with once; nobody can show it again."""

    user: User
    token: str = field(repr=False)


async def users(app: Application, caller: Caller) -> list[User]:
    """Everybody who may sign in to the account, disabled ones too, by name."""
    caller.require(Right.PEOPLE)
    found = await app.store.database.read(lambda c: kept.all_users(c, caller.account_id))
    return sorted((_view(one) for one in found), key=lambda one: (one.name.casefold(), one.user_id))


async def user(app: Application, caller: Caller, user_id: UUID) -> User:
    """One user; raises Unknown."""
    caller.require(Right.PEOPLE)
    return _view(await app.store.database.read(lambda c: kept.user_of(c, caller.account_id, user_id)))


async def me(app: Application, caller: Caller) -> User:
    """The user who calls; raises NotAllowed for callers who are no user."""
    return _view(await own(app, caller))


async def own(app: Application, caller: Caller) -> StoredUser:
    """The row of the user who calls; raises NotAllowed for callers who are no user."""
    if caller.actor.kind is not ActorKind.USER:
        raise NotAllowed("Only a user who is signed in has a name and a password here; an API key has not.")
    user_id = UUID(caller.actor.ident)
    return await app.store.database.read(lambda c: kept.user_of(c, caller.account_id, user_id))


async def invite(app: Application, caller: Caller, email: str, name: str, role: Role) -> Invited:
    """Add a user; gives the token of their first link. Raises Conflict for an address in use, and Invalid."""
    caller.require(Right.PEOPLE)
    _for_people(role)
    return await _added(app, caller.account_id, email, name, role)


def _for_people(role: Role | None) -> None:
    if role is Role.MAILER:
        raise Invalid(
            "The role mailer is for the API keys of mail providers. Choose another one for a person."
        )


async def first_admin(app: Application, account_id: int, email: str, name: str) -> str:
    """Add an admin from the machine itself, before anybody can sign in, or after everybody was lost.

    Gives the token of the link they sign in with once.
    A user with this address in this account is made an admin who may sign in again. Raises Conflict for an
    address of another account and Unknown for no such account.
    """
    address = own_address(email)
    known = await app.store.database.read(lambda c: kept.user_by_email(c, address))
    if known is None or known.account_id != account_id:
        return (await _added(app, account_id, email, name, Role.ADMIN)).token

    def work(connection: Connection) -> None:
        values = {"role": Role.ADMIN.value, "disabled": False}
        kept.change_user(connection, account_id, known.user_id, **values)

    await app.store.database.write(work)
    return (await _linked(app, account_id, known.user_id)).token


def sign_in_url(app: Application, token: str) -> str:
    """Where a one-time link leads: a page with a button, so that mail scanners use nothing up."""
    return f"{app.settings.reached_at}/sign-in/{token}"


async def new_link(app: Application, caller: Caller, user_id: UUID) -> Invited:
    """Give a user who lost their password a link: password, older links and sessions end. Raises Unknown."""
    caller.require(Right.PEOPLE)
    return await _linked(app, caller.account_id, user_id)


async def change_user(
    app: Application,
    caller: Caller,
    user_id: UUID,
    *,
    role: Role | None = None,
    name: str | None = None,
    disabled: bool | None = None,
) -> User:
    """Change what was given; a disabled user is signed out at once.

    Raises Unknown, Invalid for a role of keys, and Conflict where nobody would be left who manages users.
    """
    caller.require(Right.PEOPLE)
    _for_people(role)
    given = {
        "role": None if role is None else role.value,
        "name": None if name is None else checked_name(name),
        "disabled": disabled,
    }
    values = {column: value for column, value in given.items() if value is not None}
    account_id = caller.account_id

    def work(connection: Connection) -> StoredUser:
        lock_account(connection, account_id)
        before = kept.user_of(connection, account_id, user_id)
        leaves = (role is not None and role is not Role.ADMIN) or disabled is True
        if before.role == Role.ADMIN.value and not before.disabled and leaves:
            _keep_an_admin(connection, before)
        if values:
            kept.change_user(connection, account_id, user_id, **values)
        if disabled:
            sign_ins.end_sessions(connection, account_id, user_id)
            sign_ins.end_links(connection, account_id, user_id)
        return kept.user_of(connection, account_id, user_id)

    return _view(await app.store.database.write(work))


def own_address(email: str) -> str:
    """The spelling users are known by; raises Invalid for what is no address."""
    try:
        plain = validate_email(email.strip(), check_deliverability=False).normalized
    except (EmailNotValidError, ValueError):
        raise Invalid("This is no email address. One looks like ada@example.com.") from None
    address = normalise(plain)
    if address is None or len(address) > 320:
        raise Invalid("This is no email address. One looks like ada@example.com.")
    return address


def checked_name(name: str) -> str:
    """A name that can be shown; raises Invalid."""
    name = name.strip()
    if not 1 <= len(name) <= NAME_LIMIT or not name.isprintable():
        raise Invalid(f"A name has 1 to {NAME_LIMIT} characters, in one line.")
    return name


async def _added(app: Application, account_id: int, email: str, name: str, role: Role) -> Invited:
    row = StoredUser(
        account_id=account_id,
        user_id=app.ids.new(),
        email=own_address(email),
        name=checked_name(name),
        role=role.value,
        password=None,
        disabled=False,
        created_at=app.clock.now(),
        signed_in_at=None,
    )
    await app.store.database.write(lambda c: kept.add_user(c, row))
    return await _linked(app, account_id, row.user_id)


async def _linked(app: Application, account_id: int, user_id: UUID) -> Invited:
    """A fresh link; what opened the door before does so no longer."""
    now, token = app.clock.now(), new_secret(app)

    def work(connection: Connection) -> StoredUser:
        lock_account(connection, account_id)
        user = kept.user_of(connection, account_id, user_id)
        if user.disabled:
            raise Conflict("This user is disabled. Let them sign in again first, then make the link.")
        kept.change_user(connection, account_id, user_id, password=None)
        sign_ins.end_sessions(connection, account_id, user_id)
        made = digest(_LINK, token)
        sign_ins.add_link(connection, account_id, user_id, made, at=now, until=now + LINK_HOLDS)
        return kept.user_of(connection, account_id, user_id)

    return Invited(_view(await app.store.database.write(work)), token)


def _keep_an_admin(connection: Connection, leaving: StoredUser) -> None:
    admin = Role.ADMIN.value
    if not kept.others_with_role(connection, leaving.account_id, admin, leaving.user_id):
        raise Conflict(
            "This is the last admin: without one, nobody could manage users any more. "
            "Make somebody else an admin first."
        )


def _view(row: StoredUser) -> User:
    return User(
        row.user_id,
        row.email,
        row.name,
        Role(row.role),
        row.disabled,
        row.password is not None,
        row.created_at,
        row.signed_in_at,
    )
