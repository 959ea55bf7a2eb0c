"""What people's acts in the hub do, and what they may not do."""

from uuid import UUID

import pytest

from assent.errors import Invalid, Unknown
from assent.policy.identity import AddressMarks
from assent.policy.permission import LegalBasis
from assent.policy.sides import ADDRESS, PERMISSION
from assent.ports import Act

from .samples import ALL_YES, CONSENT, EVENTS, HERSELF, MARKETER, NEWS, NO_EVIDENCE, NONE, WITHDRAWN, Town


async def test_a_new_contact_says_yes_to_every_category_but_those_refused(town: Town) -> None:
    """Every category starts at Yes, also those to come; what was refused was acted on (S1, M3)."""
    ann, ben = await town.add("ann@x.example", "ben@x.example", refused=NEWS)
    contact = await town.contact(ann)
    assert (contact.basis, contact.value, contact.last_positive) == (CONSENT, ALL_YES & ~NEWS, CONSENT)
    assert contact.acted.keys() == {PERMISSION, NEWS}
    assert ann != ben


async def test_a_contact_without_a_basis_acted_on_nothing(town: Town) -> None:
    """None is the absence of an opinion, not an act (T7)."""
    (ann,) = await town.add("ann@x.example", basis=NONE)
    assert (await town.contact(ann)).acted == {}


async def test_an_act_touches_every_link_even_when_it_repeats(town: Town) -> None:
    """Who unsubscribes again has spoken last: the act is marked on all links and dated (M3)."""
    ann, _, row = await town.settled("ann@x.example")
    before = await town.contact(ann)
    await town.act(ann, CONSENT, answered=NEWS, value=NEWS)
    person = await town.person(ann)
    assert person.links[0].hub_touched == PERMISSION | NEWS
    assert person.contact.revision > before.revision
    assert person.contact.acted[PERMISSION] > before.acted[PERMISSION]
    assert person.contact.acted.keys() == {PERMISSION, NEWS}
    assert person.links[0].row == row
    assert await town.pending() == [ann]


async def test_only_the_answered_categories_move(town: Town) -> None:
    """Saving touches only the controls that were moved (S3)."""
    (ann,) = await town.add("ann@x.example")
    await town.act(ann, answered=EVENTS, value=NEWS)
    assert (await town.contact(ann)).value == ALL_YES & ~EVENTS


async def test_none_is_never_set_over_withdrawn(town: Town) -> None:
    """The absence of an opinion cannot erase a refusal (T7)."""
    (ann,) = await town.add("ann@x.example", basis=WITHDRAWN)
    with pytest.raises(Invalid, match="T7"):
        await town.act(ann, NONE)
    await town.act(ann, CONSENT)
    await town.act(ann, NONE)
    assert (await town.contact(ann)).basis is NONE


async def test_who_refused_personally_is_remembered_until_a_later_grant(town: Town) -> None:
    """Restore must not lift what the contact herself refused (T3)."""
    (ann,) = await town.add("ann@x.example")
    await town.act(ann, WITHDRAWN)
    assert not (await town.contact(ann)).refused_personally
    await town.act(ann, WITHDRAWN, actor=HERSELF)
    await town.act(ann, WITHDRAWN)
    contact = await town.contact(ann)
    assert (contact.refused_personally, contact.last_positive) == (True, CONSENT)
    await town.act(ann, LegalBasis.CONTRACT)
    contact = await town.contact(ann)
    assert (contact.refused_personally, contact.last_positive) == (False, LegalBasis.CONTRACT)


async def test_acts_are_all_done_or_none(town: Town) -> None:
    """One bad act in a set undoes the whole set, ledger included (P6)."""
    ann, ben = await town.add("ann@x.example", "ben@x.example")
    entries = await town.store.ledger.entries(town.account_id)
    acts = [Act(ann, WITHDRAWN), Act(ben, email="ann@x.example")]
    with pytest.raises(Invalid):
        await town.store.hub.act(town.account_id, MARKETER, acts, NO_EVIDENCE)
    with pytest.raises(Unknown):
        await town.act(UUID(int=404), WITHDRAWN)
    assert (await town.contact(ann)).basis is CONSENT
    assert await town.store.ledger.entries(town.account_id) == entries


