"""Connections under way: paused and resumed, swept on demand, their settings changed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assent.engine.schedule import slot_of
from assent.errors import Conflict, Invalid, NotAllowed, Unreachable
from assent.policy.permission import LegalBasis, OnAllow
from assent.services import connections
from assent.services.access import Role, caller, operator
from assent.services.connection_views import State
from assent.services.connections import Changed
from assent.services.jobs import on_demand
from assent.store.progress import SweepRun
from tests.app.world import ADMIN, account, add, organisation_at
from tests.services.joined import Joined, joined

pytestmark = pytest.mark.thorough


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Joined]:
    """A live connection."""
    async with joined(tmp_path) as made:
        await made.live()
        yield made


async def test_while_a_connection_is_paused_nobody_is_verified(on: Joined) -> None:
    """What sales people change meanwhile is not known, so the gate fails closed (G4)."""
    await on.rep.create({"emailaddress1": "ada@person.example"})
    (ada,) = await add(on.app, on.account_id, "ada@person.example", basis=LegalBasis.CONSENT)
    await on.app.sweep(on.account_id)
    assert "may_mail" == await on.reason(ada)
    paused = await connections.pause(on.app, on.me, on.connection_id)
    assert (State.PAUSED, False) == (paused.state, paused.live)
    assert "no contact can be verified" in paused.means
    assert "unverified" == await on.reason(ada)


async def test_a_paused_connection_is_neither_read_nor_written(on: Joined) -> None:
    """Drains and sweeps pass it by; what the hub changed meanwhile is carried over when it is resumed."""
    await connections.pause(on.app, on.me, on.connection_id)
    before = on.emulator.application.switches.journal.total
    (ada,) = await add(on.app, on.account_id, "ada@person.example", basis=LegalBasis.CONSENT)
    await on.drain()
    await on.app.sweep(on.account_id)
    assert before == on.emulator.application.switches.journal.total
    resumed = await connections.resume(on.app, on.me, on.connection_id)
    assert State.LIVE is resumed.state
    assert any(ident.startswith(f"sweep-{on.account_id}--") for ident in on.office.woken)
    await on.app.sweep(on.account_id)
    assert 1 == len((await on.person(ada)).links)


async def test_a_paused_connection_is_resumed_before_it_is_set_up(on: Joined) -> None:
    """Setup would bring it live behind the back of whoever paused it."""
    await connections.pause(on.app, on.me, on.connection_id)
    with pytest.raises(Conflict):
        await connections.set_up(on.app, on.me, on.connection_id)


async def test_only_a_live_connection_can_be_paused(tmp_path: Path) -> None:
    """Before setup there is nothing to stop."""
    async with joined(tmp_path) as new:
        with pytest.raises(Conflict):
            await connections.pause(new.app, new.me, new.connection_id)
        with pytest.raises(Conflict):
            await connections.sweep_now(new.app, new.me)


async def test_a_sweep_on_demand_is_durable_work_and_counts_for_its_half_hour(on: Joined) -> None:
    """It is started by name, its figures are kept, and no second one starts in the same slot."""
    app = on.app
    assert [on.account_id] == [account_id for account_id, _ in await app.jobs.due()]
    await connections.sweep_now(app, on.me)
    (ident,) = [ident for ident in on.office.woken if ident.startswith("sweep-")]
    await app.jobs.sweep(on.account_id, int(ident.removeprefix(f"sweep-{on.account_id}-")))
    (swept,) = await connections.sweeps(app, on.me, on.connection_id)
    assert (True, True) == (swept.on_demand, swept.reached)
    assert swept.finished_at is not None
    assert "settled" in swept.counts
    assert [] == await app.jobs.due()


async def test_two_clicks_start_one_sweep(on: Joined) -> None:
    """A running sweep already looks at everything since the last."""
    now = on.app.clock.now()
    row = SweepRun(on.connection_id, str(slot_of(now)), now, None, {})
    await on.app.store.accounts.write_sweep(on.account_id, row)
    with pytest.raises(Conflict, match="running already"):
        await connections.sweep_now(on.app, on.me)
    assert on_demand(now) == on_demand(now.replace(microsecond=0))


async def test_a_sweep_that_failed_has_ended(on: Joined) -> None:
    """An organisation that was down for a moment is swept at the next slot, not hours later."""
    await on.control("faults", next=50, status=503)
    with pytest.raises(Unreachable):
        await on.app.jobs.sweep(on.account_id, slot_of(on.app.clock.now()))
    (swept,) = await connections.sweeps(on.app, on.me, on.connection_id)
    assert swept.finished_at is not None
    assert not swept.reached
    assert [] == await on.app.jobs.due()


async def test_settings_are_changed_one_by_one(on: Joined) -> None:
    """What is not given stays as it is (T3, I4, I5)."""
    changed = await connections.change(on.app, on.me, on.connection_id, Changed(on_allow=OnAllow.HOLD))
    assert (OnAllow.HOLD, True, True) == (changed.on_allow, changed.create_in_hub, changed.hold_deleted)
    changed = await connections.change(
        on.app, on.me, on.connection_id, Changed(create_in_hub=False, create_from_others=True)
    )
    assert (OnAllow.HOLD, False, True) == (
        changed.on_allow,
        changed.create_in_hub,
        changed.create_from_others,
    )


async def test_verifying_stores_nothing(on: Joined) -> None:
    """It says who answers; connecting the same organisation twice is refused."""
    found = await connections.verify(on.app, on.me, organisation_at(on.emulator.url))
    assert found.organisation.organisation_id == (await on.view()).organisation_id
    assert (True, 0) == (str(found.findings.version).startswith("9."), found.findings.contacts)
    with pytest.raises(Invalid):
        await connections.connect(on.app, on.me, organisation_at(on.emulator.url))
    assert 1 == len(await connections.all(on.app, on.me))


async def test_an_organisation_has_one_account(on: Joined) -> None:
    """Connected elsewhere in this installation, it is refused, and nothing is stored."""
    other = operator(await account(on.app, "Other Ltd"))
    with pytest.raises(Invalid, match="another account"):
        await connections.connect(on.app, other, organisation_at(on.emulator.url))
    assert () == await connections.all(on.app, other)


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.ADMIN, Role.MAILER)])
async def test_only_admins_connect_change_and_pause(on: Joined, role: Role) -> None:
    """Others look; support may sweep."""
    other = caller(on.account_id, ADMIN, role)
    assert 1 == len(await connections.all(on.app, other))
    for call in (
        connections.verify(on.app, other, organisation_at(on.emulator.url)),
        connections.connect(on.app, other, organisation_at(on.emulator.url)),
        connections.change(on.app, other, on.connection_id, Changed()),
        connections.pause(on.app, other, on.connection_id),
        connections.resume(on.app, other, on.connection_id),
    ):
        with pytest.raises(NotAllowed):
            await call
    if role is not Role.SUPPORT:
        with pytest.raises(NotAllowed):
            await connections.sweep_now(on.app, other)
