"""However a check learns who refuses, it says the same: the cheapest way is free to be chosen (rule G4)."""

from random import Random
from uuid import UUID

import pytest

from assent.engine.presend import check
from assent.policy.gate import Message, Reason
from assent.policy.method import Method
from assent.policy.permission import LegalBasis

from .stage import StagedWorld, world
from .world import EVENTS, NEWS

MESSAGES = (Message(), Message(NEWS.bit), Message(EVENTS.bit))


def stir(w: StagedWorld, people: list[tuple[UUID, UUID]], chance: Random) -> set[UUID]:
    """Let a rep do what the feed does not show yet; gives who said Do not allow by it."""
    refused = set()
    for number, (contact_id, row_id) in enumerate(people):
        match chance.randrange(7):
            case 0:
                w.rep.refuse(row_id)
                refused.add(contact_id)
            case 1:
                w.rep.save(row_id, asn_news=False)
            case 2:
                w.rep.save(row_id, asn_news=False, asn_events=False)
            case 3:
                w.rep.create(f" P{number}@X.example", donotbulkemail=True)
                refused.add(contact_id)
            case 4:
                w.rep.create(f"p{number}@x.example", asn_events=False)
            case 5:
                w.rep.save(row_id, donotbulkemail=True, statecode=1)
            case _:
                w.rep.save(row_id, firstname="Moved")
    return refused


@pytest.mark.parametrize("seed", range(6))
async def test_every_method_gives_the_same_verdicts(seed: int) -> None:
    """All refusing rows, or the rows of the targets, or whatever is cheapest; for every kind of message."""
    chance = Random(seed)
    async with world() as w:
        bases = [LegalBasis.CONSENT] * 4 + [LegalBasis.NONE, LegalBasis.WITHDRAWN]
        people = [await w.pair(f"p{n}@x.example", chance.choice(bases)) for n in range(14)]
        await w.set_up()
        await w.sweep()
        await w.control("choices", tracking_lag_s=600.0)
        refused = stir(w, people, chance)
        asked = [contact_id for contact_id, _ in people] + [UUID(int=5)]
        for message in MESSAGES:
            found = [
                (await check(await w.run(), asked, message, few=few, method=method)).verdicts
                for method in (*Method.__members__.values(), None)
                if method is not Method.NOT_ASKED
                for few in (0, 200)
            ]
            assert [found[0]] * len(found) == found
            assert not refused & {key for key, verdict in found[0].items() if verdict.may}
            assert Reason.UNVERIFIED is found[0][UUID(int=5)].reason
