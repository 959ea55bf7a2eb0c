"""Connecting verifies before it stores, and says what is wrong in words (P8)."""

import asyncio
import logging
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from assent.errors import AssentError, Invalid, NotDataverse, SignInRefused, Unreachable
from assent.services.connecting import connect
from assent.store.organisations import NewConnection
from dataverse_emulator import RunningEmulator, running

from .world import SECRET, Office, account, organisation_at

pytestmark = pytest.mark.thorough

SHAPES = {
    "nothing": "",
    "words": "no address at all",
    "no scheme": "contoso.crm4.dynamics.com",
    "another scheme": "ftp://contoso.crm4.dynamics.com",
    "a page of it": "https://contoso.crm4.dynamics.com/main.aspx?appid=1",
    "a password in it": "https://admin:hunter2@contoso.crm4.dynamics.com",
    "a port that is none": "https://contoso.crm4.dynamics.com:99999",
    "an unclosed bracket": "https://[::1",
    "letters that are none": "https://cont\x00oso.crm4.dynamics.com",
}


async def refused(at: Office, account_id: int, new: NewConnection) -> AssentError:
    """Try to connect; nothing may be stored."""
    with pytest.raises(AssentError) as found:
        await at.app.connect(account_id, new)
    assert [] == await at.app.store.accounts.connections(account_id)
    assert new.secret not in str(found.value)
    return found.value


@pytest.mark.parametrize("shape", SHAPES)
async def test_an_address_that_cannot_be_an_organisation_is_refused_in_words(at: Office, shape: str) -> None:
    """Invalid, says what is expected, repeats no password, and nothing is stored."""
    url = SHAPES[shape]
    error = await refused(at, await account(at.app), replace(organisation_at("https://x.example"), url=url))
    assert isinstance(error, Invalid)
    assert "https://contoso.crm4.dynamics.com" in str(error)
    assert "hunter2" not in str(error)


@pytest.mark.parametrize(
    "url",
    [
        "http://contoso.crm4.dynamics.com",
        "http://127.0.0.1:8401",
        "https://169.254.169.254",
        "https://crm4.dynamics.com.evil.example",
        "https://contoso.crm4.dynamics.com:8443",
        "https://evil.example#.crm4.dynamics.com",
    ],
)
async def test_only_dynamics_over_https_unless_the_operator_allows_others(at: Office, url: str) -> None:
    """Nobody can point the server at plain http or at another machine of its network."""
    account_id, new = await account(at.app), replace(organisation_at("https://x.example"), url=url)
    with pytest.raises(Invalid):
        await connect(at.app.store, at.app.clock, account_id, new, allow_other_hosts=False)
    assert [] == await at.app.store.accounts.connections(account_id)


