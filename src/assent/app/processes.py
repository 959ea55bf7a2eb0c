"""Which process of which machine this is, and whether another one still runs, where that can be known."""

import os
from pathlib import Path

from assent.store.executors import Process

_PROC = Path("/proc")


def this_process() -> Process:
    """Ourselves; without a machine where processes cannot be told apart for certain."""
    return Process(_machine(), os.getpid(), _born(os.getpid()) or "")


def is_running(process: Process) -> bool | None:
    """Whether it runs; None where this machine cannot know: another's, or one that does not tell.

    A number alone proves nothing, as numbers are given again; the moment of its start does.
    """
    machine = _machine()
    if not machine or process.machine != machine:
        return None
    return _born(process.pid) == process.born


def _machine() -> str:
    """This boot of this machine and the space its process numbers are of (a container has its own)."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""


def _born(pid: int) -> str | None:
    """When a process started, counted from the boot; None when it has ended."""
    try:
        state, *fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state in "ZX" else fields[18]
