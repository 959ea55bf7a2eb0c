"""Scenes of the preference page: what a person says there counts at once, and looking changes nothing."""

import aiohttp

from assent.demo.claims import Found, expect
from assent.demo.scenes.freshness import OTHER_SIDE_S, measure, samples
from assent.demo.stage import Stage
from assent.demo.watching import choose, person, until
from assent.policy.permission import LegalBasis
from assent.policy.sides import Person
from assent.services.links import links


async def opts_out(on: Stage) -> Found:
    """A full opt-out on the page, from pressing the button until the row says Do not allow."""
    theirs = await links(on.app, on.account_id)

    async with aiohttp.ClientSession() as session:

        async def sample(_: int, who: Person) -> float:
            url = theirs.ways(who.contact.contact_id).preferences_url
            async with session.post(url, data={"stop": "all"}, allow_redirects=False) as answer:
                expect(answer.status == 303, f"the page answered {answer.status}")

            async def refused() -> bool:
                row = await on.rep.row(who.links[0].key.row_id)
                return row is not None and row["donotbulkemail"] is True

            return await until(on, refused, "Do not allow on the row")

        people = await choose(on, LegalBasis.CONSENT, samples(on))
        return await measure(people, sample, OTHER_SIDE_S)


async def looking_changes_nothing(on: Stage) -> Found:
    """A mail scanner follows every link of a mail; one click then unsubscribes; a broken link says so."""
    (chosen,) = await choose(on, LegalBasis.CONSENT)
    contact_id, theirs = chosen.contact.contact_id, await links(on.app, on.account_id)
    ways = theirs.ways(contact_id)
    page, one_click = ways.preferences_url, ways.unsubscribe_url
    async with aiohttp.ClientSession() as session:
        for url in (page, one_click, page, one_click):
            async with session.get(url) as answer:
                expect(answer.status == 200, f"the page answered {answer.status}")
        after_looking = await person(on, contact_id)
        expect(after_looking.contact.revision == chosen.contact.revision, "looking changed something")
        async with session.post(one_click, data={"List-Unsubscribe": "One-Click"}) as answer:
            expect(answer.status == 200, f"one click was answered {answer.status}")
        async with session.get(page[:-3]) as answer:
            broken = answer.status
    basis = (await person(on, contact_id)).contact.basis
    expect(basis is LegalBasis.WITHDRAWN, f"after one click the basis is {basis.name}")
    expect(broken == 404, f"a broken link was answered {broken}")
    return {"broken_link": broken}
