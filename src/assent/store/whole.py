"""Reads everything that stands of one contact, as one page shows it, in one view of the data."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from assent.errors import Unknown
from assent.policy.identity import AddressMarks, Origin
from assent.policy.plan import Request
from assent.policy.sides import Contact, Hold, Person
from assent.store import returns
from assent.store.categories import Category, all_categories
from assent.store.connection_rows import LIVE
from assent.store.joins import join_of
from assent.store.known_names import labels
from assent.store.marks import NOTHING, Marks
from assent.store.people import people
from assent.store.questions import Question
from assent.store.returns import ReturnedMail
from assent.store.schema import connections, contacts, requests

#: How many mails that came back are told of one contact.
RETURNED_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Details:
    """What only the hub keeps of a contact."""

    shown_email: str
    first_name: str
    last_name: str
    origin: Origin
    created_at: datetime
    updated_at: datetime
    pending_since: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """A connection as a contact's page names it."""

    connection_id: int
    name: str
    url: str
    live: bool


@dataclass(frozen=True, slots=True)
class Whole:
    """A contact with its rows, and everything needed to say in words what they mean.

    `joined_to` is the contact that has its rows, where it is held for that; and what to call that one.
    """

    person: Person
    details: Details
    marks: AddressMarks
    places: dict[int, Place]
    categories: tuple[Category, ...]
    questions: tuple[Question, ...]
    joined_to: UUID | None = None
    joined_name: str = ""
    returned: tuple[ReturnedMail, ...] = ()


def whole(connection: Connection, account_id: int, contact_id: UUID, marks: Marks) -> Whole:
    """Read one contact; raises Unknown for one this account does not have."""
    found = people(connection, account_id, [contact_id])
    if not found:
        raise Unknown("this account has no such contact")
    email = found[0].contact.email
    joined_to, joined_name = _joined(connection, account_id, found[0].contact)
    return Whole(
        person=found[0],
        details=_details(connection, account_id, contact_id),
        marks=marks.of(connection, account_id, [email]).get(email, NOTHING),
        places=places(connection, account_id),
        categories=tuple(all_categories(connection, account_id)),
        questions=tuple(_questions(connection, account_id, contact_id)),
        joined_to=joined_to,
        joined_name=joined_name,
        returned=tuple(returns.of_contact(connection, account_id, contact_id, RETURNED_SHOWN)),
    )


def places(connection: Connection, account_id: int) -> dict[int, Place]:
    """The connections of an account by number."""
    c = connections.c
    statement = select(c.connection_id, c.name, c.url, c.state).where(c.account_id == account_id)
    return {row[0]: Place(row[0], row[1], row[2], row[3] == LIVE) for row in connection.execute(statement)}


def _joined(connection: Connection, account_id: int, contact: Contact) -> tuple[UUID | None, str]:
    if contact.hold != Hold.JOINED.value:
        return None, ""
    join = join_of(connection, account_id, contact.contact_id)
    if join is None:
        return None, ""
    names = labels(connection, account_id, [join.holder])
    return (join.holder, names[join.holder]) if names else (None, "")


def _details(connection: Connection, account_id: int, contact_id: UUID) -> Details:
    c = contacts.c
    row = connection.execute(
        select(c.shown_email, c.first_name, c.last_name, c.origin, c.created_at, c.updated_at)
        .add_columns(c.pending, c.pending_since)
        .where(c.account_id == account_id, c.contact_id == contact_id)
    ).one()
    since = row.pending_since if row.pending else None
    return Details(row[0], row[1], row[2], Origin(row[3]), row[4], row[5], since)


def _questions(connection: Connection, account_id: int, contact_id: UUID) -> list[Question]:
    t = requests.c
    statement = (
        select(t.request_id, t.kind, t.opened_at)
        .where(t.account_id == account_id, t.contact_id == contact_id, t.closed_at.is_(None))
        .order_by(t.request_id)
    )
    return [Question(row[0], contact_id, Request(row[1]), row[2]) for row in connection.execute(statement)]
