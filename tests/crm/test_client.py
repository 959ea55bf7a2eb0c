"""The client against a small server on this machine: sign-in, pauses, retries, and where tokens go."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from assent.crm.client import DataverseClient, Limits, open_organisation
from assent.crm.faults import TookTooLong
from assent.crm.organisation import parse_organisation_url
from assent.crm.signin import Credentials
from assent.crm.transport import Lane, Request
from assent.errors import (
    Invalid,
    Locked,
    NotDataverse,
    Refused,
    Retry,
    SignInRefused,
    Throttled,
    Unreachable,
)

from .samples import RealClock, StillClock

LIMITS = Limits(retry_wait_s=0.001, timeout_s=5)
READ = Request("reading", "GET", "contacts")
WRITE = Request("writing", "POST", "contacts", repeatable=False)
SECRET = "s3cret-value"

Handler = Callable[[web.Request], Awaitable[web.Response]]


@dataclass
class Site:
    """A server that answers from a list, and keeps what it was asked."""

    answers: list[web.Response | float] = field(default_factory=list)
    asked: list[web.Request] = field(default_factory=list)
    tokens: list[web.Response] = field(default_factory=list)
    signed_in: int = 0
    forms: list[str] = field(default_factory=list)
    url: str = ""

    async def token(self, request: web.Request) -> web.Response:
        """The token endpoint."""
        self.signed_in += 1
        self.forms.append(await request.text())
        if self.tokens:
            return self.tokens.pop(0)
        return web.json_response({"access_token": f"t{self.signed_in}", "expires_in": 3599})

    async def data(self, request: web.Request) -> web.Response:
        """The Web API: the next answer, or one that comes too late."""
        await request.read()
        self.asked.append(request)
        found = self.answers.pop(0) if self.answers else web.json_response({})
        if isinstance(found, float):
            await asyncio.sleep(found)
            return web.json_response({})
        return found


@asynccontextmanager
async def site(trust: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    """A running site."""
    found = Site()
    app = web.Application()
    app.router.add_post("/{tenant}/oauth2/v2.0/token", found.token)
    app.router.add_route("*", "/{path:.*}", found.data)
    runner = web.AppRunner(app)
    await runner.setup()
    tcp = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=trust)
    await tcp.start()
    assert runner.addresses
    port = runner.addresses[0][1]
    found.url = f"https://localhost:{port}" if trust else f"http://127.0.0.1:{port}"
    try:
        yield found
    finally:
        await runner.cleanup()


@asynccontextmanager
async def client(
    found: Site, clock: StillClock | None = None, limits: Limits = LIMITS
) -> AsyncIterator[DataverseClient]:
    """A client of the site."""
    url = parse_organisation_url(found.url, allow_other_hosts=True)
    credentials = Credentials("tenant", "app", SECRET, found.url)
    async with open_organisation(url, credentials, clock or StillClock(), limits=limits) as opened:
        yield opened


def error(status: int, code: str = "", **headers: str) -> web.Response:
    """An error answer."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.json_response({"error": {"code": code, "message": ""}}, status=status, headers=given)


async def test_requests_carry_what_the_web_api_wants() -> None:
    """The headers of 2.1, one sign-in for many requests, and no cookie kept (4.3)."""
    async with site() as found, client(found) as opened:
        cookie = web.json_response({})
        cookie.set_cookie("ARRAffinity", "one")
        found.answers.append(cookie)
        await opened.send(READ)
        await opened.send(replace(READ, path="contacts?$filter=a%20eq%20'%2B'"))
        first, second = found.asked
        assert first.path == "/api/data/v9.2/contacts"
        assert first.headers["Authorization"] == "Bearer t1"
        assert first.headers["OData-Version"] == first.headers["OData-MaxVersion"] == "4.0"
        assert first.headers["If-None-Match"] == "null"
        assert second.raw_path == "/api/data/v9.2/contacts?$filter=a%20eq%20'%2B'"
        assert "Cookie" not in second.headers
        assert (found.signed_in, opened.requests_sent) == (1, 2)


async def test_a_refused_token_is_renewed_once() -> None:
    """A token may be withdrawn before its time: one 401 leads to a fresh one, a second to a person."""
    async with site() as found, client(found) as opened:
        found.answers = [web.Response(status=401), web.json_response({})]
        assert (await opened.send(READ)).status == 200
        assert found.asked[-1].headers["Authorization"] == "Bearer t2"
        found.answers = [web.Response(status=401), web.Response(status=401)]
        assert (await opened.send(READ)).status == 401


async def test_a_token_is_renewed_before_it_ends() -> None:
    """A token is kept until some minutes before its end."""
    clock = StillClock()
    async with site() as found, client(found, clock) as opened:
        await opened.send(READ)
        clock.at += timedelta(minutes=50)
        await opened.send(READ)
        assert found.signed_in == 1
        clock.at += timedelta(minutes=6)
        await opened.send(READ)
        assert found.signed_in == 2


