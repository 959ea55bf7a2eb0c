"""Setup by a real process, killed after every single step and resumed: as if nothing had happened (P6)."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from assent.app.system import SystemClock
from assent.crm.requests.catalogue import KEY as KEY_OF_ROW
from assent.crm.requests.catalogue import SELECT
from assent.engine.setup_terms import Step
from assent.policy.address import normalise
from assent.policy.permission import LegalBasis
from assent.services.application import Application
from dataverse_emulator import RunningEmulator, create_organization, running
from tests.app.victim import REACHED_AT
from tests.app.world import KEY, account, add, office, organisation_at, silent

pytestmark = pytest.mark.thorough

#: Processes at a time.
AT_ONCE = 3

ROWS = "contactid,emailaddress1,donotbulkemail,statecode,asn_news,asn_events"
PARTS = {
    "publishers": "uniquename,customizationprefix",
    "solutions": "uniquename,version",
    "serviceendpoints": "name,url,authtype",
    "sdkmessageprocessingsteps": "name,stage,mode,statecode,filteringattributes",
    "sdkmessageprocessingstepimages": "name,attributes,imagetype",
    "systemforms": "name,formxml,formactivationstate",
    "savedqueries": "name,fetchxml,layoutxml,statecode",
    "asn_subscriptioncategories": f"{KEY_OF_ROW},{SELECT}",
}


class Later(SystemClock):
    """A clock of a day after: nothing a dead process held is still held."""

    def now(self) -> datetime:
        """The present moment, tomorrow."""
        return super().now() + timedelta(days=1)


@dataclass(frozen=True)
class Place:
    """An organisation, and a folder whose hub is connected to it."""

    emulator: RunningEmulator
    session: ClientSession
    folder: Path
    account_id: int
    connection_id: int

    async def killed(self, turns: asyncio.Semaphore, step: Step) -> int:
        """Set up by a process that is killed behind that step; gives how it ended."""
        async with turns:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.app.victim", str(self.folder), str(self.account_id)),
                *(str(self.connection_id), step.value),
                cwd=Path(__file__).parents[2],
                env={"ASSENT_SECRET_KEY": KEY, "PATH": "", "PYTHONPATH": "src"},
            )
            return await process.wait()

    async def resume(self) -> None:
        """Set up to the end."""
        async with office(self.folder, clock=Later()) as on:
            await on.app.set_up(
                self.account_id, self.connection_id, public_url=REACHED_AT, progress=silent, approve=True
            )

    async def picture(self) -> dict[str, Any]:
        """Both systems, but for ids, versions and moments: what people and programs can see."""
        parts = {table: sorted(map(str, await self._rows(table, names))) for table, names in PARTS.items()}
        contacts = sorted(map(str, await self._rows("contacts", ROWS)))
        async with office(self.folder, clock=Later()) as on:
            return {**parts, "contacts": contacts, **await self._hub(on.app)}

    async def _hub(self, app: Application) -> dict[str, Any]:
        (connection,) = await app.store.accounts.connections(self.account_id)
        steps = await app.store.accounts.steps(self.account_id, self.connection_id)
        emails = {e for row in await self._rows("contacts", ROWS) if (e := normalise(row["emailaddress1"]))}
        holders = await app.store.memory.holders(self.account_id, emails)
        people = await app.store.memory.people(self.account_id, list(holders.values()))
        return {
            "live": (connection.live, connection.made),
            "steps": sorted((step.step, step.state) for step in steps),
            "people": sorted(
                (
                    person.contact.email,
                    person.contact.basis.name,
                    person.contact.value,
                    person.contact.hold,
                    sorted((str(link.key.row_id), link.base is not None) for link in person.links),
                )
                for person in people
            ),
            "verified": (await app.store.ledger.verify(self.account_id)).broken,
        }

    async def _rows(self, table: str, names: str) -> list[dict[str, Any]]:
        url = f"{self.emulator.url}/api/data/v9.2/{table}?$select={names}"
        async with self.session.get(url, headers={"Authorization": "Bearer looking"}) as answer:
            assert 200 == answer.status, await answer.text()
            rows = (await answer.json(content_type=None))["value"]
        return [{name: row.get(name) for name in names.split(",")} for row in rows]


@asynccontextmanager
async def place(folder: Path) -> AsyncIterator[Place]:
    """The same organisation and the same hub every time, connected and not set up."""
    async with running(create_organization(contacts=8, seed=3)) as emulator, ClientSession() as session:
        async with office(folder) as on:
            account_id = await account(on.app)
            at = Place(emulator, session, folder, account_id, 0)
            found = await at._rows("contacts", "emailaddress1,donotbulkemail")
            emails = sorted({e for row in found if (e := normalise(row["emailaddress1"]))})
            await add(on.app, account_id, *emails[:3], basis=LegalBasis.CONSENT)
            await add(on.app, account_id, emails[3], basis=LegalBasis.WITHDRAWN)
            added = await on.app.connect(account_id, organisation_at(emulator.url))
        yield Place(emulator, session, folder, account_id, added.connection_id)


async def test_setup_killed_after_every_step_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    """SIGKILL right behind each step's end; resumed, both systems are the same."""
    async with place(tmp_path / "undisturbed") as calm:
        await calm.resume()
        expected = await calm.picture()
    assert (True, None) == (expected["live"][0], expected["verified"])
    async with AsyncExitStack() as stack:
        places = {step: await stack.enter_async_context(place(tmp_path / step.value)) for step in Step}
        turns = asyncio.Semaphore(AT_ONCE)
        ends = await asyncio.gather(*(at.killed(turns, step) for step, at in places.items()))
        assert {-signal.SIGKILL} == set(ends)
        for step, at in places.items():
            await at.resume()
            assert expected == await at.picture(), step
