"""Contacts of the hub: found, read beside their rows in Dynamics, created and changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import or_
from uuid import UUID

from assent.errors import Invalid, Unknown
from assent.policy.audience import Audience
from assent.policy.permission import LegalBasis
from assent.ports import Act, Evidence, NewPerson
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.contact_views import ContactView, contact_view
from assent.services.given import checked_email, checked_name, proven
from assent.services.paging import Page, within_limit
from assent.services.verdicts import Why, standing, why
from assent.store import search as stored
from assent.store.lifting import Lifting
from assent.store.releasing import Releasing
from assent.store.search import Found
from assent.store.whole import whole

__all__ = [
    "ContactChange",
    "ContactRow",
    "NewContact",
    "Why",
    "change",
    "count",
    "create",
    "find",
    "lift_suppression",
    "read",
    "release_hold",
    "search",
    "standing",
    "why",
]

NO_EVIDENCE = Evidence()


@dataclass(frozen=True, slots=True)
class ContactRow:
    """A contact as a list shows it; `email` is the spelling people see, `value` the mask of its Yes."""

    contact_id: UUID
    email: str
    first_name: str
    last_name: str
    basis: LegalBasis
    value: int
    hold: str | None
    pending: bool
    links: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NewContact:
    """A contact to create; `unsubscribed` is the mask of categories it says No to."""

    email: str
    first_name: str = ""
    last_name: str = ""
    basis: LegalBasis = LegalBasis.NONE
    unsubscribed: int = 0


@dataclass(frozen=True, slots=True)
class ContactChange:
    """What to set on a contact; what is None, and a category that is absent, is left alone (S3).

    `subscriptions` holds the answer by the category's bit.
    """

    basis: LegalBasis | None = None
    subscriptions: Mapping[int, bool] = field(default_factory=dict)
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing was given."""
        return self == ContactChange()


async def search(
    app: Application, caller: Caller, audience: Audience, *, after: str = "", limit: int = 50
) -> Page[ContactRow]:
    """The contacts of an audience by address, a page at a time. Raises Invalid for a foreign cursor."""
    caller.require(Right.READ)
    size, start = within_limit(limit), _opened(app, after)
    found = await app.store.database.read(
        lambda c: stored.page(c, caller.account_id, audience, start, size + 1)
    )
    more = app.store.accounts.vault.wrap(found[size - 1].email.encode()).decode() if len(found) > size else ""
    return Page(tuple(map(_row, found[:size])), more)


async def count(app: Application, caller: Caller, audience: Audience) -> int:
    """How many contacts an audience has, exactly."""
    caller.require(Right.READ)
    return await app.store.database.read(lambda c: stored.count(c, caller.account_id, audience))


async def read(app: Application, caller: Caller, contact_id: UUID) -> ContactView:
    """A contact with its rows in Dynamics beside it; raises Unknown."""
    caller.require(Right.READ)
    marks = app.store.accounts.marking
    found = await app.store.database.read(lambda c: whole(c, caller.account_id, contact_id, marks))
    return contact_view(found)


async def find(app: Application, caller: Caller, email: str) -> ContactView:
    """The contact that holds an address, however it is spelled; raises Unknown."""
    caller.require(Right.READ)
    contact_id = await app.store.database.read(lambda c: stored.holder(c, caller.account_id, email))
    if contact_id is None:
        raise Unknown("this account has no contact with this address")
    return await read(app, caller, contact_id)


async def create(
    app: Application, caller: Caller, new: NewContact, evidence: Evidence = NO_EVIDENCE
) -> ContactView:
    """Create a contact; Dynamics gets a row for it where the connections say so (I5).

    A positive basis needs evidence. Raises Invalid for a malformed or barred address, Conflict for
    one another contact holds. An address with a remembered refusal starts Withdrawn (I3).
    """
    caller.require(Right.EDIT)
    await _known(app, caller, new.unsubscribed)
    person = NewPerson(
        email=checked_email(new.email),
        first_name=checked_name(new.first_name),
        last_name=checked_name(new.last_name),
        basis=new.basis,
        refused=new.unsubscribed,
    )
    proof = proven(new.basis, evidence)
    (contact_id,) = await app.add(caller.account_id, caller.actor, [person], proof)
    return await read(app, caller, contact_id)


