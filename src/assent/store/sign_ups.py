"""Sign-up forms, and who filled one in and has not confirmed yet; what they wrote is kept sealed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import Connection, delete, select, update

from assent.errors import Unknown
from assent.policy.identity import AddressMarks
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES
from assent.ports import Act, Actor, Evidence, NewPerson
from assent.store.acts import Acting
from assent.store.contact_rows import holders
from assent.store.counters import lock_account, take_numbers
from assent.store.desk_schema import forms, sign_ups
from assent.store.hub import Adding
from assent.store.journal import Journal
from assent.store.marks import Marks, address_of

NO_SUCH_FORM = "This account has no such sign-up form."


@dataclass(frozen=True, slots=True)
class Form:
    """A sign-up form: the words people agree to, and the categories they may tick."""

    form_id: int
    name: str
    text: str
    categories: int
    active: bool
    created_at: datetime


class Filled(msgspec.Struct, frozen=True):
    """What somebody wrote into a form, what they were shown, and where from; sealed while it waits."""

    email: str
    first_name: str
    last_name: str
    shown: int
    ticked: int
    text: str
    source: str
    ip: str
    language: str
    at: datetime
    token: str
    subject: str  # of the confirmation mail, in the person's language
    body: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sign-up that waits for its confirmation mail."""

    digest: bytes
    sealed: bytes


_FORM = (forms.c.form_id, forms.c.name, forms.c.text, forms.c.categories, forms.c.active, forms.c.created_at)


def add_form(
    connection: Connection, account_id: int, name: str, text: str, categories: int, now: datetime
) -> int:
    """Keep a form; gives its number."""
    lock_account(connection, account_id)
    form_id = take_numbers(connection, account_id, "form")[0]
    values = {"account_id": account_id, "form_id": form_id, "name": name, "text": text}
    connection.execute(forms.insert().values(**values, categories=categories, created_at=now))
    return form_id


def all_forms(connection: Connection, account_id: int) -> list[Form]:
    """Every form, the newest first."""
    statement = select(*_FORM).where(forms.c.account_id == account_id).order_by(forms.c.form_id.desc())
    return [Form(*row) for row in connection.execute(statement)]


def form(connection: Connection, account_id: int, form_id: int) -> Form:
    """One form; raises Unknown."""
    statement = select(*_FORM).where(
        forms.c.account_id == account_id, forms.c.form_id == (form_id if 0 < form_id < 1 << 63 else 0)
    )
    row = connection.execute(statement).first()
    if row is None:
        raise Unknown(NO_SUCH_FORM)
    return Form(*row)


def set_active(connection: Connection, account_id: int, form_id: int, *, active: bool) -> None:
    """Close a form, or open it again; raises Unknown."""
    form(connection, account_id, form_id)
    here = (forms.c.account_id == account_id, forms.c.form_id == form_id)
    connection.execute(update(forms).where(*here).values(active=active))


def keep(
    connection: Connection, account_id: int, waiting: Waiting, *, now: datetime, until: datetime
) -> None:
    """Keep a filled-in form until it is confirmed or runs out."""
    values = {"account_id": account_id, "digest": waiting.digest, "sealed": waiting.sealed}
    connection.execute(sign_ups.insert().values(**values, created_at=now, expires_at=until))


def forget(connection: Connection, now: datetime) -> None:
    """Forget what was never confirmed in its time."""
    connection.execute(delete(sign_ups).where(sign_ups.c.expires_at <= now))


def unsent(connection: Connection, account_id: int, now: datetime, limit: int) -> list[Waiting]:
    """Sign-ups whose confirmation mail has not gone out, the oldest first."""
    s = sign_ups.c
    statement = (
        select(s.digest, s.sealed)
        .where(s.account_id == account_id, s.sent_at.is_(None), s.expires_at > now)
        .order_by(s.created_at)
        .limit(limit)
    )
    return [Waiting(*row) for row in connection.execute(statement)]


def owing(connection: Connection, now: datetime) -> list[int]:
    """Accounts with such sign-ups."""
    s = sign_ups.c
    statement = select(s.account_id).where(s.sent_at.is_(None), s.expires_at > now).distinct()
    return list(connection.execute(statement).scalars())


def mark_sent(connection: Connection, account_id: int, digests: Sequence[bytes], now: datetime) -> None:
    """Remember that these mails went out, or cannot."""
    s = sign_ups.c
    connection.execute(
        update(sign_ups).where(s.account_id == account_id, s.digest.in_(digests)).values(sent_at=now)
    )


def peek(connection: Connection, account_id: int, digest: bytes, now: datetime) -> bytes:
    """What waits under a token, sealed; raises Unknown where it was used, ran out, or never was."""
    s = sign_ups.c
    statement = select(s.sealed).where(s.account_id == account_id, s.digest == digest, s.expires_at > now)
    found = connection.execute(statement).scalar_one_or_none()
    if found is None:
        raise Unknown("This confirmation was used before, or is too old.")
    return bytes(found)


@dataclass(frozen=True, slots=True)
class Confirming:
    """Carries a confirmed sign-up out: it alone lifts what bars the address of who was erased (I6)."""

    journal: Journal
    marks: Marks
    actor: Actor
    evidence: Evidence
    now: datetime

    def run(
        self, connection: Connection, account_id: int, digest: bytes, filled: Filled, contact_id: UUID
    ) -> UUID:
        """Use the sign-up up; gives whose it is: who holds the address, or a new contact of that id.

        Raises Unknown where it was used meanwhile, and Conflict for somebody who is being erased.
        """
        lock_account(connection, account_id)
        used = connection.execute(
            delete(sign_ups).where(sign_ups.c.account_id == account_id, sign_ups.c.digest == digest)
        )
        if not used.rowcount:
            raise Unknown("This confirmation was used before, or is too old.")
        email = address_of(filled.email)
        holder = holders(connection, account_id, [email]).get(email)
        if holder is not None:
            act = Act(holder, basis=LegalBasis.CONSENT, answered=filled.ticked, value=filled.ticked)
            Acting(self.journal, self.marks, self.actor, self.evidence, self.now).run(
                connection, account_id, [act]
            )
            return holder
        self.marks.lift(connection, account_id, email, AddressMarks(refused=True, erased=True), self.now)
        person = NewPerson(
            filled.email,
            filled.first_name,
            filled.last_name,
            basis=LegalBasis.CONSENT,
            refused=filled.shown & ~filled.ticked & CATEGORIES,
        )
        adding = Adding(self.journal, self.marks, self.actor, self.evidence, self.now)
        adding.run(connection, account_id, [person], [contact_id])
        return contact_id