async def test_nobody_acts_on_another_accounts_contact(town: Town) -> None:
    """Nothing crosses accounts."""
    (ann,) = await town.add("ann@x.example")
    other = await town.store.accounts.create("Another")
    with pytest.raises(Unknown):
        await town.store.hub.act(other, MARKETER, [Act(ann, WITHDRAWN)], NO_EVIDENCE)


@pytest.mark.parametrize("email", ["", "nobody", "a b@x.example", "x" * 400 + "@x.example"])
async def test_a_malformed_address_is_refused(town: Town, email: str) -> None:
    """What holds no address cannot identify anybody (I1)."""
    with pytest.raises(Invalid):
        await town.add(email)
    (ann,) = await town.add("ann@x.example")
    with pytest.raises(Invalid):
        await town.act(ann, email=email)


async def test_an_address_belongs_to_one_contact(town: Town) -> None:
    """One contact per account and normalised address, also within one call (I1)."""
    (ann,) = await town.add("Ann@X.example")
    for taken in (["ann@x.example"], ["new@x.example", "NEW@x.example"]):
        with pytest.raises(Invalid, match="another contact"):
            await town.add(*taken)
    await town.act(ann, email="ANN@x.example")
    assert (await town.contact(ann)).email == "ann@x.example"


async def test_an_address_given_up_may_be_taken_in_the_same_call(town: Town) -> None:
    """Acts are judged in their order."""
    ann, ben = await town.add("ann@x.example", "ben@x.example")
    acts = [Act(ann, WITHDRAWN), Act(ben, email="new@x.example"), Act(ann, email="ben@x.example")]
    await town.store.hub.act(town.account_id, MARKETER, acts, NO_EVIDENCE)
    assert (await town.contact(ann)).email == "ben@x.example"
    assert (await town.contact(ben)).email == "new@x.example"


async def test_a_moved_address_is_an_act_on_the_address(town: Town) -> None:
    """Email is a merged field too (I3)."""
    ann, _, _ = await town.settled("ann@x.example")
    await town.act(ann, email="ann2@x.example")
    assert (await town.person(ann)).links[0].hub_touched == ADDRESS


async def test_a_remembered_refusal_outweighs_what_was_asked_for(town: Town) -> None:
    """A new contact at a refused address starts Withdrawn, whatever basis was given (I3)."""
    (ann,) = await town.add("ann@x.example", basis=WITHDRAWN)
    await town.act(ann, email="ann2@x.example")
    (successor,) = await town.add("ann@x.example")
    contact = await town.contact(successor)
    assert (contact.basis, contact.acted) == (WITHDRAWN, {})


async def test_an_erased_address_is_barred(town: Town) -> None:
    """Nobody but the person brings an erased address back (I6)."""
    (ann,) = await town.add("ann@x.example")
    marking, account = town.store.memory.marking, town.account_id
    erased, now = AddressMarks(erased=True), town.clock.now()
    await town.store.database.write(lambda c: marking.add(c, account, ["gone@x.example"], erased, now))
    with pytest.raises(Invalid, match="erased"):
        await town.add("gone@x.example")
    with pytest.raises(Invalid, match="erased"):
        await town.act(ann, email="gone@x.example")


async def test_an_act_is_one_entry_with_its_evidence(town: Town) -> None:
    """Who, what, from what to what, and the text shown: one entry per act (P7)."""
    (ann,) = await town.add("ann@x.example")
    await town.act(ann, WITHDRAWN, answered=NEWS, value=0, actor=HERSELF)
    first, second = (r.entry for r in await town.store.ledger.entries(town.account_id, contact=ann))
    assert first.personal == {
        "new_email": "ann@x.example",
        "text": "Yes, send me news",
        "source": "form 3",
        "ip": "192.0.2.7",
    }
    assert (second.kind, second.actor_kind, second.actor) == ("contact.acted", "contact", "token")
    assert (second.field, second.old) == (PERMISSION | NEWS, {"basis": 1, "value": NEWS})
    assert second.new == {"basis": 7, "value": 0}
