"""`python -m tests.crashes`: kill the product again and again while both systems are edited, and judge."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from tests.conftest import server_for

from .check import Wanted, check
from .report import write_report


def main() -> int:
    """Check; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="crashes", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--acts", type=int, default=1000, help="how many acts must be completed")
    parser.add_argument("--seed", type=int, default=1, help="who acts how, and when processes are killed")
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between the acts of one person")
    parser.add_argument("--keep", type=Path, help="a folder for databases and logs, kept afterwards")
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write the figures into a page, such as docs/reliability.md",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    given = parser.parse_args()
    wanted = Wanted(given.database, given.acts, given.seed, pause_s=given.pause, keep=given.keep)
    if given.database == "sqlite":
        figures = asyncio.run(check(wanted, ""))
    else:
        with server_for("assent_crashes") as databases:
            if databases is None:
                parser.error("no PostgreSQL: set TEST_DATABASE_URL or install its server")
            figures = asyncio.run(check(wanted, url := databases.make()))
            databases.drop(url)
    if given.report:
        write_report(given.report, figures)
    if given.json:
        sys.stdout.write(json.dumps(figures) + "\n")
    else:
        sys.stdout.writelines(f"{name:<12}{value}\n" for name, value in figures.items())
    return 1 if figures["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
