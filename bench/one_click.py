"""How soon one click is answered at a steady 300 a second, against a request that asks nothing."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import aiohttp

from assent.app.application import open_application, serving
from assent.app.system import stand_still
from assent.policy.permission import LegalBasis
from assent.ports import Actor, ActorKind, Evidence, NewPerson
from assent.services.access import operator
from assent.services.drafts import Draft
from assent.services.links import links
from assent.services.sends import create
from assent.services.settings import Settings
from bench.apart import line_of, part

RATE = 300
BATCH = 1_000
ADMIN, FORM = Actor(ActorKind.USER, "bench"), Evidence("Yes, write to me", "form")
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


async def measure(contacts: int) -> dict[str, Any]:
    """Click once for each of so many people, each in a mail of their own."""
    with TemporaryDirectory(prefix="assent-bench-") as folder:
        async with part("bench.one_click", folder, str(contacts)) as server:
            served = json.loads(await line_of(server))
            url, tokens = served["url"], served["tokens"]
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
                floor = await _steadily([session.get(f"{url}/healthz") for _ in tokens[: 5 * RATE]])
                clicks = [session.post(f"{url}/u/{token}", data=ONE_CLICK) for token in tokens]
                found = await _steadily(clicks)
    return {
        "clicks": len(tokens),
        "rate": f"{RATE} a second, whether answered or not",
        **_figures(found, ""),
        "baseline": "GET /healthz at the same rate",
        **_figures(floor, "baseline_"),
    }


async def _steadily(requests: Sequence[Any]) -> list[float]:
    """Begin a request every 1/300 s; a late beginning counts as waiting, as it does for who clicks."""
    started = perf_counter() + 0.1

    async def one(number: int, request: Any) -> float:
        due = started + number / RATE
        await asyncio.sleep(due - perf_counter())
        async with request as answer:
            await answer.read()
            answer.raise_for_status()
        return perf_counter() - due

    return await asyncio.gather(*(one(number, request) for number, request in enumerate(requests)))


def _figures(seconds: list[float], prefix: str) -> dict[str, float]:
    ordered = sorted(seconds)
    shares = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
    found = {prefix + name: round(ordered[int(len(ordered) * q)] * 1000, 1) for name, q in shares.items()}
    return found | {f"{prefix}max_ms": round(ordered[-1] * 1000, 1)}


async def serve(folder: Path, contacts: int) -> None:
    """The measured part: the whole program with so many people, until it is killed."""
    async with open_application(Settings(data=folder, port=0)) as app:
        account_id = await app.store.accounts.create("Fjord & Co")
        category = await app.store.accounts.add_category(account_id, "Newsletters", schema_name="asn_news")
        ids = []
        for start in range(0, contacts, BATCH):
            people = [
                NewPerson(f"p{number}@fjord.example", basis=LegalBasis.CONSENT)
                for number in range(start, min(start + BATCH, contacts))
            ]
            ids += await app.store.hub.add(account_id, ADMIN, people, FORM)
        send = await create(app, operator(account_id), Draft("May", "May", "News", category=category.bit))
        signed = await links(app, account_id)
        tokens = [signed.token(contact_id, send.send_id) for contact_id in ids]
        async with serving(app) as url:
            stand_still()
            sys.stdout.write(json.dumps({"url": url, "tokens": tokens}) + "\n")
            sys.stdout.flush()
            await asyncio.get_running_loop().create_future()


def main() -> None:
    """The server, in a process of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("contacts", type=int)
    given = parser.parse_args()
    asyncio.run(serve(given.folder, given.contacts))


if __name__ == "__main__":
    main()
