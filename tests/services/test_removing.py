"""Removal takes away what setup made, and that alone; refusals stay, and it can be set up anew."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from assent.crm.removing import DataverseRemoval
from assent.engine.remove import remove as take_away
from assent.errors import Conflict, NotAllowed, Unknown
from assent.policy.permission import LegalBasis
from assent.ports.setup import Action
from assent.services import removing
from assent.services.access import Role, caller, operator
from assent.services.connection_views import State
from assent.services.setup_pauses import Choice
from tests.app.world import ADMIN, account, add
from tests.engine.trouble import Crash, Tripwire, wired
from tests.services.joined import Joined, joined

pytestmark = pytest.mark.thorough

TABLES = {
    "publishers": "uniquename",
    "solutions": "uniquename",
    "serviceendpoints": "name",
    "sdkmessageprocessingsteps": "name",
    "sdkmessageprocessingstepimages": "name",
    "systemforms": "name,formxml",
    "savedqueries": "name,layoutxml",
    "EntityDefinitions(LogicalName='contact')/Attributes": "LogicalName",
    "EntityDefinitions": "LogicalName",
    "solutioncomponents": "componenttype,objectid",
    "contacts": "contactid,emailaddress1,donotbulkemail",
}


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Joined]:
    """A connection that is not set up, to an organisation with some people."""
    async with joined(tmp_path, contacts=6) as made:
        yield made


async def ask(on: Joined, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """What a customiser does or sees through the Web API."""
    url = f"{on.emulator.url}/api/data/v9.2/{path}"
    headers = {"Authorization": "Bearer maker-max"}
    async with on.session.request(method, url, json=body, headers=headers) as answer:
        assert answer.status < 300, await answer.text()
        return await answer.json(content_type=None) if answer.status != 204 else None


async def everything(on: Joined) -> dict[str, list[str]]:
    """The parts of the organisation, as anybody can read them."""
    found = {}
    for table, names in TABLES.items():
        rows = (await ask(on, "GET", f"{table}?$select={names}"))["value"]
        found[table] = sorted(str([row.get(name) for name in names.split(",")]) for row in rows)
    return found


async def removed(on: Joined) -> None:
    """Ask for the removal, and let the errand do it."""
    await removing.remove(on.app, on.me, on.connection_id)
    await on.errand()


async def test_removal_leaves_the_organisation_as_it_was(on: Joined) -> None:
    """Publisher to form, byte for byte; the hub keeps every refusal, and setup can begin anew."""
    before = await everything(on)
    (ann, _) = [row for row in await on.rep.rows() if row["emailaddress1"]][:2]
    await on.rep.save(ann["contactid"], {"donotbulkemail": True})
    before["contacts"] = (await everything(on))["contacts"]
    (contact,) = await add(on.app, on.account_id, ann["emailaddress1"], basis=LegalBasis.CONSENT)
    await on.live()
    assert before != await everything(on)
    await removed(on)
    assert before == await everything(on)
    view = await on.view()
    assert (State.NEW, ()) == (view.state, view.left)
    assert LegalBasis.WITHDRAWN is (await on.person(contact)).contact.basis
    await on.live()
    assert State.LIVE is (await on.view()).state


async def test_the_plan_names_every_part_and_the_export_every_answer(on: Joined) -> None:
    """Nothing is written by looking; a category archived since is part of both."""
    await on.live()
    (ann, *_) = await on.rep.rows()
    await on.rep.save(ann["contactid"], {"asn_events": False})
    (_, events) = await on.app.store.accounts.categories(on.account_id)
    await on.app.store.accounts.set_category_active(on.account_id, events.bit, active=False)
    before = await everything(on)
    parts = await removing.plan(on.app, on.me, on.connection_id)
    assert before == await everything(on)
    names = {part.name for part in parts if part.action is Action.REMOVE}
    assert {"asn_news", "asn_events", "Assent", "assent", "assent_connector"} < names
    assert "asn_subscriptioncategory" in names
    assert 4 == sum(part.kind == "webhook step" for part in parts)
    chunks = [chunk async for chunk in removing.export(on.app, on.me, on.connection_id)]
    head, *lines = b"".join(chunks).decode("utf-8-sig").splitlines()
    assert "Row in Dynamics,Email,Bulk Email,News,Events" == head
    (line,) = [line for line in lines if ann["contactid"] in line]
    assert line.endswith(",No")
    assert 6 == len(lines)


async def test_what_must_stay_is_named_with_the_reason(on: Joined) -> None:
    """Somebody's view refers to a column, somebody's solution uses the publisher; mended, the rest goes."""
    await on.live()
    view = {
        "name": "Readers",
        "returnedtypecode": "contact",
        "querytype": 0,
        "fetchxml": FETCH,
        "layoutxml": GRID,
    }
    await ask(on, "POST", "savedqueries", view)
    await removed(on)
    (left,) = (await on.view()).left
    assert "asn_news stays" in left
    assert "refers to it" in left
    assert State.NEW is (await on.view()).state
    found = (await ask(on, "GET", "savedqueries?$select=savedqueryid&$filter=name eq 'Readers'"))["value"]
    await ask(on, "DELETE", f"savedqueries({found[0]['savedqueryid']})")
    await on.live()
    await removed(on)
    assert () == (await on.view()).left


async def test_a_column_that_was_adopted_stays(on: Joined) -> None:
    """It was there before Assent, and so was what is in it."""
    await on.column_of_theirs("asn_News")
    await on.begin()
    await on.errand()
    await on.decide(Choice.ADOPT)
    await on.errand()
    kept = {
        p.name: p.after
        for p in await removing.plan(on.app, on.me, on.connection_id)
        if p.action is Action.KEEP
    }
    assert {"asn_news": "Assent did not make it"} == kept
    await removed(on)
    columns = (await everything(on))["EntityDefinitions(LogicalName='contact')/Attributes"]
    assert ("['asn_news']" in columns, "['asn_events']" in columns) == (True, False)


async def test_a_removal_ended_anywhere_goes_on(on: Joined) -> None:
    """Before and behind every part of it; what is gone already is no error (P6)."""
    before = await everything(on)
    await on.live()
    await removing.remove(on.app, on.me, on.connection_id)
    client = await on.app.organisations.client(on.account_id, on.connection_id)
    for number in range(1, 13):
        with pytest.raises(Crash):
            await take_away(wired(DataverseRemoval(client, language=1033), Tripwire(number)))
    assert [(on.account_id, on.connection_id)] == await on.errands().owed()
    await on.errand()
    assert before == await everything(on)


async def test_only_admins_remove_and_strangers_see_nothing(on: Joined) -> None:
    """Nor is anything removed that was never set up, or twice at once."""
    with pytest.raises(Conflict):
        await removing.remove(on.app, on.me, on.connection_id)
    support = caller(on.account_id, ADMIN, Role.SUPPORT)
    with pytest.raises(NotAllowed):
        await removing.plan(on.app, support, on.connection_id)
    with pytest.raises(NotAllowed):
        await removing.remove(on.app, support, on.connection_id)
    stranger = operator(await account(on.app, "Other"))
    for call in (removing.plan, removing.remove):
        with pytest.raises(Unknown):
            await call(on.app, stranger, on.connection_id)
    with pytest.raises(Unknown):
        await anext(removing.export(on.app, stranger, on.connection_id))


FETCH = (
    '<fetch version="1.0" output-format="xml-platform" mapping="logical"><entity name="contact">'
    '<attribute name="asn_news"/><attribute name="contactid"/></entity></fetch>'
)
GRID = (
    '<grid name="resultset" object="2" jump="fullname" select="1" icon="1" preview="1">'
    '<row name="result" id="contactid"><cell name="asn_news" width="100"/></row></grid>'
)
