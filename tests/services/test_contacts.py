"""What people see and change of contacts."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from assent.errors import Conflict, Invalid, NotAllowed, Unknown
from assent.policy.audience import Audience
from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.sides import LinkKey
from assent.ports import Actor, ActorKind, Evidence, NewPerson
from assent.services import contacts
from assent.services.access import Role, caller
from assent.services.contacts import ContactChange, NewContact
from tests.app.world import office

from .hub import CONSENT, EVENTS, NEWS, NONE, PROOF, WITHDRAWN, Desk, desk, row


@pytest.fixture
async def at(tmp_path: Path, database_url: str) -> AsyncIterator[Desk]:
    """A desk on each kind of database in turn."""
    given = "" if database_url.startswith("sqlite") else database_url
    async with office(tmp_path, database_url=given) as opened:
        yield await desk(opened.app, opened.woken)


async def test_contacts_are_found_by_any_part_of_address_or_name(at: Desk) -> None:
    """Without case, names without accents, every word of the text."""
    await at.add(
        NewPerson("Anna.Lind@Meadow.example", "Anna", "Lind"),
        NewPerson("asa@post.example", "Åsa", "Öberg"),
        NewPerson("info@straße.example", "", ""),
    )

    async def found(text: str) -> list[str]:
        page = await contacts.search(at.app, at.marketer, Audience(text=text))
        return [item.email for item in page.items]

    assert ["Anna.Lind@Meadow.example"] == await found("LIND@mead")
    assert ["asa@post.example"] == await found("asa oberg")
    assert ["asa@post.example"] == await found("ÖBERG Å")
    assert ["info@straße.example"] == await found("straße")
    assert [] == await found("anna öberg")
    assert [] == await found("%")


async def test_every_filter_of_an_audience_narrows_it(at: Desk) -> None:
    """Each part alone, and all of them together."""
    ann, ben, _ = await at.add(
        NewPerson("ann@x.example", basis=CONSENT),
        NewPerson("ben@x.example", basis=WITHDRAWN, refused=NEWS),
        NewPerson("eva@x.example"),
    )
    connection = await at.connect()
    await at.link(ann, connection, row(1, "ann@x.example"))
    await at.app.store.memory.unlink(at.account_id, [], None)

    async def found(audience: Audience) -> set[str]:
        page = await contacts.search(at.app, at.marketer, audience)
        assert len(page.items) == await contacts.count(at.app, at.marketer, audience)
        return {item.email[:3] for item in page.items}

    assert {"ann", "ben", "eva"} == await found(Audience())
    assert {"ann", "ben"} == await found(Audience(bases=frozenset({CONSENT, WITHDRAWN})))
    assert {"ann", "eva"} == await found(Audience(subscribed=NEWS | EVENTS))
    assert {"ben"} == await found(Audience(unsubscribed=NEWS))
    assert {"ann"} == await found(Audience(linked=True))
    assert {"ben", "eva"} == await found(Audience(linked=False))
    assert {"ann"} == await found(Audience(connection=connection))
    assert set() == await found(Audience(connection=connection + 1))
    assert set() == await found(Audience(held=True))
    assert {"ann", "ben", "eva"} == await found(Audience(held=False))
    assert {"ann"} == await found(Audience(pending=True))
    assert {"ben", "eva"} == await found(Audience(pending=False))
    assert {"ben"} == await found(Audience(contact_ids=frozenset({ben, uuid4()})))
    assert set() == await found(Audience(contact_ids=frozenset()))
    assert {"ann"} == await found(Audience("ann", frozenset({CONSENT}), NEWS, 0, True, connection, False))


async def test_pages_follow_each_other_without_gap_or_double(at: Desk) -> None:
    """The cursor goes on behind the last address, and says nothing about it."""
    await at.add(*(NewPerson(f"p{number:02}@x.example") for number in range(7)))
    seen, after = [], ""
    while True:
        page = await contacts.search(at.app, at.marketer, Audience(), after=after, limit=3)
        seen += [item.email for item in page.items]
        after = page.next
        assert "example" not in after
        if not after:
            break
    assert [f"p{number:02}@x.example" for number in range(7)] == seen
    with pytest.raises(Invalid):
        await contacts.search(at.app, at.marketer, Audience(), after="rubbish")
    with pytest.raises(Invalid):
        await contacts.search(at.app, at.marketer, Audience(), limit=501)


async def test_a_created_contact_is_read_back_whole(at: Desk) -> None:
    """What was typed, the spelling too, and every category with its answer."""
    new = NewContact(" Eva@X.example ", "Eva", "Berg", CONSENT, unsubscribed=EVENTS)
    made = await contacts.create(at.app, at.marketer, new, PROOF)
    assert ("eva@x.example", "Eva@X.example", "Eva Berg") == (made.email, made.shown_email, made.name)
    assert [("News", True), ("Events", False)] == [(s.name, s.subscribed) for s in made.subscriptions]
    assert made == await contacts.find(at.app, at.marketer, "EVA@x.example")
    with pytest.raises(Conflict):
        await contacts.create(at.app, at.marketer, NewContact("eva@X.example"))
    assert at.woken


@pytest.mark.parametrize("address", ["", "eva", "eva@", "@x.example", "a b@x.example", "a@b@x", "x" * 400])
async def test_a_malformed_address_is_refused_in_words(at: Desk, address: str) -> None:
    """Nothing is created, and the text does not repeat what was typed."""
    with pytest.raises(Invalid, match="not an email address"):
        await contacts.create(at.app, at.marketer, NewContact(address))
    assert 0 == await contacts.count(at.app, at.marketer, Audience())


@pytest.mark.parametrize("basis", LegalBasis)
async def test_only_a_grant_needs_evidence(at: Desk, basis: LegalBasis) -> None:
    """Text and source; a refusal is taken from anybody without a question."""
    (ann,) = await at.add(NewPerson("ann@x.example"))
    change = ContactChange(basis=basis)
    if basis.positive:
        for thin in (Evidence(), Evidence("text"), Evidence("", "source"), Evidence(" ", "\t")):
            with pytest.raises(Invalid, match="evidence"):
                await contacts.change(at.app, at.marketer, ann, change, thin)
    changed = await contacts.change(at.app, at.marketer, ann, change, PROOF if basis.positive else Evidence())
    assert basis is changed.basis


async def test_a_newer_act_with_evidence_lifts_withdrawn_but_none_never(at: Desk) -> None:
    """One contact, one person's word for it; the absence of an opinion erases nothing (T7)."""
    (ann,) = await at.add(NewPerson("ann@x.example", basis=WITHDRAWN))
    with pytest.raises(Invalid, match="T7"):
        await contacts.change(at.app, at.marketer, ann, ContactChange(basis=NONE))
    changed = await contacts.change(at.app, at.marketer, ann, ContactChange(basis=CONSENT), PROOF)
    assert CONSENT is changed.basis


