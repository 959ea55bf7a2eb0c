"""An organisation for programs: rows, settings and snapshots without HTTP, and HTTP from a thread."""

import subprocess
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from dataverse_emulator import Emulator, Problem, Refusal

# Used as somebody would who names the plugin on pytest's command line.
from dataverse_emulator.pytest_plugin import dataverse, dataverse_door  # noqa: F401
from dataverse_emulator.serving import Door
from dataverse_emulator.state.seeds import MESSAGE_IDS

FIRM = "00000000-0000-4000-a000-000000000001"


def get(url: str) -> tuple[int, str]:
    """One request of a client that knows no asyncio."""
    request = urllib.request.Request(url, headers={"Authorization": "Bearer rep-anna"})
    with urllib.request.urlopen(request, timeout=10) as reply:
        return reply.status, reply.read().decode()


def test_rows_without_http() -> None:
    """Create, read, update, find and delete, with everything the platform sets (9.2)."""
    emulator = Emulator(clock="virtual")
    emulator.create("account", {"accountid": FIRM, "name": "F"})
    ann = emulator.create(
        "contact",
        {"firstname": "Ann", "lastname": "Ek", "parentcustomerid": FIRM, "parentcustomeridtype": "account"},
        user="rep-anna",
    )
    row = emulator.read("contact", ann)
    assert (row["fullname"], row["statecode"], row["parentcustomerid"]) == ("Ann Ek", 0, FIRM)
    assert row["createdon"] == int(emulator.organization.sources.now())
    emulator.update("contact", ann, {"donotbulkemail": True})
    emulator.create("contact", {"lastname": "Bo"})
    assert [found["contactid"] for found in emulator.rows("contact", "donotbulkemail eq true")] == [ann]
    assert len(emulator.rows("contact")) == 2
    emulator.delete("contact", ann)
    with pytest.raises(Refusal) as refused:
        emulator.read("contact", ann)
    assert refused.value.problem is Problem.OBJECT_DOES_NOT_EXIST


def test_refused_rows_change_nothing() -> None:
    """A bad value is refused as over HTTP, by reason and text (2.8)."""
    emulator = Emulator()
    with pytest.raises(Refusal, match="exceeded the maximum allowed length"):
        emulator.create("contact", {"lastname": "x" * 51})
    assert emulator.rows("contact") == []


def test_back_to_a_snapshot() -> None:
    """As often as wanted; settings beside the organisation stay."""
    emulator = Emulator(contacts=5)
    kept = emulator.snapshot()
    for _ in range(2):
        emulator.create("contact", {"lastname": "A"})
        assert len(emulator.rows("contact")) == 6
        emulator.restore(kept)
        assert len(emulator.rows("contact")) == 5


def test_clients_without_asyncio(dataverse: Emulator) -> None:  # noqa: F811
    """The fixture answers over HTTP from a thread; what is done directly is seen at once."""
    dataverse.create("contact", {"lastname": "Ek"})
    status, text = get(f"{dataverse.url}/api/data/v9.2/contacts?$select=lastname")
    assert (status, '"lastname":"Ek"' in text) == (200, True)
    assert dataverse.switches.journal.total == 1


@pytest.mark.dataverse(contacts=7, seed=3)
def test_marked_with_what_it_should_be(dataverse: Emulator, dataverse_door: Door) -> None:  # noqa: F811
    """A mark says what the fixture is made with; the address is the same for all tests."""
    assert len(dataverse.rows("contact")) == 7
    assert dataverse.url == dataverse_door.url
    assert get(f"{dataverse.url}/api/data/v9.2/contacts/$count") == (200, "7")


def test_notices_of_direct_changes(dataverse: Emulator) -> None:  # noqa: F811
    """A change made without HTTP is told to webhooks like any other (6.6)."""
    seen: list[str] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(str(self.headers["x-ms-dynamics-entity-name"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        endpoint = dataverse.create(
            "serviceendpoint",
            {"name": "x", "url": f"http://127.0.0.1:{server.server_port}/", "contract": 8, "authtype": 4},
        )
        step = {"name": "x", "stage": 40, "mode": 1, "eventhandler": endpoint,
                "eventhandlertypecode": "serviceendpoint",
                "sdkmessageid": MESSAGE_IDS["Create"], "asyncautodelete": True}  # fmt: skip
        dataverse.create("sdkmessageprocessingstep", step)
        dataverse.create("contact", {"lastname": "A"})
        dataverse.webhooks_idle()
        server.shutdown()
        thread.join()
    assert seen.count("contact") == 1


def test_not_served() -> None:
    """There is no address before there is one."""
    with pytest.raises(RuntimeError, match="not served"):
        _ = Emulator().url


@pytest.mark.thorough
def test_plugin_for_whoever_only_installed_the_package(tmp_path: Path) -> None:
    """Named on the command line, with nothing else set up."""
    (tmp_path / "test_mine.py").write_text(
        "import pytest\n"
        "@pytest.mark.dataverse(contacts=3)\n"
        "def test_mine(dataverse):\n"
        "    assert len(dataverse.rows('contact')) == 3 and dataverse.url.startswith('http://127.0.0.1:')\n"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--strict-markers",
        "-p",
        "dataverse_emulator.pytest_plugin",
    ]
    done = subprocess.run(
        [*command, str(tmp_path)], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
