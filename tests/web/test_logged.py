"""What the log says of requests that failed: which page it was, and nothing that lets anybody in."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from structlog.testing import capture_logs

from assent.errors import Bug
from assent.services.application import Admitted
from assent.web.inbox import Inbox
from assent.web.problems import assent_error
from assent.web.server import create_app

from .listening import listening
from .room import PERSONAL


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


@pytest.mark.parametrize("begun", [False, True])
async def test_an_error_nobody_expected_is_logged_without_what_it_quotes(
    begun: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Its name and its place: not its text, and no traceback in the log of the server that runs us."""

    async def streaming() -> AsyncIterator[bytes]:
        yield b"some"
        raise KeyError(PERSONAL)

    async def broken(request: Request) -> Response:
        if begun:
            return StreamingResponse(streaming())
        raise KeyError(PERSONAL)

    async def ready() -> bool:
        return True

    inbox = Inbox(no_store, no_store)
    app = create_app(nobody, inbox, ready, [Route("/broken", broken)])
    with capture_logs() as logged, caplog.at_level(logging.DEBUG):
        async with listening(app, log_level="info") as url, ClientSession() as http:
            if begun:
                with pytest.raises(ClientError):
                    await (await http.get(f"{url}/broken")).read()
            else:
                answer = await http.get(f"{url}/broken")
                assert (500, "application/problem+json") == (answer.status, answer.content_type)
                assert PERSONAL not in await answer.text()
    (told,) = logged
    assert ("request_failed", "/broken", "KeyError") == (told["event"], told["path"], told["error"])
    assert told["at"].startswith("tests.web.test_logged:") or told["at"].startswith("assent.")
    assert PERSONAL not in str(logged) + caplog.text
    assert "Traceback" not in caplog.text


async def nobody(connection_id: int, key: str) -> Admitted:
    """Admit nobody."""
    raise AssertionError


async def no_store(*given: object) -> Any:
    """Stand where nothing is asked for."""
    raise AssertionError(given)