async def test_only_what_was_given_is_touched(at: Desk) -> None:
    """A change of one field leaves every other one alone (S3), each with one ledger entry (P7)."""
    (ann,) = await at.add(NewPerson("ann@x.example", "Ann", "Lind", CONSENT))
    changes = [
        ContactChange(subscriptions={NEWS: False}),
        ContactChange(first_name="Anna"),
        ContactChange(email="anna@x.example"),
        ContactChange(basis=WITHDRAWN),
    ]
    for change in changes:
        await contacts.change(at.app, at.marketer, ann, change)
    view = await contacts.read(at.app, at.marketer, ann)
    assert ("Anna Lind", "anna@x.example", WITHDRAWN) == (view.name, view.email, view.basis)
    assert [False, True] == [s.subscribed for s in view.subscriptions]
    entries = [r.entry for r in await at.app.store.ledger.entries(at.account_id, contact=ann)]
    assert 1 + len(changes) == len(entries)
    assert {"old_first_name": "Ann", "new_first_name": "Anna"} == entries[2].personal
    page = await contacts.search(at.app, at.marketer, Audience(text="anna lind"))
    assert [ann] == [item.contact_id for item in page.items]


async def test_a_change_bound_to_a_revision_meets_no_other(at: Desk) -> None:
    """Whoever saves an old page is told to look again; nothing of it is taken."""
    (ann,) = await at.add(NewPerson("ann@x.example"))
    seen = (await contacts.read(at.app, at.marketer, ann)).revision
    await contacts.change(at.app, at.marketer, ann, ContactChange(first_name="Anna"), revision=seen)
    with pytest.raises(Conflict):
        await contacts.change(at.app, at.marketer, ann, ContactChange(basis=WITHDRAWN), revision=seen)
    assert NONE is (await contacts.read(at.app, at.marketer, ann)).basis


