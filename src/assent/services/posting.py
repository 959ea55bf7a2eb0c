"""Posts one webhook to an address somebody typed: no redirects, no private machines, no waiting forever."""

import ipaddress
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp

from assent.errors import Invalid

#: How long an endpoint may take to answer.
ANSWER_S = 10.0

#: The longest address that is kept.
LONGEST_URL = 1000

#: The longest pause an endpoint may ask for.
LONGEST_PAUSE_S = 3600.0

_PRIVATE = "Its name leads to a machine that is not on the public internet."
_NOT_REACHED = "It could not be reached."


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


#: Where the machines of the public internet are, but for those of another network they stand for.
_UNICAST = ipaddress.IPv6Network("2000::/3")


def public_socket(found: aiohttp.AddrInfoType) -> socket.socket:
    """A socket to an address found for a name, at every connection: a name may change its mind.

    Raises PrivateAddress for a machine that is not on the public internet, however it was named.
    """
    family, kind, protocol, _, place = found
    if not _public(str(place[0])):
        raise PrivateAddress("the name leads to no public address")
    return socket.socket(family, kind, protocol)


def _public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        return found.is_global and found in _UNICAST and found.sixtofour is None
    return found.is_global and not found.is_multicast


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
    if not allow_other_hosts and not _may_be_public(host):
        raise Invalid(f"The address leads to a machine that is not on the public internet. {expected}.")
    return url.strip()


def _may_be_public(host: str) -> bool:
    """Whether a host is a name with a dot, or a public address; what a name leads to is seen later."""
    try:
        return _public(host)
    except ValueError:
        return "." in host.strip(".")


@asynccontextmanager
async def opened(
    *, allow_other_hosts: bool, answer_s: float = ANSWER_S
) -> AsyncIterator[aiohttp.ClientSession]:
    """What posts are made with."""
    make = None if allow_other_hosts else public_socket
    connector = aiohttp.TCPConnector(socket_factory=make, limit=50, limit_per_host=10)
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
    except aiohttp.ClientConnectorDNSError:
        return Answer(None, "Its name could not be found.", passing=True)
    except aiohttp.ClientSSLError:
        return Answer(None, "Its certificate was not accepted.", passing=True)
    except aiohttp.ClientConnectorError as error:
        problem = _PRIVATE if isinstance(error.os_error, PrivateAddress) else _NOT_REACHED
        return Answer(None, problem, passing=True)
    except (aiohttp.ClientError, OSError, ValueError):
        return Answer(None, _NOT_REACHED, passing=True)


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
