"""The ledger in the database: whole, sealed, and enough to know the present state from."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from assent.errors import Bug
from assent.ledger.chain import Flaw, Verified
from assent.ledger.entries import State
from assent.store.journal import destroy_keys
from assent.store.reading import Place, verify_account
from assent.store.schema import accounts, contact_keys, contacts, ledger_entries, ledger_links

from .samples import CONSENT, DENY, NEWS, WITHDRAWN, Town


async def busy(town: Town) -> None:
    """Let some things happen: three links of the chain, five entries."""
    await town.add("ann@x.example", "ben@x.example", "cleo@x.example")
    ann, _, _ = await town.settled("dora@x.example")
    await town.act(ann, WITHDRAWN, answered=NEWS)


async def verify(town: Town) -> Verified:
    """Verify the town's ledger."""
    return await town.store.ledger.verify(town.account_id)


async def tamper(town: Town, statement: Any) -> None:
    """Change the tables behind the program's back."""
    await town.store.database.write(lambda c: c.execute(statement))


async def test_an_untouched_chain_verifies(town: Town) -> None:
    """One link per transaction, one entry per change, from the start to the head (P7)."""
    assert (await verify(town)).links == 0
    await busy(town)
    found = await verify(town)
    assert (found.links, found.entries, found.broken) == (3, 5, None)


async def stored_entry(town: Town, place: ColumnElement[bool]) -> dict[str, Any]:
    """The parts of one entry as stored."""
    read = select(ledger_entries.c.plain, ledger_entries.c.sealed).where(place)
    return (await town.store.database.read(lambda c: c.execute(read).one()))._asdict()


LINK_CHANGES = [
    (Flaw.DIGEST, {"at": ledger_links.c.at + 1}),
    (Flaw.COUNT, {"entries": ledger_links.c.entries + 1}),
    (Flaw.PREVIOUS, {"previous": bytes(32)}),
    (Flaw.DIGEST, {"digest": bytes(32)}),
]


@pytest.mark.parametrize(("flaw", "values"), LINK_CHANGES, ids=["at", "entries", "previous", "digest"])
async def test_an_altered_link_is_found(town: Town, flaw: Flaw, values: dict[str, Any]) -> None:
    """Every column of a link is covered by the chain (P7)."""
    await busy(town)
    await tamper(town, update(ledger_links).where(ledger_links.c.seq == 2).values(**values))
    broken = (await verify(town)).broken
    assert broken is not None
    assert (broken.seq, broken.flaw) == (2, flaw)


async def test_any_altered_byte_of_an_entry_is_found(town: Town) -> None:
    """Whichever byte of an entry changes, plain or sealed, verification names its link (P7)."""
    await busy(town)
    where = (ledger_entries.c.seq == 3) & (ledger_entries.c.position == 0)
    await town.act((await town.add("eve@x.example"))[0], CONSENT)
    first = (ledger_entries.c.seq == 1) & (ledger_entries.c.position == 1)
    for place, columns in ((where, ["plain"]), (first, ["plain", "sealed"])):
        stored = await stored_entry(town, place)
        for column in columns:
            original = bytes(stored[column])
            for index in range(0, len(original), 7):
                altered = bytearray(original)
                altered[index] ^= 1
                await tamper(town, update(ledger_entries).where(place).values({column: bytes(altered)}))
                broken = (await verify(town)).broken
                assert broken is not None
                assert broken.seq == (3 if place is where else 1)
            await tamper(town, update(ledger_entries).where(place).values({column: original}))
    assert (await verify(town)).broken is None


async def test_a_removed_added_or_moved_entry_is_found(town: Town) -> None:
    """Entries cannot vanish, appear, or be given to somebody else (P7)."""
    await busy(town)
    last = (ledger_entries.c.seq == 1) & (ledger_entries.c.position == 2)
    other = (await town.add("eve@x.example"))[0]
    changes = [
        (delete(ledger_entries).where(last), 1),
        (update(ledger_entries).where(last).values(position=7), 1),
        (update(ledger_entries).where(last).values(contact_id=other), 1),
        (update(ledger_entries).where(last).values(contact_id=None), 1),
        (insert(ledger_entries).values(account_id=town.account_id, seq=2, position=1, plain=b"{}"), 2),
    ]
    for statement, seq in changes:
        with pytest.raises(Undone):
            await town.store.database.write(partial(breaks, town, statement, seq))


class Undone(Exception):
    """Ends a transaction without keeping it."""


