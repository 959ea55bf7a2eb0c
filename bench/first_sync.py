"""What joining an organisation costs, against one request per contact."""

import resource
from time import perf_counter, process_time
from typing import Any

import aiohttp

from assent.demo.stage import set_up, stage

#: The baseline asks for this many contacts one by one, and is extrapolated from there.
SAMPLE = 300


async def measure(contacts: int) -> dict[str, Any]:
    """Set an organisation up, over HTTP to an emulator process; the baseline reads row by row."""
    async with stage(contacts, 7, lambda _: None) as on:
        requests, cpu, started = await on.emulator.requests(), process_time(), perf_counter()
        await set_up(on, lambda _: None)
        wall, cpu = perf_counter() - started, process_time() - cpu
        requests = await on.emulator.requests() - requests
        one_by_one = await _row_by_row(on.emulator.url, contacts)
        people = len(on.contact_ids)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "rows": contacts,
        "hub_contacts": people,
        "requests": requests,
        "wall_s": round(wall, 2),
        "engine_cpu_s": round(cpu, 2),
        "peak_mb": round(peak),
        "baseline": f"one request per contact, {SAMPLE} measured and extrapolated",
        "baseline_requests": contacts,
        "baseline_wall_s": round(one_by_one, 2),
        "ratio_requests": round(contacts / requests, 1),
    }


async def _row_by_row(url: str, contacts: int) -> float:
    api, headers = f"{url}/api/data/v9.2/contacts", {"Authorization": "Bearer baseline"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(f"{api}?$select=contactid&$top={SAMPLE}") as answer:
            ids = [row["contactid"] for row in (await answer.json(content_type=None))["value"]]
        started = perf_counter()
        for row_id in ids:
            async with session.get(f"{api}({row_id})?$select=donotbulkemail") as answer:
                await answer.read()
    return (perf_counter() - started) / len(ids) * contacts
