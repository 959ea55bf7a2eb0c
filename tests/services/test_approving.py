"""Nothing is written to an organisation before an admin approved the plan; every decision is on record."""

import csv
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assent.errors import Conflict, Invalid, NotAllowed, Unknown
from assent.policy.address import normalise
from assent.policy.permission import LegalBasis
from assent.ports.setup import Action
from assent.services import connections, planning
from assent.services.access import Role, caller, operator
from assent.services.connection_views import State
from assent.services.setup_pauses import Choice
from dataverse_emulator.state import layers
from tests.app.world import ADMIN, account, add
from tests.services.joined import Joined, joined
from tests.services.test_removing import everything
from tests.services.test_setting_up import without_details

pytestmark = pytest.mark.thorough


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Joined]:
    """A connection that is not set up, to an organisation with some people."""
    async with joined(tmp_path, contacts=40) as made:
        yield made


async def choices(on: Joined) -> list[tuple[str, str, object, object]]:
    """The decisions in the ledger: who, what, on which form and tab."""
    recorded = await on.app.store.ledger.entries(on.account_id, limit=500)
    found = [one.entry for one in recorded if one.entry.kind == "connection.decided"]
    return [(e.actor_kind, str(e.new["choice"]), e.old.get("reason"), e.new.get("tab")) for e in found]


async def people(on: Joined) -> list[str]:
    """The hub knows some of the organisation's people, one of whom refuses here alone."""
    rows = [(e, row) for row in await on.rep.rows() if (e := normalise(row["emailaddress1"]))]
    elsewhere = {email for email, row in rows if row["donotbulkemail"] or row["statecode"]}
    emails = sorted({email for email, _ in rows}, key=lambda email: (email in elsewhere, email))
    await add(on.app, on.account_id, *emails[:6], basis=LegalBasis.CONSENT)
    await add(on.app, on.account_id, emails[6], basis=LegalBasis.WITHDRAWN)
    return emails


async def test_nothing_is_written_until_an_admin_approves(on: Joined) -> None:
    """The plan is there to be read, support may not approve it; approved, it is done and on record."""
    await people(on)
    before = await everything(on)
    await connections.set_up(on.app, on.me, on.connection_id)
    assert {"paused": "approval"} == await on.errand()
    assert before == await everything(on)
    assert State.WAITS is (await on.view()).state
    support = caller(on.account_id, ADMIN, Role.SUPPORT)
    with pytest.raises(NotAllowed):
        await on.decide(Choice.APPROVE, by=support)
    await on.decide(Choice.APPROVE)
    await on.errand()
    assert State.LIVE is (await on.view()).state
    assert [("system", "approve", "approval", None)] == await choices(on)


async def test_the_plan_names_every_part_and_what_the_first_sync_does(on: Joined) -> None:
    """What it foresees is what happens: parts made, refusals written, blanks filled, contacts linked."""
    emails = await people(on)
    plan = await planning.plan(on.app, on.me, on.connection_id)
    parts = [(part["kind"], part["action"]) for part in plan["components"]]  # type: ignore[attr-defined]
    create = Action.CREATE.value
    assert {("publisher", create), ("solution", create), ("webhook", create)} < set(parts)
    assert (2, 4) == (parts.count(("column", create)), parts.count(("webhook step", create)))
    assert "asn_subscriptions" in str(plan["forms"])
    sync = plan["first_sync"]
    assert isinstance(sync, dict)
    assert (40, 40) == (sync["rows"], sum(sync["outcomes"].values()))
    before = {row["contactid"]: row["donotbulkemail"] for row in await on.rep.rows()}
    await on.live()
    after = {row["contactid"]: row["donotbulkemail"] for row in await on.rep.rows()}
    assert sync["refusals_written"] == sum(after[key] is not before[key] for key in before)
    assert sync["contacts_linked"] == 7
    mine = set(emails[:7])
    filled = [r for r in await on.rep.rows() if r["statecode"] == 0 and normalise(r["emailaddress1"]) in mine]
    assert sync["blanks_filled"] == len(filled)
    again = await planning.plan(on.app, on.me, on.connection_id)
    parts = [(part["kind"], part["action"]) for part in again["components"]]  # type: ignore[attr-defined]
    kept = {action for kind, action in parts if kind != "webhook"}  # set up under another address
    assert ({"keep"}, []) == (kept, [c for form in again["forms"] for c in form["changes"]])  # type: ignore[attr-defined]


