"""Signing in and out: by password or one-time link, into sessions that end when nobody uses them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from assent.errors import Conflict, Forbidden, Invalid
from assent.ports import Actor, ActorKind
from assent.services.access import Caller, Role, caller
from assent.services.application import Application
from assent.services.people import attempts, passwords
from assent.services.people.members import own, own_address
from assent.services.people.secrets import LONGEST, digest, new_secret
from assent.store import sign_ins
from assent.store import users as kept
from assent.store.counters import lock_account
from assent.store.sign_ins import StoredSession
from assent.store.users import StoredUser

#: A session nobody uses ends after the first, every session after the second.
IDLE = timedelta(hours=12)
LONGEST_SESSION = timedelta(days=14)

#: How much of an idle session may pass before its use is written down.
_NOTED_EVERY = timedelta(minutes=5)

_SESSION = "session"
_LINK = "link"

WRONG = "The address and the password do not belong together. Try again, or ask an admin for a new link."
ENDED = "Nobody is signed in, or the session has ended. Sign in again."
USED = "This link was used already, has ended, or is not complete. Ask an admin for a new one."


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that just began; the secret goes into the browser's cookie and nowhere else."""

    secret: str = field(repr=False)
    caller: Caller
    expires_at: datetime
    has_password: bool


async def sign_in(app: Application, email: str, password: str, place: str) -> SignedIn:
    """Sign in by password; `place` is where the request came from.

    Raises Forbidden with the same words, after the same time, whatever of the two is wrong, and
    TooMany after failures of this address or from this place.
    """
    address = _address(email)
    limited = attempts.limits(address, place)
    database, now = app.store.database, app.clock.now()
    await database.write(lambda c: attempts.begin(c, limited, now))
    user = await database.read(lambda c: kept.user_by_email(c, address))
    if not await passwords.matches(password, user.password if user and not user.disabled else None):
        raise Forbidden(WRONG)
    signed_in = None if user is None else await database.write(lambda c: _unchanged(c, app, user, limited))
    if signed_in is None:
        raise Forbidden(WRONG)
    return signed_in


async def sign_in_once(app: Application, token: str) -> SignedIn:
    """Sign in by a one-time link, which is used up; raises Forbidden."""
    used = digest(_LINK, token[:LONGEST])
    now = app.clock.now()

    def work(connection: Connection) -> SignedIn | None:
        found = sign_ins.use_link(connection, used, now)
        if found is None:
            return None
        user = kept.user_of(connection, *found)
        return None if user.disabled else _begun(connection, app, user)

    signed_in = await app.store.database.write(work)
    if signed_in is None:
        raise Forbidden(USED)
    return signed_in


async def session(app: Application, secret: str) -> Caller:
    """Who is signed in, with the rights of this moment; the session holds longer. Raises Forbidden."""
    found, now = digest(_SESSION, secret[:LONGEST]), app.clock.now()

    def look(connection: Connection) -> tuple[StoredSession, StoredUser] | None:
        known = sign_ins.session_of(connection, found)
        if known is None or known.expires_at <= now:
            return None
        user = kept.user_of(connection, known.account_id, known.user_id)
        return None if user.disabled else (known, user)

    pair = await app.store.database.read(look)
    if pair is None:
        raise Forbidden(ENDED)
    known, user = pair
    if now - known.seen_at >= _NOTED_EVERY:
        until = min(now + IDLE, known.created_at + LONGEST_SESSION)
        await app.store.database.write(lambda c: sign_ins.slide(c, found, now, until))
    return _caller(user)


async def sign_out(app: Application, secret: str) -> None:
    """End a session; one that has ended is fine."""
    ended = digest(_SESSION, secret[:LONGEST])
    await app.store.database.write(lambda c: sign_ins.end_session(c, ended))


async def set_password(app: Application, caller: Caller, old: str, new: str, *, secret: str = "") -> None:
    """Choose a password; every other session of the user ends, that of `secret` goes on.

    Raises Forbidden where a password was chosen before and `old` is not it, Conflict where it changed
    meanwhile, Invalid for a bad new one, and NotAllowed for callers who are no user.
    """
    user = await own(app, caller)
    if user.password is not None:
        limited, now = attempts.limits(user.email, ""), app.clock.now()
        await app.store.database.write(lambda c: attempts.begin(c, limited, now))
        if not await passwords.matches(old, user.password):
            raise Forbidden("The old password is not right, so nothing was changed. Try again.")
        await app.store.database.write(lambda c: attempts.succeeded(c, limited))
    chosen = await passwords.hashed(passwords.checked(new, user.email))
    going_on = digest(_SESSION, secret[:LONGEST])

    def work(connection: Connection) -> None:
        lock_account(connection, user.account_id)
        present = kept.user_of(connection, user.account_id, user.user_id)
        if present.disabled or present.password != user.password:
            raise Conflict("The password was changed or reset meanwhile, so this one was not taken.")
        kept.change_user(connection, user.account_id, user.user_id, password=chosen)
        sign_ins.end_sessions(connection, user.account_id, user.user_id, but=going_on)
        sign_ins.end_links(connection, user.account_id, user.user_id)

    await app.store.database.write(work)


def _unchanged(
    connection: Connection, app: Application, seen: StoredUser, limited: tuple[attempts.Limit, ...]
) -> SignedIn | None:
    """Begin a session unless the user was disabled, or the password changed, since it was compared."""
    lock_account(connection, seen.account_id)
    user = kept.user_of(connection, seen.account_id, seen.user_id)
    if user.disabled or user.password != seen.password:
        return None
    return _begun(connection, app, user, limited)


def _begun(
    connection: Connection,
    app: Application,
    user: StoredUser,
    limited: tuple[attempts.Limit, ...] = (),
) -> SignedIn:
    """Begin a session under a secret nobody had before."""
    now, secret = app.clock.now(), new_secret(app)
    if limited:
        attempts.succeeded(connection, limited)
    session = StoredSession(user.account_id, user.user_id, now, now, now + IDLE)
    sign_ins.add_session(connection, digest(_SESSION, secret), session)
    kept.change_user(connection, user.account_id, user.user_id, signed_in_at=now)
    return SignedIn(secret, _caller(user), session.expires_at, user.password is not None)


def _caller(user: StoredUser) -> Caller:
    return caller(user.account_id, Actor(ActorKind.USER, str(user.user_id)), Role(user.role), user.name)


def _address(email: str) -> str:
    """The address as users have it; what is no address belongs to nobody."""
    try:
        return own_address(email)
    except Invalid:
        return ""
