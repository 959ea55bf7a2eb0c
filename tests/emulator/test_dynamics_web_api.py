"""The npm package dynamics-web-api, unmodified, calls all it has against the emulator over HTTP.

It runs where Node is and the environment variable DYNAMICS_WEB_API names the folder of the package, as after
`npm install --prefix FOLDER dynamics-web-api` (then FOLDER/node_modules/dynamics-web-api).
"""

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from dataverse_emulator import RunningEmulator

SCRIPT = Path(__file__).with_name("dynamics_web_api.cjs")
NODE = shutil.which("node")
PACKAGE = os.environ.get("DYNAMICS_WEB_API", "")

pytestmark = [
    pytest.mark.skipif(NODE is None, reason="node is not on this machine"),
    pytest.mark.skipif(not PACKAGE, reason="DYNAMICS_WEB_API does not name the npm package's folder"),
]

#: What the emulator says by name that it does not do.
REFUSED = {
    "query",
    "search",
    "suggest",
    "autocomplete",
    "getBackgroundOperationStatus",
    "cancelBackgroundOperation",
}
#: Called in passing, without an answer of their own.
IN_PASSING = {"startBatch"}


async def called(emulator: RunningEmulator) -> dict[str, Any]:
    """What each method gave."""
    assert NODE is not None
    process = await asyncio.create_subprocess_exec(
        NODE, str(SCRIPT), PACKAGE, emulator.url, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    found = json.loads(output)
    assert isinstance(found, dict)
    return found


async def test_every_method_works_or_is_refused_by_name(emulator: RunningEmulator) -> None:
    """No method is left out; those not imitated get 501, all others what they ask for (2, 4, 7)."""
    found = await called(emulator)
    assert set(found.pop("methods")) <= found.keys() | IN_PASSING
    failed = {name: held for name, held in found.items() if isinstance(held, dict) and "message" in held}
    assert {name for name, held in failed.items() if held["status"] == 501} == failed.keys()
    assert failed.keys() == REFUSED

    assert found["retrieve"]["fullname"] == "Ann Ek"
    assert found["update"]["jobtitle"] == "Chief"
    assert found["upsert"]["contactid"] == "11111111-2222-3333-4444-555555555555"
    assert found["retrieveMultiple"]["oDataCount"] == 2
    assert [row["lastname"] for row in found["nextPage"]["value"]] == ["Ek"]
    for name in ("retrieveAll", "fetch", "fetchAll"):
        assert [row["lastname"] for row in found[name]["value"]] == ["Berg", "Ek"]
    assert (found["count"], found["countAll"]) == (2, 2)
    assert found["associated"]["_parentcustomerid_value"] == found["createAccount"]["accountid"]
    assert len(found["executeBatch"]) == 2
    assert found["downloaded"] == "some text"
    assert found["retrieveEntity"]["SchemaName"] == "asn_Thing"
    assert [row["LogicalName"] for row in found["retrieveEntities"]["value"]] == ["asn_thing"]
    assert (found["retrieveAttribute"]["MinValue"], found["retrieveAttribute"]["MaxValue"]) == (0, 9)
    assert {"asn_number"} <= {row["LogicalName"] for row in found["retrieveAttributes"]["value"]}
    assert found["retrieveRelationship"]["ReferencingEntityNavigationPropertyName"] == "asn_ContactId"
    assert "asn_contact_thing" in {row["SchemaName"] for row in found["retrieveRelationships"]["value"]}
    assert [option["Value"] for option in found["retrieveGlobalOptionSet"]["Options"]] == [1]
    assert 'EntityType Name="asn_thing"' in found["retrieveCsdlMetadata"]
    assert found["getCollectionName"] == "contacts"
