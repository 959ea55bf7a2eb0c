"""Processes beside one another: which one runs, a second of the same name, and one with another key."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from assent.app.application import open_application
from assent.app.processes import is_running, this_process
from assent.errors import Conflict, Invalid
from assent.store.executors import Process

from .world import account, office, settings

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells processes apart")


@LINUX
def test_a_process_of_this_machine_is_known_to_run_or_to_have_ended() -> None:
    """Also where its number was given to a later process, and where nobody has asked for its end yet."""
    me = this_process()
    assert is_running(me)
    assert is_running(replace(me, born="1")) is False
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert is_running(replace(me, pid=child.pid)) is False
    child.wait()
    assert is_running(replace(me, pid=child.pid)) is False


def test_of_other_machines_nothing_is_known() -> None:
    """Another boot, another container, or a machine that does not tell."""
    me = this_process()
    assert is_running(replace(me, machine="another")) is None
    assert is_running(Process("", me.pid, me.born)) is None


@pytest.mark.thorough
async def test_a_second_server_over_the_same_file_is_refused(tmp_path: Path) -> None:
    """In a sentence that says what to do; commands that pass by are not, and one that ended is in no way."""
    async with open_application(settings(tmp_path)):
        with pytest.raises(Conflict, match="ASSENT_EXECUTOR_ID"):
            async with open_application(settings(tmp_path)):
                pass
        async with open_application(settings(tmp_path), worker=False):
            pass
    async with open_application(settings(tmp_path)):
        pass


async def test_a_process_with_another_key_does_not_start(tmp_path: Path) -> None:
    """Before it has sealed anything nobody else can open; the sentence names the setting."""
    async with office(tmp_path) as on:
        await account(on.app)
    other = settings(tmp_path).model_copy(update={"secret_key": SecretStr(Fernet.generate_key().decode())})
    with pytest.raises(Invalid, match="ASSENT_SECRET_KEY"):
        async with open_application(other, worker=False):
            pass
