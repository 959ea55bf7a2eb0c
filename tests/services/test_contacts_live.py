"""The hub's services beside an organisation that answers: both sides, and verdicts checked there now."""

from pathlib import Path

import pytest

from assent.demo.rep import ROWS
from assent.policy.audience import Audience
from assent.policy.bulk import BulkAction, BulkKind
from assent.policy.permission import BulkEmail, LegalBasis
from assent.ports import Actor, ActorKind
from assent.services import bulk, categories, contacts, history, imports
from assent.services.access import Role, caller
from assent.services.contacts import ContactChange
from assent.services.importing import ImportOptions
from tests.app.test_setup import Joined, joined

from .hub import CONSENT, PROOF, USER, WITHDRAWN

pytestmark = pytest.mark.thorough


async def settled(on: Joined) -> None:
    """Let everything that waits be done, and look once more."""
    await on.office.app.jobs.drain(on.account_id)
    await on.office.app.sweep(on.account_id)


async def test_a_refusal_in_dynamics_is_seen_and_lifted_by_a_newer_act_here(tmp_path: Path) -> None:
    """The live verdict, both sides side by side, the act with its evidence, and the history in words."""
    async with joined(tmp_path) as on:
        app = on.office.app
        admin = caller(on.account_id, Actor(ActorKind.USER, str(USER)), Role.ADMIN)
        await on.set_up()
        linked = Audience(bases=frozenset({CONSENT}), linked=True)
        one = (await contacts.search(app, admin, linked, limit=1)).items[0]
        assert (await contacts.why(app, admin, one.contact_id)).may
        (link,) = (await contacts.read(app, admin, one.contact_id)).links
        assert (True, BulkEmail.ALLOW, ()) == (link.settled, link.toggle, link.waits)
        await on.rep.save(link.row_id, {"donotbulkemail": True})
        why = await contacts.why(app, admin, one.contact_id)
        assert (False, "withdrawn", True) == (why.may, why.reason.value, why.live)
        assert "just now" in why.checked
        change = ContactChange(basis=LegalBasis.CONTRACT)
        await contacts.change(app, admin, one.contact_id, change, PROOF)
        await settled(on)
        row = await on.rep.row(link.row_id)
        assert row is not None
        assert False is row["donotbulkemail"]
        view = await contacts.read(app, admin, one.contact_id)
        assert (LegalBasis.CONTRACT, True) == (view.basis, view.links[0].settled)
        told = [item.text for item in (await history.history(app, admin, one.contact_id)).items]
        assert told[0].startswith("Assent wrote Allow to the row in Meadow")
        assert any("set the legal basis from Withdrawn to Contract" in text for text in told)
        assert any("Meadow: Bulk Email says Do not allow, so" in text for text in told)


async def test_a_bulk_refusal_a_new_category_and_an_import_reach_dynamics(tmp_path: Path) -> None:
    """Refusals everywhere; the column by itself; rows for imported contacts only when ticked (I5)."""
    async with joined(tmp_path) as on:
        app = on.office.app
        admin = caller(on.account_id, Actor(ActorKind.USER, str(USER)), Role.ADMIN)
        await on.set_up()
        action = BulkAction(BulkKind.SET_BASIS, WITHDRAWN)
        seen = await bulk.preview(app, admin, Audience(linked=True), action)
        await bulk.apply(app, admin, Audience(linked=True), action, seen.token)
        for name, ticked in (("quiet", False), ("ticked", True)):
            file = f"Email,Last name\n{name}@import.example,{name}\n".encode()
            number = (await imports.upload(app, admin, f"{name}.csv", file)).import_id
            options = ImportOptions(create_rows=ticked)
            looked = await imports.preview(app, admin, number, options)
            await imports.apply(app, admin, number, looked.token, options)
        made = await categories.create(app, admin, "Offers")
        assert any(ident.startswith("setup-") for ident in on.office.woken)
        await on.set_up()
        await settled(on)
        page = await contacts.search(app, admin, Audience(linked=True), limit=500)
        assert seen.matched <= sum(item.basis is WITHDRAWN for item in page.items)
        rows = {row["contactid"]: row for row in await on.rep.rows(f"{ROWS},{made.column}")}
        for item in page.items:
            for link in (await contacts.read(app, admin, item.contact_id)).links:
                row = rows[str(link.row_id)]
                assert row[made.column] is not False  # filled in by the paced backfill (T6)
                if item.basis is WITHDRAWN and link.active:
                    assert row["donotbulkemail"]
        imported = [
            row["emailaddress1"] for row in rows.values() if "import.example" in str(row["emailaddress1"])
        ]
        assert ["ticked@import.example"] == imported
