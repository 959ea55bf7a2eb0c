"""`python -m bench NAME --contacts N [--json]`."""

import argparse
import asyncio
import json
import sys

from bench import emulator, first_sync, rules


def main() -> None:
    """Run one benchmark and print it."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("name", choices=("rules", "first_sync", "emulator"))
    parser.add_argument("--contacts", type=int, default=10_000)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    given = parser.parse_args()
    if given.name == "rules":
        figures = rules.measure(given.contacts)
    elif given.name == "emulator":
        figures = emulator.measure(given.contacts)
    else:
        figures = asyncio.run(first_sync.measure(given.contacts))
    if given.json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    width = max(map(len, figures))
    sys.stdout.writelines(f"{name:<{width}}  {value}\n" for name, value in figures.items())


if __name__ == "__main__":
    main()
