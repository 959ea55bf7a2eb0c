"""`python -m tests.simulation`: histories by the second, until the time is over or one breaks a promise."""

import argparse
import json
import sys
import time

from .histories import History, history


def main() -> int:
    """Play; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to play")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="play one history again and print it")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    given = parser.parse_args()
    if given.seed is not None:
        return _replay(history(given.seed))
    started, seed, violations = time.perf_counter(), given.first, list[History]()
    while (elapsed := time.perf_counter() - started) < given.seconds:
        found = history(seed)
        violations += [found] if found.broken else []
        seed += 1
    played = seed - given.first
    figures = {
        "histories": played,
        "violations": len(violations),
        "per_second": round(played / elapsed),
        "first_seed": given.first,
        "broken": [{"seed": one.seed, "promises": one.broken} for one in violations[:20]],
    }
    sys.stdout.write(json.dumps(figures) + "\n" if given.json else _prose(figures, violations))
    return 1 if violations else 0


def _prose(figures: dict[str, object], violations: list[History]) -> str:
    lines = [
        f"{figures['histories']:,} histories, {figures['per_second']:,} a second: "
        + (f"{len(violations)} broke a promise." if violations else "every promise held.")
    ]
    lines += [f"  seed {one.seed}: {'; '.join(one.broken)}" for one in violations[:20]]
    lines += [f"Replay one: ./do simulate --seed {violations[0].seed}"] if violations else []
    return "\n".join(lines) + "\n"


def _replay(one: History) -> int:
    sys.stdout.write(f"seed {one.seed}, beginning with {one.beginning.name}\n")
    for (word, what), gap in one.steps:
        sys.stdout.write(f"  after {gap:>5.1f} s  {word:<10} {what}\n")
    sys.stdout.write("\n".join(one.broken or ("every promise held",)) + "\n")
    return 1 if one.broken else 0


if __name__ == "__main__":
    sys.exit(main())
