"""Webhook registration and delivery."""

import pytest

from dataverse_emulator import RunningEmulator
from dataverse_emulator.state import writes
from dataverse_emulator.state.events import Values

from .api import Api, Receiver, attributes, batch_of, entity_id, pairs, part

IDS = {
    "Create": "9ebdbb1b-ea3e-db11-86a7-000a3a5473e8",
    "Update": "20bebb1b-ea3e-db11-86a7-000a3a5473e8",
    "Delete": "a1bdbb1b-ea3e-db11-86a7-000a3a5473e8",
}
NOBODY = "11111111-2222-3333-4444-555555555555"
HEADER = '<settings><setting name="x-key" value="abc"/></settings>'


async def endpoint(api: Api, receiver: Receiver, authtype: int = 5, authvalue: str = HEADER) -> str:
    """Register a webhook."""
    body = {"name": "hook", "url": receiver.url, "contract": 8, "authtype": authtype, "authvalue": authvalue}
    return entity_id(await api.post("serviceendpoints", body))


async def message_id(api: Api, message: str) -> str:
    """Look a message up, as a client must."""
    found = await api.get(f"sdkmessages?$select=sdkmessageid&$filter=name eq '{message}'")
    return str(found.value[0]["sdkmessageid"])


async def step(api: Api, hook: str, message: str = "Update", **changed: object) -> str:
    """Register a step on contact."""
    message_key = await message_id(api, message)
    query = f"_sdkmessageid_value eq {message_key} and primaryobjecttypecode eq 'contact'"
    filters = await api.get(f"sdkmessagefilters?$select=sdkmessagefilterid&$filter={query}")
    body: dict[str, object] = {
        "name": f"on {message}",
        "stage": 40,
        "mode": 1,
        "rank": 1,
        "supporteddeployment": 0,
        "asyncautodelete": True,
        "eventhandler_serviceendpoint@odata.bind": f"/serviceendpoints({hook})",
        "sdkmessageid@odata.bind": f"/sdkmessages({message_key})",
        "sdkmessagefilterid@odata.bind": f"/sdkmessagefilters({filters.value[0]['sdkmessagefilterid']})",
    }
    reply = await api.post("sdkmessageprocessingsteps", body | changed)
    assert reply.status == 204, reply.text
    return entity_id(reply)


async def test_message_ids_are_the_documented_ones(api: Api) -> None:
    """Three message ids are the same in every organisation (dataverse.md 6.2)."""
    for name, expected in IDS.items():
        assert await message_id(api, name) == expected


async def test_update_notice(api: Api, emulator: RunningEmulator, receiver: Receiver) -> None:
    """Headers and body of an Update: submitted and system-set columns only (6.4)."""
    key = await api.add(firstname="Ann", lastname="Ek", emailaddress1="ann@x.com")
    await step(api, await endpoint(api, receiver), filteringattributes="donotbulkemail")
    await api.patch(f"contacts({key})", {"donotbulkemail": True})
    await emulator.webhooks_idle()
    (_, headers), body = receiver.requests[0], receiver.bodies[0]
    assert headers["x-ms-dynamics-entity-name"] == "contact"
    assert headers["x-ms-dynamics-request-name"] == "Update"
    assert headers["x-ms-correlation-request-id"] == body["CorrelationId"]
    assert headers["x-key"] == "abc"
    target = pairs(body["InputParameters"])["Target"]
    held = attributes(target)
    assert held.keys() == {"donotbulkemail", "contactid", "modifiedon", "modifiedby"}
    assert held["donotbulkemail"] is True
    row = (await api.get(f"contacts({key})")).json
    assert held["modifiedby"]["Id"] == body["UserId"] == body["InitiatingUserId"] == row["_modifiedby_value"]
    assert held["modifiedon"] == "/Date(1760000000000)/"
    assert target["RowVersion"] == str(row["versionnumber"])
    assert (body["MessageName"], body["PrimaryEntityId"], body["Stage"], body["Mode"]) == (
        "Update",
        key,
        40,
        1,
    )
    named = pairs(body["PostEntityImages"])["AsynchronousStepPrimaryName"]
    assert attributes(named) == {"contactid": key, "fullname": "Ann Ek"}


