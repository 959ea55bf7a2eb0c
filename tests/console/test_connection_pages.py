"""Connections in the console: made, set up, paused, decided for, swept; and what waits for a person."""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio

from assent.errors import Unreachable
from assent.policy.permission import LegalBasis, OnAllow
from assent.policy.plan import Request
from assent.services import connections, contacts, questions
from assent.services.access import Role
from assent.services.connection_views import State
from assent.store.schema import requests
from tests.app.world import SECRET
from tests.console.joined_console import Console, console
from tests.services.test_setting_up import without_details

pytestmark = pytest.mark.thorough


@pytest_asyncio.fixture(loop_scope="session")
async def at(tmp_path: Path) -> AsyncIterator[Console]:
    """An account that is connected and not set up."""
    async with console(tmp_path, contacts=3, live=False) as made:
        yield made


def page_of(at: Console) -> str:
    """The connection's page."""
    return f"/connections/{at.on.connection_id}"


def given(at: Console, **other: str) -> dict[str, str]:
    """What an admin types to connect the emulator."""
    url = at.on.emulator.url
    good = {
        "name": "Second",
        "url": url,
        "tenant": "t",
        "client_id": "app",
        "secret": SECRET,
        "authority": url,
    }
    return good | other


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({}, "is connected to this account already"),
        ({"url": "https://nowhere.invalid"}, ""),
        ({"url": "nonsense"}, ""),
        ({"name": ""}, "needs a name"),
    ],
)
async def test_a_connection_that_cannot_work_is_told_at_once(
    at: Console, other: dict[str, str], said: str
) -> None:
    """In words, with what was typed but the secret."""
    page = await at.admin.post("/connections/new", **given(at, **other))
    assert page.status in (400, 422, 503)
    assert said in " ".join(page.find("//*[@role='alert']//text()"))
    assert [given(at, **other)["name"]] == page.find("//input[@name='name']/@value")
    assert SECRET not in page.body
    assert 1 == len(await connections.all(at.on.app, at.on.me))


async def test_setup_waits_with_the_evidence_and_goes_on_as_somebody_decides(at: Console) -> None:
    """What it means, what to do, which tabs there are; picked, it goes on to live."""
    await without_details(at.on)
    asked = await at.admin.post(f"{page_of(at)}/setup")
    assert f"{page_of(at)}?done=setup" == asked.url
    assert "Setting up" in asked.words
    await at.on.errand()
    await at.admin.post(f"{page_of(at)}/decide", choice="approve")
    await at.on.errand()
    page = await at.admin.get(page_of(at))
    assert "Setup waits for you" in page.words
    assert "Pick the tab that should hold them." in page.words
    places = page.find("//select[@id='tab']//option/@value")
    (place,) = [place for place in places if str(place).endswith(" tab_mine")]
    assert "Something needs you" in (await at.admin.get("/")).words
    assert "Connections that stand still" in (await at.admin.get("/attention")).words
    assert 400 == (await at.admin.post(f"{page_of(at)}/decide", choice="guess")).status
    await at.admin.post(f"{page_of(at)}/decide", choice="tab", place=str(place))
    await at.on.errand()
    assert State.LIVE is (await at.on.view()).state
    assert 409 == (await at.admin.post(f"{page_of(at)}/decide", choice="skip")).status


async def test_settings_are_kept_and_what_cannot_be_is_told(at: Console) -> None:
    """Switches that are not ticked are off; a writer is named by its id."""
    base, writer = f"{page_of(at)}/settings", "11111111-2222-4333-8444-555555555555"
    await at.admin.post(
        base, on_allow="hold", held_writers=writer, create_in_hub="yes", create_from_others="yes"
    )
    view = await at.on.view()
    assert (OnAllow.HOLD, [writer]) == (view.on_allow, [str(one) for one in view.held_writers])
    assert (True, False, False) == (view.create_in_hub, view.create_in_crm, view.hold_deleted)
    assert view.create_from_others
    wrong = await at.admin.post(base, on_allow="hold", held_writers="the ERP")
    assert (400, ["the ERP"]) == (wrong.status, wrong.find("//textarea/text()"))


