"""The whole program against an emulated organisation: real time, outages, restarts."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from assent.app.application import open_application, serving
from assent.demo.rep import Rep
from assent.policy.gate import Message
from assent.policy.permission import LegalBasis
from assent.ports import Act, Evidence
from assent.services.application import Application
from dataverse_emulator import RunningEmulator, create_organization, running

from .world import HERSELF, account, add, organisation_at, person, settings, silent, until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.thorough]


@dataclass(frozen=True)
class Live:
    """A running application with a live connection and twenty consenting contacts."""

    app: Application
    emulator: RunningEmulator
    rep: Rep
    session: ClientSession
    account_id: int
    contact_ids: list[UUID]

    async def control(self, what: str, **switches: object) -> None:
        """Turn one of the emulator's switches."""
        async with self.session.put(f"{self.emulator.url}/emulator/{what}", json=switches) as answer:
            assert 200 == answer.status

    async def basis(self, contact_id: UUID) -> LegalBasis:
        """What the hub holds."""
        return (await person(self.app, self.account_id, contact_id)).contact.basis

    async def row(self, contact_id: UUID) -> UUID:
        """The row a contact is linked to."""
        return (await person(self.app, self.account_id, contact_id)).links[0].key.row_id

    async def reason(self, contact_id: UUID) -> str:
        """What the gate says now."""
        checked = await self.app.check(self.account_id, [contact_id], Message())
        return checked.verdicts[contact_id].reason.value


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def live(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    """Set up once; no tick comes, so that nothing here is owed to one."""
    async with (
        running(create_organization()) as emulator,
        ClientSession() as session,
        open_application(settings(tmp_path_factory.mktemp("live"))) as app,
        serving(app) as url,
    ):
        rep = Rep(session, emulator.url, "rep-anna")
        emails = [f"person{number}@meadow.example" for number in range(20)]
        for email in emails:
            await rep.create({"emailaddress1": email})
        account_id = await account(app)
        contact_ids = await add(app, account_id, *emails, basis=LegalBasis.CONSENT)
        added = await app.connect(account_id, organisation_at(emulator.url))
        await app.set_up(account_id, added.connection_id, public_url=url, progress=silent, approve=True)
        yield Live(app, emulator, rep, session, account_id, contact_ids)


async def test_a_reps_refusal_is_in_the_hub_within_seconds(live: Live) -> None:
    """By webhook, inbox and drain; the gate then says withdrawn (tier 2)."""
    chosen = live.contact_ids[0]
    await live.rep.save(await live.row(chosen), {"donotbulkemail": True})

    async def withdrawn() -> bool:
        return await live.basis(chosen) is LegalBasis.WITHDRAWN

    await until(withdrawn, 5)
    assert "withdrawn" == await live.reason(chosen)


async def test_a_click_on_the_preference_page_is_in_dynamics_within_seconds(live: Live) -> None:
    """By act, wake-up and drain (tier 2)."""
    chosen = live.contact_ids[1]
    act = Act(chosen, basis=LegalBasis.WITHDRAWN)
    await live.app.act(live.account_id, HERSELF, [act], Evidence(text="no more"))
    row_id = await live.row(chosen)

    async def refused() -> bool:
        row = await live.rep.row(row_id)
        return row is not None and row["donotbulkemail"] is True

    await until(refused, 5)


async def test_a_refusal_that_arrives_while_dynamics_is_down_blocks_and_is_dealt_with_afterwards(
    live: Live,
) -> None:
    """The notice is kept, nobody is mailed on its strength, and no second notice is needed (M8, P1, P8)."""
    chosen = live.contact_ids[2]
    row_id = await live.row(chosen)
    assert "may_mail" == await live.reason(chosen)
    await live.control("webhooks", enabled=True, delay_s=0.2)
    await live.rep.save(row_id, {"donotbulkemail": True})
    await live.control("faults", next=1_000_000, status=503)

    async def arrived() -> bool:
        notices = await live.app.store.memory.notices(live.account_id, 10)
        return row_id in {notice.row_id for notice in notices}

    await until(arrived, 5)
    await asyncio.sleep(0.5)
    assert await arrived()
    assert LegalBasis.CONSENT is await live.basis(chosen)
    await live.control("faults", next=0)
    await live.control("webhooks", enabled=True, delay_s=0)

    async def withdrawn() -> bool:
        return await live.basis(chosen) is LegalBasis.WITHDRAWN and not await arrived()

    await until(withdrawn, 30, "the drain after the outage")


async def test_the_gate_fails_closed_while_dynamics_is_down(live: Live) -> None:
    """What cannot be verified is not mailed, and the check ends (G4)."""
    chosen = live.contact_ids[3]
    await live.control("faults", next=1_000_000, status=503)
    try:
        assert "unverified" == await asyncio.wait_for(live.reason(chosen), 30)
    finally:
        await live.control("faults", next=0)
    assert "may_mail" == await live.reason(chosen)


async def test_a_server_started_anew_goes_on(live: Live) -> None:
    """An unchanged world is swept without a write; the ledger verifies (P4, P7)."""
    await live.app.sweep(live.account_id)
    report = await live.app.sweep(live.account_id)
    assert (0, 0) == (report.changed, report.written)
    assert (await live.app.store.ledger.verify(live.account_id)).broken is None
