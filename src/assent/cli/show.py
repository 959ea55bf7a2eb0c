"""How the command line speaks: progress on stderr, results on stdout, JSON on request."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.status import Status

from assent.demo.claims import Claim

console = Console(stderr=True, highlight=False)


@contextmanager
def progress(*, quiet: bool) -> Iterator[Status]:
    """A line that says what is going on; silent where nobody looks."""
    speaking = Console(stderr=True, highlight=False, quiet=quiet)
    with speaking.status("...") as status:
        yield status


def as_json(value: Any) -> None:
    """One JSON object on stdout."""
    sys.stdout.write(json.dumps(value, default=str, ensure_ascii=False) + "\n")


def claim(shown: Claim) -> None:
    """One line of the tour."""
    mark = "[green]holds[/]" if shown.ok else "[red]fails[/]"
    console.print(f"  {mark}  {shown.says}  [dim]{shown.seconds:.2f} s[/]")
    if "missed" in shown.detail:
        console.print(f"         [red]{shown.detail['missed']}[/]")
