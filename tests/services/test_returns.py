"""Bounces suppress the address, complaints are refusals too; each counts once and is in the ledger (G3)."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from assent.errors import Conflict, Invalid, NotAllowed, Unknown
from assent.ledger import entries as ledger
from assent.mail.arrived import Arrived
from assent.mail.conduct import Conduct
from assent.policy.gate import Reason
from assent.policy.permission import LegalBasis
from assent.policy.returning import Return
from assent.ports import Act, Actor, ActorKind, Evidence
from assent.services import contacts, returns, sends
from assent.services.access import Caller, Role, caller, operator
from assent.services.return_paths import read_path
from assent.services.returns import Event, Taken
from assent.store.reading import Recorded
from tests.app.world import ADMIN, FORM, account
from tests.mail.reports import bounce, complaint

from .mailroom import Mailroom, mailroom

GONE = "gone@x.example"


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Mailroom]:
    """An account that can send."""
    async with mailroom(tmp_path) as found:
        yield found


async def mailed(at: Mailroom, email: str = GONE) -> tuple[UUID, int, Arrived]:
    """A person who was sent a mail, the send, and the mail."""
    (contact_id,) = await at.people(email)
    send_id = await at.started()
    await at.ended(send_id)
    (mail,) = at.sink.messages(email)
    return contact_id, send_id, mail


async def told(at: Mailroom, contact_id: UUID) -> list[Recorded]:
    """What the ledger holds of returns of a contact."""
    found = await at.app.store.ledger.entries(at.account_id, contact=contact_id)
    return [one for one in found if one.entry.kind == ledger.RETURNED]


def provider(at: Mailroom) -> Caller:
    """A mail provider's key."""
    return caller(at.account_id, Actor(ActorKind.API_KEY, "provider"), Role.MAILER)


async def test_a_bounce_to_the_signed_return_address_suppresses_its_contacts_address(at: Mailroom) -> None:
    """VERP: the envelope says whose mail it was; told twice it counts once; the next send leaves them out."""
    contact_id, send_id, mail = await mailed(at)
    assert mail.sender.startswith("bounces+")
    assert mail.sender.endswith("@meadow.example")
    assert Taken.TAKEN is await returns.take_message(at.app, bounce(mail.sender))
    assert Taken.REPEATED is await returns.take_message(at.app, bounce(mail.sender))
    view = await contacts.read(at.app, at.admin, contact_id)
    assert (True, LegalBasis.CONSENT) == (view.suppressed, view.basis)
    assert [(Return.HARD, send_id)] == [(one.kind, one.send_id) for one in view.returned]
    assert {Return.HARD: 1} == (await sends.result(at.app, at.admin, send_id)).returned
    (entry,) = await told(at, contact_id)
    assert {"returned": "hard_bounce", "send": send_id, "suppressed": 1} == dict(entry.entry.new)
    again = await at.started()
    await at.ended(again)
    assert {Reason.SUPPRESSED: 1} == (await sends.result(at.app, at.admin, again)).left_out


async def test_servers_on_the_way_may_fold_the_return_addresss_case(at: Mailroom) -> None:
    """What is signed is written in letters that have no case of their own."""
    _, _, mail = await mailed(at)
    assert Taken.TAKEN is await returns.take_message(at.app, bounce(mail.sender.upper()))


async def test_a_soft_bounce_is_counted_and_keeps_nobody_from_mail(at: Mailroom) -> None:
    """A full mailbox may be emptied."""
    contact_id, send_id, mail = await mailed(at)
    assert Taken.TAKEN is await returns.take_message(
        at.app, bounce(mail.sender, status="5.2.2", said="552 5.2.2 mailbox full")
    )
    assert False is (await contacts.read(at.app, at.admin, contact_id)).suppressed
    assert {Return.SOFT: 1} == (await sends.result(at.app, at.admin, send_id)).returned


