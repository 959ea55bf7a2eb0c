"""What a check of everybody before a send costs, against one request per contact."""

import argparse
import asyncio
import json
import resource
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

from assent.app.application import open_application
from assent.app.system import stand_still
from assent.demo.rep import at_work
from assent.demo.stage import emulator_process
from assent.policy.audience import Audience
from assent.policy.gate import Message, Reason
from bench.apart import told
from bench.one_by_one import seconds_each
from bench.settled import settings_for

#: The baseline asks for this many contacts one by one, and is extrapolated from there.
SAMPLE = 2_000

#: A real organisation, as far as documentation says (design section 6): so many requests a second may
#: be sent, so many seconds of execution taken per second, and what a request and a row take of it.
REQUESTS_PER_S, EXECUTION_PER_S = 20, 4
LATENCY_S, ROW_S = 0.15, 0.000_2


async def measure(contacts: int) -> dict[str, Any]:
    """Settle an account, change 1 % of its rows, check everybody; each in a process of its own."""
    with TemporaryDirectory(prefix="assent-bench-") as folder:
        async with emulator_process(0, 7) as url:
            made = await told("bench.settled", folder, url, str(contacts))
            found = await told("bench.presend", folder, url, str(made["account"]))
            baseline = await _one_by_one(url, contacts)
    requests, rows = found["requests"], found.pop("rows_read")
    return {
        "contacts": made["contacts"],
        "rows": made["rows"],
        "changed": made["changed"],
        **found,
        "projected_s": _projected(requests, rows, found["engine_cpu_s"]),
        "projected": f"latency {LATENCY_S} s a request, {ROW_S * 1000} ms a row, one after the other",
        **baseline,
        "ratio_requests": round(contacts / requests, 1),
    }


def _projected(requests: int, rows: int, ours_s: float) -> float:
    """The time against a real organisation: its own and ours, never faster than its limits allow."""
    execution = requests * LATENCY_S + rows * ROW_S
    return round(max(ours_s + execution, requests / REQUESTS_PER_S, execution / EXECUTION_PER_S), 1)


async def _one_by_one(url: str, contacts: int) -> dict[str, Any]:
    sample = min(SAMPLE, contacts)
    each = await seconds_each(url, sample)
    return {
        "baseline": f"one request per contact, {sample} measured and extrapolated",
        "baseline_requests": contacts,
        "baseline_wall_s": round(each * contacts, 1),
        "baseline_projected_s": round(contacts * max(LATENCY_S + ROW_S, 1 / REQUESTS_PER_S)),
    }


async def check(data: Path, url: str, account_id: int) -> dict[str, Any]:
    """Check every contact of the account as a send without a category would, and keep nothing."""
    async with (
        open_application(settings_for(data), worker=False) as app,
        at_work(url, "rep-anna") as (_, crm),
    ):
        stand_still()  # as a process that serves does
        before, cpu, started = await crm.requests(), process_time(), perf_counter()
        counts: Counter[Reason] = Counter()
        checked = await app.begin_check(account_id, Audience(), Message())
        async for batch in checked.verdicts():
            counts.update(one.verdict.reason for one in batch)
        wall, cpu = perf_counter() - started, process_time() - cpu
        (asked,) = checked.proof.asked.values()
        return {
            "requests": await crm.requests() - before,
            "rows_read": asked.rows + checked.proof.report.looked,
            "wall_s": round(wall, 2),
            "engine_cpu_s": round(cpu, 2),
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "method": asked.method.value,
            "verdicts": {reason.value: number for reason, number in counts.most_common()},
        }


def main() -> None:
    """The measured part, in a process of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("url")
    parser.add_argument("account", type=int)
    given = parser.parse_args()
    sys.stdout.write(json.dumps(asyncio.run(check(given.data, given.url, given.account))) + "\n")


if __name__ == "__main__":
    main()
