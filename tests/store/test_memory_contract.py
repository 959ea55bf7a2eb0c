"""What the engine may rely on when it remembers sightings, links and bases."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection

from assent.errors import Unknown
from assent.policy.identity import Origin
from assent.policy.plan import RowWrite
from assent.policy.sides import PERMISSION, Contact, LinkKey, Row
from assent.ports import NewContact, Written
from assent.store import candidates

from .samples import ALLOW, CONSENT, DENY, EVENTS, NEWS, NONE, WITHDRAWN, Town, settlements_of


async def test_every_hub_change_takes_a_revision_above_all_before(town: Town) -> None:
    """Revisions are unique and only grow, so that a read can be proved to coexist (M4)."""
    ann, ben = await town.add("ann@x.example", "ben@x.example")
    await town.act(ann, WITHDRAWN)
    first, second = (await town.contact(ben)).revision, (await town.contact(ann)).revision
    assert first < second == await town.store.memory.revision(town.account_id)


async def test_a_linked_contact_is_pending_until_it_settles(town: Town) -> None:
    """A link without a base is work; one whose sides agree is none (M4, M5)."""
    (ann,) = await town.add("ann@x.example")
    assert await town.pending() == []
    await town.link(ann, Row(UUID(int=70), 5, "ann@x.example", ALLOW, NEWS | EVENTS, NEWS | EVENTS))
    assert await town.pending() == [ann]
    assert await town.settle(ann) == {ann}
    assert await town.pending() == []
    link = (await town.person(ann)).links[0]
    assert link.base is not None
    assert (link.base.crm_version, link.same_at) == (5, link.read_at)


async def test_a_stored_person_reads_back_exactly_as_it_was_seen(town: Town) -> None:
    """Every column of a sighting survives storage, so that equal rows stay equal (T4, T6)."""
    (ann,) = await town.add("Ann@X.example")
    row = Row(
        row_id=UUID(int=70),
        version=2**53,
        email=" Ann@X.example",
        toggle=DENY,
        known=NEWS,
        value=0,
        unread=EVENTS,
        active=False,
        merged_into=UUID(int=71),
        modified_at=town.clock.now(),
        modified_by=UUID(int=72),
        first_name="Ann",
        last_name="Öst",
    )
    key = await town.link(ann, row)
    person = await town.person(ann)
    assert person.contact.email == "ann@x.example"
    assert [(link.key, link.row) for link in person.links] == [(key, row)]


async def test_an_older_sighting_is_no_news(town: Town) -> None:
    """A version below the stored one changes nothing, however late it comes (T4)."""
    ann, _, row = await town.settled("ann@x.example")
    before = await town.person(ann)
    await town.see(replace(row, version=4, toggle=DENY))
    assert await town.person(ann) == before
    assert await town.pending() == []


async def test_what_was_once_seen_to_differ_stays_touched(town: Town) -> None:
    """A rep who refuses and allows again has acted, though the value is the base's (M3)."""
    ann, _, row = await town.settled("ann@x.example")
    await town.see(replace(row, version=6, toggle=DENY))
    await town.see(replace(row, version=7))
    link = (await town.person(ann)).links[0]
    assert (link.crm_touched, link.row) == (PERMISSION, replace(row, version=7))
    assert await town.pending() == [ann]


async def test_sightings_of_one_row_in_one_call_fold_in_order(town: Town) -> None:
    """Two sightings of a row in a batch count as two, not as the last (M3)."""
    ann, _, row = await town.settled("ann@x.example")
    seen = [await town.sighting(replace(row, version=v, toggle=t)) for v, t in ((6, DENY), (7, ALLOW))]
    await town.store.memory.see(town.account_id, seen)
    assert (await town.person(ann)).links[0].crm_touched == PERMISSION


async def test_a_person_settles_whole_or_not_at_all(town: Town) -> None:
    """One person's bases move together: a settlement that leaves out a link moves nothing (M4)."""
    (ann,) = await town.add("ann@x.example")
    both = NEWS | EVENTS
    await town.link(ann, Row(UUID(int=70), 5, "ann@x.example", ALLOW, both, both))
    await town.link(ann, Row(UUID(int=71), 6, "ann@x.example", ALLOW, both, both), at=town.south)
    due = settlements_of(await town.person(ann))
    assert await town.store.memory.settle(town.account_id, due[:1], []) == set()
    assert [link.base for link in (await town.person(ann)).links] == [None, None]
    assert await town.store.memory.settle(town.account_id, due, []) == {ann}


