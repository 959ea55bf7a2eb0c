"""What the log says of requests that failed: which page it was, and nothing that lets anybody in."""

import pytest
from aiohttp import ClientSession
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from structlog.testing import capture_logs

from assent.errors import Bug
from assent.web.problems import assent_error

from .listening import listening


@pytest.mark.parametrize("address", ["/p/s3cret.signed", "/sign-in/s3cret%2Fsigned"])
async def test_a_link_that_lets_somebody_in_is_not_logged(address: str) -> None:
    """Links to a person's page hold for ever, and one-time links until they are used."""

    async def broken(request: Request) -> Response:
        raise Bug("the database refused a statement")

    routes = [Route("/p/{token}", broken), Route("/sign-in/{token:path}", broken)]
    app = Starlette(routes=routes, exception_handlers={Bug: assent_error})
    with capture_logs() as logged:
        async with listening(app) as url, ClientSession() as http, http.get(url + address) as answer:
            assert 500 == answer.status
    assert ["request_failed"] == [one["event"] for one in logged]
    assert f"/{address.split('/')[1]}/{{token}}" == logged[0]["path"]
    assert "s3cret" not in str(logged)
