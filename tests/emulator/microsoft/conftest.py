"""The client, which insists on HTTPS and blocks, beside an emulator that answers from a thread of its own."""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest
import requests
import trustme
import uvicorn
from azure.core.credentials import AccessToken
from PowerPlatform.Dataverse.aio import AsyncDataverseClient
from PowerPlatform.Dataverse.client import DataverseClient

from dataverse_emulator import Organization, create_app
from tests.web.listening import Stand

from . import Client
from .blocking import Blocking


@dataclass(frozen=True, slots=True)
class Secure:
    """Where emulators answer one after another, and who vouches for that."""

    stand: Stand
    authority: Path


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """A server with a certificate for localhost, in a thread of its own."""
    folder, stand, authority = tmp_path_factory.mktemp("tls"), Stand(), trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    listener = socket.create_server(("127.0.0.1", 0))
    stand.url = f"https://localhost:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        stand, log_config=None, lifespan="off", ssl_certfile=str(folder / "server.pem"), timeout_keep_alive=60
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.002)
    yield Secure(stand, folder / "authority.pem")
    server.should_exit = server.force_exit = True
    thread.join()


class Credential:
    """Gives a token that names a user, as the emulator lets anybody be."""

    def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        """A token for an hour."""
        return AccessToken("rep-anna", int(time.time()) + 3600)


class AsyncCredential:
    """The same, asked without blocking."""

    async def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        """A token for an hour."""
        return Credential().get_token()

    async def close(self) -> None:
        """There is nothing to close."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_raised: object) -> None:
        """There is nothing to leave."""


@contextmanager
def blocking(url: str) -> Iterator[Blocking]:
    """The asynchronous client in a loop of its own."""
    with asyncio.Runner() as runner:

        async def begun() -> AsyncDataverseClient:
            return AsyncDataverseClient(url, AsyncCredential())

        with Blocking(runner.run(begun()), runner) as client:
            yield client


@pytest.fixture(params=["waiting", "asynchronous"])
def client(
    request: pytest.FixtureRequest,
    organization: Organization,
    secure: Secure,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Client]:
    """Each of the two clients of an empty organisation."""
    secure.stand.app = create_app(organization)
    if request.param == "waiting":
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure.authority))
        with DataverseClient(secure.stand.url, Credential()) as found:
            yield found
        return
    # aiohttp made its idea of whom to trust when it was imported.
    trusting = ssl.create_default_context(cafile=str(secure.authority))
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", trusting)
    with blocking(secure.stand.url) as held:
        yield held


@pytest.fixture
def deprecated(client: Client) -> Client:
    """The client that still has its deprecated methods."""
    if isinstance(client, Blocking):
        pytest.skip("the asynchronous client never had them")
    return client


@pytest.fixture
def publish(secure: Secure) -> Callable[[], None]:
    """Publish all customisations, which the client cannot."""

    def post() -> None:
        url = f"{secure.stand.url}/api/data/v9.2/PublishAllXml"
        headers = {"Authorization": "Bearer rep-anna"}
        reply = requests.post(url, headers=headers, verify=str(secure.authority), timeout=10)
        assert reply.status_code == 204

    return post