async def test_the_list_says_row_by_row_what_happens(on: Joined) -> None:
    """A CSV with a line for each row; only who may export contacts gets it."""
    emails = await people(on)
    lines = b"".join([c async for c in planning.people(on.app, on.me, on.connection_id)]).decode("utf-8-sig")
    head, *rows = lines.splitlines()
    assert head.startswith("Row in Dynamics,Email,Contact,Outcome")
    assert 40 == len(rows)
    # As people spell it: the hub knows the address by its normal form.
    told = [(normalise(email), outcome) for _, email, _, outcome, *_ in csv.reader(rows)]
    assert any(email == emails[6] and "refus" in outcome for email, outcome in told)
    with pytest.raises(NotAllowed):
        await anext(planning.people(on.app, caller(on.account_id, ADMIN, Role.READER), on.connection_id))
    with pytest.raises(Unknown):
        await anext(planning.people(on.app, operator(await account(on.app, "Other")), on.connection_id))


async def test_another_category_is_another_plan(on: Joined) -> None:
    """What was approved is what is made: a category that came since is shown first."""
    await connections.set_up(on.app, on.me, on.connection_id)
    await on.errand()
    await on.app.store.accounts.add_category(on.account_id, "Offers", schema_name="asn_Offers")
    await on.decide(Choice.APPROVE)
    before = await everything(on)
    assert {"paused": "approval"} == await on.errand()
    assert before == await everything(on)


async def test_a_choice_of_form_and_tab_is_on_record(on: Joined) -> None:
    """Who chose, for what reason, which tab; a tab the form does not have is refused."""
    await without_details(on)
    await on.begin()
    await on.errand()
    with pytest.raises(Invalid):
        await on.decide(Choice.TAB, tab="no such tab")
    with pytest.raises(Invalid):
        await on.decide(Choice.TAB, form="77777777-0000-4000-8000-000000000000", tab="tab_mine")
    with pytest.raises(Conflict):
        await on.decide(Choice.ADOPT)
    await on.decide(Choice.TAB, tab="tab_mine", by=caller(on.account_id, ADMIN, Role.SUPPORT))
    await on.errand()
    assert ("user", "tab", "tab_not_found", "tab_mine") == (await choices(on))[-1]


async def test_a_tab_of_its_own_can_be_chosen(on: Joined) -> None:
    """It comes last on the form."""
    await without_details(on)
    await on.begin()
    await on.errand()
    await on.decide(Choice.NEW_TAB)
    await on.errand()
    assert State.LIVE is (await on.view()).state
    (form,) = [form for form in await on.forms() if form.ours]
    assert "asn_subscriptions_tab" == form.tabs[-1].name


async def test_of_several_main_forms_a_person_picks_one(on: Joined) -> None:
    """Every form with its tabs is in the evidence; once chosen, a repair goes on with it."""
    second = "aaaaaaaa-0000-4000-8000-000000000001"
    (first,) = await on.forms()
    organisation = on.emulator.organization
    xml = first.xml.replace("<section ", "<section ", 1)
    layers.put_form(organisation, second, "Sales contact", xml)
    await on.begin()
    assert {"paused": "several_forms"} == await on.errand()
    pause = (await on.view()).pause
    assert pause is not None
    listed = pause.evidence["forms"]
    assert isinstance(listed, list)
    assert {second, str(first.form_id)} == {form["form_id"] for form in listed}
    await on.decide(Choice.TAB, form=second, tab="DETAILS_TAB")
    await on.errand()
    assert {"Sales contact": True, "Contact": False} == {form.name: form.ours for form in await on.forms()}
    await connections.set_up(on.app, on.me, on.connection_id)
    await on.errand()
    assert State.LIVE is (await on.view()).state


async def test_somebody_elses_column_is_used_only_when_a_person_says_so(on: Joined) -> None:
    """A Yes/No column of our name that is not of our solution pauses; adopted, its answers count."""
    (news, _) = await on.app.store.accounts.categories(on.account_id)
    await on.column_of_theirs(news.schema_name)
    await on.begin()
    assert {"paused": "column_foreign"} == await on.errand()
    await on.decide(Choice.ADOPT)
    await on.errand()
    assert State.LIVE is (await on.view()).state
    assert ("system", "adopt", "column_foreign", None) == (await choices(on))[-1]
