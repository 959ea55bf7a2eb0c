"""Who is signed in, one-time links, and failed attempts; of secrets only digests are kept."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, select, update

from assent.store.columns import EPOCH
from assent.store.counters import INSTALLATION
from assent.store.desk_schema import sessions, sign_in_attempts, sign_in_links
from assent.store.dialects import insert


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session: whose it is, and for how long it holds."""

    account_id: int
    user_id: UUID
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Attempts:
    """Failed sign-ins under one key, and when the last was."""

    failures: int
    since: datetime


def add_session(connection: Connection, digest: bytes, session: StoredSession) -> None:
    """Begin a session, and forget those that ended."""
    connection.execute(delete(sessions).where(sessions.c.expires_at <= session.created_at))
    connection.execute(
        sessions.insert().values(
            account_id=session.account_id,
            digest=digest,
            user_id=session.user_id,
            created_at=session.created_at,
            seen_at=session.seen_at,
            expires_at=session.expires_at,
        )
    )


def session_of(connection: Connection, digest: bytes) -> StoredSession | None:
    """The session of a secret, ended or not."""
    c = sessions.c
    statement = select(c.account_id, c.user_id, c.created_at, c.seen_at, c.expires_at)
    row = connection.execute(statement.where(c.digest == digest)).first()
    return None if row is None else StoredSession(*row)


def slide(connection: Connection, digest: bytes, seen_at: datetime, expires_at: datetime) -> None:
    """Remember that a session was used, so that it holds longer."""
    values = {"seen_at": seen_at, "expires_at": expires_at}
    connection.execute(update(sessions).where(sessions.c.digest == digest).values(values))


def end_session(connection: Connection, digest: bytes) -> None:
    """End one session; none is fine."""
    connection.execute(delete(sessions).where(sessions.c.digest == digest))


def end_sessions(connection: Connection, account_id: int, user_id: UUID, *, but: bytes = b"") -> None:
    """End a user's sessions, but for one."""
    connection.execute(
        delete(sessions).where(
            sessions.c.account_id == account_id, sessions.c.user_id == user_id, sessions.c.digest != but
        )
    )


def add_link(
    connection: Connection, account_id: int, user_id: UUID, digest: bytes, *, at: datetime, until: datetime
) -> None:
    """Keep a one-time link; the user's older ones end with it."""
    end_links(connection, account_id, user_id)
    values = {"account_id": account_id, "user_id": user_id, "digest": digest}
    connection.execute(sign_in_links.insert().values(**values, created_at=at, expires_at=until))


def end_links(connection: Connection, account_id: int, user_id: UUID) -> None:
    """Forget a user's links."""
    c = sign_in_links.c
    connection.execute(delete(sign_in_links).where(c.account_id == account_id, c.user_id == user_id))


def use_link(connection: Connection, digest: bytes, now: datetime) -> tuple[int, UUID] | None:
    """Use a link up; gives account and user, or None where it was used, ended, or never made."""
    c = sign_in_links.c
    statement = (
        update(sign_in_links)
        .where(c.digest == digest, c.used_at.is_(None), c.expires_at > now)
        .values(used_at=now)
        .returning(c.account_id, c.user_id)
    )
    row = connection.execute(statement).first()
    return None if row is None else (row[0], row[1])


def attempts_of(connection: Connection, key: bytes) -> Attempts:
    """Failures under a key; nobody else counts them until the transaction ends."""
    # A row that is there can be locked; without one, many first attempts at once would all be the first.
    none = {"account_id": INSTALLATION, "key": key, "failures": 0, "since": EPOCH}
    connection.execute(insert(sign_in_attempts).values(none).on_conflict_do_nothing())
    c = sign_in_attempts.c
    statement = select(c.failures, c.since).where(c.account_id == INSTALLATION, c.key == key)
    return Attempts(*connection.execute(statement.with_for_update()).one())


def count_attempt(connection: Connection, key: bytes, now: datetime) -> None:
    """Count one attempt more, under a key that was looked at."""
    c = sign_in_attempts.c
    statement = update(sign_in_attempts).where(c.account_id == INSTALLATION, c.key == key)
    connection.execute(statement.values(failures=c.failures + 1, since=now))


def uncount_attempt(connection: Connection, key: bytes) -> None:
    """Take one attempt back: it was none that failed."""
    c = sign_in_attempts.c
    here = (c.account_id == INSTALLATION, c.key == key)
    connection.execute(delete(sign_in_attempts).where(*here, c.failures <= 1))
    connection.execute(update(sign_in_attempts).where(*here).values(failures=c.failures - 1))


def forget_attempts(connection: Connection, key: bytes) -> None:
    """Forget what failed under a key."""
    c = sign_in_attempts.c
    connection.execute(delete(sign_in_attempts).where(c.account_id == INSTALLATION, c.key == key))


def forget_attempts_before(connection: Connection, moment: datetime) -> None:
    """Forget every failure whose last one is older."""
    connection.execute(delete(sign_in_attempts).where(sign_in_attempts.c.since < moment))
