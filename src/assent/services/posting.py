"""Posts one webhook to an address somebody typed: no redirects, no private machines, no waiting forever."""

import ipaddress
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from assent.errors import Invalid

#: How long an endpoint may take to answer.
ANSWER_S = 10.0

#: The longest address that is kept.
LONGEST_URL = 1000

#: The longest pause an endpoint may ask for.
LONGEST_PAUSE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a post: a status, or in words why there is none.

    `passing` tells that the endpoint as a whole does not answer well now, so that the next event
    would fare no better; `pause_s` how long it asked to be left alone.
    """

    status: int | None
    problem: str = ""
    passing: bool = False
    pause_s: float = 0.0

    @property
    def taken(self) -> bool:
        """Whether the endpoint took it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the endpoint wants no more of them."""
        return self.status == HTTPStatus.GONE


class PrivateAddress(OSError):
    """The name leads to a machine that is not on the public internet."""


class PublicOnly(AbstractResolver):
    """Resolves names to public addresses alone, at every connection: a name may change its mind."""

    def __init__(self) -> None:
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The public addresses of a name; raises PrivateAddress where there is none."""
        found = await self._resolver.resolve(host, port, family)
        public = [one for one in found if ipaddress.ip_address(one["host"]).is_global]
        if not public:
            raise PrivateAddress("the name leads to no public address")
        return public

    async def close(self) -> None:
        """Let go of the resolver behind it."""
        await self._resolver.close()


def checked_url(url: str, *, allow_other_hosts: bool) -> str:
    """Give an address that may be posted to; raises Invalid that says what is expected."""
    expected = "Expected an https address such as https://example.com/hooks"
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Invalid(f"This is not an address. {expected}.") from None
    schemes = ("https", "http") if allow_other_hosts else ("https",)
    if parts.scheme not in schemes or not host or port == 0 or not url.strip().isprintable():
        raise Invalid(f"This address cannot be told anything. {expected}.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Invalid(f"The address must hold no user name, password or fragment. {expected}.")
    if len(url.strip()) > LONGEST_URL:
        raise Invalid(f"The address is longer than {LONGEST_URL} characters.")
    if not allow_other_hosts and (_private(host) or ("." not in host.strip(".") and ":" not in host)):
        raise Invalid(f"The address leads to a machine that is not on the public internet. {expected}.")
    return url.strip()


def _private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


@asynccontextmanager
async def opened(
    *, allow_other_hosts: bool, answer_s: float = ANSWER_S
) -> AsyncIterator[aiohttp.ClientSession]:
    """What posts are made with."""
    resolver = None if allow_other_hosts else PublicOnly()
    connector = aiohttp.TCPConnector(resolver=resolver, limit=50, limit_per_host=10)
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=answer_s),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "Assent-Webhooks/1", "Content-Type": "application/json"},
    ) as session:
        yield session


async def post(session: aiohttp.ClientSession, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Post once. Nothing of the answer but its status is kept: it may hold anything."""
    try:
        async with session.post(url, data=body, headers=dict(headers), allow_redirects=False) as reply:
            return _judged(reply.status, reply.headers.get("Retry-After", ""))
    except TimeoutError:
        return Answer(None, "It did not answer in time.", passing=True)
    except aiohttp.ClientConnectorDNSError as error:
        if isinstance(error.os_error, PrivateAddress):
            return Answer(
                None, "Its name leads to a machine that is not on the public internet.", passing=True
            )
        return Answer(None, "Its name could not be found.", passing=True)
    except aiohttp.ClientSSLError:
        return Answer(None, "Its certificate was not accepted.", passing=True)
    except (aiohttp.ClientError, OSError, ValueError):
        return Answer(None, "It could not be reached.", passing=True)


def _judged(status: int, retry_after: str) -> Answer:
    if 200 <= status < 300:
        return Answer(status)
    if 300 <= status < 400:
        return Answer(status, "It answered with a redirect, and redirects are not followed.")
    if status == HTTPStatus.GONE:
        return Answer(status, "It answered that it is gone, so the endpoint was switched off.")
    asked = float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0
    passing = status >= 500 or status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
    return Answer(status, f"It answered {status}.", passing, min(asked, LONGEST_PAUSE_S))
