"""The demo as people start it."""

import os
import signal
from pathlib import Path
from time import perf_counter

import pytest

from assent.demo.tour import SCENES
from tests.cli.processes import background, finished, group, line_with

# One tour at a time: it claims how fast things are.
pytestmark = [pytest.mark.thorough, pytest.mark.xdist_group("tours")]


def left(folder: Path) -> list[str]:
    """The stages that were not taken down."""
    return [name for name in os.listdir(folder) if name.startswith("assent-demo-")]  # noqa: PTH208


async def test_an_interrupted_demo_leaves_nothing_behind(tmp_path: Path) -> None:
    """Ctrl-C ends both systems within seconds: no traceback, no process, no temporary folder."""
    async with background(tmp_path, "demo", "--contacts", "500", "--seed", "3") as demo:
        await line_with(demo.stderr, "Ctrl-C ends both")
        assert len(group(demo.pid)) >= 2
        started = perf_counter()
        demo.send_signal(signal.SIGINT)
        done = await finished(demo)
        assert perf_counter() - started < 8
        assert [] == group(demo.pid)
    assert done.code in (0, 130)
    assert "Traceback" not in done.err
    assert [] == left(tmp_path)


async def test_a_tour_prints_one_object_and_exits_by_its_verdict(tmp_path: Path) -> None:
    """`demo --tour --json`: one JSON object on stdout, nothing on stderr, exit code 0 when all holds."""
    async with background(tmp_path, "demo", "--tour", "--json", "--contacts", "500", "--seed", "1") as demo:
        done = await finished(demo, 240)
        assert [] == group(demo.pid)
    told = done.object()
    assert [] == [claim for claim in told["claims"] if not claim["ok"]]
    assert ["first_sync", *(name for name, _, _ in SCENES)] == [claim["name"] for claim in told["claims"]]
    assert (500, True) == (told["contacts"], 500 <= told["claims"][0]["detail"]["rows"])
    assert all(claim["seconds"] >= 0 for claim in told["claims"])
    assert (0, "", True) == (done.code, done.err, told["ok"])
    assert [] == left(tmp_path)