async def test_many_at_once_sign_in_once() -> None:
    """However many wait for a token, it is asked for once."""
    async with site() as found, client(found) as opened:
        await asyncio.gather(*(opened.send(READ) for _ in range(20)))
        assert found.signed_in == 1


@pytest.mark.parametrize(
    ("status", "said", "hint"),
    [
        (401, "AADSTS7000215: Invalid client secret", "secret is wrong"),
        (401, "AADSTS7000222: expired", "expired"),
        (400, "AADSTS90002: Tenant not found", "tenant"),
        (400, "AADSTS700016: no such app", "application id"),
        (403, "?", "check the tenant id"),
    ],
)
async def test_a_refused_sign_in_says_what_to_do(status: int, said: str, hint: str) -> None:
    """The secret is not in the text, the remedy is (style H4)."""
    async with site() as found, client(found) as opened:
        found.tokens = [web.json_response({"error": "x", "error_description": said}, status=status)]
        with pytest.raises(SignInRefused, match=hint) as caught:
            await opened.send(READ)
        assert SECRET not in str(caught.value)
        assert not found.asked


@pytest.mark.parametrize("answer", [web.Response(status=500), web.Response(text="<html>")])
async def test_a_broken_token_endpoint_is_tried_again(answer: web.Response) -> None:
    """An answer that is none is a passing fault."""
    async with site() as found, client(found) as opened:
        found.tokens = [answer]
        assert (await opened.send(READ)).status == 200


def test_a_secret_is_never_printed() -> None:
    """Credentials show no secret."""
    assert SECRET not in repr(Credentials("t", "a", SECRET))
    for wrong in (("", "a", "s"), ("t", "a b", "s"), ("t", "a", ""), ("t/../x", "a", "s")):
        with pytest.raises(Invalid):
            Credentials(*wrong)
    with pytest.raises(Invalid):
        Credentials("t", "a", "s", "ftp://x")


async def test_a_pause_is_waited_out_by_everybody() -> None:
    """Retry-After closes the gate for the whole connection; then the request is sent again (5.1)."""
    clock = StillClock()
    async with site() as found, client(found, clock) as opened:
        found.answers = [error(429, "0x80072322", Retry_After="17")]
        assert (await opened.send(WRITE)).status == 200
        assert clock.slept == [17.0]
        await opened.send(READ)
        assert clock.slept == [17.0]


async def test_a_long_pause_is_given_back() -> None:
    """A pause beyond patience is the caller's to plan with."""
    async with site() as found, client(found) as opened:
        found.answers = [error(429, "0x80072321", Retry_After="300")]
        with pytest.raises(Throttled) as caught:
            await opened.send(READ)
        assert caught.value.after_s == 300
        with pytest.raises(Throttled):
            await opened.send(READ)
        assert len(found.asked) == 1


async def test_without_a_figure_pauses_double() -> None:
    """A 429 without Retry-After backs off exponentially (5.1)."""
    clock = StillClock()
    async with site() as found, client(found, clock) as opened:
        found.answers = [error(429), error(429), error(429)]
        await opened.send(READ)
        assert clock.slept == [1.0, 2.0, 4.0]


async def test_a_lock_is_not_waited_for() -> None:
    """A 429 with 0x80071151 is a customisation lock, which may last minutes (7.7)."""
    async with site() as found, client(found) as opened:
        found.answers = [error(429, "0x80071151")]
        with pytest.raises(Locked):
            await opened.send(READ)
        assert len(found.asked) == 1


async def test_passing_faults_are_repeated_when_that_is_safe() -> None:
    """A read outlives two gateway errors; a write that must not be doubled is sent once."""
    async with site() as found, client(found) as opened:
        found.answers = [error(503), error(502)]
        assert (await opened.send(READ)).status == 200
        found.answers = [error(503)]
        with pytest.raises(Unreachable):
            await opened.send(WRITE)
        assert len(found.asked) == 4
        found.answers = [error(500) for _ in range(4)]
        with pytest.raises(Retry):
            await opened.send(READ)


async def test_a_late_answer_is_unknown() -> None:
    """A time-out says nothing about what a write did (errors.py)."""
    async with site() as found, client(found, limits=replace(LIMITS, timeout_s=0.1)) as opened:
        found.answers = [0.5]
        with pytest.raises(TookTooLong):
            await opened.send(WRITE)


async def test_nobody_there_is_unreachable() -> None:
    """A closed port is a passing fault, and its text names no address."""
    async with site() as found:
        url = found.url
    async with client(Site(url=url)) as opened:
        with pytest.raises(Unreachable) as caught:
            await opened.send(READ)
        assert "127.0.0.1" not in str(caught.value)


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/api/data/v9.2/contacts",
        "//evil.example/api/data/v9.2/x",
        "http://127.0.0.1:1/api/data/v9.2/contacts",
        "{url}@evil.example/api/data/v9.2/x",
        "{url}.evil.example/api/data/v9.2/x",
        "{url}\\@evil.example/api/data/x",
        "{url}/other",
        "{url}/api/data/v9.2/x y",
    ],
)
async def test_a_link_to_elsewhere_gets_no_token(link: str) -> None:
    """The bearer token goes to the organisation's own address and nowhere else (3.5)."""
    async with site() as found, client(found) as opened:
        with pytest.raises(NotDataverse):
            await opened.send(replace(READ, path=link.replace("{url}", found.url)))
        assert found.signed_in == 0


