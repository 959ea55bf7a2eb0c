"""Whatever happens in whatever order, `pending` is its definition and the ledger is the state."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.plan import FieldChange, RowWrite
from assent.policy.sides import CATEGORIES, PERMISSION, LinkKey, Row
from assent.ports import Change, Notice

from .samples import EVENTS, HERSELF, MARKETER, NEWS, Town, build_town, waits
from .test_ledger import table_states

KEY = b"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
PEOPLE = st.integers(0, 2)
ROWS = st.integers(0, 3)
MASKS = st.integers(0, NEWS | EVENTS)
STEPS = st.one_of(
    st.tuples(st.just("act"), PEOPLE, st.sampled_from([LegalBasis.CONSENT, LegalBasis.WITHDRAWN]), MASKS),
    st.tuples(st.just("answer"), PEOPLE, MASKS, MASKS),
    st.tuples(st.just("see"), ROWS, st.sampled_from(list(BulkEmail)), MASKS, st.integers(0, 3)),
    st.tuples(st.just("link"), ROWS, PEOPLE),
    st.tuples(st.just("unlink"), ROWS, st.sampled_from([None, "crm_deleted"])),
    st.tuples(st.just("settle"), PEOPLE),
    st.tuples(st.just("notice"), ROWS, MASKS, st.integers(0, 9)),
    st.tuples(st.just("dismiss"), st.integers(0, 5)),
    st.tuples(st.just("apply"), PEOPLE, MASKS),
    st.tuples(st.just("intend"), ROWS, MASKS),
    st.tuples(st.just("move"), PEOPLE, st.integers(0, 3)),
    st.tuples(st.just("void")),
)


class History:
    """Plays steps in a town of three contacts and four rows."""

    def __init__(self, town: Town, people: list[UUID]) -> None:
        self.town = town
        self.people = people
        self.rows = {n: Row(UUID(int=700 + n), 1, None) for n in range(4)}

    def key(self, number: int) -> LinkKey:
        """Rows are spread over both connections."""
        where = self.town.north if number % 2 else self.town.south
        return LinkKey(where, self.rows[number].row_id)

    async def act(self, who: int, basis: LegalBasis, mask: int) -> None:
        """A person sets a basis and refuses categories."""
        actor = HERSELF if mask else MARKETER
        await self.town.act(self.people[who], basis, answered=mask, actor=actor)

    async def answer(self, who: int, answered: int, value: int) -> None:
        """A person answers categories, perhaps none."""
        await self.town.act(self.people[who], answered=answered, value=value)

    async def see(self, number: int, toggle: BulkEmail, value: int, newer: int) -> None:
        """A row is read, sometimes at the version it had."""
        old = self.rows[number]
        row = replace(old, version=old.version + newer, toggle=toggle, known=3, value=value)
        self.rows[number] = row if newer else old
        await self.town.see(self.rows[number], at=self.key(number).connection_id)

    async def link(self, number: int, who: int) -> None:
        """A row is tied to somebody, or moves to them."""
        await self.town.link(self.people[who], self.rows[number], at=self.key(number).connection_id)

    async def unlink(self, number: int, hold: str | None) -> None:
        """A row is gone."""
        await self.town.store.memory.unlink(self.town.account_id, [self.key(number)], hold)

    async def settle(self, who: int) -> None:
        """Somebody settles if all their rows agree."""
        await self.town.settle(self.people[who])

    async def notice(self, number: int, refused: int, version: int) -> None:
        """A webhook tells of a row."""
        key, now = self.key(number), self.town.clock.now()
        told = Notice(key.connection_id, key.row_id, "Update", version, refused, now)
        await self.town.store.memory.post(self.town.account_id, [told])

    async def dismiss(self, count: int) -> None:
        """Some notices say nothing any more."""
        waiting = await self.town.store.memory.notices(self.town.account_id, count)
        await self.town.store.memory.dismiss(self.town.account_id, [n.notice_id for n in waiting])

    async def apply(self, who: int, value: int) -> None:
        """The sync changes somebody."""
        before = await self.town.contact(self.people[who])
        after = replace(before, value=(CATEGORIES & ~3) | value, basis=LegalBasis.CONTRACT)
        moved = [field for field in (NEWS, EVENTS) if (before.value ^ after.value) & field]
        moved += [PERMISSION] if before.basis is not after.basis else []
        change = Change(before, after, tuple(FieldChange(f, 0, 0, "M1", None) for f in moved))
        await self.town.store.memory.apply(self.town.account_id, [change])

    async def intend(self, number: int, value: int) -> None:
        """A write is about to be sent."""
        write = RowWrite(self.key(number), BulkEmail.ALLOW, 3, value)
        await self.town.store.memory.intend(self.town.account_id, [write])

    async def move(self, who: int, address: int) -> None:
        """Somebody changes their address to one nobody else has."""
        await self.town.act(self.people[who], email=f"{who}-{address}@x.example")

    async def void(self) -> None:
        """An organisation was restored."""
        await self.town.store.memory.void(self.town.account_id, self.town.north, "restored")


@pytest.mark.thorough
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, max_size=25))
def test_pending_is_its_definition_and_the_ledger_replays(steps: list[tuple[object, ...]]) -> None:
    """After every step pending is what the sides say (M4), and at the end the ledger tells all (P7)."""
    asyncio.run(play(steps))


async def play(steps: list[tuple[object, ...]]) -> None:
    """Play the steps and judge after each."""
    town = await build_town("sqlite://", inline=True, key=KEY)
    history = History(town, await town.add("a@x.example", "b@x.example", "c@x.example"))
    try:
        for name, *arguments in steps:
            await getattr(history, str(name))(*arguments)
            await judge(town, history.people)
        found = await town.store.ledger.verify(town.account_id)
        assert found.broken is None
        assert await town.store.ledger.replay(town.account_id) == await table_states(town)
    finally:
        town.store.close()


async def judge(town: Town, people: list[UUID]) -> None:
    """Compare what is pending with its definition, read from the sides and the inbox."""
    noticed = {
        LinkKey(n.connection_id, n.row_id) for n in await town.store.memory.notices(town.account_id, 999)
    }
    expected = {
        person.contact.contact_id
        for person in await town.store.memory.people(town.account_id, people)
        if waits(person) or any(link.key in noticed for link in person.links)
    }
    assert set(await town.pending()) == expected
    figures = await town.store.accounts.figures(town.account_id)
    assert figures.unsettled == len(expected)
    assert (figures.oldest_unsettled is not None) == bool(expected)
