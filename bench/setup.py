"""How long setup takes where every step costs what is documented, in the organisation's own time."""

from time import process_time
from typing import Any

import aiohttp

from assent.demo.rep import at_work
from assent.demo.stage import CATEGORIES, emulator_process, set_up, stage
from assent.services import categories

#: So many categories an account has.
WANTED = 10

_OPTIONS = ("--profile", "documented", "--clock", "virtual")


async def measure(contacts: int) -> dict[str, Any]:
    """Set up an organisation whose clock moves by what its answers cost; nothing really waits for it."""
    async with stage(contacts, 7, lambda _: None, emulator_options=_OPTIONS) as on:
        for number in range(len(CATEGORIES), WANTED):
            await categories.create(on.app, on.operator, f"Subject {number + 1}", "What is new about it")
        requests, cpu, began = await on.emulator.requests(), process_time(), await on.emulator.now()
        await set_up(on, lambda _: None)
        simulated = await on.emulator.now() - began
        requests, cpu = await on.emulator.requests() - requests, process_time() - cpu
        found = await on.app.store.accounts.categories(on.account_id)
    one_by_one = await _column_by_column()
    return {
        "rows": contacts,
        "categories": len(found),
        "simulated_s": round(simulated, 1),
        "requests": requests,
        "engine_cpu_s": round(cpu, 2),
        "baseline": "the columns alone, each published by itself",
        "baseline_simulated_s": round(one_by_one, 1),
        "ratio": round(one_by_one / simulated, 1),
    }


async def _column_by_column() -> float:
    headers = {"Authorization": "Bearer baseline"}
    table = "EntityDefinitions(LogicalName='contact')/Attributes"
    publish = {
        "ParameterXml": "<importexportxml><entities><entity>contact</entity></entities></importexportxml>"
    }
    async with (
        emulator_process(0, 7, *_OPTIONS) as url,
        at_work(url, "rep-anna") as (_, emulator),
        aiohttp.ClientSession(f"{url}/api/data/v9.2/", headers=headers) as session,
    ):
        began = await emulator.now()
        for number in range(WANTED):
            async with session.post(table, json=_column(f"new_subject{number}")) as answer:
                answer.raise_for_status()
            async with session.post("PublishXml", json=publish) as answer:
                answer.raise_for_status()
        return await emulator.now() - began


def _column(name: str) -> dict[str, Any]:
    def label(text: str) -> dict[str, Any]:
        return {"LocalizedLabels": [{"Label": text, "LanguageCode": 1033}]}

    return {
        "@odata.type": "Microsoft.Dynamics.CRM.BooleanAttributeMetadata",
        "SchemaName": name,
        "DisplayName": label(name),
        "RequiredLevel": {"Value": "None"},
        "DefaultValue": True,
        "OptionSet": {
            "@odata.type": "Microsoft.Dynamics.CRM.BooleanOptionSetMetadata",
            "TrueOption": {"Value": 1, "Label": label("Yes")},
            "FalseOption": {"Value": 0, "Label": label("No")},
        },
    }
