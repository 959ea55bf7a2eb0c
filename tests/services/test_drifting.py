"""What somebody changes of our parts in Dynamics is found within a day, and put right or only told."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assent.crm.forms import Edited, remove_section
from assent.crm.requests.catalogue import COLUMN, KEY, NAME, TABLE
from assent.engine.setup_terms import Step
from assent.errors import ColumnMissing, Paused
from assent.policy.permission import LegalBasis
from assent.services import connections
from assent.services.connection_views import State
from assent.services.connections import Changed
from assent.services.drifting import DriftErrands, LastInLine
from assent.store.schema import setup_steps
from tests.app.world import add
from tests.services.joined import Joined, joined
from tests.services.test_removing import ask
from tests.services.test_setting_up import without_details

pytestmark = pytest.mark.thorough

COLUMNS = "EntityDefinitions(LogicalName='contact')/Attributes"


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Joined]:
    """A connection that is live."""
    async with joined(tmp_path, contacts=5) as made:
        await made.begin()
        await made.errand()
        assert State.LIVE is (await made.view()).state
        yield made


def checks(on: Joined) -> DriftErrands:
    """The checks, as the worker has them."""
    return DriftErrands(on.app.setting_up, on.app.settings, on.app.clock)


async def check(on: Joined) -> tuple[str, ...]:
    """Look now; gives what was found."""
    await checks(on).perform(on.account_id, on.connection_id)
    return (await on.view()).drift


async def without_section(on: Joined) -> None:
    """Somebody takes our section off the form."""
    for form in await on.forms():
        cleared = remove_section(form.xml)
        assert isinstance(cleared, Edited)
        await on.save(form, cleared.xml)


async def steps_of(on: Joined) -> list[dict[str, str]]:
    """Our webhook steps."""
    found = await ask(on, "GET", "sdkmessageprocessingsteps?$select=sdkmessageprocessingstepid,name")
    return list(found["value"])


async def without_column(on: Joined, name: str) -> None:
    """Somebody deletes a column of ours, and what shows it and reports on it."""
    await without_section(on)
    views = (await ask(on, "GET", "savedqueries?$select=savedqueryid,name"))["value"]
    for view in views:
        if view["name"].startswith("Subscribers"):
            await ask(on, "DELETE", f"savedqueries({view['savedqueryid']})")
    for step in await steps_of(on):
        await ask(on, "DELETE", f"sdkmessageprocessingsteps({step['sdkmessageprocessingstepid']})")
    await ask(on, "DELETE", f"{COLUMNS}(LogicalName='{name}')")


async def test_untouched_parts_are_looked_at_once_a_day(on: Joined) -> None:
    """Nothing is found, nothing is written; it is due again a day later."""
    assert [] == await checks(on).owed()
    before = on.emulator.organization.version
    assert () == await check(on)
    assert before == on.emulator.organization.version
    assert State.LIVE is (await on.view()).state
    await on.app.store.accounts.recheck(on.account_id, on.connection_id)
    assert [(on.account_id, on.connection_id)] == await checks(on).owed()


async def test_what_somebody_changed_is_put_right(on: Joined) -> None:
    """A section off the form, a disabled webhook: told, repaired by setup, and then it is well again."""
    await without_section(on)
    step = next(one for one in await steps_of(on) if one["name"].endswith("Create"))
    key = step["sdkmessageprocessingstepid"]
    await ask(on, "PATCH", f"sdkmessageprocessingsteps({key})", {"statecode": 1, "statuscode": 2})
    update = next(one for one in await steps_of(on) if one["name"].endswith("Update"))
    key = update["sdkmessageprocessingstepid"]
    await ask(on, "PATCH", f"sdkmessageprocessingsteps({key})", {"filteringattributes": "emailaddress1"})
    drift = await check(on)
    assert any("Subscriptions section" in line for line in drift)
    assert any("reporting emailaddress1 instead of reporting" in line for line in drift)
    assert any("disabled instead of enabled" in line for line in drift)
    assert [(on.account_id, on.connection_id)] == await on.errands().owed()
    await on.errand()
    assert any(form.ours for form in await on.forms())
    assert () == await check(on)


async def test_a_connection_may_ask_to_be_told_only(on: Joined) -> None:
    """Nothing is written; people see it on the page and repair it when they like."""
    await connections.change(on.app, on.me, on.connection_id, Changed(repair=False))
    await without_section(on)
    assert await check(on)
    assert [] == await on.errands().owed()
    assert State.LIVE is (await on.view()).state


async def test_a_deleted_column_is_noticed_at_once_and_filled_again(on: Joined) -> None:
    """The next sweep meets it; made again it is empty, and the hub's No is written to it (T6)."""
    row = next(row for row in await on.rep.rows() if row["emailaddress1"] and row["statecode"] == 0)
    (contact,) = await add(on.app, on.account_id, row["emailaddress1"], basis=LegalBasis.CONSENT)
    await on.app.sweep(on.account_id)
    await on.rep.save(row["contactid"], {"asn_news": False})
    await on.app.sweep(on.account_id)
    await without_column(on, "asn_news")
    with pytest.raises(ColumnMissing):
        await on.app.sweep(on.account_id)
    assert [(on.account_id, on.connection_id)] == await checks(on).owed()
    assert "The column asn_news is gone." in await check(on)
    await on.errand()
    assert State.LIVE is (await on.view()).state
    (news, _) = await on.app.store.accounts.categories(on.account_id)
    assert not (await on.person(contact)).contact.value & news.bit
    rows = {one["contactid"]: one["asn_news"] for one in await on.rep.rows("contactid,asn_news")}
    assert rows[row["contactid"]] is False


