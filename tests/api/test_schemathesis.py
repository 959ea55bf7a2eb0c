"""Requests made from the OpenAPI document, right and wrong: no server error, nothing undocumented (P8)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.schemas import OpenApiSchema

from assent.services.access import Role

from .operations import RIGHT_OF
from .seeding import seeded
from .served import served_application

load_all_checks()


@schemathesis.serializer("message/rfc822")
def mail(context: Any, value: Any) -> bytes:
    """A mail is sent as it is."""
    return value if isinstance(value, bytes) else str(value).encode()


CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

#: These call other machines, whose silence is told as such.
CALLS_OTHERS = {
    *("create_connection", "verify_connection", "look_over_connection", "put_credentials"),
    *("plan_setup", "list_plan_people", "plan_removal", "export_removal"),
}


@dataclass(frozen=True)
class Target:
    """A served account with one of everything, and the document it is served with."""

    schema: OpenApiSchema
    key: str
    ids: dict[str, str]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Served by a thread of its own, because requests are made without async here."""
    folder = tmp_path_factory.mktemp("served")
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(served_application(folder)) as served,
    ):
        key = served.keys[Role.ADMIN]
        ids = portal.call(seeded, served, served.account_id, key)
        schema = schemathesis.openapi.from_url(f"{served.url}/api/v1/openapi.json")
        yield Target(schema, key, ids)


def explore(target: Target, ident: str, mode: GenerationMode, examples: int) -> None:
    """Call one operation many times, half of them with ids there are."""
    operation = target.schema.find_operation_by_id(ident)

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=operation.as_strategy(generation_mode=mode), known=st.booleans())
    def called(case: Case[Any], known: bool) -> None:
        if known and case.path_parameters:
            case.path_parameters.update({name: target.ids[name] for name in case.path_parameters})
        response = case.call(headers={"Authorization": f"Bearer {target.key}"})
        assert response.status_code < 500 or (response.status_code == 503 and ident in CALLS_OTHERS)
        case.validate_response(response, checks=CHECKS)

    called()


def test_each_operation_keeps_to_its_document(target: Target) -> None:
    """A few requests each: quick, and enough to notice what was forgotten."""
    for ident in RIGHT_OF:
        explore(target, ident, GenerationMode.POSITIVE, 2)


@pytest.mark.thorough
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda m: m.value)
@pytest.mark.parametrize("ident", RIGHT_OF)
def test_an_operation_keeps_to_its_document_whatever_is_sent(
    target: Target, ident: str, mode: GenerationMode
) -> None:
    """Bodies and parameters that fit, and ones that do not."""
    explore(target, ident, mode, 10)
