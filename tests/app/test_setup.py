"""Setup through the application: resumed wherever it stopped, repeated, extended (P6)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import ClientSession

from assent.app.application import serving
from assent.demo.rep import Rep
from assent.engine.setup_terms import Step
from assent.errors import Unknown
from assent.policy.address import normalise
from assent.policy.permission import LegalBasis
from dataverse_emulator import RunningEmulator, create_organization, running

from .world import Office, account, add, office, organisation_at, person, silent, until

pytestmark = pytest.mark.thorough


class Crash(BaseException):
    """The process ends here."""


@dataclass
class Joined:
    """A served office with a connection that is not yet set up."""

    office: Office
    emulator: RunningEmulator
    rep: Rep
    url: str
    account_id: int
    connection_id: int

    async def set_up(self, crash: tuple[Step, str] | None = None) -> None:
        """Run setup, perhaps until a crash."""

        def progress(step: Step, state: str) -> None:
            if (step, state) == crash:
                raise Crash

        await self.office.app.set_up(
            self.account_id, self.connection_id, public_url=self.url, progress=progress, approve=True
        )

    async def agree(self) -> bool:
        """Whether the connection is live, and every linked row says what the hub says."""
        store = self.office.app.store
        (connection,) = await store.accounts.connections(self.account_id)
        figures = await store.accounts.figures(self.account_id)
        rows = await self.rep.rows()
        holders = await store.memory.holders(
            self.account_id, [e for row in rows if (e := normalise(row["emailaddress1"]))]
        )
        people = {
            p.contact.contact_id: p
            for p in await store.memory.people(self.account_id, list(holders.values()))
        }
        wrong = [
            row
            for row in rows
            if row["statecode"] == 0
            and (contact_id := holders.get(normalise(row["emailaddress1"]) or ""))
            and (people[contact_id].contact.basis is LegalBasis.WITHDRAWN) != bool(row["donotbulkemail"])
        ]
        return connection.live and figures.unsettled == 0 and figures.links > 0 and not wrong

    async def key_fits(self) -> bool:
        """Whether a rep's Do not allow reaches our door by the organisation's own webhook."""
        store = self.office.app.store
        row = await self.rep.create({"emailaddress1": "probe@key.example"})
        await self.emulator.webhooks_idle()
        return row in {str(n.row_id) for n in await store.memory.notices(self.account_id, 1000)}

    def made(self) -> tuple[int, int]:
        """How many service endpoints and steps the organisation has."""
        organization = self.emulator.organization
        return len(organization.table("serviceendpoint")), len(organization.table("sdkmessageprocessingstep"))


@asynccontextmanager
async def joined(folder: Path) -> AsyncIterator[Joined]:
    """An office whose hub knows half of an organisation's people."""
    async with (
        running(create_organization(contacts=30, seed=3)) as emulator,
        office(folder) as on,
        serving(on.app) as url,
        ClientSession() as session,
    ):
        rep = Rep(session, emulator.url, "rep-anna")
        account_id = await account(on.app)
        emails = {e for row in await rep.rows() if (e := normalise(row["emailaddress1"]))}
        await add(on.app, account_id, *sorted(emails)[::2], basis=LegalBasis.CONSENT)
        added = await on.app.connect(account_id, organisation_at(emulator.url))
        yield Joined(on, emulator, rep, url, account_id, added.connection_id)


async def test_setup_goes_on_wherever_it_was_killed(tmp_path: Path) -> None:
    """Killed as each step begins and as each ends, then let run: live, in agreement, nothing made twice."""
    async with joined(tmp_path) as on:
        before = len(await on.rep.rows())
        for step in Step:
            for state in ("running", "done"):
                with pytest.raises(Crash):
                    await on.set_up(crash=(step, state))
                (connection,) = await on.office.app.store.accounts.connections(on.account_id)
                assert not connection.live
        await on.set_up()
        assert await on.agree()
        assert before == len(await on.rep.rows())
        assert (1, 4) == on.made()


async def test_setup_goes_on_after_a_kill_in_the_middle_of_any_step(tmp_path: Path) -> None:
    """Killed after every third request to the organisation, again and again, until it comes through."""
    async with joined(tmp_path) as on:
        journal, kills = on.emulator.application.switches.journal, 0
        while True:
            limit = journal.total + 6 + kills // 4
            running_setup = asyncio.ensure_future(on.set_up())
            while not running_setup.done() and journal.total < limit:  # noqa: ASYNC110 - the emulator offers no event
                await asyncio.sleep(0)
            if running_setup.done():
                await running_setup
                break
            running_setup.cancel()
            await asyncio.gather(running_setup, return_exceptions=True)
            kills += 1
            assert kills < 100
        assert kills > 3
        assert await on.agree()
        assert (1, 4) == on.made()


async def test_after_an_undisturbed_setup_the_webhook_key_fits(tmp_path: Path) -> None:
    """A notice of the organisation is admitted and stored."""
    async with joined(tmp_path) as on:
        await on.set_up()
        assert await on.key_fits()


async def test_setting_up_a_live_connection_again_leaves_its_webhooks_working(tmp_path: Path) -> None:
    """Setup may be repeated; repeating it must not lock Dynamics out (P6)."""
    async with joined(tmp_path) as on:
        await on.set_up()
        await on.set_up()
        assert await on.key_fits()


async def test_after_a_kill_behind_the_webhooks_step_the_key_still_fits(tmp_path: Path) -> None:
    """Killed between registering webhooks and going live, then resumed: notices are admitted (P6)."""
    async with joined(tmp_path) as on:
        with pytest.raises(Crash):
            await on.set_up(crash=(Step.CATCH_UP, "running"))
        await on.set_up()
        assert await on.key_fits()


async def test_a_category_added_to_a_live_connection_does_not_stop_the_sync(tmp_path: Path) -> None:
    """Between adding a category and setting up again, refusals still travel (tier 3)."""
    async with joined(tmp_path) as on:
        await on.set_up()
        await on.office.app.store.accounts.add_category(on.account_id, "Offers", schema_name="asn_Offers")
        (chosen,) = await add(on.office.app, on.account_id, "late@comer.example", basis=LegalBasis.CONSENT)
        await on.office.app.sweep(on.account_id)
        assert (await person(on.office.app, on.account_id, chosen)).links


async def test_a_category_added_later_gets_its_column_by_setting_up_again(tmp_path: Path) -> None:
    """Setup runs once per connection, and again whenever a category changes (tier 1)."""
    async with joined(tmp_path) as on:
        await on.set_up()
        await on.office.app.store.accounts.add_category(on.account_id, "Offers", schema_name="asn_Offers")
        await on.set_up()
        assert "asn_offers" in on.emulator.organization.model.tables["contact"].columns


async def test_nobody_sets_up_the_connection_of_another_account(tmp_path: Path) -> None:
    """Unknown, and the true owner's webhook key stays as it was."""
    async with joined(tmp_path) as on:
        await on.set_up()
        other = await on.office.app.store.accounts.create("Other Ltd")
        for connection_id in (on.connection_id, 999):
            with pytest.raises(Unknown):
                await on.office.app.set_up(other, connection_id, public_url=on.url, progress=silent)
        assert await on.key_fits()
        await until(on.agree, 1)
