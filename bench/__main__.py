"""`python -m bench NAME --contacts N [--json]`."""

import argparse
import asyncio
import inspect
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from bench import delivery, emulator, first_sync, one_click, presend, rules, setup

#: What each measures, given a number of contacts: figures by name, or a coroutine that gives them.
BENCHES: Mapping[str, Callable[[int], Any]] = {
    "rules": rules.measure,
    "first_sync": first_sync.measure,
    "presend": presend.measure,
    "emulator": emulator.measure,
    "delivery": delivery.measure,
    "one_click": one_click.measure,
    "setup": setup.measure,
}


def main() -> None:
    """Run one benchmark and print it."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("name", choices=tuple(BENCHES))
    parser.add_argument("--contacts", type=int, default=10_000)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    given = parser.parse_args()
    figures = BENCHES[given.name](given.contacts)
    if inspect.iscoroutine(figures):
        figures = asyncio.run(figures)
    if given.json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    width = max(map(len, figures))
    sys.stdout.writelines(f"{name:<{width}}  {value}\n" for name, value in figures.items())


if __name__ == "__main__":
    main()
