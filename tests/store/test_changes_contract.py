"""What the engine may rely on when it changes contacts and when notices wait."""

from dataclasses import replace
from uuid import UUID

import pytest

from assent.errors import Bug
from assent.policy.plan import FieldChange, Request
from assent.policy.sides import ADDRESS, PERMISSION, Contact, LinkKey
from assent.ports import Change, Notice

from .samples import CONSENT, DENY, EVENTS, NEWS, NONE, WITHDRAWN, Town, settlements_of


def change(before: Contact, after: Contact, *fields: int, cause: LinkKey | None = None) -> Change:
    """A change whose fields are named."""
    return Change(before, after, tuple(FieldChange(field, 0, 0, "M1", cause) for field in fields))


def notice(town: Town, key: LinkKey, version: int = 0, refused: int = 0) -> Notice:
    """A notice received now."""
    return Notice(key.connection_id, key.row_id, "Update", version, refused, town.clock.now())


async def test_a_change_applies_only_to_the_revision_it_was_decided_on(town: Town) -> None:
    """Compare-and-set in the hub: whoever acted meanwhile is not overwritten (M6)."""
    ann, key, _ = await town.settled("ann@x.example")
    before = await town.contact(ann)
    decided = change(before, replace(before, basis=WITHDRAWN), PERMISSION, cause=key)
    await town.act(ann, CONSENT)
    assert await town.store.memory.apply(town.account_id, [decided]) == {}
    assert (await town.contact(ann)).basis is CONSENT


async def test_the_syncs_own_change_is_no_act(town: Town) -> None:
    """A change from the CRM marks nothing as touched and leaves the times of acts alone (M3)."""
    ann, key, _ = await town.settled("ann@x.example")
    before = await town.person(ann)
    after = replace(before.contact, basis=WITHDRAWN, value=before.contact.value & ~NEWS)
    given = await town.store.memory.apply(
        town.account_id, [change(before.contact, after, PERMISSION, NEWS, cause=key)]
    )
    now = await town.person(ann)
    assert given == {ann: now.contact.revision}
    assert now.contact == replace(after, revision=given[ann])
    assert now.links == before.links
    assert await town.pending() == [ann]


async def test_each_field_changed_has_one_entry_with_its_cause(town: Town) -> None:
    """The ledger holds old, new, rule and the row whose act it was, once per field (P7)."""
    ann, key, _ = await town.settled("ann@x.example")
    before = await town.contact(ann)
    after = replace(before, basis=WITHDRAWN, value=before.value & ~EVENTS, hold="email_conflict")
    await town.store.memory.apply(town.account_id, [change(before, after, PERMISSION, EVENTS, cause=key)])
    last = [r.entry for r in await town.store.ledger.entries(town.account_id)][-3:]
    assert [(e.kind, e.field, e.old, e.new) for e in last] == [
        ("contact.changed", PERMISSION, {"basis": 1}, {"basis": 7}),
        ("contact.changed", EVENTS, {"value": EVENTS}, {"value": 0}),
        ("contact.held", 0, {"hold": None}, {"hold": "email_conflict"}),
    ]
    assert {(e.cause, e.rule, e.actor_kind, e.actor) for e in last[:2]} == {
        (key, "M1", "connection", str(town.north))
    }


async def test_a_change_nobody_explained_is_a_bug(town: Town) -> None:
    """What differs must be what the field changes name, or the ledger would not replay (P7)."""
    (ann,) = await town.add("ann@x.example")
    before = await town.contact(ann)
    for wrong in (
        change(before, replace(before, basis=WITHDRAWN), NEWS),
        change(before, before, PERMISSION),
    ):
        with pytest.raises(Bug):
            await town.store.memory.apply(town.account_id, [wrong])


async def test_an_address_moves_unless_it_was_taken_meanwhile(town: Town) -> None:
    """A person follows their address; where another contact holds it they are left out (I3)."""
    ann, ben = await town.add("ann@x.example", "ben@x.example", basis=WITHDRAWN)
    first, second = await town.contact(ann), await town.contact(ben)
    moves = [
        change(first, replace(first, email="new@x.example"), ADDRESS),
        change(second, replace(second, email="new@x.example"), ADDRESS),
    ]
    assert (await town.store.memory.apply(town.account_id, moves)).keys() == {ann}
    assert (await town.contact(ann)).email == "new@x.example"
    found = await town.store.memory.marks(town.account_id, ["ann@x.example", "ben@x.example"])
    assert {email for email, marks in found.items() if marks.refused} == {"ann@x.example"}


