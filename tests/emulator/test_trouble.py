"""Trouble by seeded chance: each family does what it is called, and a seed repeats it."""

import json

import pytest

from dataverse_emulator import (
    Answer,
    Application,
    Family,
    Incoming,
    Sources,
    Trouble,
    VirtualClock,
    create_app,
    create_organization,
    seeded_ids,
    shares,
)

from .api import Api

TOKEN_FORM = b"grant_type=client_credentials&client_id=a&client_secret=b&scope=https%3A%2F%2Fo%2F.default"


def app_with(*families: Family, share: float = 1.0, seed: int = 1, contacts: int = 0) -> Application:
    """An organisation in virtual time whose requests these families strike."""
    clock = VirtualClock()
    sources = Sources(clock.now, seeded_ids(1), clock.pause)
    app = create_app(create_organization(contacts=contacts, sources=sources))
    app.switches.trouble = Trouble(dict.fromkeys(families, share), seed)
    return app


async def ask(
    app: Application, method: str = "GET", path: str = "contacts", body: object = None, **headers: str
) -> Answer | None:
    """One request of a rep; nothing when the connection broke."""
    path, _, query = path.partition("?")
    sent = {"authorization": "Bearer rep-anna", **headers}
    data = b"" if body is None else json.dumps(body).encode()
    return await app.ask(Incoming(method, "http://x", f"/api/data/v9.2/{path}", query, sent, data))


async def create(app: Application) -> Answer | None:
    """A new contact."""
    return await ask(app, "POST", "contacts", {"lastname": "A"})


@pytest.mark.parametrize(
    ("family", "rows", "held_s"),
    [
        (Family.RESET_BEFORE, 0, 0),
        (Family.RESET_AFTER, 1, 0),
        (Family.TIMEOUT_BEFORE, 0, 120),
        (Family.TIMEOUT_AFTER, 1, 120),
    ],
)
async def test_connections_break_before_or_after_the_effect(family: Family, rows: int, held_s: int) -> None:
    """The caller hears nothing, at once or after the 2 minutes of a client's time-out (4.2, 11)."""
    app = app_with(family)
    started = app.organization.sources.now()
    assert await create(app) is None
    assert len(app.organization.table("contact")) == rows
    assert app.organization.sources.now() - started == held_s
    assert app.switches.journal.entries[-1].fault == family.value


async def test_throttled() -> None:
    """429 with the documented code and a wait; nothing is done (5.1)."""
    app = app_with(Family.THROTTLED)
    answer = await create(app)
    assert answer is not None
    assert (answer.status, b"0x80072322" in answer.body) == (429, True)
    assert 1 <= int(answer.headers["Retry-After"]) <= 5
    assert len(app.organization.table("contact")) == 0


async def test_server_errors_come_in_every_form() -> None:
    """500 with a code, 503 without one, and HTML of what stands before the service (2.8)."""
    app = app_with(Family.SERVER_ERROR)
    answers = [answer for _ in range(30) if (answer := await create(app))]
    assert {answer.status for answer in answers} == {500, 502, 503, 504}
    assert {answer.headers["Content-Type"].partition(";")[0] for answer in answers} == {
        "application/json",
        "text/html",
    }


async def test_sign_in_expires() -> None:
    """401, and the token is worth nothing from then on (1.4, 12)."""
    app = app_with(Family.SIGN_IN_EXPIRED)
    issued = await app.ask(Incoming("POST", "http://x", "/t/oauth2/v2.0/token", "", {}, TOKEN_FORM))
    assert issued is not None
    bearer = f"Bearer {json.loads(issued.body)['access_token']}"
    for shares_ in (app.switches.trouble.shares, {}):
        app.switches.trouble = Trouble(shares_)
        answer = await ask(app, authorization=bearer)
        assert answer is not None
        assert answer.status == 401


async def test_change_tokens_expire() -> None:
    """Only requests with a change token meet it, with the documented code (3.4)."""
    app = app_with(Family.TOKEN_EXPIRED, contacts=3)
    first = await ask(app, prefer="odata.track-changes")
    assert first is not None
    assert first.status == 200
    link = json.loads(first.body)["@odata.deltaLink"].partition("/v9.2/")[2]
    expired = await ask(app, path=link)
    assert expired is not None
    assert b"0x80044352" in expired.body


