"""An account with people in it, and callers of every role."""

from dataclasses import dataclass
from uuid import UUID

from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.sides import LinkKey, Row
from assent.ports import Actor, ActorKind, Evidence, NewPerson, Sighting
from assent.services.access import Caller, Role, caller
from assent.services.application import Application
from assent.store.organisations import NewConnection
from tests.app.world import account

NEWS, EVENTS = 1, 2
USER = UUID("99999999-0000-4000-8000-000000000001")
PROOF = Evidence("Yes, write to me", "fair 2026")
CONSENT, NONE, WITHDRAWN = LegalBasis.CONSENT, LegalBasis.NONE, LegalBasis.WITHDRAWN


@dataclass
class Desk:
    """An application with one account, and whoever sits before it."""

    app: Application
    account_id: int
    woken: list[str]

    def as_(self, role: Role) -> Caller:
        """A caller of a role."""
        return caller(self.account_id, Actor(ActorKind.USER, str(USER)), role, "Anna Lind")

    @property
    def admin(self) -> Caller:
        """An admin."""
        return self.as_(Role.ADMIN)

    @property
    def marketer(self) -> Caller:
        """A marketer."""
        return self.as_(Role.MARKETER)

    async def add(self, *people: NewPerson) -> list[UUID]:
        """Create contacts."""
        return await self.app.add(self.account_id, self.admin.actor, people, PROOF)

    async def connect(self, name: str = "Contoso", *, live: bool = True) -> int:
        """Store a connection that nobody answers at."""
        url = f"https://{name.lower()}.crm.example"
        new = NewConnection(name, url, "tenant", "client", "secret")
        added = await self.app.store.accounts.connect(self.account_id, new)
        await self.app.store.accounts.set_live(self.account_id, added.connection_id, live=live)
        return added.connection_id

    async def link(self, contact_id: UUID, connection_id: int, row: Row) -> None:
        """Tie a row, just read, to a contact."""
        memory = self.app.store.memory
        revision = await memory.revision(self.account_id)
        seen = Sighting(connection_id, row, self.app.clock.now(), revision)
        await memory.link(self.account_id, {LinkKey(connection_id, row.row_id): contact_id}, [seen])


def row(number: int, email: str, toggle: BulkEmail = BulkEmail.ALLOW, *, value: int = NEWS | EVENTS) -> Row:
    """A row of the two categories."""
    return Row(UUID(int=number), 5, email, toggle, known=NEWS | EVENTS, value=value)


async def desk(app: Application, woken: list[str]) -> Desk:
    """Seat people before an application."""
    return Desk(app, await account(app), woken)
