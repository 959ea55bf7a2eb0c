"""Setup heals itself: ended anywhere it resumes, done twice it changes nothing (section 5, 2)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from assent.crm.columns import Columns
from assent.crm.contacts import DataverseContacts
from assent.crm.requests.catalogue import COLUMN, NAME, TABLE
from assent.crm.setup import DataverseSetup
from assent.engine.claiming import LEASE
from assent.engine.run import Run
from assent.engine.setup import LOCK_PAUSES_S, set_up
from assent.engine.setup_terms import Progress, Setup, Step, Webhook
from assent.errors import Locked, Paused, PrivilegeMissing, Unreachable, WrongOrganisation
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES
from assent.ports.setup import CrmSetup
from assent.services.setting_up import place

from .stage import Saved, StagedWorld, world
from .trouble import Crash, Tripwire, before, failing, wire_up, wired
from .world import EVENTS, NEWS

pytestmark = pytest.mark.thorough

CONSENT, WITHDRAWN = LegalBasis.CONSENT, LegalBasis.WITHDRAWN
TABLES = ("publisher", "solution", "serviceendpoint", "sdkmessageprocessingstep", "savedquery")


async def people(w: StagedWorld) -> Saved:
    """Both systems know some people, a few of them the same."""
    await w.pair("yes@x.example", LegalBasis.CONTRACT)
    await w.pair("no@x.example", WITHDRAWN)
    await w.pair("refused@x.example", donotbulkemail=True)
    await w.add("hub@x.example")
    w.rep.create("crm@x.example")
    return Saved(w)


def schema_of(w: StagedWorld) -> DataverseSetup:
    """The parts of the first organisation that setup makes."""
    return DataverseSetup(w.office.client, w.clock, language=1033)


async def outcome(w: StagedWorld) -> tuple[Any, ...]:
    """What setup leaves behind: people, forms, parts of the organisation, and whether it is live."""
    organization = w.office.organization
    forms = sorted((form.name, form.xml) for form in await schema_of(w).main_forms())
    live = [c.connection_id for c in await w.store.memory.connections(w.account_id)]
    parts = [len(organization.table(name)) for name in TABLES]
    listed = sorted((row[NAME], row[COLUMN]) for row in organization.table(TABLE).rows())
    return (*await w.picture(), forms, parts, listed, live)


async def test_setup_brings_the_connection_live() -> None:
    """Columns, section, webhooks, people: everything is there, and every step is told (tier 1)."""
    async with world() as w:
        await people(w)
        told: list[tuple[Step, str]] = []
        await w.set_up(stop=lambda step, state: told.append((step, state)))
        assert told == [(step, state) for step in Step for state in ("running", "done")]
        xml = [form.xml.lower() for form in await schema_of(w).main_forms()]
        assert any("asn_news" in text and "asn_events" in text for text in xml)
        listed = {row[COLUMN]: row[NAME] for row in w.office.organization.table(TABLE).rows()}
        assert {"asn_news": "Newsletters", "asn_events": "Events"} == listed
        assert [1] == [c.connection_id for c in await w.store.memory.connections(w.account_id)]


async def test_setup_twice_changes_nothing() -> None:
    """Neither with the journal nor when every step is done again from the beginning (section 5, 2)."""
    async with world() as w:
        await people(w)
        await w.set_up()
        before_ = (await outcome(w), await w.still())
        await w.set_up()
        assert before_ == (await outcome(w), await w.still())
        await w.store.accounts.forget_steps(w.account_id, w.office.connection_id)
        await w.set_up()
        assert before_[0] == await outcome(w)
        await w.ledger_holds()


@pytest.mark.parametrize("state", ["running", "done"])
async def test_setup_ended_at_any_step_goes_on(state: str) -> None:
    """Killed as a step begins or right after it ended, setup resumes to the same end (section 5, 2)."""
    async with world() as w:
        saved = await people(w)
        await w.set_up()
        expected = await outcome(w)
        for step in Step:
            await saved.restore()
            with pytest.raises(Crash):
                await w.set_up(stop=at(step, state, die))
            await w.set_up()
            assert expected == await outcome(w), (step, state)


async def test_setup_ended_at_any_call_to_the_organisation_goes_on() -> None:
    """Killed before or behind any change of the schema, setup resumes to the same end (section 5, 2)."""
    async with world() as w:
        saved = await people(w)
        counting = Tripwire(0)
        await w.set_up(schema=wired_schema(w, counting))
        expected = await outcome(w)
        for number, name in enumerate(counting.names, 1):
            await saved.restore()
            with pytest.raises(Crash):
                await w.set_up(schema=wired_schema(w, Tripwire(number)))
            await w.set_up()
            assert expected == await outcome(w), (number, name)


async def test_setup_ended_at_any_call_of_its_first_sync_goes_on() -> None:
    """The same for every fifth place of the reading, merging and filling (M5, P6)."""
    async with world() as w:
        saved = await people(w)
        counting = Tripwire(0)
        wire_up(w, counting)
        await w.set_up()
        expected = await outcome(w)
        for number in range(1, len(counting.names), 5):
            await saved.restore()
            wire_up(w, Tripwire(number))
            with pytest.raises(Crash):
                await w.set_up()
            w.memory, w.office.crm = w.store.memory, w.office.real
            w.clock.pass_by(seconds=LEASE.total_seconds() + 1)
            await w.set_up()
            assert expected == await outcome(w), counting.names[number - 1]
            await w.ledger_holds()


def wired_schema(w: StagedWorld, wire: Tripwire) -> CrmSetup:
    """The organisation's parts with a tripwire."""
    schema: CrmSetup = schema_of(w)
    return wired(schema, wire)


