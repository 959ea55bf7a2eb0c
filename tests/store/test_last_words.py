"""What is told late: refusals of gone rows, writes of runs that died, contacts that joined (I3, I4, P7)."""

from dataclasses import replace
from uuid import UUID

import pytest

from assent.ledger.entries import Entry
from assent.policy.plan import FieldChange, RowWrite
from assent.policy.sides import CATEGORIES, PERMISSION, Hold, LinkKey, Row
from assent.ports import Change, Join, Notice, Overwritten, Written

from .samples import ALLOW, CONSENT, DENY, EVENTS, NEWS, WITHDRAWN, Town, settlements_of


async def entries(town: Town, kind: str) -> list[Entry]:
    """What the ledger says of one kind."""
    found = await town.store.ledger.entries(town.account_id, limit=1000)
    return [recorded.entry for recorded in found if recorded.entry.kind == kind]


def told(town: Town, key: LinkKey, refused: int, version: int) -> list[Notice]:
    """What a webhook says of one version of a row."""
    return [Notice(key.connection_id, key.row_id, "update", version, refused, town.clock.now())]


async def gone(town: Town, email: str) -> tuple[UUID, LinkKey]:
    """A consenting contact whose only row was deleted."""
    contact, key, _ = await town.settled(email)
    await town.store.memory.unlink(town.account_id, [key], None)
    return contact, key


async def test_a_refusal_told_of_a_gone_row_counts_once(town: Town) -> None:
    """Heard, it is the contact's; what comes again after a new consent through Dynamics is old (I4)."""
    ann, key = await gone(town, "ann@x.example")
    await town.store.memory.hear(town.account_id, told(town, key, PERMISSION | NEWS, 6))
    contact = await town.contact(ann)
    assert (WITHDRAWN, CATEGORIES & ~NEWS) == (contact.basis, contact.value)
    assert ["I4", "I4"] == [entry.rule for entry in await entries(town, "contact.changed")]
    back = replace(contact, basis=CONSENT)
    change = Change(contact, back, (FieldChange(PERMISSION, int(WITHDRAWN), int(CONSENT), "T3", key),))
    await town.store.memory.apply(town.account_id, [change])
    await town.store.memory.hear(town.account_id, told(town, key, PERMISSION | NEWS, 6))
    assert CONSENT is (await town.contact(ann)).basis


async def test_rows_that_went_last_are_told_with_their_versions_until_they_come_back(town: Town) -> None:
    """The newest first, as many as asked for; none that is with somebody again, none once bases are void."""
    memory, account_id = town.store.memory, town.account_id
    ann, of_ann = await gone(town, "ann@x.example")
    _, of_ben = await gone(town, "ben@x.example")
    assert {of_ann: 5, of_ben: 5} == await memory.lately_gone(account_id, town.north, 9)
    assert [of_ben] == list(await memory.lately_gone(account_id, town.north, 1))
    assert {} == await memory.lately_gone(account_id, town.south, 9)
    await memory.link(account_id, {of_ben: ann}, [])
    assert [of_ann] == list(await memory.lately_gone(account_id, town.north, 9))
    await memory.void(account_id, town.north, "older version")
    assert {} == await memory.lately_gone(account_id, town.north, 9)


async def test_a_row_that_went_has_the_version_a_waiting_notice_told(town: Town) -> None:
    """Nobody read it there: back at that very version, it was put back (M7)."""
    memory = town.store.memory
    _, key, _ = await town.settled("ann@x.example")
    await memory.post(town.account_id, told(town, key, 0, 9))
    await memory.unlink(town.account_id, [key], None)
    assert {key: 9} == await memory.lately_gone(town.account_id, town.north, 9)


async def test_what_a_contact_refused_already_is_not_news(town: Town) -> None:
    """Withdrawn when the row went: a consent since is newer than all that is told of the row (I4)."""
    ann, key, _ = await town.settled("ann@x.example")
    await town.act(ann, WITHDRAWN)
    await town.store.memory.unlink(town.account_id, [key], None)
    await town.act(ann, CONSENT)
    for version in (5, 6):
        await town.store.memory.hear(town.account_id, told(town, key, PERMISSION, version))
    assert CONSENT is (await town.contact(ann)).basis


