"""What erasures, swaps and joins taken apart ask of either kind of database."""

from dataclasses import replace
from uuid import UUID

import pytest

from assent.errors import Conflict, Unknown
from assent.policy.erasing import RowEnd
from assent.policy.plan import FieldChange
from assent.policy.sides import ADDRESS, Row
from assent.ports import Change
from assent.store import erasing
from assent.store.erasing import Beginning
from assent.store.parting import Parting

from .samples import ALLOW, EVENTS, FORM, MARKETER, NEWS, Town


async def ask(town: Town, contact: UUID) -> int:
    """Ask for somebody to be erased."""
    memory = town.store.memory
    beginning = Beginning(memory.journal, memory.marking, MARKETER, FORM, town.clock.now())
    return await town.store.database.write(lambda c: beginning.run(c, town.account_id, contact))


async def test_nobody_is_let_go_before_their_rows_were_read_again(town: Town) -> None:
    """An erasure stands until its rows refuse, or a person decides not to wait (I6)."""
    ann, ben = await town.add("ann@x.example", "ben@x.example")
    await town.link(ann, Row(UUID(int=70), 5, "ann@x.example", ALLOW, NEWS | EVENTS, NEWS | EVENTS))
    number = await ask(town, ann)
    memory, account = town.store.memory, town.account_id
    assert [ann] == await memory.erasing(account)
    assert set() == await memory.erase(account, [ann, ben])
    await town.store.database.write(lambda c: erasing.go_on_without(c, account, number))
    assert {ann} == await memory.erase(account, [ann, ben])
    assert [] == await memory.erasing(account)
    assert [ben] == [person.contact.contact_id for person in await memory.people(account, [ann, ben])]
    found = await town.store.database.read(lambda c: erasing.read(c, account, number))
    assert [RowEnd.UNCONFIRMED] == [row.end for row in found.rows]
    assert (await town.store.ledger.verify(account)).broken is None
    assert {ben} == set(await town.store.ledger.replay(account))


async def test_a_row_with_another_address_is_looked_at_once_its_person_is_erased(town: Town) -> None:
    """It may be somebody else's by now, and its change was told while it still was theirs (I3, I6)."""
    (ann,) = await town.add("ann@x.example")
    await town.link(ann, Row(UUID(int=70), 5, "ann@x.example", ALLOW, NEWS | EVENTS, NEWS | EVENTS))
    await town.link(ann, Row(UUID(int=71), 6, "ben@x.example", ALLOW, NEWS | EVENTS, NEWS | EVENTS))
    number = await ask(town, ann)
    memory, account = town.store.memory, town.account_id
    await town.store.database.write(lambda c: erasing.go_on_without(c, account, number))
    assert {ann} == await memory.erase(account, [ann])
    assert [UUID(int=71)] == [notice.row_id for notice in await memory.notices(account, 10)]


async def test_addresses_are_swapped_in_one_transaction(town: Town) -> None:
    """No two contacts hold one at a time, and a change without its other half is left out (I3)."""
    ann, ben, cleo = await town.add("ann@x.example", "ben@x.example", "cleo@x.example")

    async def moved(contact: UUID, email: str) -> Change:
        before = await town.contact(contact)
        field = FieldChange(ADDRESS, before.email, email, "I3", None)
        return Change(before, replace(before, email=email), (field,))

    memory, account = town.store.memory, town.account_id
    half = [await moved(ann, "ben@x.example"), await moved(cleo, "dora@x.example")]
    assert {cleo} == set(await memory.apply(account, half))
    whole = [await moved(ann, "ben@x.example"), await moved(ben, "ann@x.example")]
    assert {ann, ben} == set(await memory.apply(account, whole))
    assert ["ben@x.example", "ann@x.example"] == [(await town.contact(one)).email for one in (ann, ben)]


async def test_what_was_never_joined_cannot_be_taken_apart(town: Town) -> None:
    """Nor what another account has (I3, P8)."""
    ann, _ = await town.add("ann@x.example", "ben@x.example")
    parting = Parting(town.store.memory.journal, MARKETER, FORM, town.clock.now())
    with pytest.raises(Conflict, match="not joined"):
        await town.store.database.write(lambda c: parting.run(c, town.account_id, ann))
    with pytest.raises(Unknown):
        await town.store.database.write(lambda c: parting.run(c, town.account_id, UUID(int=9)))
