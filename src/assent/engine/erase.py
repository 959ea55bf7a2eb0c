"""Erases people once their rows have the refusal: derived from what stands, so a crash ends nothing (I6)."""

from assent.engine.reconcile import claimed
from assent.engine.run import STEP, Run
from assent.policy.address import normalise
from assent.policy.sides import LinkKey, Person


async def finish_erasures(run: Run) -> list[LinkKey]:
    """Erase whoever was asked to be and whose rows refuse by now; the others wait for a later run.

    They are claimed first, so that nobody is about to write to a row that is let go. Gives the rows that
    bear another address by now: somebody else's, perhaps, whom no feed will tell of them.
    """
    left: list[LinkKey] = []
    due = await run.memory.erasing(run.account_id)
    for start in range(0, len(due), STEP):
        async with claimed(run, due[start : start + STEP]) as mine:
            people = await run.memory.people(run.account_id, mine)
            erased = await run.memory.erase(run.account_id, mine)
        left += [key for one in people if one.contact.contact_id in erased for key in _elsewhere(one)]
    return left


def _elsewhere(person: Person) -> list[LinkKey]:
    return [
        link.key
        for link in person.links
        if link.row is not None and normalise(link.row.email) not in (person.contact.email, None)
    ]