async def test_pausing_sweeping_and_resuming(at: Console) -> None:
    """Each says what it led to; what makes no sense now is told as a page."""
    assert 409 == (await at.admin.post("/connections/sweep")).status
    await at.on.live()
    swept = await at.admin.post("/connections/sweep", **{"from": str(at.on.connection_id)})
    assert f"{page_of(at)}?done=sweep" == swept.url
    paused = await at.admin.post(f"{page_of(at)}/pause")
    assert "Nothing is read from Dynamics or written there" in paused.words
    assert State.PAUSED is (await at.on.view()).state
    assert "Live" in (await at.admin.post(f"{page_of(at)}/resume")).words


async def test_roles_do_what_is_theirs(at: Console) -> None:
    """Support decides and sweeps, a reader looks, only an admin connects."""
    support, reader = await at.as_(Role.SUPPORT), await at.as_(Role.READER)
    assert 403 == (await support.get("/connections/new")).status
    assert 403 == (await support.get(f"{page_of(at)}/settings")).status
    page = await reader.get(page_of(at))
    assert (200, []) == (page.status, page.find("//main//form"))
    assert 403 == (await reader.post("/connections/sweep")).status


@pytest.mark.parametrize(
    ("answer", "basis"), [("grant", LegalBasis.CONTRACT), ("refuse", LegalBasis.WITHDRAWN)]
)
async def test_questions_are_answered_where_they_are_found(
    at: Console, answer: str, basis: LegalBasis
) -> None:
    """On the page of things to do, with evidence for a grant; then it is gone."""
    contact = await at.contact()
    await contacts.change(at.on.app, at.on.me, contact, contacts.ContactChange(basis=LegalBasis.WITHDRAWN))
    await ask(at, contact)
    page = await at.admin.get("/attention")
    assert "1 question" in page.words
    sent = {"contact": str(contact), "from": "attention", "answer": answer, "basis": "contract"}
    if answer == "grant":
        assert 400 == (await at.admin.post("/questions/1", **sent)).status
    done = await at.admin.post("/questions/1", **sent, evidence="Ordered again", source="web shop")
    assert "/attention?done=answered" == done.url
    assert "Nothing needs you" in done.words
    assert basis is (await contacts.read(at.on.app, at.on.me, contact)).basis
    assert () == await questions.open_ones(at.on.app, at.on.me)


async def ask(at: Console, contact: object) -> None:
    """Let a merge have opened a question."""
    app = at.on.app
    values = {"request_id": 1, "contact_id": contact, "kind": Request.GRANT_HELD.value}
    statement = requests.insert().values(account_id=at.on.account_id, opened_at=app.clock.now(), **values)
    await app.store.database.write(lambda c: c.execute(statement).rowcount)


async def test_errors_are_tried_again_or_put_aside(at: Console) -> None:
    """An organisation that does not answer is told with what to do; put aside, it is told elsewhere."""
    await at.on.live()
    await at.on.control("faults", next=50, status=503)
    with suppress(Unreachable):
        await at.on.app.sweep(at.on.account_id)
    page = await at.admin.get("/attention")
    assert "What did not go well" in page.words
    (cursor, *_) = page.find("//form[@action='/attention/aside']//input[@name='cursor']/@value")
    retried = await at.admin.post("/attention/retry", cursor=str(cursor))
    assert "/attention?done=retrying" == retried.url
    aside = await at.admin.post("/attention/aside", cursor=str(cursor))
    assert "What did not go well" not in aside.words
    assert str(cursor) in (await at.admin.get("/attention?aside=yes")).body
    assert 404 == (await at.admin.post("/attention/retry", cursor="7_x")).status
