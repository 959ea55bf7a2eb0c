"""An installation from its first command to its last, every command a process of its own."""

import asyncio
import json
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import aiohttp
import pytest
import pytest_asyncio

from .processes import Done, background, command, finished, group, line_with, within

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.thorough]

SECRET = "correct-horse-battery-staple"
NEVER = "0 0 1 1 *"


@dataclass
class Story:
    """What each command of the story came to."""

    folder: Path
    url: str = ""
    done: dict[str, Done] = field(default_factory=dict)
    left: list[int] = field(default_factory=list)
    stopping_s: float = 0.0
    healthy: int = 0

    async def run(self, name: str, *words: str, **settings: str) -> None:
        """Run a command and keep its end under a name."""
        self.done[name] = await command(self.folder, *words, allow_other_hosts="true", **settings)

    async def run_within(self, name: str, *words: str, **settings: str) -> None:
        """Run a command in this process and keep its end under a name."""
        self.done[name] = await asyncio.to_thread(within, self.folder, *words, **settings)

    def alter(self) -> None:
        """Change one bit of the first ledger entry that was ever written."""
        with closing(sqlite3.connect(self.folder / "var" / "assent.sqlite")) as file, file:
            (was,) = file.execute("SELECT plain FROM ledger_entries ORDER BY seq, position").fetchone()
            now = was[:-2] + bytes([was[-2] ^ 1]) + was[-1:]
            assert (
                1 == file.execute("UPDATE ledger_entries SET plain = ? WHERE plain = ?", (now, was)).rowcount
            )


async def _newcomer(url: str) -> None:
    """A rep creates a contact who refuses."""
    form = {"grant_type": "client_credentials", "client_id": "rep", "scope": f"{url}/.default"}
    async with aiohttp.ClientSession(raise_for_status=True) as session:
        async with session.post(f"{url}/t/oauth2/v2.0/token", data={**form, "client_secret": "pw"}) as answer:
            token = (await answer.json())["access_token"]
        row = {"emailaddress1": "nora@meadow.example", "donotbulkemail": True}
        bearer = {"Authorization": f"Bearer {token}"}
        async with session.post(f"{url}/api/data/v9.2/contacts", json=row, headers=bearer):
            pass


async def _served(story: Story) -> None:
    """Serve, set up and sweep beside it, and interrupt the server."""
    async with background(story.folder, "serve", allow_other_hosts="true", port="0", tick=NEVER) as server:
        at = (await line_with(server.stderr, "Assent answers at")).split(" at ")[1].split()[0].rstrip(".")
        async with aiohttp.ClientSession() as session, session.get(f"{at}/readyz") as answer:
            story.healthy = answer.status
        await story.run("setup", "setup", "run", "1", "--approve", "--json", public_url=at)
        await story.run("status", "setup", "status", "1")
        await story.run("status as data", "setup", "status", "1", "--json")
        await _newcomer(story.url)
        await story.run("sync", "sync", "--json")
        started = perf_counter()
        server.send_signal(signal.SIGINT)
        story.done["serve"] = await finished(server)
        story.stopping_s = perf_counter() - started
        story.left += group(server.pid)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def story(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Story]:
    """Play it once."""
    told = Story(tmp_path_factory.mktemp("story"))
    strict = ("--auth", "strict", "--client", f"app:{SECRET}", "--client", "rep:pw")
    async with background(
        told.folder, "emulator", "--port", "0", "--contacts", "40", "--json", *strict
    ) as emulator:
        ready = json.loads(await line_with(emulator.stdout, "{"))
        assert 40 == ready["contacts"]
        told.url = ready["url"]
        join = ("connect", told.url, "--tenant", "t", "--client-id", "app", "--authority", told.url, "--json")
        await told.run_within("refused", *join, client_secret="wrong-secret", allow_other_hosts="true")
        await told.run("connect", *join, client_secret=SECRET)
        await _served(told)
        emulator.send_signal(signal.SIGINT)
        told.done["emulator"] = await finished(emulator)
        told.left += group(emulator.pid)
    await told.run("down", "sync", "--json")
    await told.run_within("unopened", "sync", "--json", allow_other_hosts="false")
    await told.run_within("holds", "ledger", "verify", "--json")
    told.alter()
    await told.run("broken", "ledger", "verify", "--json")
    yield told


async def test_a_refused_sign_in_is_one_sentence_without_the_secret(story: Story) -> None:
    """Exit code 1, what to do about it, and nothing of the secret."""
    assert "the client secret is wrong" in story.done["refused"].sentence()
    assert "wrong-secret" not in story.done["refused"].err


async def test_connecting_tells_the_numbers_to_go_on_with(story: Story) -> None:
    """One JSON object with account, connection and organisation; the secret came by environment."""
    told = story.done["connect"].object()
    assert (1, 1) == (told["account"], told["connection"])
    assert 36 == len(told["organisation"])
    assert SECRET not in story.done["connect"].out + story.done["connect"].err


async def test_setting_up_and_sweeping_beside_a_server_each_print_one_object(story: Story) -> None:
    """Exit code 0 and figures; nobody failed."""
    for name in ("setup", "sync"):
        assert 0 == story.done[name].code, story.done[name].err
        assert [] == story.done[name].object()["failures"]


async def test_the_status_of_a_setup_tells_steps_and_contacts(story: Story) -> None:
    """How many steps are done, how many contacts each dealt with, and no time left where nothing is to do."""
    assert 0 == story.done["status"].code
    assert "13 of 13 steps done\n" in story.done["status"].out
    assert "Read every contact: done, 40 of 40 contacts" in story.done["status"].out
    told = story.done["status as data"].object()
    assert {"done": 13, "total": 13, "ends_at": None, "seconds_left": None} == told["progress"]


async def test_an_interrupted_server_ends_cleanly(story: Story) -> None:
    """Ctrl-C: exit code 0 within seconds, no traceback, no process left."""
    assert 200 == story.healthy
    assert 0 == story.done["serve"].code
    assert "Traceback" not in story.done["serve"].err
    assert story.stopping_s < 6
    assert [] == story.left


async def test_an_interrupted_emulator_ends_cleanly(story: Story) -> None:
    """Exit code 0 and no traceback."""
    assert (0, "") == (story.done["emulator"].code, story.done["emulator"].err)


async def test_a_sweep_of_an_organisation_that_is_away_says_so(story: Story) -> None:
    """Not a success with empty figures: exit code 1 and a reason."""
    assert 1 == story.done["down"].code
    assert "Traceback" not in story.done["down"].err


async def test_a_connection_that_cannot_be_opened_is_no_success(story: Story) -> None:
    """A forgotten ASSENT_ALLOW_OTHER_HOSTS, or a bad secret: not `0 contacts settled`, exit code 0."""
    assert "ASSENT_ALLOW_OTHER_HOSTS" in story.done["unopened"].sentence()


async def test_an_untouched_ledger_verifies(story: Story) -> None:
    """Exit code 0."""
    assert 0 == story.done["holds"].code
    told = story.done["holds"].object()
    assert (True, None) == (told["ok"], told["broken"])
    assert told["entries"] > 0


async def test_one_altered_byte_breaks_the_ledger(story: Story) -> None:
    """Exit code 1, and where it is broken (P7)."""
    told = story.done["broken"]
    assert 1 == told.code
    assert False is told.object()["ok"]
    assert told.object()["broken"]
