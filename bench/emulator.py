"""The Dataverse emulator with very many contacts, beside plain Python on the same rows."""

import asyncio
import gc
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from dataverse_emulator import Application, Incoming, create_app, create_organization, generate
from dataverse_emulator.state.standard import standard_model

CRM = "Microsoft.Dynamics.CRM."
COLUMNS = (
    "contactid", "firstname", "lastname", "fullname", "emailaddress1", "jobtitle", "telephone1",
    "donotbulkemail", "statecode", "statuscode", "createdon", "modifiedon",
)  # fmt: skip
ORGANISATIONS = 1000
PAGE = 5000
CHANGES = 1000
ROUNDS = 15


def measure(contacts: int) -> dict[str, Any]:
    """Each in a process of its own, one after the other; of many rounds the median."""
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        emulated = pool.apply(_emulated, (contacts,))
        plain = pool.apply(_plain, (contacts,))
        many = pool.apply(_organisations, ())
    figures: dict[str, Any] = {"contacts": contacts, "columns": len(COLUMNS)}
    for name, value in emulated.items():
        figures |= {name: value} | ({f"{name}, as a list of dicts": plain[name]} if name in plain else {})
    return figures | many


def _emulated(contacts: int) -> dict[str, float]:
    before, started = _memory_mb(), time.perf_counter()
    organization = create_organization(contacts=contacts)
    table = organization.table("contact")
    ids = [table.row_id(position) for position in table.first_positions(None, max(PAGE, 2 * CHANGES))]
    ready = time.perf_counter() - started
    memory = _memory_mb() - before
    gc.freeze()
    app = create_app(organization)
    page, delta, update = asyncio.run(_requests(app, ids))
    started = time.perf_counter()
    kept = organization.snapshot()
    copied = time.perf_counter() - started
    started = time.perf_counter()
    asyncio.run(_asked(app, "PATCH", f"contacts({ids[0]})", body=b'{"lastname":"A"}'))
    parted = time.perf_counter() - started
    assert len(kept.table("contact")) == contacts
    return {
        "memory, MB": round(memory),
        "ready, s": round(ready, 1),
        f"page of {PAGE:,} rows, ms": _shown(page),
        f"delta of {CHANGES:,} changes, ms": _shown(delta),
        f"update of {CHANGES:,} rows at once, ms": _shown(update),
        "copy of everything, ms": round(copied * 1000, 2),
        "first change after a copy, ms": round(parted * 1000, 1),
    }


async def _requests(app: Application, ids: list[str]) -> tuple[list[float], list[float], list[float]]:
    select = f"$select={','.join(COLUMNS)}"
    page = await _timed(lambda: _asked(app, "GET", "contacts", select))
    token = f"{app.organization.version}%2112%2f31%2f2099%2000%3a00%3a00"
    kind = {"@odata.type": f"{CRM}contact"}
    targets = [{**kind, "contactid": row_id, "donotbulkemail": True} for row_id in ids[:CHANGES]]
    body = json.dumps({"Targets": targets}).encode()
    path = f"contacts/{CRM}UpdateMultiple"
    update = await _timed(lambda: _asked(app, "POST", path, body=body))
    delta = await _timed(lambda: _asked(app, "GET", "contacts", f"{select}&$deltatoken={token}"))
    return page, delta, update


async def _asked(app: Application, method: str, path: str, query: str = "", *, body: bytes = b"") -> None:
    headers = {"authorization": "Bearer bench"}
    incoming = Incoming(method, "http://x", f"/api/data/v9.2/{path}", query, headers, body)
    answer = await app.ask(incoming)
    assert answer is not None
    assert answer.status in (200, 204), answer.body


def _plain(contacts: int) -> dict[str, float]:
    """The same rows as a list of dicts: what the figures would be if nothing were imitated."""
    before, started = _memory_mb(), time.perf_counter()
    rows = list(_rows(contacts))
    by_id = {row["contactid"]: row for row in rows}
    ready = time.perf_counter() - started
    memory = _memory_mb() - before
    gc.freeze()
    ids = list(by_id)[:CHANGES]

    def update() -> None:
        for number, row_id in enumerate(ids, contacts):
            by_id[row_id].update(donotbulkemail=True, versionnumber=number)

    def delta() -> None:
        msgspec.json.encode([row for row in rows if row["versionnumber"] >= contacts])

    page = asyncio.run(_timed(lambda: _at_once(lambda: msgspec.json.encode(rows[:PAGE]))))
    updated = asyncio.run(_timed(lambda: _at_once(update)))
    changed = asyncio.run(_timed(lambda: _at_once(delta)))
    started = time.perf_counter()
    copy = [row.copy() for row in rows]
    copied = time.perf_counter() - started
    assert len(copy) == contacts
    return {
        "memory, MB": round(memory),
        "ready, s": round(ready, 1),
        f"page of {PAGE:,} rows, ms": _shown(page),
        f"delta of {CHANGES:,} changes, ms": _shown(changed),
        f"update of {CHANGES:,} rows at once, ms": _shown(updated),
        "copy of everything, ms": round(copied * 1000, 2),
    }


def _rows(contacts: int) -> Iterator[dict[str, Any]]:
    chance = Random(1)  # noqa: S311 - the same every time
    number = count()
    for lot in generate.people(chance, 1_760_000_000, contacts):
        for values in zip(*(lot[name] for name in COLUMNS), strict=True):
            yield dict(zip(COLUMNS, values, strict=True)) | {"versionnumber": next(number)}


def _organisations() -> dict[str, float]:
    """Organisations in one process, each with its own system user; beside: one model that is not shared."""
    standard_model()
    before, started = _memory_mb(), time.perf_counter()
    held = [create_organization(seed=seed) for seed in range(ORGANISATIONS)]
    for organization in held:
        organization.table("contact")
    took = time.perf_counter() - started
    memory = _memory_mb() - before
    before = _memory_mb()
    models = [standard_model.__wrapped__() for _ in range(5)]
    unshared = (_memory_mb() - before) / len(models)
    return {
        f"{ORGANISATIONS:,} organisations, MB": round(memory, 1),
        f"{ORGANISATIONS:,} organisations, s": round(took, 2),
        f"{ORGANISATIONS:,} organisations, MB, with a model of its own each": round(unshared * len(held)),
    }


async def _at_once(act: Callable[[], object]) -> None:
    act()


async def _timed(act: Callable[[], Awaitable[object]]) -> list[float]:
    found = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        await act()
        found.append((time.perf_counter() - started) * 1000)
    return found


def _shown(times: list[float]) -> float:
    return round(statistics.median(times), 1)


def _memory_mb() -> float:
    """What the process holds now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20