async def test_another_accounts_contacts_and_categories_do_not_exist(at: Desk) -> None:
    """Foreign and made-up ids are the same: unknown."""
    (ann,) = await at.add(NewPerson("ann@x.example"))
    other = await at.app.store.accounts.create("Other")
    stranger = caller(other, Actor(ActorKind.USER, "x"), Role.ADMIN)
    with pytest.raises(Unknown):
        await contacts.read(at.app, stranger, ann)
    with pytest.raises(Unknown):
        await contacts.change(at.app, stranger, ann, ContactChange(basis=WITHDRAWN))
    with pytest.raises(Unknown):
        await contacts.why(at.app, stranger, ann)
    with pytest.raises(Unknown):
        await contacts.change(at.app, at.admin, ann, ContactChange(subscriptions={1 << 40: False}))
    assert {} == await contacts.standing(at.app, stranger, [ann])
    assert 0 == await contacts.count(at.app, stranger, Audience())


async def test_a_reader_may_look_and_nothing_else(at: Desk) -> None:
    """Rights come first, before anything is read."""
    (ann,) = await at.add(NewPerson("ann@x.example"))
    reader = at.as_(Role.READER)
    assert ann == (await contacts.read(at.app, reader, ann)).contact_id
    for refused in (
        contacts.change(at.app, reader, ann, ContactChange(basis=WITHDRAWN)),
        contacts.create(at.app, reader, NewContact("new@x.example")),
        contacts.release_hold(at.app, reader, ann),
    ):
        with pytest.raises(NotAllowed):
            await refused


async def test_both_sides_stand_beside_each_other(at: Desk) -> None:
    """What the row says, whether it agrees, and what keeps it from being settled."""
    (ann,) = await at.add(NewPerson("ann@x.example", basis=CONSENT))
    connection = await at.connect()
    await at.link(ann, connection, row(1, "ann@x.example", BulkEmail.DO_NOT_ALLOW, value=NEWS))
    (link,) = (await contacts.read(at.app, at.marketer, ann)).links
    assert ("Contoso", BulkEmail.DO_NOT_ALLOW, False) == (link.connection, link.toggle, link.agrees)
    assert [("News", True), ("Events", False)] == [(a.name, a.subscribed) for a in link.answers]
    assert link.waits
    assert link.url.startswith("https://contoso.crm.example/main.aspx?")


@pytest.mark.thorough
async def test_why_asks_dynamics_and_says_when_it_does_not_answer(at: Desk) -> None:
    """The gate fails closed (G4), and the answer names the connection and the last reading."""
    (ann,) = await at.add(NewPerson("ann@x.example", basis=CONSENT))
    alone = await contacts.why(at.app, at.marketer, ann)
    assert (True, True) == (alone.may, alone.live)
    await at.connect("Nowhere")
    unsure = await contacts.why(at.app, at.marketer, ann, category=NEWS)
    assert (False, "unverified") == (unsure.may, unsure.reason.value)
    assert any("Nowhere could not be asked" in fact.text for fact in unsure.facts)
    last = (await contacts.standing(at.app, at.marketer, [ann]))[ann]
    assert (True, False) == (last.may, last.live)
    with pytest.raises(Unknown):
        await contacts.why(at.app, at.marketer, ann, category=1 << 30)


async def test_a_refusing_row_is_named_in_the_standing(at: Desk) -> None:
    """The stricter of the hub and every row counts (G4)."""
    (ann,) = await at.add(NewPerson("ann@x.example", basis=CONSENT))
    await at.link(ann, await at.connect(), row(1, "ann@x.example", BulkEmail.DO_NOT_ALLOW))
    last = (await contacts.standing(at.app, at.marketer, [ann], category=NEWS))[ann]
    assert (False, "withdrawn") == (last.may, last.reason.value)
    assert any(fact.against and "Do not allow" in fact.text for fact in last.facts)


async def test_a_held_contact_is_released_once_by_a_person(at: Desk) -> None:
    """The release is in the ledger with who did it; a second one meets nothing to release."""
    (ann,) = await at.add(NewPerson("ann@x.example", basis=CONSENT))
    made = row(1, "ann@x.example")
    connection = await at.connect()
    await at.link(ann, connection, made)
    await at.app.store.memory.unlink(at.account_id, [LinkKey(connection, made.row_id)], "crm_deleted")
    held = await contacts.read(at.app, at.marketer, ann)
    assert ("crm_deleted", True) == (held.hold, bool(held.hold_words))
    assert "held" == (await contacts.standing(at.app, at.marketer, [ann]))[ann].reason.value
    assert (await contacts.release_hold(at.app, at.marketer, ann)).hold is None
    with pytest.raises(Conflict):
        await contacts.release_hold(at.app, at.marketer, ann)
    last = (await at.app.store.ledger.entries(at.account_id, contact=ann))[-1].entry
    assert ("contact.held", "user", {"hold": None}) == (last.kind, last.actor_kind, dict(last.new))
