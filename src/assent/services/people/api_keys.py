"""API keys: how programs call, with a role of their own, until they are revoked."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from assent.errors import Conflict, Forbidden
from assent.ports import Actor, ActorKind
from assent.services.access import Caller, Right, Role, caller
from assent.services.application import Application
from assent.services.people.members import checked_name
from assent.services.people.secrets import LONGEST, digest, new_secret
from assent.store import api_keys as kept
from assent.store.api_keys import StoredKey

#: How every key begins, so that a leaked one is found by scanners and told from other secrets.
PREFIX = "asn_"

#: How many keys of an account may work at the same time.
LIVE_KEYS = 100

_KEY = "api-key"
_SHOWN = len(PREFIX) + 6
_NOTED_EVERY = timedelta(minutes=1)

WRONG = (
    "The API key is missing, wrong, or revoked. Send `Authorization: Bearer asn_...` with a key that works."
)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret; `shown` are its first characters."""

    key_id: UUID
    name: str
    role: Role
    shown: str
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A fresh key, and its secret, which nobody can show again."""

    key: ApiKey
    secret: str = field(repr=False)


async def keys(app: Application, caller: Caller) -> list[ApiKey]:
    """Every key of the account, revoked ones too, the newest first."""
    caller.require(Right.PEOPLE)
    found = await app.store.database.read(lambda c: kept.all_keys(c, caller.account_id))
    return [_view(one) for one in sorted(found, key=lambda one: (one.created_at, one.key_id), reverse=True)]


async def key(app: Application, caller: Caller, key_id: UUID) -> ApiKey:
    """One key; raises Unknown."""
    caller.require(Right.PEOPLE)
    return _view(await app.store.database.read(lambda c: kept.key_of(c, caller.account_id, key_id)))


async def make_key(app: Application, caller: Caller, name: str, role: Role) -> MadeKey:
    """Make a key; raises Conflict where too many work already."""
    caller.require(Right.PEOPLE)
    secret = new_secret(app, PREFIX)
    row = StoredKey(
        account_id=caller.account_id,
        key_id=app.ids.new(),
        name=checked_name(name),
        role=role.value,
        shown=secret[:_SHOWN],
        created_at=app.clock.now(),
        created_by=f"{caller.actor.kind.value}:{caller.actor.ident}",
        used_at=None,
        revoked_at=None,
    )

    def work(connection: Connection) -> None:
        kept.add_key(connection, row, digest(_KEY, secret))
        if kept.live_keys(connection, caller.account_id) > LIVE_KEYS:
            raise Conflict(f"{LIVE_KEYS} keys work already. Revoke one that is not used any more first.")

    await app.store.database.write(work)
    return MadeKey(_view(row), secret)


async def revoke_key(app: Application, caller: Caller, key_id: UUID) -> ApiKey:
    """End a key for good, at once; a revoked one stays so. Raises Unknown."""
    caller.require(Right.PEOPLE)
    account_id, now = caller.account_id, app.clock.now()

    def work(connection: Connection) -> StoredKey:
        kept.revoke(connection, account_id, key_id, now)
        return kept.key_of(connection, account_id, key_id)

    return _view(await app.store.database.write(work))


async def key_holder(app: Application, api_key: str) -> Caller:
    """Who calls with a key; raises Forbidden for one that is not ours or was revoked."""
    if not api_key.startswith(PREFIX) or len(api_key) > LONGEST:
        raise Forbidden(WRONG)
    found, now = digest(_KEY, api_key), app.clock.now()
    known = await app.store.database.read(lambda c: kept.key_by_digest(c, found))
    if known is None or known.revoked_at is not None:
        raise Forbidden(WRONG)
    if known.used_at is None or now - known.used_at >= _NOTED_EVERY:
        await app.store.database.write(lambda c: kept.touch_key(c, known, now))
    actor = Actor(ActorKind.API_KEY, str(known.key_id))
    return caller(known.account_id, actor, Role(known.role), known.name)


def _view(row: StoredKey) -> ApiKey:
    return ApiKey(
        row.key_id, row.name, Role(row.role), row.shown, row.created_at, row.used_at, row.revoked_at
    )
