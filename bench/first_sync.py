"""What joining an organisation costs, against one request per contact."""

import argparse
import asyncio
import json
import resource
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

from assent.app.application import open_application
from assent.app.system import stand_still
from assent.demo.crowd import hub_crowd
from assent.demo.rep import at_work
from assent.demo.stage import CATEGORIES, USER, connection_to, emulator_process
from assent.ports import Evidence
from assent.services import categories
from assent.services.access import operator
from bench.apart import told
from bench.one_by_one import seconds_each
from bench.settled import settings_for

#: The baseline asks for this many contacts one by one, and is extrapolated from there.
SAMPLE = 300

SEED = 7


async def measure(contacts: int) -> dict[str, Any]:
    """Fill a hub, then set an organisation up beside it, each in a process of its own."""
    with TemporaryDirectory(prefix="assent-bench-") as folder:
        async with emulator_process(contacts, SEED) as url:
            made = await told("bench.first_sync", folder, url)
            found = await told("bench.first_sync", folder, url, "--join", *map(str, made["connection"]))
            each = await seconds_each(url, SAMPLE)
    return {
        "rows": contacts,
        "hub_contacts": made["hub_contacts"],
        **found,
        "baseline": f"one request per contact, {SAMPLE} measured and extrapolated",
        "baseline_requests": contacts,
        "baseline_wall_s": round(each * contacts, 2),
        "ratio_requests": round(contacts / found["requests"], 1),
    }


async def fill(data: Path, url: str) -> dict[str, Any]:
    """A hub that knows some of the organisation's people, and a connection that is not set up yet."""
    async with (
        open_application(settings_for(data), worker=False) as app,
        at_work(url, "rep-anna") as (rep, _),
    ):
        account_id = await app.store.accounts.create("Fjord & Co")
        for name, description in CATEGORIES:
            await categories.create(app, operator(account_id), name, description)
        crowd = hub_crowd(await rep.rows(), SEED)
        ids = await app.add(account_id, USER, crowd, Evidence(source="trade fair", text="Write to me"))
        added = await app.connect(account_id, connection_to(url))
        return {"connection": (account_id, added.connection_id), "hub_contacts": len(ids)}


async def join(data: Path, url: str, account_id: int, connection_id: int) -> dict[str, Any]:
    """The whole setup: parts, first sync, backfill, webhooks."""
    async with (
        open_application(settings_for(data), worker=False) as app,
        at_work(url, "rep-anna") as (_, crm),
    ):
        stand_still()  # as a process that serves does
        before, cpu, started = await crm.requests(), process_time(), perf_counter()
        await app.set_up(
            account_id, connection_id, public_url="http://127.0.0.1:9", progress=lambda *_: None, approve=True
        )
        wall, cpu = perf_counter() - started, process_time() - cpu
        return {
            "requests": await crm.requests() - before,
            "wall_s": round(wall, 2),
            "engine_cpu_s": round(cpu, 2),
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }


def main() -> None:
    """One of the parts, in a process of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("url")
    parser.add_argument("--join", nargs=2, type=int, metavar=("ACCOUNT", "CONNECTION"))
    given = parser.parse_args()
    work = join(given.data, given.url, *given.join) if given.join else fill(given.data, given.url)
    sys.stdout.write(json.dumps(asyncio.run(work)) + "\n")


if __name__ == "__main__":
    main()
