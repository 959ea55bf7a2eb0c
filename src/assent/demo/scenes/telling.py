"""Scenes of outgoing webhooks: signed, told again after an outage, never twice under another id."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from assent.demo.claims import Found, expect
from assent.demo.stage import Stage
from assent.demo.watching import choose, until
from assent.policy.permission import LegalBasis
from assent.services import outgoing


@dataclass
class Receiver:
    """Another program that is told; it answers with `status` and keeps what it took."""

    status: int = 204
    took: dict[str, dict[str, Any]] = field(default_factory=dict)
    tried: int = 0
    wrongly_signed: int = 0
    secret: str = ""

    async def take(self, request: web.Request) -> web.Response:
        """Check the signature as Standard Webhooks asks, then answer."""
        body = await request.read()
        self.tried += 1
        message_id = request.headers["webhook-id"]
        signed = f"{message_id}.{request.headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        if expected not in request.headers["webhook-signature"].split(" "):
            self.wrongly_signed += 1
        if self.status < 300:
            self.took[message_id] = await request.json()
        return web.Response(status=self.status)


@asynccontextmanager
async def _listening(receiver: Receiver) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/hook"
    finally:
        await runner.cleanup()


async def signed_and_replayed(on: Stage) -> Found:
    """A rep's opt-out is told; the receiver is down at first, and hears of it once it is back."""
    (chosen,) = await choose(on, LegalBasis.CONSENT)
    receiver = Receiver(status=503)
    async with _listening(receiver) as url:
        made = await outgoing.add_endpoint(on.app, on.operator, url, "the data warehouse")
        receiver.secret = made.secret
        endpoint_id = made.endpoint.endpoint_id
        try:
            await on.rep.save(chosen.links[0].key.row_id, {"donotbulkemail": True})
            await until(on, lambda: _is(receiver.tried > 0), "the first try")
            receiver.status = 204
            seconds = await until(on, lambda: _is(bool(receiver.took)), "the event told again")
            (event,) = receiver.took.values()
            told = await outgoing.deliveries(on.app, on.operator, endpoint_id)
            await outgoing.replay(on.app, on.operator, told.items[0].delivery_id)
            tried = receiver.tried
            await until(on, lambda: _is(receiver.tried > tried), "the replay")
        finally:
            await outgoing.remove_endpoint(on.app, on.operator, endpoint_id)
    expect(not receiver.wrongly_signed, "a signature does not verify")
    expect(len(receiver.took) == 1, f"one event came under {len(receiver.took)} ids")
    expect(event["type"] == "contact.permission.changed", f"the event was {event['type']}")
    return {"seconds": seconds, "type": event["type"], "tries": receiver.tried}


async def _is(holds: bool) -> bool:
    await asyncio.sleep(0)
    return holds
