"""Contacts that were joined because their rows share an address now, taken apart again by a person (I3)."""

from uuid import UUID

from assent.ports import Evidence
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.contact_views import ContactView
from assent.services.contacts import read
from assent.services.given import proven
from assent.store.parting import Parting

NO_EVIDENCE = Evidence()


async def take_apart(
    app: Application, caller: Caller, contact_id: UUID, evidence: Evidence = NO_EVIDENCE
) -> ContactView:
    """Give a joined contact its rows and its address back, and let it go from the hold.

    Only what did not move since is given back; a refusal made since stays on both. Raises Unknown, and
    Conflict where it is not joined, or none of its rows is with the other contact any more.
    """
    caller.require(Right.EDIT)
    parting = Parting(app.store.memory.journal, caller.actor, proven(None, evidence), app.clock.now())
    await app.store.database.write(lambda c: parting.run(c, caller.account_id, contact_id))
    await app.work.wake(caller.account_id)
    return await read(app, caller, contact_id)
