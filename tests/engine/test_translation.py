"""The toggle and the legal basis through the whole engine (rules T1-T7)."""

from uuid import UUID

import pytest

from assent.policy.permission import LegalBasis, OnAllow
from assent.policy.sides import CATEGORIES
from assent.store.connection_rows import Settings
from dataverse_emulator.state import column_definitions

from .stage import joined, world
from .world import ANN, EVENTS, NEWS, USER, World

POSITIVE = [basis for basis in LegalBasis if basis.positive]
LEGITIMATE = LegalBasis.LEGITIMATE_INTEREST


async def test_a_rep_who_refuses_withdraws_the_contact() -> None:
    """Do not allow means Withdrawn (T2), and the row is not written to."""
    async with joined() as (w, contact, row):
        w.rep.refuse(row)
        version = w.office.versions()
        await w.sweep()
        assert LegalBasis.WITHDRAWN is await w.basis(contact)
        assert version == w.office.versions()


async def test_a_rep_who_allows_gives_consent() -> None:
    """A real change from Do not allow to Allow becomes Consent (T3)."""
    async with joined(LegalBasis.WITHDRAWN) as (w, contact, row):
        assert w.office.says(row)[0] is True
        w.rep.allow(row)
        await w.sweep()
        assert (LegalBasis.CONSENT, False) == (await w.basis(contact), w.office.says(row)[0])


@pytest.mark.parametrize("basis", POSITIVE)
async def test_every_positive_basis_is_shown_as_allow_and_survives(basis: LegalBasis) -> None:
    """Any positive basis projects to Allow, and the echo of our write is no act (T1, T4)."""
    async with joined(LegalBasis.WITHDRAWN) as (w, contact, row):
        await w.act(contact, basis=basis)
        await w.drain()
        assert w.office.says(row)[0] is False
        await w.deliver()
        await w.sweep()
        assert basis is await w.basis(contact)


async def test_a_withdrawal_in_the_hub_sets_do_not_allow() -> None:
    """Withdrawn projects to Do not allow (T1), and later sweeps leave both alone (T4)."""
    async with joined() as (w, contact, row):
        await w.act(contact, basis=LegalBasis.WITHDRAWN)
        await w.drain()
        assert w.office.says(row) == (True, True, True)
        await w.deliver()
        assert LegalBasis.WITHDRAWN is await w.basis(contact)


async def test_restore_brings_back_the_last_basis_held() -> None:
    """Under restore, Allow after a rep's own refusal restores the nuance (T3)."""
    async with joined(LEGITIMATE, on_allow=OnAllow.RESTORE) as (w, contact, row):
        w.rep.refuse(row)
        await w.sweep()
        w.rep.allow(row)
        await w.sweep()
        assert (LEGITIMATE, False) == (await w.basis(contact), w.office.says(row)[0])


async def test_restore_never_overrides_a_personal_refusal() -> None:
    """Under restore, who refused personally is held: Do not allow is written back (T3)."""
    async with joined(LEGITIMATE, on_allow=OnAllow.RESTORE) as (w, contact, row):
        await w.act(contact, basis=LegalBasis.WITHDRAWN)
        await w.drain()
        w.rep.allow(row)
        await w.sweep()
        assert (LegalBasis.WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])
        assert [(contact, "grant_held")] == await w.questions()


async def test_hold_writes_do_not_allow_back_and_asks_once() -> None:
    """Under hold nothing is granted; one question is opened however often the rep tries (T3)."""
    async with joined(LegalBasis.WITHDRAWN, on_allow=OnAllow.HOLD) as (w, contact, row):
        for _ in range(3):
            w.rep.allow(row)
            await w.sweep()
            assert (LegalBasis.WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])
        assert [(contact, "grant_held")] == await w.questions()


async def test_a_held_writers_allow_is_held_and_a_reps_is_not() -> None:
    """An ERP named as a held writer grants nothing; everybody else still does (T3)."""
    async with world() as w:
        erp = type(w.rep)(w.rep.organization, "erp")
        await w.connect("unq2", settings=_held_writer(erp.user_id))
        office = w.offices[1]
        one, two = [await w.pair(f"{n}@x.example", LegalBasis.WITHDRAWN, office) for n in ("one", "two")]
        await w.set_up(office)
        type(w.rep)(office.rep.organization, "erp").allow(one[1])
        office.rep.allow(two[1])
        await w.sweep()
        assert LegalBasis.WITHDRAWN is await w.basis(one[0])
        assert LegalBasis.CONSENT is await w.basis(two[0])


async def test_a_held_writer_is_known_even_when_a_rep_saves_the_row_afterwards() -> None:
    """Who moved the toggle counts, not who touched the row last (T3), once the move was seen."""
    async with joined(LegalBasis.WITHDRAWN, on_allow=OnAllow.CONSENT) as (w, contact, row):
        erp = type(w.rep)(w.rep.organization, "erp")
        settings = _held_writer(erp.user_id)
        await w.store.accounts.set_settings(w.account_id, w.office.connection_id, settings)
        erp.allow(row)
        (notice,) = await w.notices()
        sighting = (await w.office.crm.read([row]))[row]
        assert sighting.modified_by == erp.user_id
        await _seen(w, row)
        w.rep.save(row, telephone1="1")
        await w.post(notice)
        await w.drain()
        assert LegalBasis.WITHDRAWN is await w.basis(contact)


