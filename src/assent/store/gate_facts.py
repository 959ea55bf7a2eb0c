"""What the gate must know of contacts, from the tables alone (G1-G4)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from assent.policy.identity import AddressMarks
from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.sides import CATEGORIES, Contact, Link, LinkKey
from assent.store.connection_rows import honouring
from assent.store.contact_rows import contacts_at
from assent.store.link_rows import links_of
from assent.store.marks import NOTHING, Marks
from assent.store.people import Refusals, refusals


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """One linked row as last read: whether it says Do not allow, the categories it says No to, and when.

    `no_email` tells that it says no to any email, where its connection honours that (G3).

    `read_at` is None for a row never read. An inactive row's standing refusal was counted when it
    was first seen (I4), so `active` is told too.
    """

    key: LinkKey
    refuses: bool
    unsubscribed: int
    active: bool
    no_email: bool
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What stands of one contact; `blocked` are the fields waiting notices report refused (M8)."""

    contact_id: UUID
    email: str
    basis: LegalBasis
    value: int
    suppressed: bool
    hold: str | None
    blocked: int
    links: tuple[LinkFacts, ...]


@dataclass(frozen=True, slots=True)
class GateReader:
    """Reads the facts of many contacts at once."""

    marks: Marks

    def run(
        self, connection: Connection, account_id: int, contact_ids: Collection[UUID]
    ) -> dict[UUID, GateFacts]:
        """The facts of each contact; one that is absent from the answer is not of this account."""
        wanted = set(contact_ids)
        known = contacts_at(connection, account_id, wanted)
        links = links_of(connection, account_id, wanted)
        honoured = honouring(connection, account_id)
        keys = [key for theirs in links.values() for key in theirs]
        refused = refusals(connection, account_id, keys)
        remembered = self.marks.of(connection, account_id, {c.email for c in known.values()})
        return {
            contact_id: _facts(
                contact,
                remembered.get(contact.email, NOTHING),
                list(links.get(contact_id, {}).values()),
                refused,
                honoured,
            )
            for contact_id, contact in known.items()
        }


def _facts(
    contact: Contact,
    marks: AddressMarks,
    links: Collection[Link],
    refused: Refusals,
    honoured: Collection[int],
) -> GateFacts:
    blocked = 0
    for link in links:
        blocked |= refused.get(link.key, (0, 0))[0]
    return GateFacts(
        contact_id=contact.contact_id,
        email=contact.email,
        basis=contact.basis,
        value=contact.value,
        suppressed=marks.suppressed or marks.erased,
        hold=contact.hold,
        blocked=blocked,
        links=tuple(_link_facts(link, honoured) for link in links),
    )


def _link_facts(link: Link, honoured: Collection[int]) -> LinkFacts:
    row = link.row
    if row is None:
        return LinkFacts(link.key, False, 0, True, no_email=False, read_at=None)
    unsubscribed = row.known & ~row.value & CATEGORIES
    no_email = row.no_email and link.key.connection_id in honoured
    refuses = row.toggle is BulkEmail.DO_NOT_ALLOW
    return LinkFacts(link.key, refuses, unsubscribed, row.active, no_email, link.read_at)