async def test_filtering_is_by_presence(api: Api, emulator: RunningEmulator, receiver: Receiver) -> None:
    """An unchanged value fires; another column does not (6.6)."""
    key = await api.add(lastname="Ek", donotbulkemail=True)
    await step(api, await endpoint(api, receiver), filteringattributes="donotbulkemail,emailaddress1")
    await api.patch(f"contacts({key})", {"jobtitle": "Buyer"})
    await api.patch(f"contacts({key})", {"donotbulkemail": True})
    await emulator.webhooks_idle()
    assert len(receiver.bodies) == 1


async def test_images(api: Api, emulator: RunningEmulator, receiver: Receiver) -> None:
    """A pre-image holds the row as it was, a post-image as it is (6.3)."""
    key = await api.add(lastname="Ek", emailaddress1="a@x.com")
    on = await step(api, await endpoint(api, receiver))
    for alias, kind in (("pre", 0), ("post", 1)):
        body = {
            "name": alias,
            "entityalias": alias,
            "imagetype": kind,
            "messagepropertyname": "Target",
            "attributes": "emailaddress1,donotbulkemail,statecode",
            "sdkmessageprocessingstepid@odata.bind": f"/sdkmessageprocessingsteps({on})",
        }
        assert (await api.post("sdkmessageprocessingstepimages", body)).status == 204
    await api.patch(f"contacts({key})", {"emailaddress1": "b@x.com"})
    await emulator.webhooks_idle()
    before = attributes(pairs(receiver.bodies[0]["PreEntityImages"])["pre"])
    after = attributes(pairs(receiver.bodies[0]["PostEntityImages"])["post"])
    assert (before["emailaddress1"], after["emailaddress1"]) == ("a@x.com", "b@x.com")
    assert before["donotbulkemail"] is False
    assert before["statecode"]["Value"] == 0


async def test_create_and_delete_notices(api: Api, emulator: RunningEmulator, receiver: Receiver) -> None:
    """Create has `id` among its outputs, Delete a reference as Target (6.4)."""
    hook = await endpoint(api, receiver)
    await step(api, hook, "Create")
    await step(api, hook, "Delete")
    key = await api.add(lastname="Ek", donotbulkemail=True)
    await emulator.webhooks_idle()
    await api.delete(f"contacts({key})")
    await emulator.webhooks_idle()
    created, deleted = receiver.bodies
    assert pairs(created["OutputParameters"]) == {"id": key}
    held = attributes(pairs(created["InputParameters"])["Target"])
    assert (held["donotbulkemail"], held["fullname"], held["statecode"]["Value"]) == (True, "Ek", 0)
    assert pairs(deleted["InputParameters"])["Target"]["Id"] == key
    assert "AsynchronousStepPrimaryName" in pairs(deleted["PreEntityImages"])


async def test_state_beside_other_columns_fires_twice(
    api: Api, emulator: RunningEmulator, receiver: Receiver
) -> None:
    """State or status with other columns is split into two Update events (6.6)."""
    key = await api.add(lastname="Ek")
    await step(api, await endpoint(api, receiver))
    await api.patch(f"contacts({key})", {"donotbulkemail": True, "statecode": 1})
    await emulator.webhooks_idle()
    submitted = [attributes(pairs(body["InputParameters"])["Target"]).keys() for body in receiver.bodies]
    assert sorted("statecode" in names for names in submitted) == [False, True]


async def test_bulk_fires_once_per_row(api: Api, emulator: RunningEmulator, receiver: Receiver) -> None:
    """UpdateMultiple raises Update for each row (4.2, 6.6)."""
    keys = [await api.add(lastname=str(at)) for at in range(5)]
    await step(api, await endpoint(api, receiver))
    targets = [
        {"@odata.type": "Microsoft.Dynamics.CRM.contact", "contactid": key, "donotemail": True}
        for key in keys
    ]
    await api.post("contacts/Microsoft.Dynamics.CRM.UpdateMultiple", {"Targets": targets})
    await emulator.webhooks_idle()
    assert sorted(body["PrimaryEntityId"] for body in receiver.bodies) == sorted(keys)


async def test_only_committed_changes_are_noticed(
    api: Api, emulator: RunningEmulator, receiver: Receiver
) -> None:
    """What was rolled back is not delivered (6.5)."""
    key = await api.add(lastname="A")
    await step(api, await endpoint(api, receiver))
    targets = [
        {"@odata.type": "Microsoft.Dynamics.CRM.contact", "contactid": found, "donotemail": True}
        for found in (key, "11111111-2222-3333-4444-555555555555")
    ]
    await api.post("contacts/Microsoft.Dynamics.CRM.UpdateMultiple", {"Targets": targets})
    await api.batch(batch_of(part(f"PATCH contacts({key})", {"donotemail": False})))
    await emulator.webhooks_idle()
    assert len(receiver.bodies) == 1


