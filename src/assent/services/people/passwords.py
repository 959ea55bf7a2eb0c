"""Passwords: argon2id in few threads, so that signing in never crowds out everything else."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from assent.errors import Invalid, Retry

T = TypeVar("T")

#: OWASP's first choice: 46 MiB, one pass, one lane.
HASHER = PasswordHasher(time_cost=1, memory_cost=46 * 1024, parallelism=1)

#: A password nobody has, hashed as above: addresses nobody has take as long as those somebody has.
NOBODY = "$argon2id$v=19$m=47104,t=1,p=1$rNSisCRoc/m6nMafZ1G/vw$fs89CIN5mozDuzbANJtCQW0oLLhpakRsnlC+NEG8+F0"

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200

_THREADS = ThreadPoolExecutor(2, "assent-password")
_ROOM = BoundedSemaphore(64)


async def hashed(password: str) -> str:
    """Hash a password that was checked to be a good one."""
    return await _in_thread(lambda: HASHER.hash(password))


async def matches(password: str, known: str | None) -> bool:
    """Whether a password is the known one; takes its time where none is known, too."""

    def work() -> bool:
        try:
            HASHER.verify(known or NOBODY, password)
        except (VerificationError, InvalidHashError):
            return False
        return known is not None

    return len(password) <= LONGEST_PASSWORD and await _in_thread(work)


def checked(password: str, email: str) -> str:
    """Give a password that may be chosen; raises Invalid for one that may not."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Invalid(
            f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters. "
            "A few words in a row are easy to remember and hard to guess."
        )
    if password.strip().casefold() in {email.casefold(), email.partition("@")[0].casefold()}:
        raise Invalid("The password must not be the address. Choose something nobody can read on the screen.")
    if len(set(password)) < 4:
        raise Invalid("This password repeats few letters only, so it is easily guessed. Choose another.")
    return password


async def _in_thread(work: Callable[[], T]) -> T:
    """Run in one of two threads; raises Retry where too many wait already."""
    if not _ROOM.acquire(blocking=False):
        raise Retry("Too many people sign in at this moment. Wait a few seconds, then try again.", after_s=5)
    try:
        return await asyncio.get_running_loop().run_in_executor(_THREADS, work)
    finally:
        _ROOM.release()
