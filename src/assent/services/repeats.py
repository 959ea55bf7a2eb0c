"""Requests sent twice under one idempotency key are done once; the second gets the first one's answer."""

import hashlib
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from assent.errors import Conflict, Invalid, Refused
from assent.services.access import Caller
from assent.services.application import Application
from assent.store import idempotency
from assent.store.idempotency import KeyPlace

LONGEST_KEY = 200

#: What may be different next time: such an answer is not kept, and the key is free again.
_PASSING = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS}
)


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it was given."""

    status: int
    content_type: str
    body: bytes


class _Sealed(msgspec.Struct, array_like=True, frozen=True):
    content_type: str
    body: bytes


def place_of(caller: Caller, key: str) -> KeyPlace:
    """Whose key this is; raises Invalid for what is no key."""
    if not 1 <= len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise Invalid(
            f"An Idempotency-Key has 1 to {LONGEST_KEY} printable ASCII characters, such as a UUID."
        )
    return KeyPlace(caller.account_id, f"{caller.actor.kind.value}:{caller.actor.ident}", key)


async def begin(app: Application, place: KeyPlace, request: bytes) -> Kept | None:
    """Take the key for a request, or give the answer it got before.

    Raises Refused where the key was used for another request, Conflict where that one has no answer yet.
    """
    digest, now = hashlib.sha256(request).digest(), app.clock.now()
    earlier = await app.store.database.write(lambda c: idempotency.begin(c, place, digest, now))
    if earlier is None:
        return None
    if earlier.request != digest:
        raise Refused(
            "This Idempotency-Key was used for another request before. Nothing was done; use a fresh key for "
            "every new request."
        )
    if earlier.status is None or earlier.answer is None:
        raise Conflict(
            "The first request with this Idempotency-Key has no answer yet: it still runs, or it failed or "
            "was stopped in its midst. Try again soon; if it stays so, look whether it took effect, then use "
            "a fresh key."
        )
    sealed = msgspec.msgpack.decode(app.store.accounts.vault.unwrap(earlier.answer), type=_Sealed)
    return Kept(earlier.status, sealed.content_type, sealed.body)


async def finish(app: Application, place: KeyPlace, answer: Kept, *, wrote: bool) -> None:
    """Keep the answer for a day, sealed; what may be different next time frees the key.

    What failed after it `wrote` may have been done, in part or whole: its key stays taken, without an answer.
    """
    failed = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if failed and wrote:
        return
    if failed or answer.status in _PASSING:
        await app.store.database.write(lambda c: idempotency.release(c, place))
        return
    plain = msgspec.msgpack.encode(_Sealed(answer.content_type, answer.body))
    sealed = app.store.accounts.vault.wrap(plain)
    await app.store.database.write(lambda c: idempotency.finish(c, place, answer.status, sealed))