def breaks(town: Town, statement: Any, seq: int, connection: Connection) -> None:
    """See that a change breaks the chain at a link, and undo it."""
    connection.execute(statement)
    broken = verify_account(connection, town.account_id).broken
    assert broken is not None
    assert broken.seq == seq
    raise Undone


async def test_a_chain_cut_short_or_begun_late_is_found(town: Town) -> None:
    """Neither end of the chain can be taken away (P7)."""
    await busy(town)
    head = accounts.c.account_id == town.account_id
    for seq, flaw in ((3, Flaw.HEAD), (1, Flaw.MISSING)):
        await tamper(town, delete(ledger_entries).where(ledger_entries.c.seq == seq))
        await tamper(town, delete(ledger_links).where(ledger_links.c.seq == seq))
        broken = (await verify(town)).broken
        assert broken is not None
        assert broken.flaw is flaw
    await tamper(town, update(accounts).where(head).values(ledger_seq=9))


async def test_an_erased_person_leaves_a_chain_that_verifies(town: Town) -> None:
    """Destroying a person's key makes their data unreadable and breaks nothing (I6)."""
    ann, ben = await town.add("ann@x.example", "ben@x.example")
    await town.act(ann, WITHDRAWN)
    await town.store.database.write(lambda c: destroy_keys(c, town.account_id, [ann]))
    assert (await verify(town)).broken is None
    mine = await town.store.ledger.entries(town.account_id, contact=ann)
    assert [(r.erased, dict(r.entry.personal)) for r in mine] == [(True, {}), (False, {})]
    (theirs,) = await town.store.ledger.entries(town.account_id, contact=ben)
    assert theirs.entry.personal["new_email"] == "ben@x.example"
    await town.act(ann, email="again@x.example")
    assert (await town.store.ledger.entries(town.account_id, contact=ann))[-1].entry.personal == {}
    states = await town.store.ledger.replay(town.account_id)
    assert states[ann] == State(WITHDRAWN, (await town.contact(ann)).value, None, None)


async def test_nothing_personal_lies_open_in_the_ledger(town: Town) -> None:
    """Addresses and evidence are only in the sealed parts (I6)."""
    await busy(town)
    read = select(ledger_entries.c.plain, ledger_entries.c.sealed)
    rows = await town.store.database.read(lambda c: c.execute(read).all())
    everything = b"".join(bytes(plain) + bytes(sealed or b"") for plain, sealed in rows)
    for secret in (b"x.example", b"Yes, send me news", b"192.0.2.7"):
        assert secret not in everything


async def test_a_sealed_part_under_another_key_does_not_open(town: Town) -> None:
    """A key of one person never opens what belongs to another (I6)."""
    ann, ben = await town.add("ann@x.example", "ben@x.example")
    await tamper(town, delete(contact_keys).where(contact_keys.c.contact_id == ann))
    swap = update(contact_keys).where(contact_keys.c.contact_id == ben).values(contact_id=ann)
    await tamper(town, swap)
    with pytest.raises(Bug):
        await town.store.ledger.entries(town.account_id, contact=ann)


async def test_entries_are_read_from_behind_a_place(town: Town) -> None:
    """A reader goes on where it stopped, entry by entry or page by page."""
    await busy(town)
    everything = await town.store.ledger.entries(town.account_id)
    assert [r.place for r in everything] == [
        Place(1, 0),
        Place(1, 1),
        Place(1, 2),
        Place(2, 0),
        Place(3, 0),
    ]
    rest = await town.store.ledger.entries(town.account_id, after=Place(1, 1), limit=2)
    assert [r.place for r in rest] == [Place(1, 2), Place(2, 0)]


async def test_the_ledger_replays_to_the_tables(town: Town) -> None:
    """Replaying every entry gives the contacts as they stand (P7)."""
    await busy(town)
    ann, key, row = await town.settled("fay@x.example")
    await town.act(ann, email="fay2@x.example")
    await town.store.memory.unlink(town.account_id, [key], "crm_deleted")
    assert await town.store.ledger.replay(town.account_id) == await table_states(town)
    assert row.toggle is not DENY


async def table_states(town: Town) -> dict[Any, State]:
    """The contacts as the tables have them."""
    c = contacts.c
    read = select(c.contact_id, c.basis, c.value, c.email, c.hold).where(c.account_id == town.account_id)
    rows = await town.store.database.read(lambda connection: connection.execute(read).all())
    return {row[0]: State(*row[1:]) for row in rows}