async def test_a_later_refusal_of_a_gone_row_is_an_act_of_its_contact(town: Town) -> None:
    """Saved after the row was last read, it changes nothing, yet older consents do not undo it (I4, M2)."""
    ann, key, _ = await town.settled("ann@x.example")
    other = Row(town.ids.new(), 5, "ann@x.example", ALLOW, known=NEWS | EVENTS, value=NEWS | EVENTS)
    still = await town.link(ann, other, at=town.south)
    await town.act(ann, WITHDRAWN)
    asked = (await town.contact(ann)).revision
    await town.store.memory.unlink(town.account_id, [key], None)
    before = town.clock.now()
    await town.store.memory.hear(town.account_id, told(town, key, PERMISSION, 5))
    assert asked == (await town.contact(ann)).revision
    await town.store.memory.hear(town.account_id, told(town, key, PERMISSION, 6))
    person = await town.person(ann)
    assert (WITHDRAWN, True) == (person.contact.basis, person.contact.revision > asked)
    assert person.contact.acted[PERMISSION] < before
    assert [(still, PERMISSION)] == [(link.key, link.hub_touched & PERMISSION) for link in person.links]
    assert ann in await town.pending()
    heard = person.contact.revision
    await town.store.memory.hear(town.account_id, told(town, key, PERMISSION, 6))
    assert heard == (await town.contact(ann)).revision


async def written_over(town: Town) -> UUID:
    """A contact whose refusal of News was written without a condition over its row's versions 6 to 8."""
    ann, _, row = await town.settled("ann@x.example")
    await town.act(ann, answered=NEWS)
    await town.see(replace(row, version=9, value=EVENTS))
    person = await town.person(ann)
    over = [replace(one, over=Overwritten(5, NEWS)) for one in settlements_of(person)]
    assert {ann} == await town.store.memory.settle(town.account_id, over, [])
    return ann


@pytest.mark.parametrize(("version", "counts"), [(5, False), (6, True), (8, True), (9, False)])
async def test_a_refusal_our_own_write_replaced_counts_for_its_contact(
    town: Town, version: int, counts: bool
) -> None:
    """Only of what was written, and only between the version it was written over and its own (M8)."""
    ann = await written_over(town)
    acted = (await town.contact(ann)).acted[NEWS]
    key = (await town.person(ann)).links[0].key
    await town.store.memory.post(town.account_id, told(town, key, NEWS | EVENTS, version))
    row = (await town.person(ann)).links[0].row
    assert row is not None
    await town.see(row)
    assert {ann} == await town.settle(ann)
    contact = await town.contact(ann)
    assert (CATEGORIES & ~NEWS, counts) == (contact.value, contact.acted[NEWS] > acted)
    assert EVENTS not in contact.acted
    assert [] == await town.store.memory.notices(town.account_id, 9)


async def test_a_consent_since_our_write_is_newer_than_what_it_replaced(town: Town) -> None:
    """A notice that comes late tells of a moment before the consent (M2, M8)."""
    ann = await written_over(town)
    await town.act(ann, answered=NEWS, value=NEWS)
    person = await town.person(ann)
    (link,) = person.links
    assert link.row is not None
    await town.store.memory.post(town.account_id, told(town, link.key, NEWS, 7))
    await town.see(replace(link.row, version=10, value=NEWS | EVENTS))
    assert {ann} == await town.settle(ann)
    assert CATEGORIES == (await town.contact(ann)).value


async def test_rows_of_nobody_and_of_other_accounts_are_passed_over(town: Town) -> None:
    """Another account's rows do not exist."""
    ann, key = await gone(town, "ann@x.example")
    other = await town.store.accounts.create("Elsewhere Ltd")
    await town.store.memory.hear(other, told(town, key, PERMISSION, 6))
    stranger = LinkKey(town.north, UUID(int=99))
    await town.store.memory.hear(town.account_id, told(town, stranger, PERMISSION, 6))
    assert CONSENT is (await town.contact(ann)).basis


