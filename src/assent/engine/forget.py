"""CRM rows that are gone: their last refusal is merged, the link goes, the contact waits (rule I4)."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from assent.engine.run import ROUNDS, Run
from assent.errors import ReadAgain
from assent.policy.permission import BulkEmail
from assent.policy.plan import plan_person
from assent.policy.refusing import refusals
from assent.policy.sides import PERMISSION, Hold, Link, LinkKey, Person, Row
from assent.ports import Change


async def forget(run: Run, gone: Sequence[LinkKey]) -> list[UUID]:
    """Unlink deleted rows and hold their contacts from sends, unless the connection's setting says no.

    Rows never linked are ignored. A refusal that only the delete's pre-image or an unmerged sighting
    told is merged first; a contact that moved meanwhile is read again, and its link stays until that
    held. Raises ReadAgain for one who never stands still. The sync never creates such a row again.
    """
    forgotten: list[UUID] = []
    for _ in range(ROUNDS):
        linked = await run.memory.linked(run.account_id, gone)
        if not linked:
            return forgotten
        people = await run.memory.people(run.account_id, set(linked.values()))
        changes = [
            change for person in people if (change := last_words(run, person, linked.keys())) is not None
        ]
        stored = await run.memory.apply(run.account_id, changes) if changes else {}
        lost = {change.before.contact_id for change in changes} - stored.keys()
        forgotten += await _unlink(run, [key for key, owner in linked.items() if owner not in lost])
    raise ReadAgain(
        "What deleted rows refused could not be stored, because their contacts were changed each time. "
        "Nothing is lost; the next sweep tries again."
    )


async def _unlink(run: Run, keys: Sequence[LinkKey]) -> list[UUID]:
    forgotten: list[UUID] = []
    for connection_id in sorted({key.connection_id for key in keys}):
        theirs = [key for key in keys if key.connection_id == connection_id]
        hold = Hold.CRM_DELETED.value if run.connections[connection_id].hold_deleted else None
        forgotten += await run.memory.unlink(run.account_id, theirs, hold)
    return forgotten


def last_words(run: Run, person: Person, gone: Collection[LinkKey]) -> Change | None:
    """Merge what rows that go were last known to refuse into the contact, as far as it is news (I4)."""
    links = tuple(_as_last_known(link) if link.key in gone else link for link in person.links)
    # A row that is gone grants nothing, and nobody follows it to a new address.
    plan = refusals(plan_person(replace(person, links=links), run.terms))
    return Change(plan.before, plan.after, plan.changes) if plan.changes else None


def _as_last_known(link: Link) -> Link:
    row = link.row or Row(link.key.row_id, version=0)
    toggle = BulkEmail.DO_NOT_ALLOW if link.refused & PERMISSION else row.toggle
    categories = link.refused & ~PERMISSION
    row = replace(
        row, toggle=toggle, known=row.known | categories, value=row.value & ~categories, active=True
    )
    return replace(link, row=row, refused=0)
