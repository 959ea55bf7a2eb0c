"""Setup as an errand: it goes on by itself, and waits for people in words they can act on."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assent.crm.forms import Edited, remove_section
from assent.engine.setup_terms import Step
from assent.errors import Conflict, Invalid, NotAllowed, Unknown, Unreachable
from assent.services import connections
from assent.services.access import Role, caller, operator
from assent.services.connection_views import State
from assent.services.deciding import Decision, decide
from assent.services.setup_pauses import Choice
from assent.services.setup_words import StepState
from tests.app.world import ADMIN, SECRET, account
from tests.services.joined import Joined, joined

pytestmark = pytest.mark.thorough


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Joined]:
    """A connection that is not set up."""
    async with joined(tmp_path, contacts=5) as made:
        yield made


DETAILS_GUID = "fe1c5c3b-d556-4552-a444-4781214a6d63"
OTHER_GUID = "00000001-0000-4000-8000-000000000001"


async def without_details(on: Joined) -> None:
    """Somebody renamed the Details tab beyond recognition."""
    for form in [form for form in await on.forms() if form.customisable]:
        renamed = form.xml.replace("DETAILS_TAB", "tab_mine").replace(DETAILS_GUID, OTHER_GUID)
        labels = r'(<tab [^>]*name="tab_mine".*?<labels>).*?(</labels>)'  # in every language
        mine = r'\1<label description="Mine" languagecode="1033" />\2'
        await on.save(form, re.sub(labels, mine, renamed, count=1, flags=re.DOTALL))


async def test_setup_is_asked_for_and_done_by_an_errand(on: Joined) -> None:
    """New, then setting up, then live, with every step done and told in words."""
    assert State.NEW is (await on.view()).state
    asked = await connections.set_up(on.app, on.me, on.connection_id)
    assert State.SETTING_UP is asked.state
    assert f"setup-{on.account_id}-{on.connection_id}-1" in on.office.woken
    assert [(on.account_id, on.connection_id)] == await on.errands().owed()
    assert {"paused": "approval"} == await on.errand()
    await on.decide(Choice.APPROVE)
    await on.errand()
    view = await on.view()
    assert (State.LIVE, True) == (view.state, view.live)
    assert [StepState.DONE] * len(Step) == [step.state for step in view.steps]
    assert all(step.title and step.explains and step.words for step in view.steps)
    assert [] == await on.errands().owed()


async def test_a_renamed_form_pauses_setup_with_evidence_and_choices(on: Joined) -> None:
    """What it means, what to do, which tabs there are; nothing more is owed until somebody decides."""
    await without_details(on)
    await on.begin()
    assert {"paused": "tab_not_found"} == await on.errand()
    view = await on.view()
    assert State.WAITS is view.state
    pause = view.pause
    assert pause is not None
    assert (Step.FORM, "tab_not_found") == (pause.step, pause.reason)
    assert pause.meaning
    assert pause.to_do
    assert {Choice.TAB, Choice.NEW_TAB, Choice.SKIP, Choice.RETRY} == {
        option.choice for option in pause.options
    }
    assert "tab_mine" in str(pause.evidence)
    assert [] == await on.errands().owed()


async def test_a_person_picks_the_tab_and_setup_goes_on(on: Joined) -> None:
    """The section goes where they said."""
    await without_details(on)
    await on.begin()
    await on.errand()
    await on.decide(Choice.TAB, tab="tab_mine")
    assert State.SETTING_UP is (await on.view()).state
    await on.errand()
    assert State.LIVE is (await on.view()).state
    assert any("asn_subscriptions" in form.xml for form in await on.forms())


async def test_a_person_goes_on_without_toggles_on_the_form(on: Joined) -> None:
    """The form stays as it is, and the step says that it was left out by choice."""
    await without_details(on)
    await on.begin()
    await on.errand()
    await on.decide(Choice.SKIP)
    await on.errand()
    view = await on.view()
    assert State.LIVE is view.state
    assert "left out by choice" == next(s.words for s in view.steps if s.step is Step.FORM)
    assert not any("asn_subscriptions" in form.xml for form in await on.forms())


async def test_only_what_is_waited_for_can_be_decided(on: Joined) -> None:
    """A decision nobody asked for, or without its tab, is refused in words."""
    with pytest.raises(Conflict):
        await on.decide(Choice.SKIP)
    await without_details(on)
    await on.begin()
    await on.errand()
    with pytest.raises(Invalid):
        await on.decide(Choice.TAB)


async def test_an_organisation_that_does_not_answer_is_tried_again_by_itself(on: Joined) -> None:
    """The step says so; the errand is owed until it went through (P6)."""
    await on.begin()
    await on.control("faults", next=50, status=503)
    with pytest.raises(Unreachable):
        await on.errand()
    (_, step, *_) = (await on.view()).steps
    assert (StepState.RUNNING, "will be tried again by itself") == (step.state, step.words)
    assert step.message
    assert [(on.account_id, on.connection_id)] == await on.errands().owed()
    await on.control("faults", next=0)
    await on.errand()
    assert State.LIVE is (await on.view()).state


async def test_what_only_a_person_can_correct_stops_setup_in_words(on: Joined) -> None:
    """A server nobody can reach is not set up; corrected, it goes on from there."""
    await on.begin()
    on.app.settings.allow_other_hosts = False
    assert {"failed": "Invalid"} == await on.errand()
    view = await on.view()
    assert State.WAITS is view.state
    assert view.pause is not None
    assert "ASSENT_PUBLIC_URL" in view.pause.message
    on.app.settings.allow_other_hosts = True
    await on.decide(Choice.RETRY)
    await on.errand()
    assert State.LIVE is (await on.view()).state


async def test_two_setups_of_one_connection_do_not_meet(on: Joined) -> None:
    """A command and a worker at once: one waits for the other, and the webhook key fits."""
    await on.begin()
    await asyncio.gather(on.errand(), on.live(), on.errand())
    assert State.LIVE is (await on.view()).state
    organization = on.emulator.organization
    assert 1 == len(organization.table("serviceendpoint"))
    assert 4 == len(organization.table("sdkmessageprocessingstep"))


async def test_setting_up_a_live_connection_repairs_it(on: Joined) -> None:
    """Every step is done once more; whoever took the section off the form finds it again."""
    await on.live()
    for form in await on.forms():
        taken_off = remove_section(form.xml)
        if isinstance(taken_off, Edited):
            await on.save(form, taken_off.xml)
    await connections.set_up(on.app, on.me, on.connection_id)
    assert State.SETTING_UP is (await on.view()).state
    await on.errand()
    assert State.LIVE is (await on.view()).state
    assert any("asn_subscriptions" in form.xml for form in await on.forms())


async def test_a_renamed_category_is_renamed_in_dynamics(on: Joined) -> None:
    """Whoever asks for the setup of a live connection has changed a category."""
    await on.live()
    (news, _) = await on.app.store.accounts.categories(on.account_id)
    await on.app.store.accounts.rename_category(on.account_id, news.bit, "Glad tidings", "")
    await on.errand()
    assert any("Glad tidings" in form.xml for form in await on.forms())
    assert State.LIVE is (await on.view()).state


@pytest.mark.parametrize("role", [Role.MARKETER, Role.PRIVACY, Role.READER])
async def test_others_may_look_but_not_decide(on: Joined, role: Role) -> None:
    """Everybody sees how far setup is; support and admins go on with it, admins begin it."""
    other = caller(on.account_id, ADMIN, role)
    assert len(Step) == len(await connections.setup_steps(on.app, other, on.connection_id))
    with pytest.raises(NotAllowed):
        await connections.set_up(on.app, other, on.connection_id)
    with pytest.raises(NotAllowed):
        await on.decide(Choice.RETRY, by=other)


async def test_support_goes_on_with_a_setup_but_does_not_begin_one(on: Joined) -> None:
    """The first write to an organisation is an admin's decision."""
    support = caller(on.account_id, ADMIN, Role.SUPPORT)
    with pytest.raises(NotAllowed):
        await connections.set_up(on.app, support, on.connection_id)
    await without_details(on)
    await on.begin()
    await on.errand()
    await on.decide(Choice.SKIP, by=support)


async def test_another_accounts_connection_does_not_exist(on: Joined) -> None:
    """It cannot be seen, set up, decided for, paused, resumed or changed."""
    stranger, number = operator(await account(on.app, "Other Ltd")), on.connection_id
    for call in (
        connections.read(on.app, stranger, number),
        connections.setup_steps(on.app, stranger, number),
        connections.set_up(on.app, stranger, number),
        decide(on.app, stranger, number, Decision(Choice.RETRY)),
        connections.pause(on.app, stranger, number),
        connections.resume(on.app, stranger, number),
        connections.change(on.app, stranger, number, connections.Changed(create_in_crm=False)),
        connections.sweeps(on.app, stranger, number),
    ):
        with pytest.raises(Unknown):
            await call
    assert () == await connections.all(on.app, stranger)


async def test_no_secret_is_part_of_what_people_see(on: Joined) -> None:
    """Neither the client secret nor the webhook key can be had from any view."""
    await on.live()
    shown = repr(await connections.all(on.app, on.me))
    assert SECRET not in shown
    assert "webhook_hash" not in shown