async def test_a_write_nobody_told_is_in_the_ledger_once_the_row_settles(town: Town) -> None:
    """The run that wrote died: what its intent brought about is told by rule M4 (P7)."""
    ann, key, row = await town.settled("ann@x.example")
    await town.act(ann, WITHDRAWN)
    await town.store.memory.intend(town.account_id, [RowWrite(key, DENY, EVENTS)])
    await town.see(replace(row, version=6, toggle=DENY))
    assert {ann} == await town.settle(ann)
    written = [(e.place, e.field, e.new, e.rule) for e in await entries(town, "row.written")]
    assert [(key, PERMISSION, {"toggle": int(DENY)}, "M4")] == written


async def test_a_write_that_was_told_is_not_told_again(town: Town) -> None:
    """Recorded while the base could not move yet; the base moves later and adds nothing (P7)."""
    ann, key, row = await town.settled("ann@x.example")
    await town.act(ann, WITHDRAWN)
    write = RowWrite(key, DENY)
    await town.store.memory.intend(town.account_id, [write])
    await town.store.memory.settle(town.account_id, [], [Written(ann, write, 6)])
    await town.see(replace(row, version=6, toggle=DENY))
    assert {ann} == await town.settle(ann)
    assert 1 == len(await entries(town, "row.written"))


async def test_a_write_that_never_happened_is_not_told(town: Town) -> None:
    """An intent alone proves nothing: the row did not move (P3)."""
    ann, key, _ = await town.settled("ann@x.example")
    await town.store.memory.intend(town.account_id, [RowWrite(key, ALLOW, NEWS, NEWS)])
    await town.act(ann, CONSENT)
    assert {ann} == await town.settle(ann)
    assert [] == await entries(town, "row.written")


async def test_a_row_we_created_is_told_by_what_links_it(town: Town) -> None:
    """Once, however often it is linked (I5, P7)."""
    (ann,) = await town.add("ann@x.example")
    key = LinkKey(town.north, UUID(int=77))
    made = [Written(ann, RowWrite(key, ALLOW, NEWS, NEWS), 5)]
    for _ in range(2):
        await town.store.memory.link(town.account_id, {key: ann}, [], made)
    assert [key] == [entry.place for entry in await entries(town, "row.written")]


async def a_join(town: Town) -> tuple[Join, UUID, UUID, LinkKey]:
    """Ann, Withdrawn, about to join Bob."""
    ann, key, _ = await town.settled("ann@x.example")
    await town.act(ann, WITHDRAWN)
    bob, _, _ = await town.settled("bob@x.example")
    leaving, holder = await town.contact(ann), await town.contact(bob)
    withdrawn = FieldChange(PERMISSION, int(CONSENT), int(WITHDRAWN), "I3", key)
    return (
        Join(
            Change(leaving, replace(leaving, hold=Hold.JOINED.value), ()),
            Change(holder, replace(holder, basis=WITHDRAWN), (withdrawn,)),
            (key,),
        ),
        ann,
        bob,
        key,
    )


async def test_a_join_moves_rows_and_refusals_together(town: Town) -> None:
    """Both contacts and the link change in one transaction, each step in the ledger (I3, P7)."""
    join, ann, bob, key = await a_join(town)
    assert {ann} == await town.store.memory.join(town.account_id, [join])
    assert ("joined", ()) == ((person := await town.person(ann)).contact.hold, person.links)
    assert WITHDRAWN is (await town.contact(bob)).basis
    assert key in [link.key for link in (await town.person(bob)).links]
    assert [key] == [entry.place for entry in await entries(town, "row.moved")]
    assert (await town.store.ledger.verify(town.account_id)).broken is None
    assert set() == await town.store.memory.join(town.account_id, [join])


@pytest.mark.parametrize("mover", ["leaving", "holder"])
async def test_a_join_of_somebody_who_moved_does_nothing(town: Town, mover: str) -> None:
    """Compare-and-set on both sides: neither contact, no link and no entry changes (M6)."""
    join, ann, bob, key = await a_join(town)
    await town.act(ann if mover == "leaving" else bob, answered=EVENTS)
    assert set() == await town.store.memory.join(town.account_id, [join])
    assert [key] == [link.key for link in (await town.person(ann)).links]
    assert (None, CONSENT) == ((await town.contact(ann)).hold, (await town.contact(bob)).basis)
    assert [] == await entries(town, "row.moved")
