"""The first sync: links by address, the strictest holds, nothing is created, blanks are filled (M5, T6)."""

from collections.abc import Callable

from assent.engine.setup_terms import Progress, Step
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES

from .stage import world
from .world import EVENTS, NEWS, USER


async def test_the_first_sync_links_by_address_and_creates_nothing() -> None:
    """Contacts and rows without a counterpart stay alone, now and in every later sweep (M5)."""
    async with world() as w:
        both, row = await w.pair("both@x.example")
        alone = await w.add("hub@x.example")
        w.rep.create("crm@x.example")
        await w.set_up()
        await w.sweep()
        await w.sweep()
        assert [row] == [link.key.row_id for link in (await w.person(both)).links]
        assert () == (await w.person(alone)).links
        assert [] == w.office.bearing("hub@x.example")
        assert None is await w.holder("crm@x.example")


async def test_the_strictest_holds_on_the_permission() -> None:
    """Do not allow beats Consent, Withdrawn beats Allow, None takes nothing from Allow (M5, T2, T5)."""
    async with world() as w:
        refused, _ = await w.pair("a@x.example", donotbulkemail=True)
        withdrawn, row = await w.pair("b@x.example", LegalBasis.WITHDRAWN)
        nothing, _ = await w.pair("c@x.example", LegalBasis.NONE)
        no_either, _ = await w.pair("d@x.example", LegalBasis.NONE, donotbulkemail=True)
        await w.set_up()
        assert LegalBasis.WITHDRAWN is await w.basis(refused)
        assert (LegalBasis.WITHDRAWN, True) == (await w.basis(withdrawn), w.office.says(row)[0])
        assert LegalBasis.NONE is await w.basis(nothing)
        assert LegalBasis.WITHDRAWN is await w.basis(no_either)


async def test_a_refusal_beats_a_newer_consent_of_the_hub() -> None:
    """Without a base no order is proved: Do not allow of last year beats today's Consent (M5)."""
    async with world() as w:
        row = w.rep.create("ann@x.example", donotbulkemail=True)
        w.clock.pass_by(days=400)
        contact = await w.add("ann@x.example")
        await w.act(contact, basis=LegalBasis.CONSENT)
        await w.set_up()
        assert (LegalBasis.WITHDRAWN, True) == (await w.basis(contact), w.office.says(row)[0])


async def test_a_category_no_stands_on_both_sides() -> None:
    """Each side's No reaches the other, and null is filled with what the hub holds (M5, S1, T6)."""
    async with world() as w:
        await w.set_up()  # the columns exist before the rows of a second account-wide look
        contact = await w.add("ann@x.example", refused=NEWS.bit)
        row = w.rep.create("ann@x.example", asn_events=False)
        await w.sweep()
        assert CATEGORIES & ~(NEWS.bit | EVENTS.bit) == (await w.contact(contact)).value
        assert (False, False, False) == w.office.says(row)


async def test_blanks_are_filled_and_never_read_as_no() -> None:
    """Rows older than the columns hold null: the hub's Yes is written there, its No too (T6)."""
    async with world() as w:
        yes, yes_row = await w.pair("yes@x.example", LegalBasis.CONTRACT, donotbulkemail=None)
        no = await w.add("no@x.example", refused=NEWS.bit)
        no_row = w.rep.create("no@x.example")
        await w.set_up()
        assert (False, True, True) == w.office.says(yes_row)
        assert (False, False, True) == w.office.says(no_row)
        assert (LegalBasis.CONTRACT, CATEGORIES) == ((c := await w.contact(yes)).basis, c.value)
        assert CATEGORIES & ~NEWS.bit == (await w.contact(no)).value


async def test_none_leaves_a_null_toggle_null() -> None:
    """Where the hub holds no basis there is nothing to fill the toggle with (T1, T6)."""
    async with world() as w:
        _, row = await w.pair("ann@x.example", LegalBasis.NONE, donotbulkemail=None)
        await w.set_up()
        assert (None, True, True) == w.office.says(row)


async def test_a_blank_that_becomes_no_while_it_is_filled_stays_no() -> None:
    """Filling a blank is conditional on the version read: who says No meanwhile is heard (M6, T6)."""
    async with world() as w:
        contact, row = await w.pair("ann@x.example")
        await w.set_up(stop=at(Step.BACKFILL, lambda: w.rep.save(row, asn_news=False)))
        await w.sweep()
        assert (False, False) == w.office.says(row)[:2]
        assert CATEGORIES & ~NEWS.bit == (await w.contact(contact)).value


async def test_blanks_of_a_row_edited_while_it_is_filled_are_filled_later() -> None:
    """A row somebody saved during the backfill is not left null for good (T6)."""
    async with world() as w:
        _, row = await w.pair("ann@x.example")
        await w.set_up(stop=at(Step.BACKFILL, lambda: w.rep.save(row, telephone1="1")))
        await w.sweep()
        assert (False, True, True) == w.office.says(row)


def at(wanted: Step, act: Callable[[], object]) -> Progress:
    """Somebody who acts as soon as a step of setup begins."""

    def told(step: Step, state: str) -> None:
        if step is wanted and state == "running":
            act()

    return told


async def test_rows_without_address_and_inactive_strangers_are_left_alone() -> None:
    """A row nobody can be found for gets no contact; an inactive one is not created in the hub (I4, I5)."""
    async with world() as w:
        await w.set_up()
        w.rep.create(None)
        asleep = w.rep.create("asleep@x.example")
        w.rep.deactivate(asleep)
        await w.sweep()
        assert [] == await w.everybody()


async def test_an_inactive_row_is_linked_and_its_refusal_counts() -> None:
    """A refusal on an inactive row counts when first seen; nothing is written to the row (I4)."""
    async with world() as w:
        contact, row = await w.pair("ann@x.example", donotbulkemail=True)
        w.rep.deactivate(row)
        versions = w.office.versions()
        await w.set_up()
        assert LegalBasis.WITHDRAWN is await w.basis(contact)
        assert versions == w.office.versions()


async def test_an_old_unlinked_contacts_unsubscribe_creates_no_row() -> None:
    """The initial sync creates nothing; an act on an old contact is no birth and no move (M5, I5)."""
    async with world() as w:
        contact = await w.add("old@x.example")
        await w.set_up()
        await w.act(contact, basis=LegalBasis.WITHDRAWN)
        await w.drain()
        await w.sweep()
        assert [] == w.office.bearing("old@x.example")


async def test_an_old_unlinked_contact_that_moves_gets_a_row() -> None:
    """A changed address goes out in real time like a new contact (I5)."""
    async with world() as w:
        contact = await w.add("old@x.example")
        await w.set_up()
        await w.act(contact, USER, email="new@x.example")
        await w.drain()
        assert 1 == len(w.office.bearing("new@x.example"))


async def test_the_ledger_tells_every_change_of_the_first_sync() -> None:
    """Each refusal taken over has its entry, each row written its own, and the chain replays (P7)."""
    async with world() as w:
        refused, row = await w.pair("a@x.example", donotbulkemail=True)
        _, other = await w.pair("b@x.example", LegalBasis.WITHDRAWN)
        await w.set_up()
        await w.ledger_holds()
        (changed,) = await w.entries("contact.changed")
        assert (refused, "M5", row) == (
            changed.contact_id,
            changed.rule,
            changed.cause and changed.cause.row_id,
        )
        written = [e for e in await w.entries("row.written") if e.place and e.place.row_id == other]
        assert [1] == [e.new["toggle"] for e in written if "toggle" in e.new]