def at(wanted: Step, wanted_state: str, act: Callable[[], object]) -> Progress:
    """Something happens at one step."""

    def told(step: Step, state: str) -> None:
        if (step, state) == (wanted, wanted_state):
            act()

    return told


def die() -> object:
    """The process ends."""
    raise Crash


@pytest.mark.parametrize("step", list(Step))
async def test_what_people_do_while_setup_runs_is_not_lost(step: Step) -> None:
    """A rep and a contact who act as a step begins are heard when setup ends (section 5, 2; P2)."""
    async with world() as w:
        in_crm, crm_row = await w.pair("crm@x.example")
        in_hub, hub_row = await w.pair("hub@x.example")
        gone, gone_row = await w.pair("gone@x.example")
        born: list[object] = []

        def act() -> None:
            w.rep.refuse(crm_row)
            w.rep.delete(gone_row)
            born.append(w.rep.create("late@x.example"))

        await w.set_up(stop=at(step, "running", act))
        await w.act(in_hub, basis=WITHDRAWN)
        await w.sweep()
        assert WITHDRAWN is await w.basis(in_crm)
        assert w.office.says(hub_row)[0] is True
        assert () == (await w.person(gone)).links
        assert 1 == len(born)


async def test_a_hub_refusal_while_rows_are_read_wins() -> None:
    """The contact refuses between the reading and the merging of the first sync (M4, M5)."""
    async with world() as w:
        contact, row = await w.pair("ann@x.example")
        w.memory = before(w.store.memory, link=lambda: w.act(contact, basis=WITHDRAWN))
        await w.set_up()
        assert (WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_a_form_nobody_may_customise_pauses_with_evidence() -> None:
    """Setup stops before anything is written to forms, says why, and goes on when it may (section 5, 2)."""
    async with world() as w:
        saved = await people(w)
        schema = before(schema_of(w), main_forms=failing(Paused("no_customisable_form", "why", evidence={})))
        with pytest.raises(Paused):
            await w.set_up(schema=schema)
        steps = await w.store.accounts.steps(w.account_id, w.office.connection_id)
        paused = [s for s in steps if s.state == "paused"]
        assert [("form", "no_customisable_form")] == [(s.step, s.detail["reason"]) for s in paused]
        assert [] == await w.store.memory.connections(w.account_id)
        await w.set_up()
        resumed = await outcome(w)
        await saved.restore()
        await w.set_up()
        assert resumed == await outcome(w)


async def test_an_organisation_exchanged_between_setups_is_refused() -> None:
    """The id the connection remembers is not the one that answers: nothing is written (M7)."""
    from .test_restores import become_a_copy

    async with world() as w:
        await people(w)
        with pytest.raises(Crash):
            await w.set_up(stop=at(Step.READ, "running", die))
        await become_a_copy(w)
        await w.store.accounts.forget_steps(w.account_id, w.office.connection_id)
        still = await w.still()
        with pytest.raises(WrongOrganisation):
            await w.set_up()
        assert still == await w.still()


async def test_a_crm_that_is_gone_ends_setup_and_leaves_it_resumable() -> None:
    """Not answering is no reason to begin anew (P6)."""
    async with world() as w:
        await people(w)
        w.office.crm = before(w.office.crm, write=failing(Unreachable("gone")))
        await w.set_up()
        await w.sweep()
        assert {(True,), (False,)} == {row[1:2] for row in w.office.picture()}
        await w.ledger_holds()


async def test_a_new_category_reaches_rows_and_contacts_as_yes() -> None:
    """A category added later is set up again: everybody starts at Yes, nobody's No is touched (S1)."""
    async with world() as w:
        contact, row = await w.pair("ann@x.example")
        await w.store.accounts.set_category_active(w.account_id, EVENTS.bit, active=False)
        w.office.crm = DataverseContacts(w.office.client, Columns((NEWS,)), connection_id=1)
        await w.set_up()
        w.rep.save(row, asn_news=False)
        await w.sweep()
        await w.store.accounts.set_category_active(w.account_id, EVENTS.bit, active=True)
        await w.sweep()
        w.office.crm = w.office.real
        await w.set_up()
        assert (False, False, True) == w.office.says(row)
        assert CATEGORIES & ~NEWS.bit == (await w.contact(contact)).value


async def test_a_setup_role_that_was_taken_away_stops_the_new_category_alone() -> None:
    """A privilege is missing when a category comes: setup waits and says which, contacts go on syncing."""
    async with world() as w:
        contact, row = await w.pair("ann@x.example")
        await w.store.accounts.set_category_active(w.account_id, EVENTS.bit, active=False)
        w.office.crm = DataverseContacts(w.office.client, Columns((NEWS,)), connection_id=1)
        await w.set_up()
        await w.store.accounts.set_category_active(w.account_id, EVENTS.bit, active=True)
        missing = PrivilegeMissing("lacks prvCreateAttribute", privilege="prvCreateAttribute")
        with pytest.raises(Paused) as caught:
            await w.set_up(schema=before(schema_of(w), ensure_column=failing(missing)))
        evidence = {"privilege": "prvCreateAttribute"}
        assert ("privilege_missing", evidence) == (caught.value.reason, caught.value.evidence)
        w.rep.save(row, donotbulkemail=True)
        await w.sweep()
        assert WITHDRAWN is (await w.contact(contact)).basis
        w.office.crm = w.office.real
        await w.set_up()
        assert (True, True, True) == w.office.says(row)


async def test_another_customisation_is_waited_out() -> None:
    """While an import or a publish of somebody runs there, setup waits and then goes on (7.7)."""
    async with world() as w:
        await people(w)
        began = w.clock.now()
        await w.set_up(schema=before(schema_of(w), publish=failing(Locked("an import runs"))))
        assert (w.clock.now() - began).total_seconds() >= LOCK_PAUSES_S[0]
        assert [1] == [c.connection_id for c in await w.store.memory.connections(w.account_id)]


async def test_missing_privileges_are_named_before_anything_is_written() -> None:
    """All of them at once, so that a role is mended in one go; nothing is approved before that."""

    async def lacking(setup: Setup, run: Run) -> dict[str, Any]:
        return {"missing_privileges": ["prvCreateAttribute", "prvWriteSystemForm"]}

    async with world() as w:
        await people(w)
        still = await w.still()
        run = await w.run()
        mine = (await w.store.accounts.connections(w.account_id))[0]
        run = replace(run, connections={1: mine}, crms={1: w.office.crm})
        journal = w.store.setup_journal(w.account_id)
        setup = Setup(1, schema_of(w), journal, place, nowhere, lacking)
        with pytest.raises(Paused) as caught:
            await set_up(setup, run, progress=lambda step, state: None)
        assert "privilege_missing" == caught.value.reason
        assert {"privileges": ["prvCreateAttribute", "prvWriteSystemForm"]} == caught.value.evidence
        assert still == await w.still()


async def test_a_form_dynamics_refuses_comes_with_every_edit_and_every_other_place() -> None:
    """What was to be written, and the forms and tabs to choose from instead."""
    async with world() as w:
        await people(w)
        refused = Paused("form_refused", "no", evidence={"answer": "schema"})
        with pytest.raises(Paused) as caught:
            await w.set_up(schema=before(schema_of(w), save_form=failing(refused)))
        evidence = caught.value.evidence
        assert ("form_refused", "schema", "Contact") == (
            caught.value.reason,
            evidence["answer"],
            evidence["form"],
        )
        assert "asn_subscriptions" in str(evidence["changes"])
        assert "DETAILS_TAB" in str(evidence["forms"])


async def nowhere() -> Webhook:
    """No webhook is made here."""
    raise AssertionError
