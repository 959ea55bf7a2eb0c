"""One check from beginning to end: both systems put up, edited, the product killed, and a verdict."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp import ClientSession
from cryptography.fernet import Fernet
from pydantic import SecretStr

from assent.app.application import open_application
from assent.demo.stage import connection_to, emulator_process
from assent.mail.sink import Sink
from assent.policy.permission import LegalBasis
from assent.ports import Actor, ActorKind, Evidence, NewPerson
from assent.services import categories, people
from assent.services.access import Role, operator
from assent.services.links import Links, links
from assent.services.settings import Settings
from tests.app.world import silent

from .acting import Actors, Dynamics
from .judge import Judge, Mail
from .people import PERMISSION, Crowd, Somebody
from .products import Door, Product

CATEGORIES = ("News", "Events")
STARTS = (LegalBasis.CONSENT, LegalBasis.CONSENT, LegalBasis.CONTRACT, LegalBasis.NONE, LegalBasis.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to check: on which database, for how many acts, with which chance."""

    database: str
    acts: int
    seed: int
    people: int = 60
    pause_s: float = 1.0
    keep: Path | None = None

    @property
    def processes(self) -> int:
        """SQLite has one process, PostgreSQL several that share the work."""
        return 1 if self.database == "sqlite" else 3


async def check(wanted: Wanted, database_url: str) -> dict[str, Any]:
    """Run one check over a fresh database (SQLite makes its own); gives figures, violations among them."""
    started = time.perf_counter()
    async with AsyncExitStack() as stack:
        folder = wanted.keep or Path(stack.enter_context(TemporaryDirectory(prefix="assent-crashes-")))
        folder.mkdir(parents=True, exist_ok=True)
        found = await _checked(stack, wanted, folder, database_url)
    return {**found, "seconds": round(time.perf_counter() - started)}


async def _checked(stack: AsyncExitStack, wanted: Wanted, folder: Path, url: str) -> dict[str, Any]:
    chance, counts = Random(wanted.seed), Counter[str]()
    crm_url = await stack.enter_async_context(emulator_process(0, wanted.seed))
    http = await stack.enter_async_context(ClientSession())
    mails: list[Mail] = []
    sink = await stack.enter_async_context(_noting(mails))
    key = Fernet.generate_key().decode()
    shared = {"database_url": url, "secret_key": key, "allow_other_hosts": "true", "port": "0"}
    shared |= {"smtp_host": "127.0.0.1", "smtp_port": str(sink.port), "smtp_tls": "none"}
    shared |= {"mail_from": "news@meadow.example", "tick": "*/5 * * * * *"}
    products = [Product(f"serve-{n}", folder, shared, counts) for n in range(wanted.processes)]
    door = Door(products, chance)
    await stack.enter_async_context(door.open())
    shared["public_url"] = door.url
    actors, connection_id = await _put_up(
        Crowd(chance), door, Dynamics(http, crm_url, {}), _settings(folder, shared), wanted.people
    )
    for product in products:
        stack.push_async_callback(product.kill)
    await _killed_meanwhile(wanted, products, actors)
    violations = await Judge(actors, connection_id, mails).verdict()
    return _figures(wanted, actors.crowd, counts, mails, violations)


async def _killed_meanwhile(wanted: Wanted, products: list[Product], actors: Actors) -> None:
    """Let people act and processes die until enough was done, then let the processes stay."""
    over, alone = asyncio.Event(), len(products) == 1
    chances = [Random(wanted.seed * 1000 + number) for number in range(len(products))]
    async with asyncio.TaskGroup() as group:
        for product, chance in zip(products, chances, strict=True):
            group.create_task(product.live_and_die(chance, over, alone=alone))
        sending = group.create_task(actors.send())
        async with asyncio.TaskGroup() as acting:
            for _ in range(4):
                acting.create_task(actors.act(wanted.acts, wanted.pause_s))
        actors.over.set()
        await sending
        over.set()


async def _put_up(
    crowd: Crowd, door: Door, dynamics: Dynamics, settings: Settings, count: int
) -> tuple[Actors, int]:
    """Make an account, its people in both systems, and a live connection, before anything is served."""
    async with open_application(settings, worker=False) as app:
        account_id = await app.store.accounts.create("Meadow Ltd")
        caller = operator(account_id)
        for name in CATEGORIES:
            await categories.create(app, caller, name, "")
        key = (await people.make_key(app, caller, "crashes", Role.ADMIN)).secret
        bases = {f"person{n}@meadow.example": crowd.chance.choice(STARTS) for n in range(count)}
        for email, basis in bases.items():
            row = {"emailaddress1": email, "donotbulkemail": basis is LegalBasis.WITHDRAWN}
            status, told = await dynamics.call("POST", "contacts", row)
            assert status == 204, told
        admin = Actor(ActorKind.USER, "admin")
        new = [NewPerson(email, basis=basis) for email, basis in bases.items()]
        ids = await app.add(account_id, admin, new, Evidence(source="form", text="Write to me"))
        added = await app.connect(account_id, connection_to(dynamics.url))
        await app.set_up(account_id, added.connection_id, public_url=door.url, progress=silent, approve=True)
        dynamics.columns.update({PERMISSION: "donotbulkemail"})
        for category in await app.store.accounts.categories(account_id):
            dynamics.columns[str(category.bit.bit_length())] = category.schema_name.lower()
        signed: Links = await links(app, account_id)
    for (email, basis), contact_id in zip(bases.items(), ids, strict=True):
        crowd.people.append(Somebody(email, basis is not LegalBasis.WITHDRAWN, contact_id))
    return Actors(crowd, door, dynamics, signed, key), added.connection_id


def _settings(folder: Path, shared: dict[str, str]) -> Settings:
    """The same settings the processes get, for what is prepared here."""
    given = {**shared, "allow_other_hosts": True, "port": 0, "secret_key": SecretStr(shared["secret_key"])}
    return Settings.model_validate({**given, "data": folder / "var"})


@asynccontextmanager
async def _noting(mails: list[Mail]) -> AsyncIterator[Sink]:
    """A mail server that notes what arrives, and when."""
    async with Sink() as sink:

        async def note() -> None:
            seen = 0
            while True:
                arrived = list(sink.messages(limit=sink.count - seen)) if sink.count > seen else []
                seen += len(arrived)
                mails.extend(
                    Mail(mail.recipient, mail.subject, time.monotonic()) for mail in reversed(arrived)
                )
                await asyncio.sleep(0.02)

        task = asyncio.create_task(note())
        try:
            yield sink
        finally:
            task.cancel()


def _figures(
    wanted: Wanted, crowd: Crowd, counts: Counter[str], mails: list[Mail], violations: list[str]
) -> dict[str, Any]:
    sides = {name: crowd.counts[f"{name}_acts"] for name in ("rep", "api", "page", "click")}
    return {
        "database": wanted.database,
        "seed": wanted.seed,
        "processes": wanted.processes,
        "acts": crowd.counts["acts"],
        "maybe": crowd.counts["maybe"],
        "by": sides,
        "newcomers": crowd.counts["newcomers"],
        "kills": counts["kills"],
        "sleeps": counts["sleeps"],
        "restarts": counts["starts"] - wanted.processes,
        "takeovers": counts["takeovers"],
        "taken_over": counts["taken_over"],
        "tracebacks": counts["tracebacks"],
        "sends": len(crowd.sends),
        "mails": len(mails),
        "late": crowd.counts["late"],
        "gave_up": crowd.counts["gave_up"],
        "odd": crowd.odd,
        "violations": violations,
    }
