"""Scenes of both systems agreeing: the first sync, outages, idle sweeps, the ledger."""

from collections.abc import Iterable
from time import perf_counter
from typing import Any
from uuid import UUID

from assent.demo.claims import Found, expect
from assent.demo.stage import Stage
from assent.demo.watching import ask_the_gate, choose
from assent.policy.gate import Reason
from assent.policy.permission import LegalBasis
from assent.policy.sides import Person


async def first_sync(on: Stage) -> Found:
    """Both systems agree on every linked contact, and nobody was created."""
    rows = {row["contactid"]: row for row in await on.rep.rows()}
    people = await on.app.store.memory.people(on.account_id, on.contact_ids)
    differing = [p for p in people if _differs(p, rows)]
    linked = sum(bool(p.links) for p in people)
    figures = await on.app.store.accounts.figures(on.account_id)
    expect(linked > 0, "no contact was linked")
    expect(not differing, f"{len(differing)} contacts differ after the first sync")
    expect(figures.contacts == len(on.contact_ids), "the first sync created contacts")
    withdrawn = sum(p.contact.basis is LegalBasis.WITHDRAWN for p in people)
    return {"linked": linked, "differing": 0, "withdrawn": withdrawn, "rows": len(rows)}


def _differs(one: Person, rows: dict[str, Any]) -> bool:
    """Compare by the meaning of the words alone: Withdrawn is Do not allow, and only that (T1, T2)."""
    refuses = one.contact.basis is LegalBasis.WITHDRAWN
    for link in one.links:
        row = rows[str(link.key.row_id)]
        if row["statecode"] == 0 and bool(row["donotbulkemail"]) != refuses:
            return True
    return False


async def outage(on: Stage) -> Found:
    """While webhooks are lost nothing arrives; one sweep heals it."""
    chosen = await choose(on, LegalBasis.CONSENT, 5)
    ids = [p.contact.contact_id for p in chosen]
    await on.app.sweep(on.account_id)  # a new category had every row read again: that is not to be counted
    await on.emulator.webhooks(enabled=False)
    for one in chosen:
        await on.rep.save(one.links[0].key.row_id, {"donotbulkemail": True})
    await on.app.clock.sleep(1.0)
    before = await on.app.store.memory.people(on.account_id, ids)
    expect(all(p.contact.basis is LegalBasis.CONSENT for p in before), "a notice arrived during the outage")
    requests, started = await on.emulator.requests(), perf_counter()
    await on.app.sweep(on.account_id)
    seconds, requests = perf_counter() - started, await on.emulator.requests() - requests
    after = await on.app.store.memory.people(on.account_id, ids)
    expect(all(p.contact.basis is LegalBasis.WITHDRAWN for p in after), "the sweep missed a refusal")
    await on.emulator.webhooks(enabled=True)
    return {"seconds": seconds, "healed": len(ids), "requests": requests}


async def left_out(on: Stage) -> Found:
    """An opt-out nobody was told of is left out of a send, with its reason."""
    (chosen,) = await choose(on, LegalBasis.CONSENT)
    contact_id = chosen.contact.contact_id
    await on.emulator.webhooks(enabled=False)
    await on.rep.save(chosen.links[0].key.row_id, {"donotbulkemail": True})
    requests, started = await on.emulator.requests(), perf_counter()
    checked = await ask_the_gate(on, on.contact_ids)
    seconds, requests = perf_counter() - started, await on.emulator.requests() - requests
    await on.emulator.webhooks(enabled=True)
    verdict = checked.verdicts[contact_id]
    expect(verdict.reason is Reason.WITHDRAWN, f"the gate said {verdict.reason.value}")
    mailed = [key for key, v in checked.verdicts.items() if v.may]
    await _nobody_who_refuses(on, mailed)
    reasons = [v.reason.value for v in checked.verdicts.values()]
    counts = {reason: reasons.count(reason) for reason in sorted(set(reasons))}
    return {"seconds": seconds, "reason": verdict.reason.value, "requests": requests, "verdicts": counts}


async def _nobody_who_refuses(on: Stage, mailed: Iterable[UUID]) -> None:
    refusing = {row["contactid"] for row in await on.rep.rows() if row["donotbulkemail"]}
    people = await on.app.store.memory.people(on.account_id, list(mailed))
    wrong = [p for p in people if any(str(k.key.row_id) in refusing for k in p.links)]
    expect(not wrong, f"{len(wrong)} contacts would be mailed although a row of theirs refuses")


async def idle_sweep(on: Stage) -> Found:
    """A sweep with nothing to do costs at most three requests and writes nothing."""
    await on.app.sweep(on.account_id)
    before = {row["contactid"]: row["@odata.etag"] for row in await on.rep.rows()}
    requests, started = await on.emulator.requests(), perf_counter()
    report = await on.app.sweep(on.account_id)
    seconds, requests = perf_counter() - started, await on.emulator.requests() - requests
    after = {row["contactid"]: row["@odata.etag"] for row in await on.rep.rows()}
    expect(requests <= 3, f"it took {requests} requests")
    expect(before == after and not report.written and not report.changed, "it wrote something")
    return {"seconds": seconds, "requests": requests}


async def ledger_holds(on: Stage) -> Found:
    """The ledger's chain verifies, and replaying it gives the hub as it is."""
    verified = await on.app.store.ledger.verify(on.account_id)
    expect(verified.broken is None, f"the chain is broken: {verified.broken}")
    states = await on.app.store.ledger.replay(on.account_id)
    people = await on.app.store.memory.people(on.account_id, list(states))
    wrong = [p for p in people if states[p.contact.contact_id].basis is not p.contact.basis]
    expect(len(people) == len(states) and not wrong, f"{len(wrong)} contacts differ from their history")
    return {"entries": verified.entries, "contacts": len(states)}
