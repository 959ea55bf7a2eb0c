"""The network between the product and its organisations: real requests in memory, trouble on the way."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlsplit
from zlib import crc32

from assent.crm.client import DataverseClient, Limits, form_posts
from assent.crm.faults import TookTooLong
from assent.crm.organisation import OrganisationUrl
from assent.crm.signin import Credentials, plain_tokens
from assent.crm.transport import Response
from assent.errors import Unreachable
from assent.ports import Clock
from dataverse_emulator import Application, Incoming
from dataverse_emulator.wire.notices import Notice

from .faults import Fault, Trouble

#: How long the client waits for an answer; a time-out takes as long in virtual time.
TIMEOUT_S = 120.0
_UNAVAILABLE = b'{"error":{"code":"0x80040216","message":"An unexpected error occurred."}}'
_TOO_MANY = b'{"error":{"code":"0x80072322","message":"Number of requests exceeded the limit of 6000."}}'
_EXPIRED = (
    b'{"error":{"code":"0x80044352","message":"Version stamp associated with the client has expired."}}'
)

#: How long a notice is under way that nothing delays, before the network's slowness.
NOTICE_S = (0.01, 0.05, 0.3)

#: Takes a webhook to the product: whether it was durably received.
Deliver = Callable[[Notice], Awaitable[bool]]


@dataclass(slots=True)
class Wire:
    """Carries requests to organisations by their host, and their notices back."""

    trouble: Trouble
    chance: Random
    slowness: int = 1
    hosts: dict[str, Application] = field(default_factory=dict)
    requests: int = 0
    last: deque[str] = field(default_factory=lambda: deque(maxlen=20))
    trace: int = 0  # of everything that was asked and when, to tell two histories apart

    async def exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, what: str
    ) -> Response:
        """One exchange; what the caller can know of it is what a real caller could."""
        await self._transit()
        strikes = self.trouble.strikes
        if strikes(Fault.RESET):
            raise Unreachable(f"The connection failed while {what}.")
        if strikes(Fault.TIMEOUT_BEFORE):
            await asyncio.sleep(TIMEOUT_S)
            raise TookTooLong(f"No answer came in time while {what}.")
        if strikes(Fault.SERVER_ERROR):
            return Response(503, {}, _UNAVAILABLE)
        if strikes(Fault.THROTTLED):
            return Response(429, {"retry-after": str(self.chance.choice([1, 7, 90]))}, _TOO_MANY)
        split = urlsplit(url)
        application = self.hosts[split.netloc]
        if "$deltatoken" in split.query and strikes(Fault.TOKEN_EXPIRED):
            return Response(410, {}, _EXPIRED)
        if strikes(Fault.SIGN_IN_EXPIRED):
            application.organization.identity.expire_all()
        self.requests += 1
        asked = f"{asyncio.get_running_loop().time()} {method} {url}"
        self.last.append(f"{asyncio.get_running_loop().time():9.3f}  {method} while {what}")
        self.trace = crc32(asked.encode() + body, self.trace)
        lowered = {name.lower(): value for name, value in headers.items()}
        if Fault.SMALL_PAGES in self.trouble.on and "odata.maxpagesize" in lowered.get("prefer", ""):
            lowered["prefer"] = self._small(lowered["prefer"])
        incoming = Incoming(method, f"http://{split.netloc}", split.path, split.query, lowered, body)
        answer = await application.ask(incoming)
        if answer is None or strikes(Fault.RESET_AFTER):
            raise Unreachable(f"The connection failed while {what}. Whether it took effect is not known.")
        if strikes(Fault.TIMEOUT_AFTER):
            await asyncio.sleep(TIMEOUT_S)
            raise TookTooLong(f"No answer came in time while {what}.")
        await self._transit()
        return Response(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.body)

    @property
    def told_within_s(self) -> float:
        """How long the slowest notice is under way that nothing delays."""
        return max(NOTICE_S) * self.slowness

    async def _transit(self) -> None:
        await asyncio.sleep(self.chance.choice([0.002, 0.005, 0.02, 0.1]) * self.slowness)

    def _small(self, prefer: str) -> str:
        self.trouble.count(Fault.SMALL_PAGES)
        parts = [part for part in prefer.split(",") if "maxpagesize" not in part]
        return ",".join([*parts, f"odata.maxpagesize={self.chance.choice([1, 2])}"])

    @asynccontextmanager
    async def opening(
        self, url: OrganisationUrl, credentials: Credentials, clock: Clock
    ) -> AsyncIterator[DataverseClient]:
        """Open a client that speaks over this wire."""
        tokens = plain_tokens(credentials, form_posts(self.exchange), clock)
        yield DataverseClient(self.exchange, url, tokens, clock, Limits(timeout_s=TIMEOUT_S))

    def notices_to(self, deliver: Deliver) -> Callable[[Notice], Awaitable[int | str]]:
        """How an organisation's notices travel: lost, doubled, late and in any order."""

        async def post(notice: Notice) -> int | str:
            strikes = self.trouble.strikes
            if strikes(Fault.NOTICE_LOST):
                return "TimeoutError: "
            late = self.chance.choice([5.0, 40.0, 2400.0]) if strikes(Fault.NOTICE_LATE) else 0.0
            await asyncio.sleep(late + self.chance.choice(NOTICE_S) * self.slowness)
            if strikes(Fault.NOTICE_DOUBLED):
                await deliver(notice)
                await asyncio.sleep(self.chance.choice([0.0, 1.0, 30.0]))
            return 202 if await deliver(notice) else 500

        return post
