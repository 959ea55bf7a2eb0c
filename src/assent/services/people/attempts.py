"""How often somebody may try to sign in: every failure makes the next wait longer, in all processes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address

from sqlalchemy import Connection

from assent.errors import TooMany
from assent.services.people.secrets import digest
from assent.store import sign_ins

LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Limit:
    """A name whose attempts are counted, and how many may fail before the waits begin."""

    key: bytes
    free: int

    def wait_after(self, failures: int) -> timedelta:
        """How long to wait after so many failures: a second, then twice as long each time."""
        if failures < self.free:
            return timedelta(0)
        return min(timedelta(seconds=2 ** min(failures - self.free, 20)), LONGEST_WAIT)


def limits(email: str, place: str) -> tuple[Limit, ...]:
    """What an attempt counts against: its address, and the place it came from, which may be an office."""
    by_address = Limit(digest("attempt-address", email), 5)
    return (by_address, Limit(digest("attempt-place", network(place)), 30)) if place else (by_address,)


def network(place: str) -> str:
    """What one customer has: an IPv4 address, or a /64, in which every IPv6 address is theirs."""
    try:
        address = ip_address(place.partition("%")[0])
    except ValueError:
        return place
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, 64), strict=False))


def begin(connection: Connection, limited: tuple[Limit, ...], now: datetime) -> None:
    """Count an attempt before it is made, so that many at once are many; raises TooMany."""
    sign_ins.forget_attempts_before(connection, now - FORGOTTEN_AFTER)
    for limit in limited:
        known = sign_ins.attempts_of(connection, limit.key)
        left = known.since + limit.wait_after(known.failures) - now
        if left > timedelta(0):
            raise _too_many(left)
    for limit in limited:
        sign_ins.count_attempt(connection, limit.key, now)


def succeeded(connection: Connection, limited: tuple[Limit, ...]) -> None:
    """Forget the failures of the address; of the place only this attempt was none."""
    address, *places = limited
    sign_ins.forget_attempts(connection, address.key)
    for place in places:
        sign_ins.uncount_attempt(connection, place.key)


def _too_many(left: timedelta) -> TooMany:
    seconds = max(1, round(left.total_seconds()))
    length = f"{seconds} seconds" if seconds < 90 else f"{round(seconds / 60)} minutes"
    return TooMany(
        f"Too many sign-ins failed. Wait {length}, then try again. "
        "Forgot the password? An admin can send a new link.",
        after_s=seconds,
    )
