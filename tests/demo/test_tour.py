"""The tour is able to fail; test_processes plays it whole."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import pytest_asyncio

from assent.demo import watching
from assent.demo.claims import Missed, expect, play
from assent.demo.rep import Emulator
from assent.demo.scenes import agreeing
from assent.demo.stage import Stage, set_up, stage
from assent.demo.tour import SCENES, Tour
from assent.policy.permission import LegalBasis

# One tour at a time: it claims how fast things are.
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.thorough,
    pytest.mark.xdist_group("tours"),
]

SMALLEST = 500


def silent(_: object) -> None:
    """Say nothing."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def on() -> AsyncIterator[Stage]:
    """A stage that is set up."""
    async with stage(SMALLEST, 5, silent) as found:
        await set_up(found, silent)
        yield found


@asynccontextmanager
async def impatient() -> AsyncIterator[None]:
    """Scenes that wait for a second only."""
    before, watching.PATIENCE_S = watching.PATIENCE_S, 1.0
    try:
        yield
    finally:
        watching.PATIENCE_S = before


class Deaf(Emulator):
    """Controls whose outage switch does nothing."""

    async def webhooks(self, *, enabled: bool) -> None:
        """Leave the notices on."""


async def missed(on: Stage, name: str) -> str:
    """Play a scene that must miss; gives its reason."""
    ((says, scene),) = [(says, scene) for named, says, scene in SCENES if named == name]
    async with impatient():
        claim = await play(name, says, lambda: scene(on))
    assert not claim.ok
    return str(claim.detail["missed"])


async def test_without_webhooks_real_time_claims_are_missed(on: Stage) -> None:
    """The scenes look at the world: with notices lost they say what did not happen."""
    await on.emulator.webhooks(enabled=False)
    try:
        assert "Withdrawn in the hub" in await missed(on, "rep_opt_out")
        assert "the contact in the hub" in await missed(on, "created_in_crm")
        assert "last echo" in await missed(on, "echoes")
    finally:
        await on.emulator.webhooks(enabled=True)


async def test_an_outage_that_is_none_is_noticed(on: Stage) -> None:
    """Were notices delivered during the outage, the sweep would have healed nothing."""
    deaf = replace(on, emulator=Deaf(on.emulator._session, on.emulator.url))
    assert "during the outage" in await missed(deaf, "outage")


async def test_a_first_sync_that_left_somebody_differing_is_noticed(on: Stage) -> None:
    """A refusal that came meanwhile, unknown to the hub, is a difference."""
    await on.app.sweep(on.account_id)
    await on.emulator.webhooks(enabled=False)
    (chosen,) = await watching.choose(on, LegalBasis.CONSENT)
    await on.rep.save(chosen.links[0].key.row_id, {"donotbulkemail": True})
    try:
        with pytest.raises(Missed, match="differ"):
            await agreeing.first_sync(on)
    finally:
        await on.emulator.webhooks(enabled=True)
        await on.app.sweep(on.account_id)


async def test_one_missed_claim_fails_the_tour() -> None:
    """`ok` is the conjunction; an error that is no miss is not swallowed."""

    async def misses() -> dict[str, object]:
        expect([], "nothing there")
        return {}

    async def breaks() -> dict[str, object]:
        raise ZeroDivisionError

    claim = await play("x", "says", misses)
    assert (False, {"missed": "nothing there"}) == (claim.ok, claim.detail)
    with pytest.raises(ZeroDivisionError):
        await play("x", "says", breaks)
    assert not Tour(False, 1, (claim,), 0, 0.0).as_dict()["ok"]
