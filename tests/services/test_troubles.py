"""What Dynamics refused is kept until it goes well: told in words, retried, put aside."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from assent.errors import Invalid, NotAllowed, Unknown, Unreachable, WrongOrganisation
from assent.policy.permission import LegalBasis
from assent.ports import Act
from assent.services import troubles
from assent.services.access import Role, caller, operator
from assent.services.troubles import Trouble
from tests.app.world import ADMIN, FORM, account, add
from tests.services.joined import Joined, joined

pytestmark = pytest.mark.thorough

#: Longer than the address column of Dynamics, not too long for the hub.
LONG = "x" * 60 + "@" + "y" * 50 + ".example"


@pytest.fixture
async def on(tmp_path: Path, database_url: str) -> AsyncIterator[Joined]:
    """A live connection, on each kind of database."""
    async with joined(tmp_path, database_url=database_url) as made:
        await made.live()
        yield made


async def found(on: Joined, *, aside: bool = False) -> tuple[Trouble, ...]:
    """What stands."""
    return (await troubles.troubles(on.app, on.me, aside=aside)).items


async def linked(on: Joined, email: str = "ada@person.example") -> UUID:
    """A contact with a row."""
    await on.rep.create({"emailaddress1": email})
    (contact_id,) = await add(on.app, on.account_id, email, basis=LegalBasis.CONSENT)
    await on.app.sweep(on.account_id)
    return contact_id


async def move(on: Joined, contact_id: UUID, email: str) -> None:
    """The contact's address changes in the hub, and the CRM hears of it."""
    await on.app.act(on.account_id, ADMIN, [Act(contact_id, email=email)], FORM)
    await on.drain()


async def test_a_refused_row_is_told_until_it_goes_well(on: Joined) -> None:
    """With what happened and what to do, counted each time, and gone once its contact settles."""
    ada = await linked(on)
    await move(on, ada, LONG)
    (trouble,) = await found(on)
    assert ("RowRefused", ada, 1) == (trouble.kind, trouble.contact_id, trouble.times)
    assert trouble.title
    assert trouble.to_do
    assert LONG not in trouble.message
    assert str(trouble.row_id) in trouble.row_url
    assert 1 == (await on.view()).troubles
    await on.drain()
    (again,) = await found(on)
    assert (trouble.first_at, True) == (again.first_at, again.times > trouble.times)
    await move(on, ada, "ada.new@person.example")
    assert () == await found(on)


async def test_a_row_that_could_not_be_created_is_created_when_tried_again(on: Joined) -> None:
    """Drains do not come back to it by themselves; a person's retry does (I5)."""
    (ada,) = await add(on.app, on.account_id, LONG, basis=LegalBasis.CONSENT)
    await on.drain()
    (trouble,) = await found(on)
    assert ada == trouble.contact_id
    await on.drain()
    assert 1 == len(await found(on))
    await troubles.retry(on.app, on.me, trouble.cursor)
    await on.drain()
    (again,) = await found(on)
    assert 2 == again.times


async def test_trying_again_considers_nobody_else(on: Joined) -> None:
    """However many contacts came after the one whose row failed, it alone is looked up again (I5)."""
    (ada,) = await add(on.app, on.account_id, LONG, basis=LegalBasis.CONSENT)
    await add(on.app, on.account_id, "bob@person.example", basis=LegalBasis.CONSENT)
    await on.drain()
    await troubles.retry_all(on.app, on.me)
    memory = on.app.store.memory
    (connection,) = await memory.connections(on.account_id)
    due = await memory.addressed(on.account_id, on.connection_id, connection.hub_cursor, 10)
    assert [ada] == [candidate.contact.contact_id for candidate in due]


async def test_the_trouble_of_a_row_that_is_gone_goes_with_it(on: Joined) -> None:
    """Nobody can correct what does not exist."""
    ada = await linked(on)
    await move(on, ada, LONG)
    (trouble,) = await found(on)
    url = f"{on.emulator.url}/api/data/v9.2/contacts({trouble.row_id})"
    async with on.session.delete(url, headers={"Authorization": "Bearer rep-anna"}) as answer:
        assert 204 == answer.status
    await on.app.sweep(on.account_id)
    assert () == await found(on)


async def test_an_organisation_that_cannot_be_reached_is_told_until_it_can(on: Joined) -> None:
    """By drains and sweeps alike; the next that reaches it ends it."""
    await on.control("faults", next=1000, status=503)
    with pytest.raises(Unreachable):
        await on.drain()
    (trouble,) = await found(on)
    assert ("Unreachable", None, "") == (trouble.kind, trouble.row_id, trouble.row_url)
    await on.control("faults", next=0)
    await on.drain()
    assert () == await found(on)


async def test_another_organisation_under_the_address_is_told(on: Joined) -> None:
    """A copied environment is recognised before anything is written (M7)."""
    on.emulator.organization.rename("copy")
    with pytest.raises(WrongOrganisation):
        await on.app.sweep(on.account_id)
    (trouble,) = await found(on)
    assert "WrongOrganisation" == trouble.kind


async def test_a_connection_that_cannot_be_opened_is_told(on: Joined) -> None:
    """What its settings do not allow is no silence."""
    await on.app.store.accounts.set_secret(on.account_id, on.connection_id, "")
    await on.drain()
    (trouble,) = await found(on)
    assert (None, on.connection_id) == (trouble.row_id, trouble.connection_id)


async def test_what_was_put_aside_is_told_to_nobody_until_it_changes(on: Joined) -> None:
    """The same refusal stays aside, however often it comes."""
    ada = await linked(on)
    await move(on, ada, LONG)
    (trouble,) = await found(on)
    await troubles.put_aside(on.app, on.me, trouble.cursor)
    await on.drain()
    assert () == await found(on)
    assert [trouble.cursor] == [one.cursor for one in await found(on, aside=True)]
    assert 0 == (await on.view()).troubles
    await troubles.put_aside(on.app, on.me, trouble.cursor, aside=False)
    assert 1 == len(await found(on))


async def test_troubles_come_in_pages(on: Joined) -> None:
    """Each once, in a fixed order."""
    people = await add(on.app, on.account_id, *(f"p{n}{LONG}" for n in range(5)), basis=LegalBasis.CONSENT)
    await on.drain()
    seen: list[UUID | None] = []
    after = ""
    while True:
        page = await troubles.troubles(on.app, on.me, after=after, limit=2)
        seen += [one.contact_id for one in page.items]
        after = page.next
        if not after:
            break
    assert set(people) == set(seen)
    assert len(people) == len(seen)
    with pytest.raises(Invalid):
        await troubles.troubles(on.app, on.me, after="nonsense")


async def test_everybody_reads_troubles_and_operators_deal_with_them(on: Joined) -> None:
    """Another account's do not exist."""
    ada = await linked(on)
    await move(on, ada, LONG)
    (trouble,) = await found(on)
    reader = caller(on.account_id, ADMIN, Role.READER)
    assert 1 == len((await troubles.troubles(on.app, reader)).items)
    for call in (
        troubles.retry(on.app, reader, trouble.cursor),
        troubles.retry_all(on.app, reader),
        troubles.put_aside(on.app, reader, trouble.cursor),
    ):
        with pytest.raises(NotAllowed):
            await call
    stranger = operator(await account(on.app, "Other Ltd"))
    assert () == (await troubles.troubles(on.app, stranger)).items
    for call in (
        troubles.retry(on.app, stranger, trouble.cursor),
        troubles.put_aside(on.app, stranger, trouble.cursor),
    ):
        with pytest.raises(Unknown):
            await call
