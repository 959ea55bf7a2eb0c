"""An application over a real store, with or without its durable engine, and an emulated organisation."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from uuid import UUID

from cryptography.fernet import Fernet
from pydantic import SecretStr

from assent.app.system import RandomIds, SystemClock
from assent.engine.setup_terms import Step
from assent.policy.permission import LegalBasis
from assent.policy.sides import Person
from assent.ports import Actor, ActorKind, Clock, Evidence, NewPerson
from assent.services.application import Application
from assent.services.jobs import AccountJobs
from assent.services.organisations import Organisations
from assent.services.settings import Settings
from assent.store.opening import open_store
from assent.store.organisations import NewConnection
from assent.work.durable import Work
from tests.conftest import prepare

ADMIN = Actor(ActorKind.USER, "admin")
HERSELF = Actor(ActorKind.CONTACT, "preference-page")
FORM = Evidence(source="form", text="Yes, write to me")
SECRET = "correct-horse-battery-staple"
KEY = Fernet.generate_key().decode()


def settings(folder: Path, *, tick: str = "0 0 1 1 *", database_url: str = "") -> Settings:
    """Settings of a test: any port, the emulator allowed, no tick unless asked for."""
    return Settings(
        data=folder,
        port=0,
        allow_other_hosts=True,
        tick=tick,
        database_url=database_url,
        secret_key=SecretStr(KEY),
    )


def organisation_at(url: str, *, secret: str = SECRET) -> NewConnection:
    """What an admin types to connect an emulator."""
    return NewConnection("Meadow", url, "tenant", "app", secret, authority=url)


@dataclass
class Office:
    """An application whose wake-ups are noted instead of run."""

    app: Application
    woken: list[str]


@asynccontextmanager
async def office(
    folder: Path, *, database_url: str = "", clock: Clock | None = None
) -> AsyncIterator[Office]:
    """Open everything but the durable engine."""
    chosen, clock, ids = settings(folder, database_url=database_url), clock or SystemClock(), RandomIds()
    prepare(folder / "assent.sqlite")
    store = await open_store(chosen.store_url, clock=clock, ids=ids, keys=[KEY])
    organisations = Organisations(store.accounts, clock, allow_other_hosts=True)
    jobs = AccountJobs(store, organisations, clock, ids)
    woken: list[str] = []

    async def note(queue: str, ident: str, arguments: tuple[int, ...]) -> bool:
        woken.append(ident)
        return True

    try:
        yield Office(Application(chosen, store, organisations, jobs, Work(jobs, note), clock, ids), woken)
    finally:
        await organisations.aclose()
        store.close()


async def account(app: Application, name: str = "Meadow Ltd") -> int:
    """Make an account with two categories."""
    account_id = await app.store.accounts.create(name)
    for category in ("News", "Events"):
        await app.store.accounts.add_category(account_id, category, schema_name=f"asn_{category}")
    return account_id


async def add(app: Application, account_id: int, *emails: str, basis: LegalBasis) -> list[UUID]:
    """Let an admin create contacts."""
    return await app.add(account_id, ADMIN, [NewPerson(email, basis=basis) for email in emails], FORM)


async def person(app: Application, account_id: int, contact_id: UUID) -> Person:
    """Read one person."""
    (found,) = await app.store.memory.people(account_id, [contact_id])
    return found


def silent(step: Step, state: str) -> None:
    """Ignore progress."""


async def until(
    holds: Callable[[], Awaitable[object]], within: float = 10.0, what: str = "what was waited for"
) -> float:
    """Wait until something holds; gives the seconds it took."""
    started = perf_counter()
    while not await holds():
        assert perf_counter() - started < within, f"{what}: not within {within} s"
        await asyncio.sleep(0.02)
    return perf_counter() - started
