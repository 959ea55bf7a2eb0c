"""Scenes of bad input: every one gets a clear error, and nothing is half-done."""

from dataclasses import replace

import aiohttp

from assent.demo.claims import Found, expect
from assent.demo.stage import Stage, connection_to
from assent.errors import AssentError, Invalid, NotDataverse


async def bad_input(on: Stage) -> Found:
    """Rubbish is answered clearly: not JSON, a wrong key, no such connection, not Dataverse."""
    hook = f"{on.url}/webhooks/dynamics"
    key = await on.app.store.accounts.new_webhook_key(on.account_id, on.connection_id)
    told: Found = {}
    async with aiohttp.ClientSession() as session:
        for name, path, sent, body in (
            ("not_json", on.connection_id, key, b"<no json>"),
            ("wrong_key", on.connection_id, "guess", b"{}"),
            ("unknown_connection", 999_999, key, b"{}"),
        ):
            async with session.post(f"{hook}/{path}", data=body, headers={"x-assent-key": sent}) as answer:
                told[name] = answer.status
    expect(told == {"not_json": 400, "wrong_key": 401, "unknown_connection": 404}, f"answers were {told}")
    told["not_an_address"] = await _refused(on, "no address at all", Invalid)
    told["not_dataverse"] = await _refused(on, on.url, NotDataverse)
    return told


async def _refused(on: Stage, url: str, expected: type[AssentError]) -> str:
    """Try to connect what is no organisation, with credentials that are good elsewhere."""
    try:
        await on.app.connect(on.account_id, replace(connection_to(on.emulator.url), url=url))
    except expected as error:
        return str(error)
    except AssentError as error:
        expect(condition=False, otherwise=f"{url!r} was refused with {type(error).__name__}")
    expect(condition=False, otherwise=f"{url!r} was taken for an organisation")
    return ""