async def _seen(w: World, row: object) -> None:
    """A sweep that dies right after it stored what it saw."""
    from assent.engine.sweep import catch_up

    await catch_up(await w.run(), w.office.connection_id)


def _held_writer(user: UUID | str) -> Settings:
    return Settings(held_writers=(UUID(str(user)),))


@pytest.mark.parametrize("trigger", ["webhook", "delta", "full compare"])
async def test_legitimate_interest_survives_echoes(trigger: str) -> None:
    """A rep who saves the same Allow ten times changes nothing, whoever brings the news (T4, P5)."""
    async with joined(LEGITIMATE) as (w, contact, row):
        for _ in range(10):
            w.rep.allow(row)
        if trigger == "full compare":
            w.office.organization.metadata_changed()
        await (w.deliver() if trigger == "webhook" else w.sweep())
        assert LEGITIMATE is await w.basis(contact)
        link = (await w.person(contact)).links[0]
        assert link.base is not None
        assert link.base.crm_version == w.office.versions()[str(row)]


async def test_refused_and_allowed_again_between_two_looks_keeps_the_nuance() -> None:
    """What nobody saw change did not change (T4, P5)."""
    async with joined(LEGITIMATE) as (w, contact, row):
        w.rep.refuse(row)
        w.rep.allow(row)
        await w.sweep()
        assert LEGITIMATE is await w.basis(contact)


async def test_none_beside_allow_writes_nothing() -> None:
    """Allow is the default of new rows: None stays None and the row is untouched (T5, T7)."""
    async with joined(LegalBasis.NONE) as (w, contact, row):
        w.rep.save(row, telephone1="1")
        versions = w.office.versions()
        await w.sweep()
        assert LegalBasis.NONE is await w.basis(contact)
        assert versions == w.office.versions()


async def test_none_gives_way_to_a_reps_refusal() -> None:
    """None agrees with Allow and null, never with Do not allow (T7, T2)."""
    async with joined(LegalBasis.NONE) as (w, contact, row):
        w.rep.refuse(row)
        await w.sweep()
        assert LegalBasis.WITHDRAWN is await w.basis(contact)


async def test_set_back_to_none_writes_nothing() -> None:
    """A basis removed by a user is the absence of an opinion: the toggle keeps its value (T1)."""
    async with joined() as (w, contact, _row):
        versions = w.office.versions()
        await w.act(contact, USER, basis=LegalBasis.NONE)
        await w.drain()
        await w.sweep()
        assert LegalBasis.NONE is await w.basis(contact)
        assert versions == w.office.versions()


async def test_a_toggle_turned_null_refuses_nothing_and_grants_nothing() -> None:
    """Turning null is no act: the hub's value counts at once (T6)."""
    async with world() as w:
        yes, yes_row = await w.pair("yes@x.example", LEGITIMATE)
        no, no_row = await w.pair("no@x.example", LegalBasis.WITHDRAWN)
        await w.set_up()
        w.rep.save(yes_row, donotbulkemail=None, asn_news=None)
        w.rep.save(no_row, donotbulkemail=None)
        await w.sweep()
        assert (LEGITIMATE, CATEGORIES) == ((c := await w.contact(yes)).basis, c.value)
        assert LegalBasis.WITHDRAWN is await w.basis(no)
        assert w.office.says(no_row)[0] is True


async def test_null_becoming_allow_grants_nothing() -> None:
    """What never refused grants nothing by filling a blank (T6)."""
    async with joined(LegalBasis.NONE) as (w, contact, row):
        w.rep.save(row, donotbulkemail=None)
        await w.sweep()
        w.rep.allow(row)
        await w.sweep()
        assert LegalBasis.NONE is await w.basis(contact)


async def test_a_category_goes_both_ways_and_never_changes_the_basis() -> None:
    """A No crosses in either direction, and so does a Yes (S2, M1)."""
    async with joined(LEGITIMATE) as (w, contact, row):
        w.rep.save(row, asn_events=False)
        await w.act(contact, answered=NEWS.bit, value=0)
        await w.sweep()
        assert 0 == (await w.contact(contact)).value & (NEWS.bit | EVENTS.bit)
        assert w.office.says(row) == (False, False, False)
        w.rep.save(row, asn_news=True)
        await w.sweep()
        w.clock.pass_by(minutes=1)
        await w.act(contact, answered=EVENTS.bit, value=EVENTS.bit)
        await w.sweep()
        assert (LEGITIMATE, CATEGORIES) == ((c := await w.contact(contact)).basis, c.value)
        assert w.office.says(row) == (False, True, True)


async def test_the_address_is_compared_without_case_or_blanks() -> None:
    """Rows are matched on the normalised address (I1)."""
    async with world() as w:
        contact = await w.add(ANN)
        row = w.rep.create(" ANN@X.Example ")
        await w.set_up()
        assert [row] == [link.key.row_id for link in (await w.person(contact)).links]


async def test_a_no_goes_back_into_a_column_that_was_deleted_and_made_again() -> None:
    """The new column is null without any row having moved: the hub's No counts and is written (T6, P4)."""
    async with joined() as (w, contact, row):
        await w.act(contact, answered=NEWS.bit)
        await w.sweep()
        organization = w.office.organization
        column = organization.model.tables["contact"].columns["asn_news"]
        column_definitions.drop(organization, "contact", "asn_news")
        column_definitions.add(organization, "contact", column)
        await w.sweep()
        assert (False, False, True) == w.office.says(row)
