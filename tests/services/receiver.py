"""A webhook receiver as somebody else would run it: verifies with an unmodified library, answers as told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError


@dataclass
class Receiver:
    """What arrived, in order, and how the next requests are answered."""

    url: str = ""
    secret: str = ""
    #: Answers still to give before 204s: a status, or "hang" for none at all.
    answers: list[int | str] = field(default_factory=list)
    down: int = 0
    tried: list[str] = field(default_factory=list)
    taken: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    forged: int = 0
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        """The ids of what was taken."""
        return [message_id for message_id, _ in self.taken]

    @property
    def types(self) -> list[str]:
        """The types of what was taken."""
        return [body["type"] for _, body in self.taken]

    async def answer(self, request: web.Request) -> web.Response:
        """Verify, then answer as told."""
        data = await request.read()
        self.headers = dict(request.headers)
        try:
            body = Webhook(self.secret).verify(data, self.headers)
        except WebhookVerificationError:
            self.forged += 1
            return web.Response(status=401)
        self.tried.append(request.headers["webhook-id"])
        told = self.answers.pop(0) if self.answers else (self.down or 204)
        if told == "hang":
            await asyncio.sleep(3600)
        if isinstance(told, int) and told < 300:
            self.taken.append((request.headers["webhook-id"], body))
        return web.Response(status=int(told), headers={"Location": "/elsewhere"} if told == 302 else {})


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """Run a receiver on a free port."""
    made = Receiver()
    app = web.Application()
    app.router.add_post("/hooks", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
    try:
        yield made
    finally:
        await runner.cleanup()
