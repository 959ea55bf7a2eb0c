"""Scenes that measure how soon each side knows: many samples, told as p50, p95 and p99 in seconds."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from math import ceil
from time import perf_counter
from uuid import UUID

from assent.demo.claims import Found, expect
from assent.demo.stage import CONTACT, USER, Stage
from assent.demo.watching import ask_the_gate, choose, until
from assent.policy.address import normalise
from assent.policy.permission import LegalBasis
from assent.policy.sides import PERMISSION, Person
from assent.ports import Act, Evidence, NewPerson

#: Samples of one figure, and how many of them are under way at the same time.
MOST_SAMPLES, AT_ONCE = 100, 2

#: What design promises of each, in seconds at p99.
GATE_S, OTHER_SIDE_S = 2.0, 3.0


def samples(on: Stage) -> int:
    """How many samples a crowd of this size can give without running out of people."""
    return max(2, min(MOST_SAMPLES, len(on.contact_ids) // 40))


def spread(seconds: Sequence[float]) -> Found:
    """Nearest-rank percentiles: each is a time that was measured."""
    ranked = sorted(seconds)
    found: Found = {"samples": len(ranked)}
    for percent in (50, 95, 99):
        found[f"p{percent}"] = round(ranked[ceil(percent / 100 * len(ranked)) - 1], 4)
    return found


async def measure(
    people: Sequence[Person], sample: Callable[[int, Person], Awaitable[float]], within: float
) -> Found:
    """Take one sample per person, a few at a time; misses when p99 is above what is promised."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, who: Person) -> float:
        async with gate:
            return await sample(number, who)

    found = spread(await asyncio.gather(*(one(number, who) for number, who in enumerate(people))))
    expect(found["p99"] < within, f"p99 was {found['p99']:.2f} s; promised is under {within:.0f} s")
    return {"seconds": found["p99"], **found}


async def rep_to_check(on: Stage) -> Found:
    """A rep's opt-out is committed; a check begun right after refuses, asking Dynamics itself."""

    async def sample(_: int, who: Person) -> float:
        contact_id = who.contact.contact_id
        await on.rep.save(who.links[0].key.row_id, {"donotbulkemail": True})
        started = perf_counter()
        verdict = (await ask_the_gate(on, [contact_id])).verdicts[contact_id]
        expect(not verdict.may, "a check begun after the opt-out let the mail through")
        return perf_counter() - started

    return await measure(await choose(on, LegalBasis.CONSENT, samples(on)), sample, GATE_S)


async def rep_to_fast_lane(on: Stage) -> Found:
    """The same opt-out by webhook alone: refused without asking Dynamics (M8)."""

    async def sample(_: int, who: Person) -> float:
        await on.rep.save(who.links[0].key.row_id, {"donotbulkemail": True})

        async def refused() -> bool:
            (facts,) = (await on.app.store.accounts.gate_facts(on.account_id, [contact_id(who)])).values()
            return facts.basis is LegalBasis.WITHDRAWN or bool(facts.blocked & PERMISSION)

        return await until(on, refused, "the refusal known here")

    people = await choose(on, LegalBasis.LEGITIMATE_INTEREST, samples(on))
    return await measure(people, sample, GATE_S)


async def created_in_crm(on: Stage) -> Found:
    """A contact created by a rep, until the hub has it."""

    async def sample(number: int, _: Person) -> float:
        email = f"fresh{number}@crm.example"
        await on.rep.create({"emailaddress1": email, "lastname": "Fresh"})
        return await until(on, lambda: _holder(on, email), "the contact in the hub")

    return await measure(await _somebody(on), sample, OTHER_SIDE_S)


async def created_in_hub(on: Stage) -> Found:
    """A contact created in the hub, until Dynamics has its row."""

    async def sample(number: int, _: Person) -> float:
        email = f"fresh{number}@hub.example"
        await on.app.add(on.account_id, USER, [NewPerson(email)], Evidence(source="console"))
        return await until(on, lambda: on.rep.bearing(email), "the row in Dynamics")

    return await measure(await _somebody(on), sample, OTHER_SIDE_S)


async def moved_in_crm(on: Stage) -> Found:
    """An address changed by a rep, until the hub has followed."""

    async def sample(number: int, who: Person) -> float:
        email = f"moved{number}@crm.example"
        await on.rep.save(who.links[0].key.row_id, {"emailaddress1": email})
        return await until(on, lambda: _holder(on, email), "the new address in the hub")

    return await measure(await choose(on, LegalBasis.CONSENT, samples(on)), sample, OTHER_SIDE_S)


async def moved_in_hub(on: Stage) -> Found:
    """An address changed in the hub, until the row has followed."""

    async def sample(number: int, who: Person) -> float:
        email = f"moved{number}@hub.example"
        act = Act(contact_id(who), email=email)
        await on.app.act(on.account_id, CONTACT, [act], Evidence(source="preference page"))

        async def followed() -> bool:
            row = await on.rep.row(who.links[0].key.row_id)
            return row is not None and normalise(row["emailaddress1"]) == email

        return await until(on, followed, "the new address on the row")

    return await measure(await choose(on, LegalBasis.CONSENT, samples(on)), sample, OTHER_SIDE_S)


def contact_id(who: Person) -> UUID:
    """The contact of a person."""
    return who.contact.contact_id


async def _holder(on: Stage, email: str) -> object:
    return await on.app.store.memory.holders(on.account_id, [email])


async def _somebody(on: Stage) -> list[Person]:
    """As many people as there are samples, for figures that need nobody in particular."""
    return await on.app.store.memory.people(on.account_id, on.contact_ids[: samples(on)])
