"""An office with a connection to an emulated organisation, at whichever stage a test needs it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from aiohttp import ClientSession

from assent.crm.requests.metadata import create_column
from assent.crm.setup import DataverseSetup
from assent.demo.rep import Rep
from assent.policy.gate import Message
from assent.policy.sides import Person
from assent.ports.setup import CategoryColumn, Form
from assent.services import connections
from assent.services.access import Caller, operator
from assent.services.application import Application
from assent.services.connection_views import ConnectionView
from assent.services.deciding import Decision, decide
from assent.services.removing import Removing
from assent.services.setting_up import SetupErrands
from assent.services.setup_pauses import Choice
from dataverse_emulator import RunningEmulator, create_organization, running
from tests.app.world import SECRET, Office, account, office, organisation_at, person, silent


@dataclass
class Joined:
    """An office, its account, and a connection."""

    office: Office
    emulator: RunningEmulator
    rep: Rep
    session: ClientSession
    account_id: int
    connection_id: int

    @property
    def app(self) -> Application:
        """The application."""
        return self.office.app

    @property
    def me(self) -> Caller:
        """Who may everything."""
        return operator(self.account_id)

    async def view(self) -> ConnectionView:
        """The connection as people see it."""
        return await connections.read(self.app, self.me, self.connection_id)

    async def live(self) -> None:
        """Set the connection up at once."""
        await self.app.set_up(
            self.account_id,
            self.connection_id,
            public_url="http://127.0.0.1:9",
            progress=silent,
            approve=True,
        )

    async def begin(self) -> None:
        """Ask for setup, let it make its plan, and approve it."""
        await connections.set_up(self.app, self.me, self.connection_id)
        assert {"paused": "approval"} == await self.errand()
        await self.decide(Choice.APPROVE)

    async def decide(self, choice: Choice, form: str = "", tab: str = "", by: Caller | None = None) -> None:
        """Decide for a setup that waits."""
        await decide(self.app, by or self.me, self.connection_id, Decision(choice, form, tab))

    def errands(self) -> SetupErrands:
        """The setup errands, as the worker has them."""
        app = self.app
        return SetupErrands(app.setting_up, app.settings, Removing(app.store, app.organisations))

    async def errand(self) -> Mapping[str, Any]:
        """Run the setup that was asked for, as the worker does."""
        return await self.errands().perform(self.account_id, self.connection_id)

    async def drain(self) -> None:
        """One drain, as the worker runs it."""
        await self.app.jobs.drain(self.account_id)

    async def control(self, what: str, **switches: object) -> None:
        """Turn one of the emulator's switches."""
        async with self.session.put(f"{self.emulator.url}/emulator/{what}", json=switches) as answer:
            assert 200 == answer.status

    async def forms(self) -> list[Form]:
        """The organisation's contact forms."""
        return await (await self._schema()).main_forms()

    async def save(self, form: Form, xml: str) -> None:
        """Change a form as a customiser would."""
        schema = await self._schema()
        await schema.ensure_solution()
        await schema.save_form(form.form_id, xml)
        await schema.publish()

    async def column_of_theirs(self, schema_name: str) -> None:
        """A Yes/No column that somebody makes, in no solution of ours."""
        wanted = create_column(CategoryColumn(1, schema_name, "Theirs"), 1033)
        url = f"{self.emulator.url}/api/data/v9.2/{wanted.path}"
        headers = {"Authorization": "Bearer maker-max", "Content-Type": "application/json"}
        async with self.session.post(url, data=wanted.body, headers=headers) as answer:
            assert 204 == answer.status

    async def person(self, contact_id: UUID) -> Person:
        """A contact with its links."""
        return await person(self.app, self.account_id, contact_id)

    async def reason(self, contact_id: UUID) -> str:
        """What the gate says now."""
        checked = await self.app.check(self.account_id, [contact_id], Message())
        return checked.verdicts[contact_id].reason.value

    async def _schema(self) -> DataverseSetup:
        client = await self.app.organisations.client(self.account_id, self.connection_id)
        return DataverseSetup(client, self.app.clock, language=1033)


@asynccontextmanager
async def joined(
    folder: Path, *, contacts: int = 0, database_url: str = "", strict: bool = False
) -> AsyncIterator[Joined]:
    """A verified connection that nothing was done with yet; in a strict organisation reps cannot act."""
    made = create_organization(contacts=contacts, clients={"app": SECRET}, strict=strict)
    async with (
        running(made) as emulator,
        office(folder, database_url=database_url) as at,
        ClientSession() as session,
    ):
        account_id = await account(at.app)
        added = await at.app.connect(account_id, organisation_at(emulator.url))
        rep = Rep(session, emulator.url, "rep-anna")
        yield Joined(at, emulator, rep, session, account_id, added.connection_id)
