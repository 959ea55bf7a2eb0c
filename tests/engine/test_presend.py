"""The check right before a send: what could not be verified is left out (rules G1-G4)."""

from uuid import UUID

import pytest

from assent.errors import Refused
from assent.policy.gate import Message, Reason
from assent.policy.method import Method
from assent.policy.permission import LegalBasis
from assent.policy.sides import LinkKey

from .stage import joined, world
from .trouble import after, before, down, failing
from .world import BOTH, EVENTS, NEWS, World

CONSENT, WITHDRAWN = LegalBasis.CONSENT, LegalBasis.WITHDRAWN
TRANSACTIONAL = Message(transactional=True)


@pytest.fixture(params=[Method.REFUSING, Method.TARGETS], autouse=True)
def last_read(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both methods keep every claim: all refusing rows, or rows of the targets; gives what is read last."""
    monkeypatch.setattr(World, "method", request.param)
    monkeypatch.setattr(World, "few", 200 if request.param is Method.TARGETS else 0)
    return "around" if request.param is Method.TARGETS else "refusing"


async def test_an_unseen_opt_out_is_left_out_with_its_reason() -> None:
    """No notice, no sweep: the check itself catches up (G4, P1)."""
    async with joined() as (w, contact, row):
        assert Reason.MAY is await w.verdict(contact)
        w.rep.refuse(row)
        assert Reason.WITHDRAWN is await w.verdict(contact)
        assert WITHDRAWN is await w.basis(contact)


async def test_every_basis_has_its_verdict() -> None:
    """No positive basis, no mail; transactional mail skips G1, G2 and G4 (G1, G3)."""
    async with world() as w:
        yes, no, none = [
            (await w.pair(f"{basis.name.lower()}@x.example", basis))[0]
            for basis in (LegalBasis.CONTRACT, WITHDRAWN, LegalBasis.NONE)
        ]
        await w.set_up()
        found = (await w.check([yes, no, none])).verdicts
        assert [Reason.MAY, Reason.WITHDRAWN, Reason.NO_BASIS] == [found[c].reason for c in (yes, no, none)]
        found = (await w.check([yes, no, none], TRANSACTIONAL)).verdicts
        assert [Reason.MAY] * 3 == [found[c].reason for c in (yes, no, none)]


async def test_a_suppressed_address_gets_nothing_at_all() -> None:
    """A hard bounce stops transactional mail too (G3)."""
    async with joined() as (w, contact, _):
        await w.store.accounts.suppress(w.account_id, ["ann@x.example"])
        assert Reason.SUPPRESSED is await w.verdict(contact, TRANSACTIONAL)


async def test_no_email_at_all_keeps_mail_back_where_it_is_honoured() -> None:
    """Dynamics' "Do not allow Emails" is looked at by setting alone, read at once, and merged never (G3)."""
    async with joined() as (w, contact, row):
        w.rep.save(row, donotemail=True)
        assert Reason.MAY is await w.verdict(contact)
    async with joined(honour_no_email=True) as (w, contact, row):
        assert Reason.MAY is await w.verdict(contact)
        w.rep.save(row, donotemail=True)
        assert Reason.DO_NOT_EMAIL is await w.verdict(contact)
        assert Reason.DO_NOT_EMAIL is await w.verdict(contact, TRANSACTIONAL)
        assert CONSENT is await w.basis(contact)
        w.rep.save(row, donotemail=False)
        assert Reason.MAY is await w.verdict(contact)


async def test_no_email_at_all_counts_though_the_feed_lags() -> None:
    """The rows that say so are read directly, also one that only bears the address (G3, G4)."""
    async with joined(honour_no_email=True) as (w, contact, row):
        await w.verdict(contact)
        await w.control("choices", tracking_lag_s=600.0)
        w.rep.save(row, donotemail=True)
        assert Reason.DO_NOT_EMAIL is await w.verdict(contact)


async def test_a_row_that_was_deactivated_still_says_no_to_any_email() -> None:
    """Nothing in the hub remembers it, so the row's last word goes on counting (G3)."""
    async with joined(honour_no_email=True) as (w, contact, row):
        w.rep.save(row, donotemail=True, statecode=1)
        assert Reason.DO_NOT_EMAIL is await w.verdict(contact)


async def test_categories_decide_who_gets_which_send() -> None:
    """No to the category, or to every category where none is named (G2)."""
    async with joined() as (w, contact, row):
        w.rep.save(row, asn_news=False)
        assert Reason.UNSUBSCRIBED is await w.verdict(contact, Message(NEWS.bit))
        assert Reason.MAY is await w.verdict(contact, Message(EVENTS.bit))
        await w.act(contact, answered=BOTH, value=0)
        assert Reason.UNSUBSCRIBED_ALL is await w.verdict(contact)


async def test_an_unreachable_crm_closes_the_gate() -> None:
    """Nobody could be verified; transactional mail and plain refusals keep their own answers (G4)."""
    async with joined() as (w, contact, _):
        w.office.crm = down(w.office.crm)
        checked = await w.check([contact])
        assert Reason.UNVERIFIED is checked.verdicts[contact].reason
        assert {w.office.connection_id} == checked.unreachable.keys()
        assert Reason.MAY is await w.verdict(contact, TRANSACTIONAL)
        await w.act(contact, basis=WITHDRAWN)
        assert Reason.WITHDRAWN is await w.verdict(contact)


@pytest.mark.parametrize("call", ["organisation", "changes", "read", "last"])
async def test_a_crm_that_fails_halfway_closes_the_gate(
    call: str, last_read: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the line goes dead, the answer is a verdict with a reason, and it is no (G4, P8)."""
    monkeypatch.setattr(World, "few", 0)  # so that what is due is dealt with, notices too
    async with joined() as (w, contact, row):
        w.rep.save(row, asn_events=True)
        await w.post(*await w.notices())
        w.office.crm = down(w.office.real, last_read if call == "last" else call)
        assert Reason.UNVERIFIED is await w.verdict(contact)


async def test_a_crm_that_refuses_us_closes_the_gate() -> None:
    """A sign-in that ended verifies nobody (G4)."""
    async with joined() as (w, contact, _):
        w.office.crm = before(w.office.crm, organisation=failing(Refused("the secret has expired")))
        assert Reason.UNVERIFIED is await w.verdict(contact)


async def test_one_connection_down_closes_the_gate_for_everybody() -> None:
    """Any organisation may know of a refusal for any address (G4)."""
    async with world(organisations=2) as w:
        contact, _ = await w.pair("ann@x.example")
        for office in w.offices:
            await w.set_up(office)
        assert Reason.MAY is await w.verdict(contact)
        w.offices[1].crm = down(w.offices[1].crm)
        assert Reason.UNVERIFIED is await w.verdict(contact)


async def test_a_refusal_the_feed_does_not_show_yet_is_read_directly() -> None:
    """The feed lags: the set of rows that refuse is read besides (G4)."""
    async with joined() as (w, contact, row):
        await w.control("choices", tracking_lag_s=600.0)
        w.rep.refuse(row)
        assert Reason.WITHDRAWN is await w.verdict(contact)
        w.rep.save(row, donotbulkemail=False, asn_news=False)
        assert Reason.UNSUBSCRIBED is await w.verdict(contact, Message(NEWS.bit))


async def test_an_unlinked_row_bearing_the_address_refuses() -> None:
    """Not linked, not in the feed yet: its refusal still stops mail to the address (G4)."""
    async with joined() as (w, contact, _):
        await w.control("choices", tracking_lag_s=600.0)
        w.rep.create(" ANN@x.example", donotbulkemail=True)
        assert Reason.WITHDRAWN is await w.verdict(contact)


async def test_a_row_linked_while_few_rows_are_read_is_not_taken_for_read(last_read: str) -> None:
    """Its row was not among those asked for; where all refusing rows were read, it refused later (G4)."""
    async with joined() as (w, contact, _):

        async def linked() -> None:
            other = w.rep.create("other@x.example", donotbulkemail=True)
            key = LinkKey(w.office.connection_id, other)
            await w.memory.link(w.account_id, {key: contact}, [])

        w.office.crm = after(w.office.crm, **{last_read: linked})
        expected = Reason.UNVERIFIED if last_read == "around" else Reason.MAY
        assert expected is await w.verdict(contact)


async def test_a_refusal_made_while_the_check_runs_is_seen(last_read: str) -> None:
    """After the feed was read and before the refusing rows are: still no mail (G4, P1)."""
    async with joined() as (w, contact, row):
        w.office.crm = before(w.office.crm, **{last_read: lambda: w.rep.refuse(row)})
        assert Reason.WITHDRAWN is await w.verdict(contact)


async def test_a_hub_refusal_made_while_the_check_runs_is_seen(last_read: str) -> None:
    """The hub is read last (P1)."""
    async with joined() as (w, contact, _):
        w.office.crm = after(w.office.crm, **{last_read: lambda: w.act(contact, basis=WITHDRAWN)})
        assert Reason.WITHDRAWN is await w.verdict(contact)


async def test_a_grant_written_by_the_check_is_not_met_by_its_old_refusal() -> None:
    """A rep's Allow that the check merges lets the mail through at once (G4, T3)."""
    async with joined(WITHDRAWN) as (w, contact, row):
        w.rep.allow(row)
        assert Reason.MAY is await w.verdict(contact)


async def test_a_reps_allow_under_a_brake_sends_nothing() -> None:
    """What the brake stopped is not granted by the gate either (Brakes, G1)."""
    async with world() as w:
        people = [await w.pair(f"p{n}@x.example", WITHDRAWN) for n in range(25)]
        await w.set_up()
        for _, row in people:
            w.rep.allow(row)
        verdicts = (await w.check([contact for contact, _ in people])).verdicts
        assert {Reason.WITHDRAWN} == {v.reason for v in verdicts.values()}


async def test_somebody_elses_contact_is_unverified() -> None:
    """An id the account does not have is never mailed (G4)."""
    async with joined() as (w, _, _):
        assert Reason.UNVERIFIED is await w.verdict(UUID(int=5))


async def test_a_contact_without_any_row_may_be_mailed() -> None:
    """Who is in the hub alone is judged by the hub, once every connection was asked (G4)."""
    async with joined(create_in_crm=False) as (w, _, _):
        assert Reason.MAY is await w.verdict(await w.add("hub@x.example"))


async def test_the_cost_does_not_grow_with_the_number_of_contacts() -> None:
    """Forty contacts cost the requests of one (section 3)."""
    async with world() as w:
        people = [(await w.pair(f"p{n}@x.example"))[0] for n in range(40)]
        await w.set_up()
        await w.sweep()
        costs = []
        for asked in (people[:1], people):
            start = w.office.requests
            await w.check(asked)
            costs.append(w.office.requests - start)
        assert [4, 4] == costs