async def test_a_complaint_withdraws_once_and_a_later_consent_stands(at: Mailroom) -> None:
    """A complaint is the person's own refusal, with its evidence; told again it undoes nothing newer."""
    contact_id, send_id, mail = await mailed(at)
    original = f"List-Unsubscribe: {mail.header('List-Unsubscribe')}\nSubject: May\n\nHello\n"
    assert Taken.TAKEN is await returns.take_message(at.app, complaint(original, "***@x.example"))
    view = await contacts.read(at.app, at.admin, contact_id)
    assert (LegalBasis.WITHDRAWN, True) == (view.basis, view.refused_personally)
    recorded = await at.app.store.ledger.entries(at.account_id, contact=contact_id)
    refused = recorded[-2].entry
    assert (ActorKind.CONTACT.value, "complaint") == (refused.actor_kind, refused.actor)
    assert f"send {send_id}" in refused.personal["source"]
    await at.app.act(at.account_id, ADMIN, [Act(contact_id, basis=LegalBasis.CONSENT)], FORM)
    assert Taken.REPEATED is await returns.take_message(at.app, complaint(original, "***@x.example"))
    assert LegalBasis.CONSENT is (await contacts.read(at.app, at.admin, contact_id)).basis


async def test_a_bounce_stays_with_the_address_it_came_from(at: Mailroom) -> None:
    """I3: the person has another address by now; the old one is suppressed, the new one is not."""
    contact_id, _, mail = await mailed(at)
    await at.app.act(at.account_id, ADMIN, [Act(contact_id, email="new@x.example")], FORM)
    assert Taken.TAKEN is await returns.take_message(at.app, bounce(mail.sender))
    assert False is (await contacts.read(at.app, at.admin, contact_id)).suppressed
    (old,) = await at.people(GONE)
    assert True is (await contacts.read(at.app, at.admin, old)).suppressed


async def test_nobody_can_forge_a_bounce(at: Mailroom) -> None:
    """Tampered, truncated, foreign and made-up return addresses suppress nobody."""
    contact_id, _, mail = await mailed(at)
    local, _, domain = mail.sender.partition("@")
    changed = local[:-3] + ("a" if local[-3] != "a" else "b") + local[-2:]
    for made_up in (changed, local[:-1], local[:20], "bounces+", "bounces", "bounces+" + "a" * 50):
        assert Taken.UNKNOWN is await returns.take_message(at.app, bounce(f"{made_up}@{domain}"))
        with pytest.raises(Unknown):
            await read_path(at.app.store.accounts, f"{made_up}@{domain}")
    assert False is (await contacts.read(at.app, at.admin, contact_id)).suppressed


async def test_a_providers_key_reports_for_its_own_account_alone(at: Mailroom) -> None:
    """By return path or by address; another account's mail is unknown; who may not is told so."""
    contact_id, send_id, mail = await mailed(at)
    other = operator(await account(at.app, "Other"))
    assert Taken.UNKNOWN is await returns.take_message(at.app, bounce(mail.sender), other)
    events = [
        Event(Return.HARD, GONE, return_path=mail.sender),
        Event(Return.COMPLAINT, "stranger@x.example", event_id="1"),
    ]
    assert [Taken.TAKEN, Taken.TAKEN] == await returns.take_events(at.app, provider(at), events)
    assert [Taken.REPEATED] * 2 == await returns.take_events(at.app, provider(at), events)
    view = await contacts.read(at.app, at.admin, contact_id)
    assert [(Return.HARD, send_id)] == [(one.kind, one.send_id) for one in view.returned]
    (stranger,) = await at.people("stranger@x.example")
    assert True is (await contacts.read(at.app, at.admin, stranger)).suppressed
    with pytest.raises(NotAllowed):
        await contacts.read(at.app, provider(at), contact_id)
    with pytest.raises(Invalid):
        await returns.take_events(at.app, provider(at), [Event(Return.HARD, "none")])


async def test_a_mailbox_the_mail_server_itself_knows_not_is_in_the_ledger(at: Mailroom) -> None:
    """What is refused at once is a bounce like any other: on the contact, the send, and in the ledger."""
    (contact_id,) = await at.people(GONE)
    at.sink.behave = lambda to: Conduct.REFUSE
    send_id = await at.started()
    await at.ended(send_id)
    assert 1 == len(await told(at, contact_id))
    assert {Return.HARD: 1} == (await sends.result(at.app, at.admin, send_id)).returned
    assert True is (await contacts.read(at.app, at.admin, contact_id)).suppressed


