"""The client, which insists on HTTPS and blocks, beside an emulator that answers from a thread of its own."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import trustme
import uvicorn
from azure.core.credentials import AccessToken
from PowerPlatform.Dataverse.client import DataverseClient

from dataverse_emulator import Organization, create_app
from tests.web.listening import Stand


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


@pytest.fixture
def client(
    organization: Organization, secure: Secure, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DataverseClient]:
    """A client of an empty organisation."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure.authority))
    secure.stand.app = create_app(organization)
    with DataverseClient(secure.stand.url, Credential()) as found:
        yield found


@pytest.fixture
def publish(secure: Secure) -> Callable[[], None]:
    """Publish all customisations, which the client cannot."""

    def post() -> None:
        url = f"{secure.stand.url}/api/data/v9.2/PublishAllXml"
        headers = {"Authorization": "Bearer rep-anna"}
        reply = requests.post(url, headers=headers, verify=str(secure.authority), timeout=10)
        assert reply.status_code == 204

    return post
