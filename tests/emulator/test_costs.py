"""How long things take: figures on paper, time that passes without waiting, locks while it passes."""

import asyncio
import json
from dataclasses import replace

import pytest

from dataverse_emulator import (
    PROFILES,
    Answer,
    Application,
    Costs,
    Incoming,
    Limits,
    Sources,
    VirtualClock,
    create_app,
    create_organization,
    seeded_ids,
)

from .api import CONTACT
from .test_definitions import column

COLUMNS = "EntityDefinitions(LogicalName='contact')/Attributes"


class World:
    """An organisation in virtual time, asked in memory."""

    def __init__(self, costs: Costs, limits: Limits | None = None) -> None:
        self.clock = VirtualClock()
        sources = Sources(self.clock.now, seeded_ids(1), self.clock.pause)
        self.app: Application = create_app(create_organization(sources=sources), limits)
        self.app.switches.costs = costs

    async def ask(self, method: str, path: str, body: object = None) -> Answer:
        """One request of a rep."""
        data = b"" if body is None else json.dumps(body).encode()
        path, _, query = path.partition("?")
        headers = {"authorization": "Bearer rep-anna"}
        incoming = Incoming(method, "http://x", f"/api/data/v9.2/{path}", query, headers, data)
        answer = await self.app.ask(incoming)
        assert answer is not None
        return answer


async def test_ten_categories_take_their_minutes_at_once() -> None:
    """Ten columns at 6 s and one publish at 35 s (7.9) pass in virtual time, not in ours."""
    world = World(PROFILES["documented"])
    started = world.clock.now()
    for number in range(10):
        assert (await world.ask("POST", COLUMNS, column(f"asn_C{number}"))).status == 204
    assert (await world.ask("POST", "PublishAllXml")).status == 204
    assert world.clock.now() - started == pytest.approx(95)


@pytest.mark.parametrize(
    ("action", "each_s"), [("CreateMultiple", 0.010), ("UpdateMultiple", 0.025)], ids=["create", "update"]
)
async def test_rows_take_what_the_samples_say(action: str, each_s: float) -> None:
    """100 rows take about 1 s to create and 2 to 3 s to update (4.3), alone or in bulk."""
    world = World(PROFILES["documented"])
    ids = [f"00000000-0000-4000-a000-{number:012}" for number in range(100)]
    rows = [{"@odata.type": CONTACT, "contactid": row_id, "lastname": "A"} for row_id in ids]
    if action == "UpdateMultiple":
        await world.ask("POST", "contacts/Microsoft.Dynamics.CRM.CreateMultiple", {"Targets": rows})
    started = world.clock.now()
    await world.ask("POST", f"contacts/Microsoft.Dynamics.CRM.{action}", {"Targets": rows})
    assert world.clock.now() - started == pytest.approx(100 * each_s)


async def test_execution_time_feeds_the_limits() -> None:
    """What a request is said to cost counts against the 1,200,000 ms, and the latency does not (5.1)."""
    world = World(Costs(latency_s=9, read_row_ms=100), Limits(execution_ms=250))
    for _ in range(3):
        await world.ask("POST", "contacts", {"lastname": "A"})
    assert (await world.ask("GET", "contacts")).status == 200
    answer = await world.ask("GET", "contacts")
    assert answer.status == 429
    assert b"0x80072321" in answer.body


async def test_one_customisation_at_a_time() -> None:
    """While a column is being made a publish and a second column meet the lock; rows do not (7.7)."""
    world = World(Costs(column_s=6))
    first, publish, second, row = await asyncio.gather(
        world.ask("POST", COLUMNS, column("asn_A")),
        world.ask("POST", "PublishAllXml"),
        world.ask("POST", COLUMNS, column("asn_B")),
        world.ask("POST", "contacts", {"lastname": "A"}),
    )
    assert [answer.status for answer in (first, publish, second, row)] == [204, 429, 429, 204]
    assert json.loads(publish.body)["error"] == {
        "code": "0x80071151",
        "message": "Cannot start the requested operation [Publish] because there is another "
        "[EntityCustomization] running at this moment. Use Solution History for more details.",
    }
    assert b"because there is a previous [EntityCustomization] running" in second.body
    assert (await world.ask("POST", "PublishAllXml")).status == 204


async def test_waits_end_in_the_order_of_their_moments() -> None:
    """Of two requests at once the shorter is answered first, at its own moment."""
    world = World(Costs(read_row_ms=1000, column_s=6))
    ended: dict[str, float] = {}
    started = world.clock.now()
    await world.ask("POST", "contacts", {"lastname": "A"})

    async def run(name: str, method: str, path: str, body: object = None) -> None:
        await world.ask(method, path, body)
        ended[name] = world.clock.now() - started

    await asyncio.gather(run("long", "POST", COLUMNS, column("asn_A")), run("short", "GET", "contacts"))
    assert list(ended) == ["short", "long"]
    assert list(ended.values()) == pytest.approx([1, 6])


async def test_documented_figures_are_the_only_ones() -> None:
    """Where no document has a figure the profile says 0, so that nobody mistakes it for one."""
    unknown = replace(
        PROFILES["documented"], create_row_ms=0, update_row_ms=0, column_s=0, table_s=0, publish_s=0
    )
    assert unknown == Costs()
