"""An account with people in it, over either database, and a clock that is set by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from assent.services import people
from assent.services.access import Caller, Role, operator
from assent.services.application import Application
from assent.services.people import SignedIn, User
from tests.app.world import account, office

PASSWORD = "four words in a row"
PLACE = "192.0.2.7"


@dataclass
class HandClock:
    """Stands still until it is moved."""

    at: datetime = datetime(2026, 3, 1, 9, tzinfo=UTC)

    def now(self) -> datetime:
        """The moment it is set to."""
        return self.at

    async def sleep(self, seconds: float) -> None:
        """Jump."""
        self.pass_by(timedelta(seconds=seconds))

    def pass_by(self, time: timedelta) -> None:
        """Let time go by."""
        self.at += time


@dataclass
class Team:
    """An account, its clock, and whoever sits at the machine."""

    app: Application
    clock: HandClock
    account_id: int

    @property
    def admin(self) -> Caller:
        """May do everything."""
        return operator(self.account_id)

    async def add(self, email: str, role: Role = Role.READER, password: str = PASSWORD) -> User:
        """Invite somebody, and let them choose a password."""
        invited = await people.invite(self.app, self.admin, email, email.partition("@")[0], role)
        signed_in = await people.sign_in_once(self.app, invited.token)
        await people.set_password(self.app, signed_in.caller, "", password, secret=signed_in.secret)
        await people.sign_out(self.app, signed_in.secret)
        return await people.user(self.app, self.admin, invited.user.user_id)

    async def sign_in(self, email: str, password: str = PASSWORD, place: str = PLACE) -> SignedIn:
        """Sign in by password."""
        return await people.sign_in(self.app, email, password, place)


@asynccontextmanager
async def team(folder: Path, database_url: str = "") -> AsyncIterator[Team]:
    """Open an application with one account; nobody can sign in yet."""
    async with office(folder, database_url=database_url) as on:
        clock = HandClock()
        app = replace(on.app, clock=clock)
        yield Team(app, clock, await account(app))
