"""Scenes of the console: signing in once, and pages that stay quick where there are many contacts."""

from collections.abc import Sequence
from itertools import islice
from statistics import median
from time import perf_counter
from uuid import UUID

import aiohttp

from assent.demo.claims import Found, expect
from assent.demo.crowd import many
from assent.demo.stage import USER, Stage
from assent.ports import Evidence
from assent.services import categories, people
from assent.services.access import operator
from assent.web.sessions import cookie_name

#: How many times as many contacts as the demo's organisation holds, and what a page may take.
TIMES, PAGE_S = 10, 0.2

#: How often each page is asked for; the median counts, so that one hiccup of the machine does not.
LOOKS = 5

_CHUNK = 5000


async def signs_in_once(on: Stage) -> Found:
    """The link of the demo signs in once: looking at it uses nothing up, a second use is refused."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        async with session.get(on.sign_in_url) as answer:
            expect(answer.status == 200, f"the link's page answered {answer.status}")
        async with session.post(on.sign_in_url, allow_redirects=False) as answer:
            expect(answer.status == 303, f"the link was answered {answer.status}")
        async with session.get(f"{on.url}/") as answer:
            expect(answer.status == 200, f"the console answered {answer.status}")
    async with aiohttp.ClientSession() as session:
        async with session.post(on.sign_in_url, allow_redirects=False) as answer:
            again = answer.status
        async with session.get(f"{on.url}/", allow_redirects=False) as answer:
            expect(answer.status == 303, f"without signing in the console answered {answer.status}")
    expect(again in (401, 403), f"the link used again was answered {again}")
    return {"used_again": again}


async def quick_pages(on: Stage) -> Found:
    """Every page of the console, over an account with many contacts."""
    account_id, some, contacts = await _large_account(on)
    token = await people.first_admin(on.app, account_id, "admin@large.example", "Lena Stor")
    signed_in = await people.sign_in_once(on.app, token)
    cookies = {cookie_name(on.app): signed_in.secret}
    async with aiohttp.ClientSession(cookies=cookies, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        took = {path: await _look(session, f"{on.url}{path}") for path in _pages(some)}
    slowest = max(took, key=lambda path: took[path])
    expect(took[slowest] < PAGE_S, f"{slowest.partition('?')[0]} took {took[slowest]:.3f} s")
    shown = {path.replace(str(some), "{id}"): round(seconds, 4) for path, seconds in took.items()}
    return {"seconds": round(took[slowest], 4), "contacts": contacts, "pages": shown}


def _pages(contact_id: UUID) -> Sequence[str]:
    """The pages that could grow slow with the number of contacts, and searches that find little or much."""
    return (
        "/",
        "/contacts",
        "/contacts?text=lastname77",
        "/contacts?text=person9",
        "/contacts?text=nobodyatall",
        "/contacts?basis=withdrawn",
        f"/contacts/{contact_id}",
        "/categories",
        "/sends",
        "/connections",
        "/activity",
        "/attention",
        "/settings",
        "/ledger",
    )


async def _look(session: aiohttp.ClientSession, url: str) -> float:
    times = []
    for _ in range(LOOKS):
        started = perf_counter()
        async with session.get(url) as answer:
            await answer.read()
            expect(answer.status == 200, f"{url} answered {answer.status}")
        times.append(perf_counter() - started)
    return median(times)


async def _large_account(on: Stage) -> tuple[int, UUID, int]:
    """Another account with many contacts; gives its number, one of its contacts, and how many there are."""
    account_id = await on.app.store.accounts.create("Large")
    made = await categories.create(on.app, operator(account_id), "Newsletters", "What is new")
    count = TIMES * on.rows
    crowd, first = many(count, made.bit), None
    while chunk := list(islice(crowd, _CHUNK)):
        ids = await on.app.store.hub.add(account_id, USER, chunk, Evidence(source="demo"))
        first = first or ids[0]
    assert first is not None
    return account_id, first, count
