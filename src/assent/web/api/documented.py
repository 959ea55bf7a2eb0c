"""The API's OpenAPI document: problems, keys and security of every operation, and requests held to it."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException

from assent.errors import Invalid
from assent.services.repeats import LONGEST_KEY
from assent.web.api.shapes import Problem
from assent.web.problems import PROBLEM_TYPE

DESCRIPTION = """
Everything the console can do, for programs. Call with an API key: `Authorization: Bearer asn_...`;
an admin makes one in the console or with `POST /keys`.

**Errors** are problem documents (RFC 9457): `detail` says what happened and what to do, `errors` says where.
**Lists** come in pages: give `next` of an answer as `after` of the next request, until it is empty.
**Repeating**: send `Idempotency-Key` with any unsafe request, and sending it again within a day gives the
first answer, with `Idempotency-Replayed: true`, instead of doing it again. Where the first one failed after
it may have done something, it gives 409: look, then use a fresh key.
**Foreign ids**: what belongs to another account does not exist (404).
"""

_SCHEMA = "#/components/schemas/{model}"

#: What each problem status means, wherever it is answered.
MEANINGS: dict[int, str] = {
    400: "The request is not what this operation expects.",
    401: "The API key or the session is missing, wrong, or ended.",
    403: "The caller's role may not do this.",
    404: "This account has no such thing.",
    409: "It contradicts what stands now, or the first request with this key runs, or failed in its midst.",
    413: "The body is too large.",
    415: "The body has a type this operation does not read.",
    422: "Another system refused it, or the Idempotency-Key was used for another request.",
    429: "Too often; `Retry-After` tells when again.",
    503: "Not now: another system, or the database, does not answer. Try again.",
}

_ALWAYS = (400, 401, 403, 503)
_UNSAFE = (409, 422, 429)
_WITH_BODY = (413, 415)

_KEY_PARAMETER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A fresh text for every new request, such as a UUID; the same one to send it again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
}


def openapi(api: FastAPI) -> dict[str, Any]:
    """The document: what routers say of themselves, and what holds for all of them."""
    made = get_openapi(
        title=api.title,
        version=api.version,
        description=DESCRIPTION,
        routes=api.routes,
        servers=api.servers,
    )
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    _, problem = models_json_schema([(Problem, "serialization")], ref_template=_SCHEMA)
    schemas.update(problem["$defs"])
    made["components"]["securitySchemes"] = {
        "apiKey": {"type": "http", "scheme": "bearer", "description": "An API key."},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-assent-session",
            "description": "The console's session; unsafe requests need its `x-csrf-token` too.",
        },
    }
    made["security"] = [{"apiKey": []}, {"session": []}]
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            _complete(operation, path, method)
    _drop_unused(made)
    return made


def _complete(operation: dict[str, Any], path: str, method: str) -> None:
    responses = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422", "")):
        del responses["422"]
    statuses = list(_ALWAYS)
    if "{" in path or "requestBody" in operation:
        statuses.append(404)  # a body names things too
    if method != "get":
        statuses += _UNSAFE
        operation.setdefault("parameters", []).append(_KEY_PARAMETER)
    if "requestBody" in operation:
        statuses += _WITH_BODY
    for status in statuses:
        responses.setdefault(str(status), _problem(status))
    operation["responses"] = dict(sorted(responses.items()))


def _drop_unused(made: dict[str, Any]) -> None:
    """Leave shapes out that are described where they are used."""
    schemas = made["components"]["schemas"]
    while True:
        text = json.dumps(made)
        unused = [name for name in schemas if f'"{_SCHEMA.format(model=name)}"' not in text]
        if not unused:
            return
        for name in unused:
            del schemas[name]


def _problem(status: int) -> dict[str, Any]:
    content = {PROBLEM_TYPE: {"schema": {"$ref": _SCHEMA.format(model="Problem")}}}
    answer: dict[str, Any] = {"description": MEANINGS[status], "content": content}
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        seconds = {"type": "integer", "minimum": 1}
        answer["headers"] = {"Retry-After": {"description": "In how many seconds.", "schema": seconds}}
    return answer


@dataclass(frozen=True, slots=True)
class Expected:
    """What an operation takes: query parameters (True: may be given more than once), types of bodies."""

    query: dict[str, bool]
    bodies: frozenset[str]


def expected(document: dict[str, Any]) -> dict[tuple[str, str], Expected]:
    """What every operation takes, by method and path."""
    return {
        (method.upper(), path): Expected(
            {
                one["name"]: _is_list(one["schema"])
                for one in operation.get("parameters", ())
                if one["in"] == "query"
            },
            frozenset(operation.get("requestBody", {}).get("content", {})),
        )
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


async def as_documented(request: Request) -> None:
    """Refuse query parameters nobody knows, single ones given twice, and bodies of another type.

    A misspelt filter that was passed over would select everybody.
    """
    taken: dict[tuple[str, str], Expected] = request.app.state.expected
    found = taken.get((request.method, request.scope["route"].path))
    if found is None:
        return
    names = [name for name, _ in request.query_params.multi_items()]
    unknown = sorted(set(names) - set(found.query))
    if unknown:
        known = ", ".join(sorted(found.query)) or "none"
        raise Invalid(f"There is no such query parameter here. Known: {known}.")
    twice = sorted(name for name in set(names) if names.count(name) > 1 and not found.query[name])
    if twice:
        raise Invalid(f"The query parameter {twice[0]} is given twice, so it is not clear which counts.")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if found.bodies and kind not in found.bodies and request.scope["state"].get("body"):
        detail = f"This operation reads {' or '.join(sorted(found.bodies))}; say so in Content-Type."
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)


def _is_list(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "array" or any(_is_list(one) for one in schema.get("anyOf", ()))
