"""A view of subscribers for each category: made once, renamed, taken away; nothing else is touched (8.6)."""

import pytest
from lxml import etree

from assent.crm.views import view, view_id, view_name
from assent.ports.setup import CategoryColumn

from .samples import EVENTS, NEWS
from .world import World, organisation

pytestmark = pytest.mark.thorough


async def views(w: World) -> dict[str, str]:
    """The public views, by name, with their layout."""
    found = await w.rep("GET", "savedqueries?$select=name,layoutxml")
    return {one["name"]: one["layoutxml"] for one in found["value"]}


def test_a_view_shows_who_is_subscribed() -> None:
    """Active, may be mailed, Yes or nothing said yet (S1); every cell has its attribute (8.6)."""
    made = view(CategoryColumn(1, "asn_News", '<"News" & more>'), 1053)
    assert 'Prenumeranter: <"News" & more>' == made["name"]
    fetch, grid = etree.fromstring(str(made["fetchxml"])), etree.fromstring(str(made["layoutxml"]))
    cells = {cell.get("name") for cell in grid.iter("cell")}
    assert cells < {one.get("name") for one in fetch.iter("attribute")}
    tests = {(c.get("attribute"), c.get("operator"), c.get("value")) for c in fetch.iter("condition")}
    assert {("asn_news", "eq", "1"), ("asn_news", "null", None), ("statecode", "eq", "0")} < tests


async def test_views_follow_the_categories() -> None:
    """Twice makes nothing twice; a renamed one is renamed, one of an archived category goes; others stay."""
    async with organisation() as w:
        await w.columns()
        before = await views(w)
        for _ in range(2):
            await w.setup.ensure_views([NEWS, EVENTS])
            await w.setup.publish()
        assert (
            before.keys() | {"Subscribers: Newsletters", "Subscribers: Events & fairs"}
            == (await views(w)).keys()
        )
        await w.setup.ensure_views([CategoryColumn(NEWS.bit, NEWS.schema_name, "Glad tidings")])
        await w.setup.publish()
        assert before.keys() | {"Subscribers: Glad tidings"} == (await views(w)).keys()
        assert before.items() <= (await views(w)).items()


async def test_what_people_did_to_our_view_stays() -> None:
    """Their columns are kept, also when the category is renamed."""
    async with organisation() as w:
        await w.columns()
        await w.setup.ensure_views([NEWS])
        wider = str(view(NEWS, 1033)["layoutxml"]).replace(
            "</row>", '<cell name="lastname" width="9"/></row>'
        )
        await w.rep("PATCH", f"savedqueries({view_id(NEWS)})", {"layoutxml": wider})
        await w.setup.publish()
        renamed = CategoryColumn(NEWS.bit, NEWS.schema_name, "Glad tidings")
        await w.setup.ensure_views([renamed])
        await w.setup.publish()
        assert wider == (await views(w))[view_name(renamed, 1033)]
