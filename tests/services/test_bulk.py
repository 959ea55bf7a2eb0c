"""Many contacts at once: looked at, then done to exactly those."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assent.errors import Conflict, Invalid, NotAllowed, Unknown
from assent.policy.audience import EVERYBODY, Audience
from assent.policy.bulk import BulkAction, BulkKind, Outcome
from assent.policy.permission import LegalBasis
from assent.ports import Act, Evidence, NewPerson
from assent.services import bulk, contacts
from assent.services.access import Role, caller
from assent.services.contacts import ContactChange
from tests.app.world import HERSELF, office

from .hub import CONSENT, EVENTS, NEWS, NONE, PROOF, WITHDRAWN, Desk, desk

TO_CONSENT = BulkAction(BulkKind.SET_BASIS, CONSENT)
TO_WITHDRAWN = BulkAction(BulkKind.SET_BASIS, WITHDRAWN)


@pytest.fixture
async def at(tmp_path: Path, database_url: str) -> AsyncIterator[Desk]:
    """A desk on each kind of database in turn."""
    given = "" if database_url.startswith("sqlite") else database_url
    async with office(tmp_path, database_url=given) as opened:
        yield await desk(opened.app, opened.woken)


async def people(at: Desk) -> None:
    """One of each."""
    await at.add(
        NewPerson("none@x.example", "Nora"),
        NewPerson("consent@x.example", basis=CONSENT),
        NewPerson("interest@x.example", basis=LegalBasis.LEGITIMATE_INTEREST),
        NewPerson("withdrawn@x.example", basis=WITHDRAWN),
    )


async def bases(at: Desk) -> dict[str, LegalBasis]:
    """The basis of everybody."""
    page = await contacts.search(at.app, at.marketer, EVERYBODY)
    return {item.email.partition("@")[0]: item.basis for item in page.items}


async def test_a_grant_to_many_keeps_every_refusal(at: Desk) -> None:
    """Withdrawn is counted and stays (I7); each change has one entry with the evidence (P7)."""
    await people(at)
    seen = await bulk.preview(at.app, at.marketer, EVERYBODY, TO_CONSENT)
    expected = {Outcome.CHANGED: 2, Outcome.UNCHANGED: 1, Outcome.KEPT_WITHDRAWN: 1}
    assert (4, expected, 2) == (seen.matched, seen.counts, seen.acts)
    assert {"Nora", "consent@x.example"} < {sampled.name for sampled in seen.sample}
    before = len(await at.app.store.ledger.entries(at.account_id))
    done = await bulk.apply(at.app, at.marketer, EVERYBODY, TO_CONSENT, seen.token, PROOF)
    assert expected == done.counts
    assert {"none": CONSENT, "consent": CONSENT, "interest": CONSENT, "withdrawn": WITHDRAWN} == await bases(
        at
    )
    entries = (await at.app.store.ledger.entries(at.account_id))[before:]
    assert [{"text": PROOF.text, "source": PROOF.source}] * 2 == [r.entry.personal for r in entries]
    assert at.woken


async def test_a_refusal_of_many_needs_no_evidence_and_counts_again(at: Desk) -> None:
    """Who refuses already refuses anew: the newest act counts (M3)."""
    await people(at)
    seen = await bulk.preview(at.app, at.marketer, EVERYBODY, TO_WITHDRAWN)
    assert {Outcome.CHANGED: 3, Outcome.REPEATED: 1} == seen.counts
    await bulk.apply(at.app, at.marketer, EVERYBODY, TO_WITHDRAWN, seen.token)
    assert {WITHDRAWN} == set((await bases(at)).values())


async def test_evidence_is_asked_for_before_anything_is_done(at: Desk) -> None:
    """A grant without proof is no grant."""
    await people(at)
    seen = await bulk.preview(at.app, at.marketer, EVERYBODY, TO_CONSENT)
    for thin in (Evidence(), Evidence("text"), Evidence("", "source")):
        with pytest.raises(Invalid, match="evidence"):
            await bulk.apply(at.app, at.marketer, EVERYBODY, TO_CONSENT, seen.token, thin)
    assert NONE is (await bases(at))["none"]


async def test_nothing_is_done_once_the_world_moved(at: Desk) -> None:
    """A new contact, one changed, another audience, action or account: look again."""
    await people(at)
    seen = await bulk.preview(at.app, at.marketer, EVERYBODY, TO_CONSENT)
    consented = Audience(bases=frozenset({NONE}))
    for audience, action in ((consented, TO_CONSENT), (EVERYBODY, BulkAction(BulkKind.SET_BASIS, NONE))):
        with pytest.raises(Conflict):
            await bulk.apply(at.app, at.marketer, audience, action, seen.token, PROOF)
    (late,) = await at.add(NewPerson("late@x.example"))
    with pytest.raises(Conflict, match="look again"):
        await bulk.apply(at.app, at.marketer, EVERYBODY, TO_CONSENT, seen.token, PROOF)
    seen = await bulk.preview(at.app, at.marketer, EVERYBODY, TO_CONSENT)
    await at.app.act(at.account_id, HERSELF, [Act(late, WITHDRAWN)], Evidence())
    with pytest.raises(Conflict):
        await bulk.apply(at.app, at.marketer, EVERYBODY, TO_CONSENT, seen.token, PROOF)
    assert NONE is (await bases(at))["none"]


async def test_a_change_that_matters_to_nothing_looked_at_is_no_conflict(at: Desk) -> None:
    """A name may be corrected meanwhile."""
    await people(at)
    seen = await bulk.preview(at.app, at.marketer, EVERYBODY, TO_CONSENT)
    found = await contacts.find(at.app, at.marketer, "none@x.example")
    await contacts.change(at.app, at.marketer, found.contact_id, ContactChange(last_name="Berg"))
    assert (await bulk.apply(at.app, at.marketer, EVERYBODY, TO_CONSENT, seen.token, PROOF)).matched == 4
    with pytest.raises(Conflict):
        await bulk.apply(at.app, at.marketer, EVERYBODY, TO_CONSENT, seen.token, PROOF)


async def test_only_a_no_given_here_by_mistake_is_taken_back_in_bulk(at: Desk) -> None:
    """Nobody who refused for themselves is subscribed again by an action on many."""
    herself, mistaken, yes = await at.add(*(NewPerson(f"{n}@x.example", basis=CONSENT) for n in "abc"))
    await at.app.act(at.account_id, HERSELF, [Act(herself, answered=NEWS)], Evidence())
    only = Audience(contact_ids=frozenset({mistaken}))
    stop = BulkAction(BulkKind.UNSUBSCRIBE, categories=NEWS | EVENTS)
    seen = await bulk.preview(at.app, at.marketer, only, stop)
    await bulk.apply(at.app, at.marketer, only, stop, seen.token)
    again = BulkAction(BulkKind.SUBSCRIBE, categories=NEWS)
    seen = await bulk.preview(at.app, at.marketer, EVERYBODY, again)
    assert {Outcome.CHANGED: 1, Outcome.UNCHANGED: 1, Outcome.KEPT_NO: 1} == seen.counts
    await bulk.apply(at.app, at.marketer, EVERYBODY, again, seen.token, PROOF)
    views = [await contacts.read(at.app, at.marketer, one) for one in (herself, mistaken, yes)]
    answers = [[s.subscribed for s in view.subscriptions] for view in views]
    assert [[False, True], [True, False], [True, True]] == answers


async def test_too_many_are_refused_in_a_sentence(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the bound nothing is looked at."""
    await people(at)
    monkeypatch.setattr(bulk, "LIMIT", 3)
    with pytest.raises(Invalid, match="more than 3 contacts"):
        await bulk.preview(at.app, at.marketer, EVERYBODY, TO_CONSENT)


async def test_rights_and_foreign_accounts(at: Desk) -> None:
    """Support changes one contact, never many; another account's people are nobody's audience."""
    await people(at)
    for role in (Role.SUPPORT, Role.PRIVACY, Role.READER):
        with pytest.raises(NotAllowed):
            await bulk.preview(at.app, at.as_(role), EVERYBODY, TO_WITHDRAWN)
        with pytest.raises(NotAllowed):
            await bulk.apply(at.app, at.as_(role), EVERYBODY, TO_WITHDRAWN, "")
    seen = await bulk.preview(at.app, at.marketer, EVERYBODY, TO_WITHDRAWN)
    stranger = caller(await at.app.store.accounts.create("Other"), at.admin.actor, Role.ADMIN)
    assert 0 == (await bulk.preview(at.app, stranger, EVERYBODY, TO_WITHDRAWN)).matched
    with pytest.raises(Conflict):
        await bulk.apply(at.app, stranger, EVERYBODY, TO_WITHDRAWN, seen.token)
    with pytest.raises(Unknown):
        await bulk.preview(at.app, at.marketer, EVERYBODY, BulkAction(BulkKind.SUBSCRIBE, categories=1 << 50))
