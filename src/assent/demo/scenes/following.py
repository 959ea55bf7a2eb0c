"""Scenes of one side following the other: refusals, echoes, new contacts, new addresses."""

from assent.demo.claims import Found, expect
from assent.demo.stage import CONTACT, USER, Stage
from assent.demo.watching import ask_the_gate, choose, person, until
from assent.policy.address import normalise
from assent.policy.gate import Reason
from assent.policy.permission import LegalBasis
from assent.ports import Act, Evidence, NewPerson


async def rep_refuses(on: Stage) -> Found:
    """A rep's Do not allow reaches the hub by webhook, and the gate."""
    (chosen,) = await choose(on, LegalBasis.LEGITIMATE_INTEREST)
    contact_id = chosen.contact.contact_id
    await on.rep.save(chosen.links[0].key.row_id, {"donotbulkemail": True})

    async def withdrawn() -> bool:
        return (await person(on, contact_id)).contact.basis is LegalBasis.WITHDRAWN

    seconds = await until(on, withdrawn, "Withdrawn in the hub")
    verdict = (await ask_the_gate(on, [contact_id])).verdicts[contact_id]
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