async def change(
    app: Application,
    caller: Caller,
    contact_id: UUID,
    changed: ContactChange,
    evidence: Evidence = NO_EVIDENCE,
    *,
    revision: int | None = None,
) -> ContactView:
    """Set what was given on a contact and nothing else (S3); the view is of the contact afterwards.

    A basis that grants needs evidence, also over Withdrawn; None over Withdrawn is refused (T7). With
    `revision` it is an error that the contact moved since. Raises Unknown, Conflict and Invalid.
    """
    caller.require(Right.EDIT)
    if changed.empty:
        raise Invalid("Nothing was given to change.")
    answered = reduce(or_, changed.subscriptions, 0)
    await _known(app, caller, answered)
    act = Act(
        contact_id=contact_id,
        basis=changed.basis,
        answered=answered,
        value=reduce(or_, (bit for bit, yes in changed.subscriptions.items() if yes), 0),
        email=None if changed.email is None else checked_email(changed.email),
        first_name=None if changed.first_name is None else checked_name(changed.first_name),
        last_name=None if changed.last_name is None else checked_name(changed.last_name),
        revision=revision,
    )
    await app.act(caller.account_id, caller.actor, [act], proven(changed.basis, evidence))
    return await read(app, caller, contact_id)


async def release_hold(
    app: Application, caller: Caller, contact_id: UUID, evidence: Evidence = NO_EVIDENCE
) -> ContactView:
    """Let a held contact go back into sends. Raises Unknown, and Conflict where it is not held."""
    caller.require(Right.EDIT)
    releasing = Releasing(app.store.memory.journal, caller.actor, proven(None, evidence), app.clock.now())
    await app.store.database.write(lambda c: releasing.run(c, caller.account_id, contact_id))
    await app.work.wake(caller.account_id)
    return await read(app, caller, contact_id)


async def lift_suppression(
    app: Application, caller: Caller, contact_id: UUID, evidence: Evidence
) -> ContactView:
    """Let mail go to a contact's address again, which had bounced (G3); the evidence says why.

    Raises Unknown, Invalid without a reason, and Conflict where nothing is suppressed or somebody complained:
    a complaint is a refusal.
    """
    caller.require(Right.SUPPRESSIONS)
    proof = proven(None, evidence)
    if not proof.text:
        raise Invalid(
            "Say why mail may go there again: what was the matter with the mailbox, and who told it."
        )
    store = app.store
    lifting = Lifting(store.memory.journal, store.accounts.marking, caller.actor, proof, app.clock.now())
    await store.database.write(lambda c: lifting.run(c, caller.account_id, contact_id))
    return await read(app, caller, contact_id)


async def _known(app: Application, caller: Caller, mask: int) -> None:
    """Raise Unknown for a category this account does not have."""
    if mask:
        categories = await app.store.accounts.categories(caller.account_id)
        if mask < 0 or mask & ~reduce(or_, (c.bit for c in categories), 0):
            raise Unknown("this account has no such category")


def _opened(app: Application, cursor: str) -> str:
    try:
        return app.store.accounts.vault.unwrap(cursor.encode()).decode() if cursor else ""
    except Invalid:
        raise Invalid("This page cannot be continued; begin again with the first one.") from None


def _row(found: Found) -> ContactRow:
    return ContactRow(
        contact_id=found.contact_id,
        email=found.shown_email,
        first_name=found.first_name,
        last_name=found.last_name,
        basis=found.basis,
        value=found.value,
        hold=found.hold,
        pending=found.pending,
        links=found.links,
        updated_at=found.updated_at,
    )