async def test_a_question_is_opened_once_and_changes_nothing(town: Town) -> None:
    """A request while one is open is the same request; the contact keeps its revision (T3)."""
    (ann,) = await town.add("ann@x.example")
    before = await town.contact(ann)
    ask = Change(before, before, (), (Request.GRANT_HELD,))
    for _ in range(2):
        given = await town.store.memory.apply(town.account_id, [ask])
        assert given == {ann: before.revision}
    (question,) = await town.store.accounts.requests(town.account_id)
    assert (question.contact_id, question.kind) == (ann, Request.GRANT_HELD)
    await town.store.accounts.close_request(town.account_id, question.request_id)
    await town.store.memory.apply(town.account_id, [ask])
    assert len(await town.store.accounts.requests(town.account_id)) == 1


async def test_a_notice_blocks_until_its_row_was_read_and_decided(town: Town) -> None:
    """A fast-lane block ends by a settlement at or after its version, and not before (M8)."""
    ann, key, row = await town.settled("ann@x.example")
    memory = town.store.memory
    await memory.post(town.account_id, [notice(town, key, 7, PERMISSION)])
    assert await town.pending() == [ann]
    await town.see(replace(row, version=8))
    await memory.post(town.account_id, [notice(town, key, 9, NEWS)])
    link = (await town.person(ann)).links[0]
    assert (link.refused, link.refused_version) == (PERMISSION | NEWS, 9)
    await town.act(ann, CONSENT)
    assert await town.settle(ann) == {ann}
    assert [n.version for n in await memory.notices(town.account_id, 10)] == [9]
    assert await town.pending() == [ann]
    await town.see(replace(row, version=9))
    assert await town.settle(ann) == {ann}
    assert (await memory.notices(town.account_id, 10), await town.pending()) == ([], [])


async def test_a_row_older_than_what_a_notice_told_of_it_was_put_back(town: Town) -> None:
    """M7, M8: the restore is proved, what the notice refused counts for good, and it blocks no longer."""
    ann, key, row = await town.settled("ann@x.example")
    memory = town.store.memory
    await memory.post(town.account_id, [notice(town, key, 9, NEWS)])
    assert {key} == await town.see(row)
    await memory.void(town.account_id, town.north, "restored")
    person = await town.person(ann)
    assert (0, None) == (person.contact.value & NEWS, person.links[0].base)
    assert [] == await memory.notices(town.account_id, 10)
    assert set() == await town.see(row)


async def test_a_restore_counts_what_was_seen_refused_and_not_merged_yet(town: Town) -> None:
    """M8: a sighted No that no merge has decided on is not lost with the sightings."""
    ann, _, row = await town.settled("ann@x.example")
    await town.see(replace(row, version=8, toggle=DENY))
    await town.store.memory.void(town.account_id, town.north, "restored")
    assert WITHDRAWN is (await town.person(ann)).contact.basis


async def test_a_notice_received_after_the_read_began_outlives_the_settlement(town: Town) -> None:
    """What came in while the row was being read may not have been read (M8)."""
    ann, key, row = await town.settled("ann@x.example")
    await town.see(replace(row, version=6))
    due = settlements_of(await town.person(ann))
    await town.store.memory.post(town.account_id, [notice(town, key, 0, PERMISSION)])
    assert await town.store.memory.settle(town.account_id, due, []) == {ann}
    assert await town.pending() == [ann]


async def test_refusing_notices_come_first_and_can_be_dismissed(town: Town) -> None:
    """Refusals overtake the rest of the inbox; a notice that says nothing ends by order."""
    ann, key, _ = await town.settled("ann@x.example")
    stranger = LinkKey(town.south, UUID(int=404))
    posted = [notice(town, key, 6), notice(town, stranger, 6), notice(town, key, 7, NEWS)]
    await town.store.memory.post(town.account_id, posted)
    waiting = await town.store.memory.notices(town.account_id, 10)
    assert [(n.version, n.refused) for n in waiting] == [(7, NEWS), (6, 0), (6, 0)]
    assert await town.store.memory.notices(town.account_id, 1) == waiting[:1]
    await town.store.memory.dismiss(town.account_id, [n.notice_id for n in waiting])
    assert await town.store.memory.notices(town.account_id, 10) == []
    assert await town.pending() == []
    await town.store.memory.post(town.account_id, posted)
    fresh = {n.notice_id for n in await town.store.memory.notices(town.account_id, 10)}
    assert fresh.isdisjoint(n.notice_id for n in waiting)
    assert await town.pending() == [ann]


async def test_a_notice_before_its_row_is_linked_counts_once_it_is(town: Town) -> None:
    """A block waits for its row: whoever the row is tied to is blocked from then on (M8)."""
    (ann,) = await town.add("ann@x.example")
    _, _, row = await town.settled("ben@x.example")
    stranger = replace(row, row_id=UUID(int=404), email="ann@x.example", toggle=DENY)
    key = LinkKey(town.north, stranger.row_id)
    await town.store.memory.post(town.account_id, [notice(town, key, 5, PERMISSION)])
    assert await town.pending() == []
    await town.link(ann, stranger)
    assert (await town.person(ann)).links[0].refused == PERMISSION
    assert (await town.contact(ann)).basis is not NONE
