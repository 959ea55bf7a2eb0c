"""An account that can send: contacts, a real mail server that keeps what it takes, and the errand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from assent.mail.sink import Sink
from assent.mail.smtp import Mailer
from assent.policy.audience import EVERYBODY, Audience
from assent.policy.permission import LegalBasis
from assent.policy.sending import RecipientState
from assent.ports import Clock as RealClock
from assent.ports import NewPerson
from assent.services import sends
from assent.services.access import Caller, operator
from assent.services.application import Application
from assent.services.delivering import SendErrands, mail_server
from assent.services.drafts import Draft
from assent.services.handing import Handing
from assent.services.jobs import AccountJobs
from assent.services.sends import SendView
from assent.services.settings import Settings
from tests.app.world import ADMIN, FORM, account, office

NEWS, EVENTS = 1, 2
SOON = tuple(timedelta(seconds=seconds) for seconds in (0.05, 0.1))


class Clock:
    """The real time, moved on by hand; it sleeps a hundred times faster, never to an end before `let_go`."""

    def __init__(self, real: RealClock) -> None:
        self._real = real
        self.ahead = timedelta()
        self.let_go = asyncio.Event()
        self.let_go.set()

    def now(self) -> datetime:
        """The present moment here."""
        return self._real.now() + self.ahead

    async def sleep(self, seconds: float) -> None:
        """Wait a little."""
        self.ahead += timedelta(seconds=seconds)
        await asyncio.sleep(seconds / 100)
        await self.let_go.wait()


@dataclass
class Mailroom:
    """One account, its mail server and what carries its sends out."""

    app: Application
    sink: Sink
    errands: SendErrands
    account_id: int
    clock: Clock
    woken: list[str]

    @property
    def admin(self) -> Caller:
        """Who sends."""
        return operator(self.account_id)

    async def people(
        self, *emails: str, basis: LegalBasis = LegalBasis.CONSENT, refused: int = 0
    ) -> list[UUID]:
        """Make contacts."""
        made = [NewPerson(email, "Alice", "Ek", basis=basis, refused=refused) for email in emails]
        return await self.app.add(self.account_id, ADMIN, made, FORM)

    async def started(self, category: int = NEWS, audience: Audience = EVERYBODY, **other: str) -> int:
        """Write and start a send; nothing is carried out yet."""
        texts = {"subject": "Hello {{ first_name }}", "body": "News for {{ email }}"} | other
        draft = Draft(
            "May", texts["subject"], texts["body"], texts.get("html", ""), category, audience=audience
        )
        made = await sends.create(self.app, self.admin, draft)
        return (await sends.start(self.app, self.admin, made.send_id, made.revision)).send_id

    async def carry_out(self, send_id: int) -> SendView:
        """Carry a send out as far as it goes."""
        await self.errands.perform(self.account_id, send_id)
        return await sends.read(self.app, self.admin, send_id)

    async def ended(self, send_id: int) -> SendView:
        """Carry a send out to its end, tick by tick."""
        view = await self.carry_out(send_id)
        for _ in range(20):
            if not view.state.under_way:
                return view
            self.clock.ahead += timedelta(seconds=5)
            view = await self.carry_out(send_id)
        raise AssertionError(view)

    async def states(self, send_id: int) -> dict[str, RecipientState]:
        """How far each mail got, by address."""
        page = await sends.recipients(self.app, self.admin, send_id)
        return {one.email: one.state for one in page.items}

    async def address(self, contact_id: UUID) -> str:
        """The address of a contact."""
        facts = await self.app.store.accounts.gate_facts(self.account_id, [contact_id])
        return facts[contact_id].email

    def arrived(self) -> list[str]:
        """Who got mail, each as often as they did."""
        return sorted(mail.recipient for mail in self.sink.messages(limit=1000))


def with_mail(settings: Settings, port: int) -> Settings:
    """The same settings with a mail server on this machine."""
    return settings.model_copy(
        update={
            "smtp_host": "127.0.0.1",
            "smtp_port": port,
            "smtp_tls": "none",
            "mail_from": "Meadow <news@meadow.example>",
            "return_path": "bounces@meadow.example",
            "public_url": "https://meadow.example",
        }
    )


@asynccontextmanager
async def sending(app: Application, sink: Sink, account_id: int, woken: list[str]) -> AsyncIterator[Mailroom]:
    """Let an account of an application send to a mail server."""
    settings, clock = with_mail(app.settings, sink.port), Clock(app.clock)
    jobs = AccountJobs(app.store, app.organisations, clock, app.ids)  # checks age by the same clock
    equipped = replace(app, settings=settings, clock=clock, jobs=jobs)
    server = mail_server(settings)
    assert server is not None
    async with Mailer(server) as mailer:
        hands = Handing(app.store, clock, mailer, SOON)
        errands = SendErrands(app.store, settings, clock, jobs, hands)
        yield Mailroom(equipped, sink, errands, account_id, clock, woken)


@asynccontextmanager
async def mailroom(folder: Path, *, database_url: str = "") -> AsyncIterator[Mailroom]:
    """An office that sends."""
    async with (
        Sink() as sink,
        office(folder, database_url=database_url) as on,
        sending(on.app, sink, await account(on.app), on.woken) as found,
    ):
        yield found
