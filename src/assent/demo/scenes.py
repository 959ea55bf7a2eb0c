"""The scenes of the tour: each plays something people do and checks both systems itself."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from time import perf_counter
from typing import Any
from uuid import UUID

import aiohttp

from assent.demo.claims import expect
from assent.demo.stage import CONTACT, USER, Stage, connection_to
from assent.engine.presend import Check
from assent.errors import AssentError, Invalid, NotDataverse
from assent.policy.address import normalise
from assent.policy.gate import Message, Reason
from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.sides import Person
from assent.ports import Act, Evidence, NewPerson

#: How long a scene waits for what it expects before it counts as missed.
PATIENCE_S = 15.0

Found = dict[str, Any]


async def until(on: Stage, holds: Callable[[], Awaitable[object]], what: str) -> float:
    """Wait until something holds; gives the seconds it took, and misses the scene when it never does."""
    started = perf_counter()
    while not await holds():
        expect(perf_counter() - started < PATIENCE_S, f"{what}: not within {PATIENCE_S:.0f} s")
        await on.app.clock.sleep(0.02)
    return perf_counter() - started


async def person(on: Stage, contact_id: UUID) -> Person:
    """A contact with its links as the hub has them now."""
    (found,) = await on.app.store.memory.people(on.account_id, [contact_id])
    return found


async def choose(on: Stage, basis: LegalBasis, count: int = 1) -> list[Person]:
    """Contacts on a basis whose single CRM row is active and allowed, each chosen by one scene only.

    Notices of what an earlier scene did to them may still be under way.
    """
    people = await on.app.store.memory.people(on.account_id, set(on.contact_ids) - on.chosen)
    fitting = [p for p in people if p.contact.basis is basis and _single_allowed(p)]
    expect(len(fitting) >= count, f"the crowd has too few contacts on {basis.name}")
    on.chosen.update(p.contact.contact_id for p in fitting[:count])
    return fitting[:count]


def _single_allowed(one: Person) -> bool:
    rows = [link.row for link in one.links]
    return len(rows) == 1 and rows[0] is not None and rows[0].active and rows[0].toggle is BulkEmail.ALLOW


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


async def rep_refuses(on: Stage) -> Found:
    """A rep's Do not allow reaches the hub by webhook, and the gate."""
    (chosen,) = await choose(on, LegalBasis.LEGITIMATE_INTEREST)
    contact_id = chosen.contact.contact_id
    await on.rep.save(chosen.links[0].key.row_id, {"donotbulkemail": True})

    async def withdrawn() -> bool:
        return (await person(on, contact_id)).contact.basis is LegalBasis.WITHDRAWN

    seconds = await until(on, withdrawn, "Withdrawn in the hub")
    verdict = (await _check(on, [contact_id])).verdicts[contact_id]
    expect(verdict.reason is Reason.WITHDRAWN, f"the gate said {verdict.reason.value}")
    return {"seconds": seconds, "gate": verdict.reason.value}


async def hub_refuses(on: Stage) -> Found:
    """A hub opt-out reaches the CRM row."""
    (chosen,) = await choose(on, LegalBasis.CONSENT)
    row_id = chosen.links[0].key.row_id
    act = Act(chosen.contact.contact_id, basis=LegalBasis.WITHDRAWN)
    await on.app.act(on.account_id, CONTACT, [act], Evidence(text="Unsubscribe me from everything"))

    async def refused() -> bool:
        row = await on.rep.row(row_id)
        return row is not None and row["donotbulkemail"] is True

    return {"seconds": await until(on, refused, "Do not allow on the CRM row")}


async def ten_echoes(on: Stage) -> Found:
    """Legitimate interest survives a rep who saves the same Allow ten times."""
    (chosen,) = await choose(on, LegalBasis.LEGITIMATE_INTEREST)
    contact_id, row_id = chosen.contact.contact_id, chosen.links[0].key.row_id
    for _ in range(10):
        await on.rep.save(row_id, {"donotbulkemail": False})
    row = await on.rep.row(row_id)
    expect(row is not None, "the row is gone")
    version = int(str((row or {})["@odata.etag"]).strip('W/"'))

    async def settled() -> bool:
        link = (await person(on, contact_id)).links[0]
        return link.base is not None and link.base.crm_version >= version

    seconds = await until(on, settled, "the last echo looked at")
    basis = (await person(on, contact_id)).contact.basis
    expect(basis is LegalBasis.LEGITIMATE_INTEREST, f"the basis became {basis.name}")
    return {"seconds": seconds, "basis": basis.name.lower()}


