"""How fast mail may go to one domain: what providers ask of senders, so that nobody is put off by them."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from assent.errors import Invalid

#: What may go at once is what the limit allows in so many seconds.
BURST_S = 6.0

#: Stands for every domain that is not named.
OTHERS = "*"

_RATE = re.compile(r"\s*(\*|[a-z0-9-]+(?:\.[a-z0-9-]+)*)\s*=\s*([1-9][0-9]{0,6})\s*")

#: From so many domains on, those that may send all they can are forgotten.
_MANY = 10_000


def read_rates(text: str) -> dict[str, int]:
    """Read `gmail.com=600, *=1200`: mails a minute by domain. Raises Invalid."""
    rates: dict[str, int] = {}
    for part in filter(str.strip, text.lower().split(",")):
        found = _RATE.fullmatch(part)
        if found is None:
            raise Invalid(
                "ASSENT_MAIL_RATES is a list of domains with mails a minute, such as gmail.com=600, *=1200."
            )
        rates[found[1]] = int(found[2])
    return rates


@dataclass(slots=True)
class Pace:
    """A bucket for each domain, which fills at its rate; of one process, for all its sends."""

    rates: dict[str, int] = field(default_factory=dict)
    _buckets: dict[str, tuple[float, datetime]] = field(default_factory=dict)

    def take(self, address: str, now: datetime) -> bool:
        """Take leave for one mail to an address; without it the mail has to wait."""
        domain = address.rpartition("@")[2]
        rate = self._rate(domain)
        if rate is None:
            return True
        level = self._level(domain, rate, now)
        if level < 1:
            return False
        self._buckets[domain] = (level - 1, now)
        return True

    def exhausted(self, now: datetime) -> frozenset[str]:
        """The domains no mail may go to now."""
        if len(self._buckets) > _MANY:
            self._buckets = {
                domain: bucket for domain, bucket in self._buckets.items() if not self._full(domain, now)
            }
        return frozenset(
            domain
            for domain in self._buckets
            if (rate := self._rate(domain)) is not None and self._level(domain, rate, now) < 1
        )

    def wait_s(self, now: datetime) -> float:
        """How long until mail may go to one of the exhausted domains; 0 where none is."""
        waits = [
            (1 - self._level(domain, rate, now)) * 60 / rate
            for domain in self.exhausted(now)
            if (rate := self._rate(domain)) is not None
        ]
        return min(waits, default=0.0)

    def _rate(self, domain: str) -> int | None:
        return self.rates.get(domain, self.rates.get(OTHERS))

    def _full(self, domain: str, now: datetime) -> bool:
        rate = self._rate(domain)
        return rate is None or self._level(domain, rate, now) >= _most(rate)

    def _level(self, domain: str, rate: int, now: datetime) -> float:
        level, at = self._buckets.get(domain, (_most(rate), now))
        return min(_most(rate), level + max(0.0, (now - at).total_seconds()) * rate / 60)


def _most(rate: int) -> float:
    return max(1.0, rate * BURST_S / 60)