@pytest.mark.parametrize(
    ("authtype", "authvalue", "ending"),
    [
        (4, "k 1", "/hook?code=k%201"),
        (6, '<settings><setting name="a" value="b c"/></settings>', "/hook?a=b%20c"),
    ],
)
async def test_secrets_in_the_url(
    api: Api, emulator: RunningEmulator, receiver: Receiver, authtype: int, authvalue: str, ending: str
) -> None:
    """Key and query string secrets are appended to the URL; the value cannot be read back (6.1)."""
    hook = await endpoint(api, receiver, authtype, authvalue)
    await step(api, hook, "Create")
    await api.add(lastname="Ek")
    await emulator.webhooks_idle()
    assert receiver.requests[0][0] == ending
    row = (await api.get(f"serviceendpoints({hook})")).json
    assert row["isauthvalueset"] is True
    assert "authvalue" not in row


async def failures(api: Api, on: str) -> list[dict[str, object]]:
    """Failed system jobs of a step, as an operator looks for them."""
    query = f"_owningextensionid_value eq {on} and statuscode eq 31"
    return (await api.get(f"asyncoperations?$filter={query}")).value


@pytest.mark.parametrize(
    ("statuses", "posts", "failed"),
    [([503], 2, 0), ([502, 504], 2, 1), ([500], 1, 1), ([404], 1, 1), ([204], 1, 0), ([302], 1, 1)],
)
async def test_one_retry_only_for_gateway_trouble(
    api: Api, emulator: RunningEmulator, receiver: Receiver, statuses: list[int], posts: int, failed: int
) -> None:
    """502, 503 and 504 are tried once more; everything else fails at once and is lost (6.5)."""
    on = await step(api, await endpoint(api, receiver), "Create")
    receiver.statuses = statuses
    await api.add(lastname="Ek")
    await emulator.webhooks_idle()
    assert len(receiver.bodies) == posts
    assert len(await failures(api, on)) == failed


async def test_unreachable_receiver(api: Api, emulator: RunningEmulator, receiver: Receiver) -> None:
    """A refused connection is a failed job, not an error of the writer (6.5)."""
    receiver.url = "http://127.0.0.1:1/hook"
    on = await step(api, await endpoint(api, receiver), "Create")
    await api.add(lastname="Ek")
    await emulator.webhooks_idle()
    assert len(await failures(api, on)) == 1


async def test_disabled_step_and_outage(api: Api, emulator: RunningEmulator, receiver: Receiver) -> None:
    """A disabled step is silent; during an outage notices are lost for good (6.7)."""
    on = await step(api, await endpoint(api, receiver), "Create")
    await api.patch(f"sdkmessageprocessingsteps({on})", {"statecode": 1})
    await api.add(lastname="A")
    await api.patch(f"sdkmessageprocessingsteps({on})", {"statecode": 0})
    await api.put(f"{api.url}/emulator/webhooks", {"enabled": False})
    await api.add(lastname="B")
    await api.put(f"{api.url}/emulator/webhooks", {"enabled": True})
    await api.add(lastname="C")
    await emulator.webhooks_idle()
    assert [attributes(pairs(body["InputParameters"])["Target"])["lastname"] for body in receiver.bodies] == [
        "C"
    ]


async def test_large_bodies_are_stripped(api: Api, emulator: RunningEmulator, receiver: Receiver) -> None:
    """Beyond 256 KB the parameters and images go and a header says so (6.4)."""
    hook = await endpoint(api, receiver)
    on = await step(api, hook, "Update")
    images = emulator.organization.table("sdkmessageprocessingstepimage")
    user = emulator.organization.identity.system
    image: Values = {"imagetype": 1, "sdkmessageprocessingstepid": on}
    for at in range(900):
        writes.create(emulator.organization, user, images, {**image, "entityalias": f"i{at}"})
    key = await api.add(lastname="Ek")
    await api.patch(f"contacts({key})", {"donotemail": True})
    await emulator.webhooks_idle()
    assert receiver.requests[0][1]["x-ms-dynamics-msg-size-exceeded"] == "true"
    body = receiver.bodies[0]
    assert body["PrimaryEntityId"] == key
    assert not {"InputParameters", "PreEntityImages", "PostEntityImages", "ParentContext"} & body.keys()


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"mode": 0}, 501),
        ({"stage": 20}, 400),
        ({"filteringattributes": "nosuch"}, 400),
        (
            {"eventhandler_serviceendpoint@odata.bind": f"/serviceendpoints({NOBODY})"},
            404,
        ),
        ({"sdkmessageid": "x"}, 400),
        ({"colour": "red"}, 501),
    ],
)
async def test_refused_steps(api: Api, receiver: Receiver, changed: dict[str, object], status: int) -> None:
    """Only asynchronous post-operation steps on webhooks (6.2)."""
    hook = await endpoint(api, receiver)
    body: dict[str, object] = {
        "name": "x",
        "stage": 40,
        "mode": 1,
        "eventhandler_serviceendpoint@odata.bind": f"/serviceendpoints({hook})",
        "sdkmessageid@odata.bind": f"/sdkmessages({IDS['Update']})",
    }
    assert (await api.post("sdkmessageprocessingsteps", body | changed)).status == status


