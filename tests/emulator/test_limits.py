"""Service protection, faults and the control calls."""

import asyncio

import aiohttp
import pytest

from dataverse_emulator import RunningEmulator

from .api import Api, Clock


async def limit(api: Api, **limits: object) -> None:
    """Set limits."""
    reply = await api.put(f"{api.url}/emulator/limits", limits)
    assert reply.status == 200, reply.text


async def test_number_of_requests(api: Api, clock: Clock) -> None:
    """Beyond the limit 429 with the documented code and text, per user, until the window slides (5.1)."""
    await limit(api, requests=3)
    assert [(await api.get("WhoAmI")).status for _ in range(3)] == [200] * 3
    reply = await api.get("WhoAmI")
    assert reply.error == (429, "0x80072322")
    assert reply.message == "Number of requests exceeded the limit of 3 over time window of 300 seconds."
    first = int(reply.headers["Retry-After"])
    assert (await api.user("rep-bert").get("WhoAmI")).status == 200
    pushed = int((await api.get("WhoAmI")).headers["Retry-After"])
    assert first <= pushed <= 300
    clock.now += 301
    assert (await api.get("WhoAmI")).status == 200


async def test_execution_time(api: Api) -> None:
    """Combined execution time counts in full (5.1)."""
    await limit(api, execution_ms=1000)
    await api.put(f"{api.url}/emulator/costs", {"request_ms": 600})
    assert (await api.get("WhoAmI")).status == 200
    assert (await api.get("WhoAmI")).status == 200
    reply = await api.get("WhoAmI")
    assert reply.error == (429, "0x80072321")
    assert reply.message.startswith("Combined execution time of incoming requests exceeded limit of 1,000 ")
    assert reply.headers["x-ms-ratelimit-time-remaining-xrm-requests"] == "0.00"


async def test_concurrency(api: Api) -> None:
    """More at once than allowed are refused with a short wait (5.1)."""
    await limit(api, concurrent=2)
    await api.put(f"{api.url}/emulator/costs", {"latency_s": 0.3})
    replies = await asyncio.gather(*(api.get("WhoAmI") for _ in range(4)))
    refused = [reply for reply in replies if reply.status == 429]
    assert len(refused) == 2
    assert refused[0].error[1] == "0x80072326"
    assert refused[0].message == "Number of concurrent requests exceeded the limit of 2."
    assert int(refused[0].headers["Retry-After"]) <= 5


async def test_next_requests_fail(api: Api) -> None:
    """The next N answer as told, then all is well again."""
    await api.put(f"{api.url}/emulator/faults", {"next": 2, "status": 503, "retry_after_s": 7})
    replies = [await api.post("contacts", {"lastname": "A"}) for _ in range(3)]
    assert [reply.status for reply in replies] == [503, 503, 204]
    assert replies[0].headers["Retry-After"] == "7"
    assert len((await api.get("contacts")).value) == 1


async def test_lost_answer(api: Api) -> None:
    """The write is done, the connection breaks, and the caller cannot know (12)."""
    await api.put(f"{api.url}/emulator/faults", {"lose_answers": 1})
    with pytest.raises(aiohttp.ClientError):
        await api.post("contacts", {"lastname": "A"})
    assert len((await api.get("contacts")).value) == 1


async def test_expired_tokens(api: Api) -> None:
    """All issued tokens can be made to expire mid-run (12)."""
    form = b"grant_type=client_credentials&client_id=a&client_secret=b&scope=https%3A%2F%2Fo%2F.default"
    token = (await api.call("POST", f"{api.url}/t/oauth2/v2.0/token", raw=form)).json["access_token"]
    await api.put(f"{api.url}/emulator/faults", {"expire_tokens": True})
    assert (await api.user(token).get("WhoAmI")).status == 401


async def test_journal_and_counts(api: Api) -> None:
    """Every imitated request is written down without its query; control calls are not."""
    await api.get("contacts?$filter=emailaddress1 eq 'secret@x.com'")
    await api.get("incidents")
    entries = (await api.get(f"{api.url}/emulator/journal")).json["entries"]
    assert [
        (entry["n"], entry["method"], entry["path"], entry["status"], entry["user"]) for entry in entries
    ] == [
        (1, "GET", "/api/data/v9.2/contacts", 200, "rep-anna"),
        (2, "GET", "/api/data/v9.2/incidents", 501, "rep-anna"),
    ]
    later = (await api.get(f"{api.url}/emulator/journal?after=1")).json["entries"]
    assert [entry["n"] for entry in later] == [2]
    counts = (await api.get(f"{api.url}/emulator/requests")).json
    assert counts == {"total": 2, "by_path": {"/api/data/v9.2/contacts": 1, "/api/data/v9.2/incidents": 1}}


async def test_about(api: Api, emulator: RunningEmulator) -> None:
    """GET /emulator tells what runs and how it is set."""
    await api.add(lastname="A")
    about = (await api.get(f"{api.url}/emulator")).json
    assert (about["contacts"], about["requests"], about["strict"]) == (1, 1, False)
    assert about["newest_version"] == emulator.organization.version


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "webhooks", {"enable": True}),
        ("PUT", "webhooks", {"enabled": "yes"}),
        ("PUT", "webhooks", {"delay_s": -1}),
        ("PUT", "limits", {"requests": "many"}),
        ("PUT", "limits", []),
        ("PUT", "faults", {"status": 200}),
        ("PUT", "faults", {"nosuch": 1}),
        ("PUT", "choices", {"nosuch": 1}),
        ("PUT", "costs", {"profile": "nosuch"}),
        ("PUT", "costs", {"latency_s": "long"}),
        ("PUT", "costs", {"column_s": -1}),
        ("PUT", "trouble", {"families": {"rain": 1}}),
        ("PUT", "trouble", {"families": {"throttled": 2}}),
        ("PUT", "trouble", {"families": "rain"}),
        ("PUT", "trouble", {"families": 5}),
        ("PUT", "trouble", {"held_s": -1}),
        ("PUT", "lock", {"seconds": "long"}),
        ("PUT", "clock", {"advance_s": 5}),
        ("POST", "snapshot", {"name": 5}),
        ("POST", "contacts", {"count": 0}),
        ("POST", "contacts", {"count": "5"}),
        ("POST", "contacts", {"number": 5}),
        ("GET", "journal?since=1", None),
        ("GET", "journal?after=x", None),
    ],
)
async def test_bad_control_calls(api: Api, method: str, path: str, body: object) -> None:
    """Unknown keys and wrong types answer 400 and change nothing."""
    before = (await api.get(f"{api.url}/emulator")).json
    assert (await api.call(method, f"{api.url}/emulator/{path}", body)).status == 400
    assert (await api.get(f"{api.url}/emulator")).json == before


async def test_unknown_control_call(api: Api) -> None:
    """There is nothing else under /emulator."""
    assert (await api.get(f"{api.url}/emulator/nosuch")).status == 404