@pytest.mark.thorough
async def test_returns_are_the_same_on_both_databases(database_url: str, tmp_path: Path) -> None:
    """SQLite and PostgreSQL: a bounce, a complaint, each once, and what is shown of them."""
    async with mailroom(tmp_path, database_url=database_url) as at:
        contact_id, send_id, mail = await mailed(at)
        original = f"List-Unsubscribe: {mail.header('List-Unsubscribe')}\nSubject: May\n\nHello\n"
        for expected in (Taken.TAKEN, Taken.REPEATED):
            assert expected is await returns.take_message(at.app, bounce(mail.sender))
            assert expected is await returns.take_message(at.app, complaint(original))
        view = await contacts.read(at.app, at.admin, contact_id)
        assert (True, LegalBasis.WITHDRAWN, 2) == (view.suppressed, view.basis, len(view.returned))
        found = (await sends.result(at.app, at.admin, send_id)).returned
        assert {Return.HARD: 1, Return.COMPLAINT: 1} == found


async def test_a_bounced_address_is_let_back_with_a_reason_until_it_bounces_again(at: Mailroom) -> None:
    """An admin says why, the ledger keeps it, and a report without an id of its own counts anew (G3)."""
    (contact_id,) = await at.people(GONE)
    gone = [Event(Return.HARD, GONE)]
    await returns.take_events(at.app, provider(at), gone)
    assert (await contacts.read(at.app, operator(at.account_id), contact_id)).liftable
    with pytest.raises(Invalid, match="Say why"):
        await contacts.lift_suppression(at.app, operator(at.account_id), contact_id, Evidence())
    why = Evidence("The domain was down; they rang")
    view = await contacts.lift_suppression(at.app, operator(at.account_id), contact_id, why)
    assert (False, False) == (view.suppressed, view.liftable)
    entries = await at.app.store.ledger.entries(at.account_id, contact=contact_id)
    assert (ledger.LIFTED, why.text) == (entries[-1].entry.kind, entries[-1].entry.personal["text"])
    assert [Taken.TAKEN] == await returns.take_events(at.app, provider(at), gone)
    assert (await contacts.read(at.app, operator(at.account_id), contact_id)).suppressed


@pytest.mark.parametrize("kinds", [(Return.COMPLAINT, Return.HARD), (Return.HARD, Return.COMPLAINT)])
async def test_what_a_complaint_suppressed_nobody_lifts(at: Mailroom, kinds: tuple[Return, ...]) -> None:
    """It is a refusal: a bounce before or after it changes nothing (G3, P2)."""
    (contact_id,) = await at.people(GONE)
    await returns.take_events(at.app, provider(at), [Event(kind, GONE) for kind in kinds])
    assert not (await contacts.read(at.app, operator(at.account_id), contact_id)).liftable
    with pytest.raises(Conflict, match="refusal"):
        await contacts.lift_suppression(at.app, operator(at.account_id), contact_id, Evidence("please"))
    assert (await contacts.read(at.app, operator(at.account_id), contact_id)).suppressed


async def test_only_a_suppressed_address_is_let_back(at: Mailroom) -> None:
    """Neither a stranger nor an address that takes mail; and a marketer may not."""
    (contact_id,) = await at.people(GONE)
    why = Evidence("They rang")
    with pytest.raises(Conflict):
        await contacts.lift_suppression(at.app, operator(at.account_id), contact_id, why)
    with pytest.raises(Unknown):
        await contacts.lift_suppression(at.app, operator(at.account_id), UUID(int=9), why)
    marketer = caller(at.account_id, Actor(ActorKind.USER, "m"), Role.MARKETER)
    with pytest.raises(NotAllowed):
        await contacts.lift_suppression(at.app, marketer, contact_id, why)
