"""The only file that speaks HTTP: sign-in, pauses, retries, and one map from failures to the error tree."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

import aiohttp
import stamina
from yarl import URL

from assent.crm.budget import Budget
from assent.crm.faults import TookTooLong, refusal
from assent.crm.organisation import OrganisationUrl
from assent.crm.signin import Credentials, Post, TokenSource, entra_tokens, plain_tokens
from assent.crm.transport import Exchange, Request, Response
from assent.errors import Locked, Refused, Retry, Throttled, Unreachable
from assent.ports import Clock

#: Sent with every request (dataverse.md 2.1).
_ALWAYS = {
    "Accept": "application/json",
    "OData-MaxVersion": "4.0",
    "OData-Version": "4.0",
    "User-Agent": "Assent",
}
_LARGEST_ANSWER = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient the client is, in seconds, and how many requests it keeps under way.

    `timeout_s` is the time for a whole answer (the SDK's default is two minutes, 4.2). A pause that
    is longer than `patience_s` is not sat out: Throttled is raised and the caller comes back.
    """

    timeout_s: float = 120.0
    connect_s: float = 15.0
    patience_s: float = 60.0
    attempts: int = 4
    retry_wait_s: float = 0.5
    concurrency: int = 24


class DataverseClient:
    """Carries requests to one organisation, as the application user, by whatever exchanges HTTP."""

    def __init__(
        self,
        exchange: Exchange,
        url: OrganisationUrl,
        tokens: TokenSource,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._http = exchange
        self._url = url
        self._tokens = tokens
        self._clock = clock
        self._limits = limits
        self._budget = Budget(clock, most=limits.concurrency, patience_s=limits.patience_s)
        self.requests_sent = 0

    async def send(self, request: Request) -> Response:
        """Send a request, waiting out pauses and repeating what may be repeated.

        Gives any answer but throttling, gateway errors and other passing faults, which are raised as
        Retry when they last; a request that must not be repeated is sent once, unless it was refused
        unread (throttling). Raises SignInRefused where no token is given, NotDataverse for a link to
        another host.
        """
        attempts = stamina.retry_context(
            on=lambda error: self._again(request, error),
            attempts=self._limits.attempts,
            timeout=None,
            wait_initial=self._limits.retry_wait_s,
            wait_max=self._limits.retry_wait_s * 16,
            wait_jitter=self._limits.retry_wait_s,
        )
        async for attempt in attempts:
            with attempt:
                return await self._once(request)
        raise Unreachable(f"No attempt was made at {request.what}.")

    def _again(self, request: Request, error: Exception) -> bool | float:
        """Decide on another attempt: at once after a throttle, for the budget waits out the pause."""
        if isinstance(error, Throttled):
            return 0.0 if self._budget.paused_s() <= self._limits.patience_s else False
        if isinstance(error, Locked | TookTooLong) or not request.repeatable:
            return False
        return isinstance(error, Retry)

    async def _once(self, request: Request) -> Response:
        address = self._url.resolve(request.path)
        async with self._budget.turn(request.lane):
            response = await self._signed(request, address)
        self._budget.recommend(response.headers.get("x-ms-dop-hint"))
        if response.status < 400:
            self._budget.went_well()
            return response
        error = refusal(response, request.what, self._clock.now())
        if isinstance(error, Throttled):
            error = Throttled(str(error), after_s=self._budget.pause(error.after_s))
        if isinstance(error, Retry):
            raise error
        self._budget.went_well()
        return response

    async def _signed(self, request: Request, address: str) -> Response:
        token = await self._tokens.token(self._url.scope)
        response = await self._exchange(request, address, token)
        if response.status != 401:
            return response
        self._tokens.forget(token)
        return await self._exchange(request, address, await self._tokens.token(self._url.scope))

    async def _exchange(self, request: Request, address: str, token: str) -> Response:
        headers = {**_ALWAYS, **request.headers, "Authorization": f"Bearer {token}"}
        if request.method == "GET":
            headers["If-None-Match"] = "null"  # defeats caches on the way (2.1)
        self.requests_sent += 1
        return await self._http(request.method, address, headers, request.body, request.what)


async def exchange(
    session: aiohttp.ClientSession, method: str, url: str, headers: Mapping[str, str], body: bytes, what: str
) -> Response:
    """Send one HTTP request and read the whole answer; redirects are answers, never followed.

    Raises TookTooLong, Unreachable, or Refused for a certificate that is not trusted.
    """
    try:
        async with session.request(
            method, URL(url, encoded=True), headers=headers, data=body or None, allow_redirects=False
        ) as answer:
            content = await _content(answer, what)
            return Response(answer.status, {k.lower(): v for k, v in answer.headers.items()}, content)
    except TimeoutError:
        raise TookTooLong(
            f"No answer came in time while {what}. Whether a write took effect is not known."
        ) from None
    except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError, ssl.SSLError):
        raise Refused(
            f"The other side's certificate is not trusted (while {what}). Check the address, and whether a "
            "proxy between opens the traffic."
        ) from None
    except (aiohttp.ClientError, OSError) as error:
        # Only the kind of failure: its text may hold an address with personal data.
        raise Unreachable(
            f"The connection failed while {what} ({type(error).__name__}). Whether a write took effect is "
            "not known; it will be read and tried again."
        ) from None


async def _content(answer: aiohttp.ClientResponse, what: str) -> bytes:
    content = bytearray()
    async for piece in answer.content.iter_chunked(1 << 18):
        content += piece
        if len(content) > _LARGEST_ANSWER:
            raise Unreachable(f"The answer is too large to be one of the Web API (while {what}).")
    return bytes(content)


@asynccontextmanager
async def open_organisation(
    url: OrganisationUrl,
    credentials: Credentials,
    clock: Clock,
    *,
    limits: Limits | None = None,
    ca_file: str | None = None,
) -> AsyncIterator[DataverseClient]:
    """Open a client for one organisation and close its connections at the end.

    An https authority is asked through azure-identity, any other by a plain post. `ca_file`
    replaces the system's certificate authorities for both.
    """
    chosen = limits or Limits()
    timeout = aiohttp.ClientTimeout(total=chosen.timeout_s, connect=None, sock_connect=chosen.connect_s)
    trust = ssl.create_default_context(cafile=ca_file) if ca_file else True
    connector = aiohttp.TCPConnector(limit=0, ssl=trust)
    # No cookies: ARRAffinity would tie us to one of the organisation's servers (4.3).
    # A proxy of the environment is for the way out; plain http is only spoken to an emulator nearby.
    proxied = url.scheme == "https"
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=proxied
    ) as session:
        http = partial(exchange, session)
        if credentials.authority.startswith("https://"):
            tokens = entra_tokens(credentials, clock, verify=ca_file or True)
        else:
            tokens = plain_tokens(credentials, form_posts(http), clock)
        yield DataverseClient(http, url, tokens, clock, chosen)


def form_posts(exchange: Exchange) -> Post:
    """Post forms, as sign-in does, by whatever exchanges HTTP."""

    async def post(address: str, form: Mapping[str, str]) -> Response:
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        return await exchange("POST", address, kind, urlencode(form).encode(), "signing in")

    return post
