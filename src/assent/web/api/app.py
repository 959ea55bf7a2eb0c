"""Builds the API: routers, problems for every error, and the checks that come before a router."""

from functools import cache
from http import HTTPStatus

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from assent.errors import AssentError
from assent.services.application import Application
from assent.web.api import ROUTERS
from assent.web.api.docs import docs_routes
from assent.web.api.documented import as_documented, expected, openapi
from assent.web.api.idempotency import Idempotency
from assent.web.api.intake import Intake
from assent.web.problems import Unhandled, assent_error, http_error, problem

PREFIX = "/api/v1"


def create_api(application: Application) -> ASGIApp:
    """The API over an application, to be mounted at `PREFIX`."""
    return Intake(Idempotency(_operations(), application=application), application=application)


@cache
def _operations() -> FastAPI:
    """Every operation, and the document that describes them: the same for every application of a process."""
    api = FastAPI(
        title="Assent",
        version="1",
        servers=[{"url": PREFIX}],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=_operation_id,
        dependencies=[Depends(as_documented)],
        middleware=[Middleware(Unhandled)],
        exception_handlers={
            AssentError: assent_error,
            HTTPException: http_error,
            RequestValidationError: invalid_request,
        },
    )
    for router in ROUTERS:
        api.include_router(router)
    document = openapi(api)
    api.state.expected = expected(document)
    for route in docs_routes(document):
        api.router.routes.append(route)
    return api


async def invalid_request(request: Request, error: Exception) -> Response:
    """Say of each member what is wrong with it; what was given is not repeated."""
    found = error.errors() if isinstance(error, RequestValidationError) else ()
    errors = [
        {"in": str(one["loc"][0]), "pointer": _pointer(one["loc"][1:]), "detail": _detail(one)}
        for one in found
    ]
    return problem(
        HTTPStatus.BAD_REQUEST,
        "The request is not what this operation expects; `errors` says where. Nothing was changed.",
        members={"errors": errors},
    )


_WORDS = {
    "missing": "This is required.",
    "extra_forbidden": "There is no such member here.",
    "json_invalid": "The body is not JSON.",
}


def _detail(error: dict[str, object]) -> str:
    return _WORDS.get(str(error["type"]), str(error["msg"]))


def _pointer(path: tuple[object, ...]) -> str:
    return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _operation_id(route: APIRoute) -> str:
    return route.name