async def test_removal_order(api: Api, receiver: Receiver) -> None:
    """An endpoint with steps stays; steps first (6.2)."""
    hook = await endpoint(api, receiver)
    on = await step(api, hook)
    assert (await api.delete(f"serviceendpoints({hook})")).status == 405
    found = await api.get(f"sdkmessageprocessingsteps?$filter=_eventhandler_value eq {hook}")
    assert [row["sdkmessageprocessingstepid"] for row in found.value] == [on]
    assert (await api.delete(f"sdkmessageprocessingsteps({on})")).status == 204
    assert (await api.delete(f"serviceendpoints({hook})")).status == 204


async def merge(api: Api, target: str, subordinate: str, **content: object) -> int:
    """Merge two contacts."""
    kind = {"@odata.type": "Microsoft.Dynamics.CRM.contact"}
    body = {
        "Target": {**kind, "contactid": target},
        "Subordinate": {**kind, "contactid": subordinate},
        "UpdateContent": {**kind, **content},
        "PerformParentingChecks": False,
    }
    return (await api.post("Merge", body)).status


async def test_merge(api: Api, emulator: RunningEmulator, receiver: Receiver) -> None:
    """The subordinate becomes inactive, merged and points at the target, whose opt-out is its own (9.4)."""
    hook = await endpoint(api, receiver)
    await step(api, hook, "Merge")
    kept, gone = await api.add(lastname="A"), await api.add(lastname="B", donotbulkemail=True)
    link = (await api.get("contacts?$select=merged", Prefer="odata.track-changes")).json["@odata.deltaLink"]
    assert await merge(api, kept, gone, emailaddress1="new@x.com") == 204
    row = (await api.get(f"contacts({gone})")).json
    assert (row["statecode"], row["statuscode"], row["merged"], row["_masterid_value"]) == (1, 2, True, kept)
    survivor = (await api.get(f"contacts({kept})")).json
    assert (survivor["emailaddress1"], survivor["donotbulkemail"]) == ("new@x.com", False)
    assert [found["contactid"] for found in (await api.get(link)).value] == [kept, gone]
    await emulator.webhooks_idle()
    inputs = pairs(receiver.bodies[0]["InputParameters"])
    assert (inputs["Target"]["Id"], inputs["SubordinateId"]) == (kept, gone)


async def test_merge_updates_are_a_switch(api: Api, emulator: RunningEmulator, receiver: Receiver) -> None:
    """Whether Update steps see a merge is not documented, so it can be chosen (9.4)."""
    await step(api, await endpoint(api, receiver))
    pairs_of = [(await api.add(lastname="A"), await api.add(lastname="B")) for _ in range(2)]
    await merge(api, *pairs_of[0])
    await emulator.webhooks_idle()
    assert {body["Depth"] for body in receiver.bodies} == {2}
    await api.put(f"{api.url}/emulator/choices", {"merge_raises_updates": False})
    await merge(api, *pairs_of[1])
    await emulator.webhooks_idle()
    assert len(receiver.bodies) == 2


async def test_bad_merges(api: Api) -> None:
    """Missing rows, the same row twice, a row already merged."""
    kept, gone = await api.add(lastname="A"), await api.add(lastname="B")
    assert await merge(api, kept, kept) == 400
    assert await merge(api, kept, "11111111-2222-3333-4444-555555555555") == 404
    assert await merge(api, kept, gone) == 204
    assert await merge(api, kept, gone) == 501
    assert (await api.post("Merge", {"Target": 5})).status == 400