async def test_a_settlement_fails_when_anything_moved_since_it_was_read(town: Town) -> None:
    """Contact revision, base version and stored sighting are each compared (M4, M6)."""
    ann, _, row = await town.settled("ann@x.example")
    memory, account = town.store.memory, town.account_id
    (due,) = settlements_of(await town.person(ann))
    assert await memory.settle(account, [replace(due, old_base_version=None)], []) == set()
    assert await memory.settle(account, [replace(due, old_base_version=4)], []) == set()
    assert await memory.settle(account, [replace(due, hub_revision=due.hub_revision - 1)], []) == set()
    await town.see(replace(row, version=6))
    assert await memory.settle(account, [due], []) == set()
    await town.act(ann, CONSENT)
    assert await town.settle(ann) == {ann}


async def test_what_was_written_is_recorded_even_when_nobody_settles(town: Town) -> None:
    """A row write is a fact and has its entry whatever became of the base (P7)."""
    ann, key, _ = await town.settled("ann@x.example")
    written = Written(ann, RowWrite(key, DENY, NEWS, 0), 9)
    assert await town.store.memory.settle(town.account_id, [], [written]) == set()
    last = (await town.store.ledger.entries(town.account_id))[-1].entry
    assert (last.kind, last.place, last.field, last.version) == ("row.written", key, PERMISSION | NEWS, 9)
    assert last.new == {"toggle": 1, "value": 0}


async def test_intents_add_up_until_the_row_settles(town: Town) -> None:
    """A second unfinished write does not make us forget the first (M4)."""
    ann, key, _ = await town.settled("ann@x.example")
    first, second = RowWrite(key, ALLOW, NEWS | EVENTS, NEWS), RowWrite(key, None, NEWS, 0)
    await town.store.memory.intend(town.account_id, [first])
    await town.store.memory.intend(town.account_id, [second])
    link = (await town.person(ann)).links[0]
    assert (link.intended, link.intended_value) == (PERMISSION | NEWS | EVENTS, PERMISSION)
    assert await town.pending() == []
    await town.act(ann, CONSENT)
    assert await town.settle(ann) == {ann}
    assert (await town.person(ann)).links[0].intended == 0


async def test_our_own_unfinished_allow_is_not_taken_for_a_reps(town: Town) -> None:
    """What a stored intent wrote is no act when it is seen after a crash (M4)."""
    ann, key, row = await town.settled("ann@x.example")
    await town.store.memory.intend(town.account_id, [RowWrite(key, DENY)])
    await town.see(replace(row, version=6, toggle=DENY))
    assert (await town.person(ann)).links[0].crm_touched == 0


async def test_refusals_come_first_among_the_pending(town: Town) -> None:
    """A refusal never waits behind other work, whichever side it is on."""
    quiet, _, quiet_row = await town.settled("quiet@x.example")
    hub, _, _ = await town.settled("hub@x.example")
    crm, _, crm_row = await town.settled("crm@x.example")
    await town.see(replace(quiet_row, version=6))
    await town.act(hub, WITHDRAWN)
    await town.see(replace(crm_row, version=6, value=NEWS))
    assert set((await town.pending())[:2]) == {hub, crm}
    assert (await town.pending())[2:] == [quiet]
    assert len(await town.store.memory.pending(town.account_id, 2)) == 2


async def test_rows_and_addresses_are_found_by_key(town: Town) -> None:
    """Established links and addresses both identify (I1)."""
    ann, key, _ = await town.settled("ann@x.example")
    memory, other = town.store.memory, LinkKey(town.south, UUID(int=9))
    assert await memory.linked(town.account_id, [key, other]) == {key: ann}
    assert await memory.holders(town.account_id, ["ann@x.example", "no@x.example"]) == {"ann@x.example": ann}


async def test_a_row_first_seen_becomes_a_contact_or_joins_the_holder(town: Town) -> None:
    """Creation is by address: one taken meanwhile links to its holder, twice in a batch is one (I5)."""
    (ann,) = await town.add("ann@x.example")
    keys = [LinkKey(town.north, UUID(int=n)) for n in (80, 81, 82)]
    emails = ("new@x.example", "new@x.example", "ann@x.example")
    new = [NewContact(Contact(town.ids.new(), e, 0), k, "Nia") for e, k in zip(emails, keys, strict=True)]
    made = await town.store.memory.create(town.account_id, new)
    assert made == {keys[0]: new[0].contact.contact_id, keys[1]: new[0].contact.contact_id, keys[2]: ann}
    assert await town.store.memory.create(town.account_id, new) == made
    assert (await town.contact(made[keys[0]])).basis is NONE
    assert len(await town.pending()) == 2
    (candidate,) = await town.store.memory.addressed(town.account_id, town.south, 1, 10)
    assert (candidate.origin, candidate.first_name) == (Origin.OTHER_CONNECTION, "Nia")
    assert not candidate.had_row


