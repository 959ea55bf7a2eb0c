"""How the command line speaks: progress on stderr, results on stdout, JSON on request."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.status import Status

from assent.demo.claims import Claim

console = Console(stderr=True, highlight=False)


@contextmanager
def progress(*, quiet: bool) -> Iterator[Status]:
    """A line that says what is going on; silent where nobody looks."""
    speaking = Console(stderr=True, highlight=False, quiet=quiet)
    with speaking.status("...") as status:
        yield status


@contextmanager
def steps(total: int) -> Iterator[Callable[[str], None]]:
    """A bar that moves with every step told, or a line each where no terminal is; an empty step ends it."""
    if not console.is_terminal:
        yield lambda step: say(f"{step} ...") if step else None
        return
    columns = (SpinnerColumn(), BarColumn(24), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)

        def tell(step: str) -> None:
            if step:
                bar.update(task, description=step, advance=1)
            else:
                bar.stop()

        yield tell


def say(line: str) -> None:
    """A line for people, on stderr; addresses are never broken."""
    console.print(line, soft_wrap=True)


def plain(line: str) -> None:
    """A line of a result on stdout, as it is: what others wrote is never taken for markup."""
    sys.stdout.write(line.replace("\n", " ") + "\n")


def as_json(value: Any) -> None:
    """One JSON object on stdout."""
    sys.stdout.write(json.dumps(value, default=str, ensure_ascii=False) + "\n")


def claim(shown: Claim) -> None:
    """One line of the tour."""
    mark = "[green]holds[/]" if shown.ok else "[red]fails[/]"
    console.print(f"  {mark}  {shown.says}  [dim]{shown.seconds:.2f} s[/]")
    if "missed" in shown.detail:
        console.print(f"         [red]{shown.detail['missed']}[/]")