async def test_a_column_somebody_makes_is_told_and_never_adopted(on: Joined) -> None:
    """Categories are made in the hub only (S1)."""
    await on.column_of_theirs("asn_Gossip")
    assert ("Somebody made the column asn_gossip; Assent takes no part in it.",) == await check(on)
    assert [] == await on.errands().owed()
    assert 2 == len(await on.app.store.accounts.categories(on.account_id))


async def test_a_check_has_a_budget_of_its_own(on: Joined) -> None:
    """It waits for everybody else's requests, and ends where it costs too much."""
    client = await on.app.organisations.client(on.account_id, on.connection_id)
    url = "http://127.0.0.1:9"
    setup, _ = await on.app.setting_up.prepared(
        on.account_id, on.connection_id, url, through=lambda transport: LastInLine(transport, left=1)
    )
    sent = client.requests_sent
    with pytest.raises(Paused, match="more than"):
        await setup.schema.components(await setup.journal.columns(on.connection_id), None, url)
    assert sent + 1 == client.requests_sent


async def test_a_form_that_needs_a_person_is_told_not_guessed(on: Joined) -> None:
    """Somebody removed the section and renamed the tab: the check says so, and setup would ask."""
    await without_section(on)
    await without_details(on)
    (line,) = await check(on)
    assert "no Details tab" in line


SET = "asn_subscriptioncategories"


async def listed(on: Joined) -> dict[str, str]:
    """The list of categories in Dynamics: names by column."""
    rows = (await ask(on, "GET", f"{SET}?$select={COLUMN},{NAME}"))["value"]
    return {row[COLUMN]: row[NAME] for row in rows}


async def meddle(on: Joined) -> None:
    """An administrator adds a row to the list, renames one, and deletes another."""
    rows = (await ask(on, "GET", f"{SET}?$select={COLUMN}"))["value"]
    keys = {row[COLUMN]: row[KEY] for row in rows}
    await ask(on, "POST", SET, {NAME: "Gossip"})
    await ask(on, "PATCH", f"{SET}({keys['asn_news']})", {NAME: "Spam"})
    await ask(on, "DELETE", f"{SET}({keys['asn_events']})")


TOLD = (
    "The category row News is called Spam instead of called News.",
    "The category row Events is gone.",
    "Somebody made the category row Gossip.",
)


async def test_a_list_of_categories_that_somebody_changed_is_put_right(on: Joined) -> None:
    """Told, repaired by setup, and then it is as the hub has it."""
    before = await listed(on)
    await meddle(on)
    assert TOLD == await check(on)
    await on.errand()
    assert (before, ()) == (await listed(on), await check(on))


async def test_a_changed_list_of_categories_may_only_be_told(on: Joined) -> None:
    """Nothing is written where the connection says so."""
    await connections.change(on.app, on.me, on.connection_id, Changed(repair=False))
    await meddle(on)
    assert TOLD == await check(on)
    assert [] == await on.errands().owed()
    assert {"Spam", "Gossip"} == set((await listed(on)).values())


async def before_there_was_a_list(on: Joined) -> None:
    """The connection as an older version set it up: no table, and no word of one in the journal."""
    await ask(on, "DELETE", f"EntityDefinitions(LogicalName='{TABLE}')")
    await on.app.store.database.write(
        lambda c: c.execute(setup_steps.delete().where(setup_steps.c.step == Step.CATALOGUE.value))
    )


async def test_an_older_setup_gets_the_list_by_the_daily_check(on: Joined) -> None:
    """Without a new approval; contacts go on being synced, and it is live all the while."""
    await before_there_was_a_list(on)
    assert ("The table asn_subscriptioncategory is not there.",) == (await check(on))[:1]
    await on.errand()
    assert {"asn_news": "News", "asn_events": "Events"} == await listed(on)
    assert (State.LIVE, ()) == ((await on.view()).state, await check(on))


async def test_an_older_setup_gets_the_list_by_the_next_run_of_setup(on: Joined) -> None:
    """`assent setup run` does that one step and no other."""
    await before_there_was_a_list(on)
    told: list[tuple[Step, str]] = []
    await on.app.set_up(
        on.account_id,
        on.connection_id,
        public_url="http://127.0.0.1:9",
        progress=lambda step, state: told.append((step, state)),
    )
    assert [(Step.CATALOGUE, "running"), (Step.CATALOGUE, "done")] == told
    assert {"asn_news": "News", "asn_events": "Events"} == await listed(on)