@pytest.mark.parametrize("prefer", ["", "odata.maxpagesize=50", "odata.track-changes"])
async def test_pages_of_one_or_two_rows(prefer: str) -> None:
    """Every row still comes, a few at a time; the preferences applied are those asked for (2.4)."""
    app = app_with(Family.SMALL_PAGES, contacts=20)
    path, seen, sizes = "contacts?$select=contactid", set[str](), set[int]()
    while path:
        answer = await ask(app, path=path, prefer=prefer)
        assert answer is not None
        assert answer.headers.get("Preference-Applied", "") == prefer
        page = json.loads(answer.body)
        sizes.add(len(page["value"]))
        seen |= {row["contactid"] for row in page["value"]}
        path = page.get("@odata.nextLink", "").partition("/v9.2/")[2]
    assert len(seen) == 20
    assert sizes <= {0, 1, 2}


async def test_top_is_not_shortened() -> None:
    """A page size would switch `$top` off (2.3), so such reads are left alone."""
    app = app_with(Family.SMALL_PAGES, contacts=20)
    answer = await ask(app, path="contacts?$top=5")
    assert answer is not None
    assert len(json.loads(answer.body)["value"]) == 5


def test_notices() -> None:
    """Lost, doubled, late (6.5)."""
    assert Trouble({Family.NOTICE_LOST: 1.0}).delays() == []
    assert Trouble({Family.NOTICE_DOUBLED: 1.0}).delays() == [0.0, 0.0]
    (late,) = Trouble({Family.NOTICE_LATE: 1.0}).delays()
    assert 0 < late <= 30


async def test_a_seed_repeats_the_trouble() -> None:
    """The same requests with the same seed are struck by the same; another seed strikes otherwise."""

    async def story(seed: int) -> list[tuple[int, str | None]]:
        app = app_with(*Family, share=0.2, seed=seed)
        for _ in range(60):
            await create(app)
        return [(entry.status, entry.fault) for entry in app.switches.journal.entries]

    assert await story(3) == await story(3)
    assert await story(3) != await story(4)


async def test_a_half_is_about_a_half() -> None:
    """Shares are shares, and what strikes is counted."""
    app = app_with(Family.RESET_BEFORE, share=0.5)
    for _ in range(400):
        await create(app)
    assert 150 < app.switches.trouble.struck[Family.RESET_BEFORE] < 250
    assert app.switches.journal.total == 400


def test_families_in_words() -> None:
    """`all` is every family; a share may be given; what is wrong is named."""
    assert shares("all").keys() == set(Family)
    assert shares("throttled=0.5, reset_after") == {Family.THROTTLED: 0.5, Family.RESET_AFTER: 0.15}
    with pytest.raises(ValueError, match="unknown fault 'rain'"):
        shares("rain")
    with pytest.raises(ValueError, match="between 0 and 1"):
        shares("throttled=2")


async def test_control_calls(api: Api) -> None:
    """Costs, trouble, the lock and snapshots are turned over HTTP too."""

    async def put(path: str, body: object, method: str = "PUT") -> object:
        reply = await api.call(method, f"{api.url}/emulator/{path}", body)
        assert reply.status == 200, reply.text
        return reply.json

    costs = await put("costs", {"profile": "documented", "latency_s": 0.001})
    assert isinstance(costs, dict)
    assert (costs["update_row_ms"], costs["latency_s"]) == (25, 0.001)
    await put("costs", {"profile": "off"})
    await put("trouble", {"families": {"throttled": 1}, "seed": 4})
    assert (await api.get("WhoAmI")).status == 429
    about = (await api.get(f"{api.url}/emulator")).json
    assert about["trouble"] == {
        "families": {"throttled": 1.0},
        "seed": 4,
        "held_s": 120.0,
        "struck": {"throttled": 1},
    }
    await put("trouble", {"families": ""})
    await put("lock", {"running": "Import", "seconds": 60})
    refused = await api.post("PublishAllXml")
    assert refused.error == (429, "0x80071151")
    assert "[Publish] because there is another [Import]" in refused.message
    await put("lock", {})
    assert (await api.post("PublishAllXml")).status == 204
    await put("snapshot", {"name": "empty"}, "POST")
    await api.add(lastname="A")
    await put("restore", {"name": "empty"}, "POST")
    assert (await api.get("contacts")).value == []
    await api.add(lastname="B")
    await put("restore", {"name": "empty"}, "POST")
    assert (await api.get("contacts")).value == []
    assert await put("snapshot", {"name": "empty"}, "DELETE") == {"snapshots": []}
    reply = await api.post(f"{api.url}/emulator/restore", {"name": "empty"})
    assert reply.error == (404, "NotFound")
