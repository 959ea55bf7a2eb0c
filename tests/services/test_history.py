"""What happened, told in plain words, to those who may read it."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from assent.errors import Invalid, Unknown
from assent.ledger import entries as ledger
from assent.ledger.entries import Entry
from assent.policy.permission import LegalBasis
from assent.policy.sides import ADDRESS, PERMISSION, Hold, LinkKey
from assent.ports import Evidence, NewPerson
from assent.services import contacts, history
from assent.services.access import Role
from assent.services.contacts import ContactChange
from assent.services.sentences import SENTENCES, sentence
from assent.services.words import HOLD_SHORT, HOLD_WORDS
from assent.store.desk_schema import users
from assent.store.known_names import Known
from tests.app.world import office

from .hub import CONSENT, EVENTS, NEWS, USER, WITHDRAWN, Desk, desk

KINDS = {value for name, value in vars(ledger).items() if name.isupper() and isinstance(value, str)}
ROW = LinkKey(3, UUID(int=9))
KNOWN = Known(
    users={"u": ("Anna Lind", "admin")},
    keys={"k": "ERP"},
    contacts={},
    connections={3: "Contoso"},
    categories={NEWS: "News", EVENTS: "Events"},
    active=NEWS | EVENTS,
)
INTEREST, BASIS = int(LegalBasis.LEGITIMATE_INTEREST), int(WITHDRAWN)

TOLD = [
    (
        Entry(ledger.CREATED, "user", "u", new={"basis": int(CONSENT), "value": NEWS, "origin": "bulk"}),
        "Anna Lind (admin) created the contact by import with the legal basis Consent and No to Events.",
    ),
    (
        Entry(ledger.CREATED, "connection", "3", new={"basis": 0, "value": 3}, cause=ROW, rule="I5"),
        "First seen in Contoso: the contact was created with the legal basis None (rule I5).",
    ),
    (
        Entry(ledger.ACTED, "user", "u", field=PERMISSION, old={"basis": INTEREST}, new={"basis": BASIS}),
        "Anna Lind (admin) set the legal basis from Legitimate interest to Withdrawn.",
    ),
    (
        Entry(ledger.ACTED, "contact", "p", field=PERMISSION, old={"basis": BASIS}, new={"basis": BASIS}),
        "The person confirmed the legal basis Withdrawn.",
    ),
    (
        Entry(ledger.ACTED, "api_key", "k", field=3 | ADDRESS, new={"value": NEWS}),
        "The API key “ERP” subscribed to News, unsubscribed from Events and changed the email address.",
    ),
    (
        Entry(ledger.ACTED, "api_key", "x", personal={"old_first_name": "A", "new_first_name": "B"}),
        "An API key that is gone changed the name.",
    ),
    (
        Entry(
            ledger.CHANGED,
            "connection",
            "3",
            field=PERMISSION,
            old={"basis": int(CONSENT)},
            new={"basis": BASIS},
            rule="T2",
            cause=ROW,
        ),
        "Contoso: Bulk Email says Do not allow, so the legal basis went from Consent to Withdrawn (rule T2).",
    ),
    (
        Entry(ledger.CHANGED, "system", "assent", field=NEWS, new={"value": 0}, rule="M1", cause=ROW),
        "Contoso: the row says so, and the answer for News became No (rule M1).",
    ),
    (
        Entry(ledger.CHANGED, "system", "assent", field=ADDRESS, rule="I3", cause=ROW),
        "Contoso: the row has another address, so the email address followed (rule I3).",
    ),
    (
        Entry(ledger.HELD, "system", "assent", new={"hold": Hold.CRM_DELETED.value}, rule="I4"),
        "Assent held the contact: deleted in Dynamics (rule I4).",
    ),
    (
        Entry(ledger.HELD, "user", "gone", new={"hold": None}),
        "A user who is gone released the contact: it is no longer held.",
    ),
    (
        Entry(ledger.WRITTEN, "system", "assent", place=ROW, field=PERMISSION, new={"toggle": 1}),
        "Assent wrote Do not allow to the row in Contoso (rule T1).",
    ),
    (
        Entry(ledger.WRITTEN, "system", "assent", place=ROW, field=3 | ADDRESS, new={"value": EVENTS}),
        "Assent wrote No to News, Yes to Events and the email address to the row in Contoso.",
    ),
    (
        Entry(ledger.MOVED, "system", "assent", place=ROW, rule="I3"),
        "The row in Contoso was linked to this contact; another had it before (rule I3).",
    ),
    (
        Entry(ledger.UNLINKED, "system", "assent", place=LinkKey(8, UUID(int=1)), rule="I4"),
        "The row in Dynamics is no longer linked to this contact (rule I4).",
    ),
    (
        Entry(ledger.VOIDED, "system", "assent", new={"connection": 3, "reason": "a restore"}, rule="M7"),
        "Every contact is compared afresh with Contoso, the strictest holds: a restore (rule M7).",
    ),
    (
        Entry(ledger.CHECKED, "system", "assent", new={"send": 4, "may": 1200, "left_out": 3}, rule="G4"),
        "Everybody was checked for send 4: 1,200 may be mailed, 3 are left out (rule G4).",
    ),
    (
        Entry(ledger.CHECKED, "system", "assent", new={"send": 4, "may": 1, "waiting": 2}, rule="G4"),
        (
            "Everybody was checked for send 4: 1 may be mailed, 0 are left out, 2 could not be proved yet "
            "(rule G4)."
        ),
    ),
    (
        Entry(ledger.DECIDED, "user", "u", new={"connection": 3, "choice": "tab", "form": "f", "tab": "t"}),
        "Anna Lind (admin) decided for Contoso: the toggles go on the form and tab named (f, t).",
    ),
    (
        Entry(
            ledger.PARTED,
            "user",
            "u",
            field=PERMISSION | NEWS,
            old={"basis": INTEREST, "hold": "joined"},
            new={"basis": BASIS, "value": 0, "hold": None},
            rule="I3",
        ),
        (
            "Anna Lind (admin) took the join with another contact apart: the contact is on its own again; "
            "the legal basis went from Legitimate interest to Withdrawn and the answer for News became No "
            "(rule I3)."
        ),
    ),
    (
        Entry(ledger.PARTED, "user", "u", rule="I3"),
        "Anna Lind (admin) took the join of another contact with this one apart (rule I3).",
    ),
    (
        Entry(
            ledger.RETURNED,
            "system",
            "assent",
            new={"returned": "hard_bounce", "send": 4, "suppressed": 1},
            rule="G3",
        ),
        ("A mail came back: nobody has this mailbox (send 4); the address takes no mail any more (rule G3)."),
    ),
    (
        Entry(ledger.LIFTED, "user", "u", old={"suppressed": 1}, new={"suppressed": 0}, rule="G3"),
        "Anna Lind (admin) let mail go to the address again, which had bounced (rule G3).",
    ),
    (
        Entry(ledger.ERASING, "user", "u", field=PERMISSION, new={"basis": 1, "hold": "erasing"}, rule="I6"),
        (
            "Anna Lind (admin) asked for the person to be erased: withdrawn, held, and the address barred "
            "(rule I6)."
        ),
    ),
    (
        Entry(ledger.ERASED, "user", "u", rule="I6"),
        "Anna Lind (admin) erased the person; the address is barred until they sign up themselves (rule I6).",
    ),
]


@pytest.mark.parametrize(("entry", "said"), TOLD)
def test_an_entry_is_said_in_a_sentence(entry: Entry, said: str) -> None:
    """Who did what, from what to what, and by which rule."""
    assert said == sentence(entry, KNOWN)


def test_every_kind_of_entry_and_every_hold_has_its_words() -> None:
    """Nothing in the ledger is shown as a code."""
    assert KINDS == SENTENCES.keys()
    assert KINDS == {entry.kind for entry, _ in TOLD}
    for hold in Hold:
        assert HOLD_WORDS[hold.value]
        assert HOLD_SHORT[hold.value]


@pytest.fixture
async def at(tmp_path: Path, database_url: str) -> AsyncIterator[Desk]:
    """A desk on each kind of database in turn."""
    given = "" if database_url.startswith("sqlite") else database_url
    async with office(tmp_path, database_url=given) as opened:
        yield await desk(opened.app, opened.woken)


async def test_a_contacts_history_is_told_newest_first_by_name(at: Desk) -> None:
    """Users by their names and roles; pages follow each other to the first entry."""
    values = {"account_id": at.account_id, "user_id": USER, "email": "anna@m.example", "name": "Anna Lind"}
    statement = users.insert().values(**values, role="admin", created_at=at.app.clock.now())
    await at.app.store.database.write(lambda c: c.execute(statement).rowcount)
    (ann,) = await at.add(NewPerson("ann@x.example", "Ann", "", CONSENT))
    await contacts.change(at.app, at.admin, ann, ContactChange(basis=WITHDRAWN))
    await contacts.change(at.app, at.admin, ann, ContactChange(subscriptions={NEWS: False}))
    told, after = [], ""
    while True:
        page = await history.history(at.app, at.admin, ann, after=after, limit=2)
        told += [item.text for item in page.items]
        if not (after := page.next):
            break
    assert [
        "Anna Lind (admin) unsubscribed from News.",
        "Anna Lind (admin) set the legal basis from Consent to Withdrawn.",
        "Anna Lind (admin) created the contact with the legal basis Consent.",
    ] == told


async def test_evidence_is_read_only_by_those_who_may(at: Desk) -> None:
    """Everybody sees what happened; the proof and old addresses are for admin, support and privacy."""
    (ann,) = await at.add(NewPerson("ann@x.example"))
    proof = Evidence("Signed on paper", "archive 7")
    await contacts.change(at.app, at.marketer, ann, ContactChange(basis=CONSENT, email="a@x.example"), proof)
    for role, may in ((Role.ADMIN, True), (Role.SUPPORT, True), (Role.MARKETER, False), (Role.READER, False)):
        page = await history.history(at.app, at.as_(role), ann)
        newest = page.items[0]
        assert "ann@x.example" not in newest.text
        assert ({"text": "Signed on paper", "source": "archive 7"} if may else None) == newest.evidence
        old_and_new = {"old_email": "ann@x.example", "new_email": "a@x.example"}
        assert (old_and_new if may else None) == newest.details


async def test_activity_is_followed_from_a_place_on(at: Desk) -> None:
    """Begin now, ask again with the last place: everything comes once, in order."""
    await at.add(NewPerson("old@x.example"))
    place = await history.now(at.app, at.marketer)
    assert () == (await history.activity(at.app, at.marketer, after=place, latest=False)).items
    await at.add(NewPerson("one@x.example", "One"), NewPerson("two@x.example"), NewPerson("three@x.example"))
    followed = []
    while (page := await history.activity(at.app, at.marketer, after=place, limit=2, latest=False)).items:
        followed += [item.contact for item in page.items]
        place = page.next
    assert ["One", "two@x.example", "three@x.example"] == followed
    newest = await history.activity(at.app, at.marketer, limit=1)
    assert ["three@x.example"] == [item.contact for item in newest.items]
    assert newest.next


async def test_foreign_contacts_and_cursors_have_no_history(at: Desk) -> None:
    """A made-up id and a made-up cursor are each told in words."""
    with pytest.raises(Unknown):
        await history.history(at.app, at.marketer, UUID(int=1))
    for rubbish in ("x", "1", "1.-1", "9" * 30 + ".1", "1.²"):
        with pytest.raises(Invalid):
            await history.activity(at.app, at.marketer, after=rubbish)
    other = await at.app.store.accounts.create("Other")
    await at.add(NewPerson("ann@x.example"))
    stranger = at.admin.__class__(other, at.admin.actor, at.admin.rights)
    assert () == (await history.activity(at.app, stranger)).items
