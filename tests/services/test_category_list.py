"""The list of categories in Dynamics follows their life in the hub, with the documented roles and no more."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from assent.crm.privileges import CATALOGUE, RUN_TIME, SETUP
from assent.crm.requests.catalogue import ARCHIVED, COLUMN, DESCRIPTION, NAME, POSITION, TABLE
from assent.engine.setup_terms import Step
from assent.policy.permission import LegalBasis
from assent.services import categories, connections, removing
from assent.services.connection_views import State
from assent.services.connections import Changed
from assent.services.setup_pauses import Choice
from tests.app.world import add
from tests.services.joined import Joined, joined
from tests.services.test_drifting import check
from tests.services.test_removing import ask

pytestmark = pytest.mark.thorough

SET = "asn_subscriptioncategories"
CRM = "Microsoft.Dynamics.CRM"
ROLES = "systemuserroles_association"


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Joined]:
    """A connection that is not set up."""
    async with joined(tmp_path, contacts=5) as made:
        yield made


async def rows(on: Joined) -> list[tuple[Any, ...]]:
    """The list as everybody can read it, in its order."""
    names = (COLUMN, NAME, DESCRIPTION, POSITION, ARCHIVED)
    found = (await ask(on, "GET", f"{SET}?$select={','.join(names)}&$orderby={POSITION}"))["value"]
    return [tuple(row[name] for name in names) for row in found]


async def test_the_list_follows_whatever_is_done_to_categories(on: Joined) -> None:
    """Made, renamed, described, moved, archived, restored: one errand each, and contacts go on syncing."""
    await on.live()
    row = next(one for one in await on.rep.rows() if one["emailaddress1"] and one["statecode"] == 0)
    (ann,) = await add(on.app, on.account_id, row["emailaddress1"], basis=LegalBasis.CONSENT)
    await on.app.sweep(on.account_id)
    news, events = await categories.all(on.app, on.me)
    offers = await categories.create(on.app, on.me, "Offers 🎉", "Now\r\nand then")
    await on.errand()
    assert [("asn_news", 0), ("asn_events", 1), ("asn_offers", 2)] == [(r[0], r[3]) for r in await rows(on)]
    await categories.change(on.app, on.me, news.bit, name="Glad tidings", description="Weekly")
    await categories.archive(on.app, on.me, events.bit)
    await categories.reorder(on.app, on.me, [offers.bit, news.bit, events.bit])
    await on.rep.save(row["contactid"], {"donotbulkemail": True})
    await on.app.sweep(on.account_id)
    assert LegalBasis.WITHDRAWN is (await on.person(ann)).contact.basis
    await on.errand()
    assert await rows(on) == [
        (offers.column.lower(), "Offers 🎉", "Now\r\nand then", 0, False),
        ("asn_news", "Glad tidings", "Weekly", 1, False),
        ("asn_events", "Events", None, 2, True),
    ]
    await categories.restore(on.app, on.me, events.bit)
    await on.errand()
    assert [False] * 3 == [row[-1] for row in await rows(on)]
    assert (State.LIVE, ()) == ((await on.view()).state, await check(on))


async def privileges(on: Joined, names: tuple[str, ...]) -> list[dict[str, str]]:
    """Privileges as AddPrivilegesRole takes them."""
    known = (await ask(on, "GET", "privileges?$select=privilegeid,name"))["value"]
    ids = {one["name"]: one["privilegeid"] for one in known}
    return [{"Depth": "Global", "PrivilegeId": ids[name]} for name in names]


async def least(on: Joined) -> str:
    """Give the application user the two documented roles instead of every right; the setup role's id."""
    _, run = await on.app.setting_up.prepared(on.account_id, on.connection_id, "")
    key = (await run.crms[on.connection_id].organisation()).user_id
    unit = (await ask(on, "GET", "WhoAmI"))["BusinessUnitId"]
    held = (await ask(on, "GET", f"systemusers({key})/{ROLES}?$select=roleid"))["value"]
    made = []
    for name, wanted in (("Run", RUN_TIME), ("Setup", SETUP)):
        body = {"name": name, "businessunitid@odata.bind": f"/businessunits({unit})"}
        await ask(on, "POST", "roles", body)
        (one,) = (await ask(on, "GET", f"roles?$filter=name eq '{name}'&$select=roleid"))["value"]
        given = {"Privileges": await privileges(on, wanted)}
        await ask(on, "POST", f"roles({one['roleid']})/{CRM}.AddPrivilegesRole", given)
        link = {"@odata.id": f"{on.emulator.url}/api/data/v9.2/roles({one['roleid']})"}
        await ask(on, "POST", f"systemusers({key})/{ROLES}/$ref", link)
        made.append(one["roleid"])
    for one in held:
        await ask(on, "DELETE", f"systemusers({key})/{ROLES}({one['roleid']})/$ref")
    return str(made[1])


