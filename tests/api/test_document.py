"""The OpenAPI document says what a program needs, and the page shows it without anybody else's server."""

import json
import re
from typing import Any

import pytest

from .served import Served, operations

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def document(served: Served) -> dict[str, Any]:
    """The document; nobody needs a key for it."""
    answer = await served.call("GET", "/openapi.json", key=None)
    assert (200, "application/json") == (answer.status, answer.headers["content-type"])
    return dict(answer.json())


async def test_every_operation_explains_itself(served: Served) -> None:
    """A name of its own, a summary, a description that ends as sentences do, and a resource."""
    assert len(await operations(served)) > 70
    for path, methods in (await document(served))["paths"].items():
        for method, operation in methods.items():
            assert re.fullmatch(r"[a-z]+(_[a-z]+)+", operation["operationId"])
            assert operation["summary"], (method, path)
            assert operation.get("description", "").endswith("."), (method, path)
            assert 1 == len(operation["tags"])


async def test_every_error_is_documented_as_a_problem(served: Served) -> None:
    """Each operation names what it may refuse, with the same shape for all."""
    for path, methods in (await document(served))["paths"].items():
        for method, operation in methods.items():
            answers = operation["responses"]
            expected = {"400", "401", "403", "503"} | ({"404"} if "{" in path else set())
            assert expected <= set(answers), (method, path)
            for status in (status for status in answers if status >= "400"):
                schema = answers[status]["content"]["application/problem+json"]["schema"]
                assert "#/components/schemas/Problem" == schema["$ref"]


async def test_unsafe_operations_take_an_idempotency_key(served: Served) -> None:
    """And say so; safe ones do not."""
    for methods in (await document(served))["paths"].values():
        for method, operation in methods.items():
            names = {one["name"] for one in operation.get("parameters", ())}
            assert (method != "get") == ("Idempotency-Key" in names)


async def test_both_ways_to_call_are_documented(served: Served) -> None:
    """A bearer key, or the console's session."""
    found = await document(served)
    schemes = found["components"]["securitySchemes"]
    assert {"apiKey", "session"} == set(schemes)
    assert ("http", "bearer") == (schemes["apiKey"]["type"], schemes["apiKey"]["scheme"])
    assert [{"apiKey": []}, {"session": []}] == found["security"]
    assert [{"url": "/api/v1"}] == found["servers"]


async def test_every_reference_leads_somewhere(served: Served) -> None:
    """Nothing refers to a shape that is not there, and no shape is there for nothing."""
    found = await document(served)
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(found)))
    assert named == set(found["components"]["schemas"])


async def test_the_page_shows_every_operation_and_loads_nothing_from_elsewhere(served: Served) -> None:
    """One page and one style sheet of this server, no script, nothing inline."""
    page = await served.call("GET", "/docs", key=None)
    assert (200, "text/html; charset=utf-8") == (page.status, page.headers["content-type"])
    text = page.body.decode()
    for ident in await operations(served):
        assert f'id="{ident}"' in text
    assert ["docs.css"] == re.findall(r'<link[^>]+href="([^"]+)"', text)
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|src=", text)
    assert "script-src 'self'" in page.headers["content-security-policy"]
    style = await served.call("GET", "/docs.css", key=None)
    assert (200, True) == (style.status, style.headers["content-type"].startswith("text/css"))
