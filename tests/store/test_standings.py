"""What the gate reads of very many contacts says what everything else says of each."""

from uuid import UUID

import pytest

from assent.policy.audience import Audience
from assent.policy.sides import CATEGORIES, PERMISSION, LinkKey, Row
from assent.ports import STRANGER, Notice, Standing
from assent.store.connection_rows import Settings
from assent.store.standings import Reader

from .samples import ALLOW, CONSENT, EVENTS, NEWS, NONE, WITHDRAWN, Town


def reader(town: Town) -> Reader:
    """Reads this town."""
    return Reader(town.store.accounts.marking)


async def standing(town: Town, *contact_ids: UUID) -> dict[UUID, Standing]:
    """How contacts stand, by id."""
    return {one.contact_id: one for one in await town.store.memory.standing(town.account_id, contact_ids)}


async def test_a_contact_stands_as_its_person_does(town: Town) -> None:
    """Basis, answers, address and every row, of one connection or of several; strangers are absent."""
    ann, ben = await town.add("ann@x.example", "ben@x.example", refused=EVENTS)
    keys = [await town.link(ann, Row(UUID(int=n), 5, "ann@x.example", ALLOW, NEWS, NEWS)) for n in (70, 71)]
    found = await standing(town, ann, ben, ann, UUID(int=9))
    assert {ann, ben} == found.keys()
    assert {(key.connection_id, key.row_id.bytes) for key in keys} == set(found[ann].rows)
    person = (await town.person(ben)).contact
    assert Standing(ben, person.email, CONSENT, person.value, None, False, 0, ()) == found[ben]


async def test_what_notices_say_and_what_is_suppressed_is_in_it(town: Town) -> None:
    """The fast lane blocks (M8), and so does a bounce (G3), whoever else is asked about."""
    ann, ben = await town.add("ann@x.example", "ben@x.example")
    key = await town.link(ann, Row(UUID(int=70), 5, "ann@x.example", ALLOW))
    now = town.clock.now()
    for refused in (NEWS, PERMISSION, 0):
        notice = Notice(key.connection_id, key.row_id, "update", 6, refused, now)
        await town.store.memory.post(town.account_id, [notice])
    await town.store.accounts.suppress(town.account_id, ["Ben@x.example", "other@x.example"])
    found = await standing(town, ann, ben)
    assert (NEWS | PERMISSION, False) == (found[ann].blocked, found[ann].suppressed)
    assert (0, True) == (found[ben].blocked, found[ben].suppressed)


async def test_no_email_at_all_stands_only_where_its_connection_honours_it(town: Town) -> None:
    """What a row says is kept anyway, so that the setting counts from the moment it is made (G3)."""
    (ann,) = await town.add("ann@x.example")
    key = await town.link(ann, Row(UUID(int=70), 5, "ann@x.example", ALLOW, no_email=True))
    assert not (await standing(town, ann))[ann].no_email
    await town.store.accounts.set_settings(town.account_id, key.connection_id, Settings(honour_no_email=True))
    assert (await standing(town, ann))[ann].no_email


async def test_an_address_nobody_holds_is_a_strangers(town: Town) -> None:
    """It has no basis, and may be suppressed all the same."""
    (ann,) = await town.add("ann@x.example", basis=WITHDRAWN)
    await town.store.accounts.suppress(town.account_id, ["gone@x.example"])
    asked = ["ann@x.example", "gone@x.example", "new@x.example"]
    found = await town.store.database.read(lambda c: reader(town).bearing(c, town.account_id, asked))
    assert (ann, WITHDRAWN) == (found[asked[0]].contact_id, found[asked[0]].basis)
    for address, suppressed in zip(asked[1:], (True, False), strict=True):
        assert Standing(STRANGER, address, NONE, CATEGORIES, None, suppressed, 0, ()) == found[address]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6])
async def test_an_audience_is_read_whole_wherever_pages_meet(town: Town, limit: int) -> None:
    """Everybody once, also who has several rows; others are not in it."""
    wanted = await town.add(*(f"p{n}@x.example" for n in range(5)))
    await town.add("no@x.example", basis=WITHDRAWN)
    for number in range(4):
        await town.link(wanted[number % 2], Row(UUID(int=70 + number), 5, "p@x.example", ALLOW))
    audience, after, found = Audience(bases=frozenset({CONSENT})), 0, list[Standing]()
    while True:
        start = after
        page, after = await town.store.database.read(
            lambda c: reader(town).page(c, town.account_id, audience, start, limit)  # noqa: B023 - awaited here
        )
        if not page:
            break
        assert len(page) <= limit
        found += page
    assert wanted == [one.contact_id for one in found]
    assert [2, 2, 0, 0, 0] == [len(one.rows) for one in found]


async def test_how_many_refuse_is_remembered_for_each_kind_of_message(town: Town) -> None:
    """An estimate from the linked rows at first; then what was read last."""
    memory, key = town.store.memory, LinkKey(1, UUID(int=70))
    people = await town.add(*(f"p{n}@x.example" for n in range(9)))
    for number, contact_id in enumerate(people):
        key = await town.link(contact_id, Row(UUID(int=70 + number), 5, "p@x.example", ALLOW))
    where = (town.account_id, key.connection_id)
    assert 1 == await memory.refusing(*where, PERMISSION)
    await memory.count_refusing(*where, PERMISSION, 7)
    await memory.count_refusing(*where, PERMISSION, 5)
    assert 5 == await memory.refusing(*where, PERMISSION)
    assert 1 == await memory.refusing(*where, PERMISSION | NEWS)
