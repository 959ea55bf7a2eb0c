"""The headers by which a caller keeps custom logic from running (dataverse.md 9.7)."""

from dataclasses import replace

import pytest

from dataverse_emulator import RunningEmulator

from .api import Api, Receiver, batch_of, part
from .test_webhooks import endpoint, step

LOGIC = "MSCRM.BypassBusinessLogicExecution"
STEPS = "MSCRM.BypassBusinessLogicExecutionStepIds"


async def heard(emulator: RunningEmulator, receiver: Receiver) -> int:
    """How many notices came since asked last."""
    await emulator.webhooks_idle()
    found = len(receiver.bodies)
    receiver.bodies.clear()
    return found


async def test_asynchronous_steps_are_bypassed(
    api: Api, emulator: RunningEmulator, receiver: Receiver
) -> None:
    """CustomAsync keeps steps of endpoints quiet, CustomSync has nothing to bypass; a choice undoes it."""
    key = await api.add(lastname="Ek")
    await step(api, await endpoint(api, receiver))
    for value, expected in (("CustomAsync", 0), ("CustomSync,CustomAsync", 0), ("CustomSync", 1)):
        reply = await api.patch(f"contacts({key})", {"jobtitle": value}, **{LOGIC: value})
        assert (reply.status, await heard(emulator, receiver)) == (204, expected), value
    await api.patch(f"contacts({key})", {"jobtitle": "x"}, **{"MSCRM.BypassCustomPluginExecution": "true"})
    assert await heard(emulator, receiver) == 1
    emulator.organization.choices = replace(emulator.organization.choices, bypass_covers_endpoints=False)
    await api.patch(f"contacts({key})", {"jobtitle": "y"}, **{LOGIC: "CustomAsync"})
    assert await heard(emulator, receiver) == 1


async def test_single_steps_and_batches(api: Api, emulator: RunningEmulator, receiver: Receiver) -> None:
    """Only the steps named are left out, and only of the request that names them; a batch is one request."""
    key = await api.add(lastname="Ek")
    hook = await endpoint(api, receiver)
    first, _ = await step(api, hook), await step(api, hook)
    await api.patch(f"contacts({key})", {"jobtitle": "x"}, **{STEPS: first})
    assert await heard(emulator, receiver) == 1
    await api.batch(batch_of(part(f"PATCH contacts({key})", {"jobtitle": "y"})), **{LOGIC: "CustomAsync"})
    assert await heard(emulator, receiver) == 0
    await api.patch(f"contacts({key})", {"jobtitle": "z"})
    assert await heard(emulator, receiver) == 2


@pytest.mark.parametrize(
    "headers",
    [{LOGIC: "Everything"}, {STEPS: "x"}, {STEPS: ",".join(["11111111-2222-3333-4444-555555555555"] * 4)}],
)
async def test_what_cannot_be_obeyed(api: Api, headers: dict[str, str]) -> None:
    """Unknown kinds, what is no id, and more than three steps; nothing is written."""
    assert (await api.post("contacts", {"lastname": "Ek"}, **headers)).error == (400, "0x80040203")
    assert (await api.get("contacts")).value == []
