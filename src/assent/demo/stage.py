"""Puts the stage up: the emulator as a process of its own, the product, an account, a connection."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from assent.app.application import listen, open_application, serving
from assent.demo.crowd import hub_crowd
from assent.demo.rep import Emulator, Rep, at_work
from assent.engine.setup_terms import Step
from assent.mail.sink import Sink
from assent.ports import Actor, ActorKind, Evidence
from assent.services import categories, people
from assent.services.access import Caller, operator
from assent.services.application import Application
from assent.services.settings import Settings
from assent.store.organisations import NewConnection

CATEGORIES = (("Newsletters", "What is new, once a month"), ("Event invitations", "Where to meet us"))

USER = Actor(ActorKind.USER, "demo-admin")
CONTACT = Actor(ActorKind.CONTACT, "preference-page")

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything a scene needs: both systems, who is who, and whom a scene has chosen before."""

    app: Application
    account_id: int
    connection_id: int
    url: str
    rep: Rep
    emulator: Emulator
    sink: Sink
    sign_in_url: str
    rows: int
    contact_ids: tuple[UUID, ...]
    chosen: set[UUID] = field(default_factory=set)

    @property
    def operator(self) -> Caller:
        """Whoever sits at the machine."""
        return operator(self.account_id)


@asynccontextmanager
async def emulator_process(contacts: int, seed: int, *options: str) -> AsyncIterator[str]:
    """Run the emulator beside us, with more options of its command; gives its address once it answers."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dataverse_emulator", "--json", "--port", "0"),
        *("--contacts", str(contacts), "--seed", str(seed), *options),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        line = await process.stdout.readline()
        yield str(json.loads(line)["url"])
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def stage(
    contacts: int, seed: int, tell: Tell, *, port: int = 0, emulator_options: Sequence[str] = ()
) -> AsyncIterator[Stage]:
    """Build an account whose hub knows some of the CRM's people, not yet connected to it."""
    async with AsyncExitStack() as stack:
        tell(f"Starting a Dynamics organisation with {contacts:,} contacts")
        crm_url = await stack.enter_async_context(emulator_process(contacts, seed, *emulator_options))
        folder = stack.enter_context(TemporaryDirectory(prefix="assent-demo-", ignore_cleanup_errors=True))
        # Ticks once an hour: the tour shows that nothing it claims waits for one.
        sink = await stack.enter_async_context(Sink())
        listener = listen("127.0.0.1", port)
        reached = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = Settings(
            data=Path(folder),
            port=listener.getsockname()[1],
            public_url=reached,
            allow_other_hosts=True,
            smtp_host="127.0.0.1",
            smtp_port=sink.port,
            smtp_tls="none",
            mail_from="Fjord & Co <news@fjord.example>",
            tick="0 * * * *",
        )
        app = await stack.enter_async_context(open_application(settings, sink=sink))
        url = await stack.enter_async_context(serving(app, listener))
        rep, emulator = await stack.enter_async_context(at_work(crm_url, "rep-anna"))
        account_id = await app.store.accounts.create("Fjord & Co")
        for name, description in CATEGORIES:
            await categories.create(app, operator(account_id), name, description)
        token = await people.first_admin(app, account_id, "admin@fjord.example", "Astrid Berg")
        tell("Filling the marketing hub with the people it knows")
        (admin,) = await people.users(app, operator(account_id))
        astrid = Actor(ActorKind.USER, str(admin.user_id))
        crowd = hub_crowd(await rep.rows(), seed)
        ids = await app.add(account_id, astrid, crowd, Evidence(source="trade fair", text="Write to me"))
        added = await app.connect(account_id, connection_to(crm_url))
        yield Stage(
            app=app,
            account_id=account_id,
            connection_id=added.connection_id,
            url=url,
            rep=rep,
            emulator=emulator,
            sink=sink,
            sign_in_url=people.sign_in_url(app, token),
            rows=contacts,
            contact_ids=tuple(ids),
        )


def connection_to(crm_url: str) -> NewConnection:
    """How an admin would describe the emulator."""
    return NewConnection(
        name="Demo organisation",
        url=crm_url,
        tenant="demo-tenant",
        client_id="assent-demo",
        secret="demo-secret",  # noqa: S106 - the emulator takes any
        authority=crm_url,
    )


async def set_up(on: Stage, tell: Tell) -> None:
    """Run the setup of the stage's connection, telling each step."""

    def progress(step: Step, state: str) -> None:
        if state == "running":
            tell(f"Setting up: {step.value.replace('_', ' ')}")

    await on.app.set_up(on.account_id, on.connection_id, public_url=on.url, progress=progress, approve=True)