async def created_in_crm(on: Stage) -> Found:
    """A contact a rep creates arrives in the hub, with no basis invented for it."""
    email = "Nora.New@Crm.Example"
    await on.rep.create({"emailaddress1": f" {email} ", "firstname": "Nora", "lastname": "New"})

    async def there() -> object:
        return await on.app.store.memory.holders(on.account_id, ["nora.new@crm.example"])

    seconds = await until(on, there, "the contact in the hub")
    holders = await on.app.store.memory.holders(on.account_id, ["nora.new@crm.example"])
    basis = (await person(on, holders["nora.new@crm.example"])).contact.basis
    expect(basis is LegalBasis.NONE, f"the new contact has the basis {basis.name}")
    return {"seconds": seconds}


async def created_in_hub(on: Stage) -> Found:
    """A contact created in the hub arrives in the CRM, refusing what it refuses."""
    newcomer = NewPerson("harry.hub@hub.example", "Harry", "Hub", LegalBasis.WITHDRAWN)
    await on.app.add(on.account_id, USER, [newcomer], Evidence(source="console"))

    async def there() -> object:
        return await on.rep.bearing("harry.hub@hub.example")

    seconds = await until(on, there, "the row in the CRM")
    rows = await on.rep.bearing("harry.hub@hub.example")
    expect(len(rows) == 1 and rows[0]["donotbulkemail"] is True, "the row does not refuse")
    return {"seconds": seconds}


async def moved_in_crm(on: Stage) -> Found:
    """An address changed by a rep follows in the hub; the person keeps link and permission."""
    (chosen,) = await choose(on, LegalBasis.CONTRACT)
    contact_id = chosen.contact.contact_id
    await on.rep.save(chosen.links[0].key.row_id, {"emailaddress1": "moved.in.crm@new.example"})

    async def followed() -> bool:
        return (await person(on, contact_id)).contact.email == "moved.in.crm@new.example"

    seconds = await until(on, followed, "the new address in the hub")
    basis = (await person(on, contact_id)).contact.basis
    expect(basis is LegalBasis.CONTRACT, f"the basis became {basis.name}")
    return {"seconds": seconds}


async def moved_in_hub(on: Stage) -> Found:
    """An address changed in the hub follows on the CRM row."""
    (chosen,) = await choose(on, LegalBasis.CONSENT)
    row_id = chosen.links[0].key.row_id
    act = Act(chosen.contact.contact_id, email="moved.in.hub@new.example")
    await on.app.act(on.account_id, USER, [act], Evidence(source="console"))

    async def followed() -> bool:
        row = await on.rep.row(row_id)
        return row is not None and normalise(row["emailaddress1"]) == "moved.in.hub@new.example"

    return {"seconds": await until(on, followed, "the new address on the CRM row")}


async def outage(on: Stage) -> Found:
    """While webhooks are lost nothing arrives; one sweep heals it."""
    chosen = await choose(on, LegalBasis.CONSENT, 5)
    ids = [p.contact.contact_id for p in chosen]
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
    checked = await _check(on, on.contact_ids)
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


async def bad_input(on: Stage) -> Found:
    """Rubbish is answered clearly: not JSON, a wrong key, no such connection, not Dataverse."""
    hook = f"{on.url}/webhooks/dynamics"
    key = await on.app.store.accounts.new_webhook_key(on.account_id, on.connection_id)
    told: Found = {}
    async with aiohttp.ClientSession() as session:
        for name, path, sent, body in (
            ("not_json", on.connection_id, key, b"<no json>"),
            ("wrong_key", on.connection_id, "guess", b"{}"),
            ("unknown_connection", 999_999, key, b"{}"),
        ):
            async with session.post(f"{hook}/{path}", data=body, headers={"x-assent-key": sent}) as answer:
                told[name] = answer.status
    expect(told == {"not_json": 400, "wrong_key": 401, "unknown_connection": 404}, f"answers were {told}")
    told["not_an_address"] = await _refused(on, "no address at all", Invalid)
    told["not_dataverse"] = await _refused(on, on.url, NotDataverse)
    return told


async def _refused(on: Stage, url: str, expected: type[AssentError]) -> str:
    """Try to connect what is no organisation, with credentials that are good elsewhere."""
    try:
        await on.app.connect(on.account_id, replace(connection_to(on.emulator.url), url=url))
    except expected as error:
        return str(error)
    except AssentError as error:
        expect(condition=False, otherwise=f"{url!r} was refused with {type(error).__name__}")
    expect(condition=False, otherwise=f"{url!r} was taken for an organisation")
    return ""


async def _check(on: Stage, contact_ids: Iterable[UUID]) -> Check:
    return await on.app.check(on.account_id, list(contact_ids), Message())