async def test_the_documented_roles_are_enough_once_they_know_the_table(on: Joined) -> None:
    """Its privileges exist only with it: setup pauses there and names them; then all of it works."""
    role = await least(on)
    await on.begin()
    assert {"paused": "catalogue_privilege"} == await on.errand()
    pause = (await on.view()).pause
    assert pause is not None
    assert Step.CATALOGUE is pause.step
    assert all(name in pause.message for name in CATALOGUE)
    assert [] == await rows(on)
    await ask(
        on, "POST", f"roles({role})/{CRM}.AddPrivilegesRole", {"Privileges": await privileges(on, CATALOGUE)}
    )
    await on.decide(Choice.RETRY)
    await on.errand()
    assert (State.LIVE, ()) == ((await on.view()).state, await check(on))
    assert ["asn_news", "asn_events"] == [row[0] for row in await rows(on)]
    await removing.remove(on.app, on.me, on.connection_id)
    await on.errand()
    assert (State.NEW, ()) == ((await on.view()).state, (await on.view()).left)


async def test_a_connection_can_go_on_without_the_list(on: Joined) -> None:
    """The sync needs none of it; switched on again, it is made by the next errand."""
    role = await least(on)
    await on.begin()
    await on.errand()
    await on.decide(Choice.SKIP)
    await on.errand()
    view = await on.view()
    assert (State.LIVE, False) == (view.state, view.catalogue)
    assert "left out by choice" == next(s.words for s in view.steps if s.step is Step.CATALOGUE)
    assert any(form.ours for form in await on.forms())
    assert () == await check(on)
    await ask(
        on, "POST", f"roles({role})/{CRM}.AddPrivilegesRole", {"Privileges": await privileges(on, CATALOGUE)}
    )
    await connections.change(on.app, on.me, on.connection_id, Changed(catalogue=True))
    assert [(on.account_id, on.connection_id)] == await on.errands().owed()
    await on.errand()
    assert ["asn_news", "asn_events"] == [row[0] for row in await rows(on)]
    assert State.LIVE is (await on.view()).state


async def test_a_check_that_may_not_read_the_list_says_so(on: Joined) -> None:
    """Everything else is looked at all the same."""
    await on.live()
    await least(on)
    line = (await check(on))[-1]
    assert line.startswith("The list of categories cannot be looked at")
    assert "prvReadasn_SubscriptionCategory" in line


async def test_a_plan_shows_the_table_and_its_rows(on: Joined) -> None:
    """Before anything is written, as parts among the others."""
    await connections.set_up(on.app, on.me, on.connection_id)
    await on.errand()
    pause = (await on.view()).pause
    assert pause is not None
    parts = pause.evidence["components"]
    assert isinstance(parts, list)
    kinds = [(part["kind"], part["name"], part["action"]) for part in parts]
    at = kinds.index(("table", TABLE, "create"))
    assert ("solution", "assent_connector", "create") == kinds[at - 1]
    assert ("view", "of the categories", "create") == kinds[at + 1]
    assert [("category row", name, "create") for name in ("News", "Events")] == kinds[at + 2 : at + 4]
    assert "column" == kinds[at + 4][0]