async def test_a_remembered_refusal_meets_whoever_comes_to_the_address(town: Town) -> None:
    """A Withdrawn contact that leaves an address leaves its refusal there (I3)."""
    (ann,) = await town.add("ann@x.example", basis=WITHDRAWN)
    await town.act(ann, email="ann2@x.example")
    found = await town.store.memory.marks(town.account_id, ["ann@x.example", "ann2@x.example"])
    assert {email: marks.refused for email, marks in found.items()} == {"ann@x.example": True}
    source = LinkKey(town.north, UUID(int=80))
    new = NewContact(Contact(town.ids.new(), "ann@x.example", 0), source)
    made = await town.store.memory.create(town.account_id, [new])
    assert (await town.contact(made[source])).basis is WITHDRAWN


async def test_a_deleted_row_leaves_a_held_contact_and_is_never_made_again(town: Town) -> None:
    """The link goes, the contact is held, and it no longer counts as lacking a row (I4)."""
    ann, key, _ = await town.settled("ann@x.example")
    assert await town.store.memory.unlink(town.account_id, [key], "crm_deleted") == [ann]
    person = await town.person(ann)
    assert (person.links, person.contact.hold) == ((), "crm_deleted")
    for connection_id, had_row in ((town.north, True), (town.south, False)):
        (candidate,) = await town.store.memory.addressed(town.account_id, connection_id, 0, 10)
        assert candidate.had_row is had_row
    assert await town.store.memory.unlink(town.account_id, [key], "crm_deleted") == []
    assert await town.pending() == []


async def test_a_row_that_changes_hands_merges_without_base(town: Town) -> None:
    """A link that moves to another contact loses its base, and the ledger says from whom (I3, M5)."""
    ann, key, row = await town.settled("ann@x.example")
    (ben,) = await town.add("ben@x.example")
    await town.store.memory.link(town.account_id, {key: ben}, [])
    link = (await town.person(ben)).links[0]
    assert (link.row, link.base) == (row, None)
    assert (await town.person(ann)).links == ()
    assert await town.pending() == [ben]
    last = (await town.store.ledger.entries(town.account_id))[-1].entry
    assert (last.kind, last.old, last.new) == ("row.moved", {"contact": str(ann)}, {"contact": str(ben)})


async def test_linking_a_row_again_to_its_contact_keeps_the_base(town: Town) -> None:
    """A trigger that comes twice undoes nothing (design 3)."""
    ann, _, row = await town.settled("ann@x.example")
    await town.link(ann, row)
    assert await town.pending() == []
    with pytest.raises(Unknown):
        await town.link(UUID(int=999), row)


async def test_voided_bases_let_a_restored_row_speak_again(town: Town) -> None:
    """After a restore, rows with lower versions are news, and all merges start afresh (M7)."""
    ann, _, row = await town.settled("ann@x.example")
    assert await town.store.memory.move_token(town.account_id, town.north, "t0")
    assert await town.store.memory.move_token(town.account_id, town.north, "t1", onward=True)
    assert await town.store.memory.token(town.account_id, town.north) == "t1"
    await town.store.memory.void(town.account_id, town.north, "an older version")
    assert not await town.store.memory.move_token(town.account_id, town.north, "t2", onward=True)
    assert await town.store.memory.token(town.account_id, town.north) is None
    assert await town.pending() == [ann]
    await town.see(replace(row, version=2, toggle=DENY))
    link = (await town.person(ann)).links[0]
    assert (link.row, link.base) == (replace(row, version=2, toggle=DENY), None)


async def test_claims_exclude_others_until_they_expire(town: Town) -> None:
    """One worker at a time reconciles a contact; a dead one's claims fall free."""
    keys, one, two = [UUID(int=n) for n in range(3)], UUID(int=91), UUID(int=92)
    memory, soon = town.store.memory, town.clock.now() + timedelta(seconds=1)
    assert await memory.claim(town.account_id, keys[:2], one, soon) == set(keys[:2])
    assert await memory.claim(town.account_id, keys, two, soon) == {keys[2]}
    await memory.release(town.account_id, one)
    assert await memory.claim(town.account_id, keys[:1], two, soon) == {keys[0]}
    await town.clock.sleep(2)
    assert await memory.claim(town.account_id, keys, one, town.clock.now()) == set(keys)