async def test_a_redirect_is_an_answer() -> None:
    """Redirects are never followed: they lead to sign-in pages, or away."""
    async with site() as found, client(found) as opened:
        found.answers = [web.Response(status=302, headers={"Location": "https://evil.example/"})]
        assert (await opened.send(READ)).status == 302
        assert len(found.asked) == 1


async def test_concurrency_follows_the_hint_and_refusals_overtake() -> None:
    """x-ms-dop-hint bounds what is under way (4.3); a refusal never waits behind a backfill."""
    async with site() as found, client(found) as opened:
        found.answers = [web.json_response({}, headers={"x-ms-dop-hint": "2"})]
        await opened.send(READ)
        found.answers = [0.1] + [web.json_response({}) for _ in range(9)]
        backfill = [
            asyncio.create_task(opened.send(replace(READ, path=f"b{n}", lane=Lane.BACKFILL)))
            for n in range(6)
        ]
        await asyncio.sleep(0.03)
        assert [request.path[-2:] for request in found.asked[1:]] == ["b0"]
        await opened.send(replace(READ, path="refusal", lane=Lane.REFUSAL))
        assert not any(task.done() for task in backfill)
        await asyncio.gather(*backfill)


async def test_a_cancelled_request_gives_its_place_back() -> None:
    """A caller that gives up, waiting or admitted, takes nothing from the others."""
    async with site() as found, client(found, limits=replace(LIMITS, concurrency=2)) as opened:
        found.answers = [0.2, 0.2]
        tasks = [asyncio.create_task(opened.send(READ)) for _ in range(5)]
        await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (await asyncio.wait_for(opened.send(READ), 2)).status == 200


async def test_an_https_authority_is_asked_through_azure_identity(tmp_path: Path) -> None:
    """azure-identity signs in against our own authority with one call, and refusals are mapped."""
    authority = trustme.CA()
    trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(trust)
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    async with site(trust) as found:
        url = parse_organisation_url(found.url, allow_other_hosts=True)
        credentials = Credentials("tenant", "app", SECRET, found.url)
        async with open_organisation(
            url, credentials, RealClock(), limits=LIMITS, ca_file=str(ca_file)
        ) as opened:
            assert (await opened.send(READ)).status == 200
            await opened.send(READ)
            assert found.signed_in == 1
            found.answers = [web.Response(status=401)]
            await opened.send(READ)
            assert found.signed_in == 2
        found.tokens = [
            web.json_response({"error": "x", "error_description": "AADSTS7000222: e"}, status=401)
        ]
        async with open_organisation(
            url, credentials, RealClock(), limits=LIMITS, ca_file=str(ca_file)
        ) as opened:
            with pytest.raises(SignInRefused, match="expired"):
                await opened.send(READ)
        async with open_organisation(url, credentials, RealClock(), limits=LIMITS) as opened:
            with pytest.raises((Refused, Unreachable)):
                await opened.send(READ)


async def test_a_certificate_signs_in_without_a_secret(tmp_path: Path) -> None:
    """What is sent is a statement signed with its key; nothing of the key leaves the machine (1.1)."""
    authority = trustme.CA()
    trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(trust)
    own = authority.issue_cert("app.example", key_type=trustme.KeyType.RSA)
    pem = own.private_key_pem.bytes().decode() + own.cert_chain_pems[0].bytes().decode()
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    async with site(trust) as found:
        url = parse_organisation_url(found.url, allow_other_hosts=True)
        credentials = Credentials("tenant", "app", pem, found.url)
        assert "PRIVATE" not in repr(credentials)
        async with open_organisation(
            url, credentials, RealClock(), limits=LIMITS, ca_file=str(ca_file)
        ) as opened:
            assert (await opened.send(READ)).status == 200
        assert "client_assertion" in found.forms[-1]
        assert "PRIVATE" not in str(found.forms)


@pytest.mark.parametrize("half", ["key", "certificate", "neither"])
def test_half_a_certificate_is_told_at_once(half: str) -> None:
    """Both parts, and the key without a passphrase."""
    own = trustme.CA().issue_cert("app.example")
    halves = {"key": own.private_key_pem.bytes(), "certificate": own.cert_chain_pems[0].bytes()}
    pem = halves.get(half, b"-----BEGIN NONSENSE-----").decode()
    with pytest.raises(Invalid, match="both the certificate and its private key"):
        Credentials("tenant", "app", pem)