async def test_what_is_no_dataverse_is_named_so(at: Office) -> None:
    """A web server that answers anything to anything is refused, whatever shape its answers have."""
    account_id = await account(at.app)
    answers = iter(
        [
            web.json_response({"access_token": "t", "expires_in": 3600}),
            web.Response(text="<html>Welcome</html>", content_type="text/html"),
            web.json_response({"access_token": "t", "expires_in": 3600}),
            web.json_response({"UserId": 7}),
            web.json_response({"access_token": "t", "expires_in": 3600}),
            web.Response(status=302, headers={"Location": "http://127.0.0.1:9/"}),
        ]
    )

    async def answer(_: web.Request) -> web.Response:
        return next(answers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        for _ in range(3):
            assert isinstance(await refused(at, account_id, organisation_at(url)), NotDataverse)
    finally:
        await runner.cleanup()


async def test_where_nothing_answers_it_says_so(at: Office) -> None:
    """A closed port is Unreachable, and quickly."""
    error = await asyncio.wait_for(
        refused(at, await account(at.app), organisation_at("http://127.0.0.1:9")), 20
    )
    assert isinstance(error, Unreachable)


async def test_a_wrong_secret_is_told_with_what_to_do(at: Office, strict: RunningEmulator) -> None:
    """Entra's number becomes a sentence; neither secret is repeated or stored."""
    error = await refused(at, await account(at.app), organisation_at(strict.url, secret="wrong-secret"))
    assert isinstance(error, SignInRefused)
    assert "the client secret is wrong" in str(error)


@pytest.mark.parametrize(
    "change", [{"tenant": "../x"}, {"client_id": ""}, {"secret": ""}, {"authority": "x"}]
)
async def test_credentials_that_cannot_be_are_refused_before_anything_is_sent(
    at: Office, strict: RunningEmulator, change: dict[str, Any]
) -> None:
    """Ids that would change the sign-in address, and empty secrets, never leave the machine."""
    new = replace(organisation_at(strict.url), **change)
    with pytest.raises(Invalid):
        await at.app.connect(await account(at.app), new)
    assert 0 == strict.application.switches.journal.total


@pytest.mark.parametrize(
    "way", ["http://127.0.0.1:{port}", "https://127.0.0.1:{port}", "https://other.example"]
)
async def test_sign_in_is_asked_for_at_microsoft_alone(at: Office, way: str) -> None:
    """Nobody can point the server at a machine of its own network by naming it as the sign-in server."""
    account_id, met = await account(at.app), list[object]()
    async with await asyncio.start_server(lambda reader, writer: met.append(writer), "127.0.0.1", 0) as door:
        authority = way.format(port=door.sockets[0].getsockname()[1])
        new = replace(organisation_at("https://contoso.crm4.dynamics.com"), authority=authority)
        store, clock = at.app.store, at.app.clock
        with pytest.raises(Invalid, match="sign-in server"):
            await asyncio.wait_for(connect(store, clock, account_id, new, allow_other_hosts=False), 5)
    assert [] == met


async def test_an_organisation_is_connected_once(at: Office, strict: RunningEmulator) -> None:
    """A second connection to the same organisation is refused, under another address too."""
    account_id = await account(at.app)
    await at.app.connect(account_id, organisation_at(strict.url))
    async with running(strict.organization) as alias:
        for url in (strict.url, alias.url):
            with pytest.raises(Invalid, match="connected to this account already"):
                await at.app.connect(account_id, organisation_at(url))
    assert 1 == len(await at.app.store.accounts.connections(account_id))


async def test_an_organisation_is_connected_once_though_two_admins_do_it_at_once(
    at: Office, strict: RunningEmulator
) -> None:
    """Two connections to one organisation would sync every row twice."""
    account_id = await account(at.app)
    new = organisation_at(strict.url)
    tried = (at.app.connect(account_id, new) for _ in range(2))
    await asyncio.gather(*tried, return_exceptions=True)
    assert 1 == len(await at.app.store.accounts.connections(account_id))


async def test_secrets_are_sealed_on_disk_and_absent_from_logs(
    at: Office, strict: RunningEmulator, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the client secret nor the webhook key can be read in any file but the key's own."""
    caplog.set_level(logging.DEBUG)
    account_id = await account(at.app)
    added = await at.app.connect(account_id, organisation_at(strict.url))
    await at.app.organisations.client(account_id, added.connection_id)
    written = b"".join(path.read_bytes() for path in at.app.settings.data.iterdir() if path.is_file())
    printed = capsys.readouterr()
    assert b"Meadow" in written
    for secret in (SECRET, added.webhook_key):
        assert secret.encode() not in written
        assert secret not in caplog.text + printed.out + printed.err


async def test_a_stored_connection_prints_without_its_secret(at: Office, strict: RunningEmulator) -> None:
    """Whatever is logged about a connection, its secret is not in it."""
    account_id = await account(at.app)
    added = await at.app.connect(account_id, organisation_at(strict.url))
    organised = await at.app.store.accounts.connection(account_id, added.connection_id)
    assert SECRET == organised.secret
    assert SECRET not in repr(organised) + str(organised)
    assert at.app.settings.secret_key.get_secret_value() not in repr(at.app.settings) + repr(at.app)


async def test_nothing_that_holds_a_secret_prints_it() -> None:
    """A traceback with locals, a debugger or an f-string must not show what admins typed."""
    from assent.engine.setup_terms import Webhook
    from assent.store.organisations import Added

    shown = repr(organisation_at("https://x.example")) + repr(Added(1, SECRET)) + repr(Webhook("u", SECRET))
    assert SECRET not in shown