async def test_a_claim_is_renewed_unless_somebody_else_took_it(town: Town) -> None:
    """Even when it ran out: what nobody took is held on."""
    keys, one, two = [UUID(int=n) for n in range(2)], UUID(int=91), UUID(int=92)
    memory, soon = town.store.memory, town.clock.now() + timedelta(seconds=1)
    await memory.claim(town.account_id, keys, one, soon)
    await town.clock.sleep(2)
    assert await memory.claim(town.account_id, keys[:1], two, town.clock.now() + timedelta(1)) == {keys[0]}
    assert await memory.renew(town.account_id, one, town.clock.now() + timedelta(1)) == {keys[1]}
    assert await memory.claim(town.account_id, keys, two, town.clock.now()) == {keys[0]}


async def test_cursors_and_blanks_are_kept_per_connection(town: Town) -> None:
    """Cursors move by order only; the backfill finds settled rows that lack a value (T6, I5)."""
    (ann,) = await town.add("ann@x.example")
    await town.link(ann, Row(UUID(int=70), 5, "ann@x.example", ALLOW, known=NEWS, value=NEWS, unread=EVENTS))
    memory = town.store.memory
    await town.see(Row(UUID(int=70), 6, "ann@x.example", ALLOW, known=NEWS, value=NEWS))
    assert await memory.blanks(town.account_id, town.north, 10) == []
    assert await town.settle(ann) == {ann}
    assert await memory.blanks(town.account_id, town.north, 10) == [ann]
    await memory.hub_cursor(town.account_id, town.north, 17)
    assert [c.hub_cursor for c in await memory.connections(town.account_id)] == [17, 0]
    with pytest.raises(Unknown):
        await memory.move_token(town.account_id, 99, "t")


async def test_what_a_full_compare_did_not_meet_is_told(town: Town) -> None:
    """Links not sighted since a moment are looked up by key (T4)."""
    _, key, _ = await town.settled("ann@x.example")
    _, other, row = await town.settled("ben@x.example")
    since = town.clock.now()
    await town.see(row)
    memory = town.store.memory
    assert await memory.unseen(town.account_id, town.north, since, 10) == [key]
    assert await memory.unseen(town.account_id, town.north, town.clock.now(), 10) == [key, other]


@pytest.mark.thorough
async def test_thousands_at_a_time_and_nothing_crosses_accounts(town: Town) -> None:
    """One call takes as many contacts as a step has, and sees none of another account."""
    emails = [f"person{n}@x.example" for n in range(2500)]
    people = await town.add(*emails)
    rows = {p: Row(town.ids.new(), 5, e, ALLOW, 3, 3) for p, e in zip(people, emails, strict=True)}
    ties = {LinkKey(town.north, row.row_id): p for p, row in rows.items()}
    sightings = [await town.sighting(row) for row in rows.values()]
    await town.store.memory.link(town.account_id, ties, sightings)
    assert await town.settle(*people) == set(people)
    assert len(await town.store.memory.people(town.account_id, people)) == 2500
    stranger = await town.store.accounts.create("Another")
    assert await town.store.memory.people(stranger, people) == []
    assert await town.store.memory.holders(stranger, emails) == {}
    with pytest.raises(Unknown):
        await town.store.memory.revision(12345)


async def test_whoever_lacks_a_row_is_found_without_reading_all_rows(town: Town) -> None:
    """SQLite asks by contact whether there is a row, so that a page of a large hub stays cheap."""
    asked = {"account_id": town.account_id, "connection_id": town.north, "after": 0, "limit": 10}
    compiled = candidates.ADDRESSED.compile(town.store.database.reader)

    def plan(connection: Connection) -> list[str]:
        if connection.dialect.name != "sqlite":
            pytest.skip("PostgreSQL counts rows and decides by that")
        values = compiled.construct_params(asked)
        given = tuple(values[name] for name in compiled.positiontup or ())
        return [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", given)]

    steps = await town.store.database.read(plan)
    links = [step for step in steps if " links " in step]
    assert links
    assert all("contact_id=? AND connection_id=?" in step for step in links)
