"""`python -m tests.simulation`: histories by the second, on every core, and every planted bug caught."""

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from .figures import Figures, write_report
from .history import Played, play
from .lab import Lab
from .sabotage import planted
from .script import drawn
from .shrinking import smallest

#: Seeds to a piece of work: some seconds.
PIECE = 10

#: Progress is told so often.
TOLD_EVERY = 1000

#: A planted bug that so many tellings of its story do not bring to light is not caught.
MOST_TELLINGS = 60

_LAB: list[Lab] = []


def main() -> int:
    """Play; 1 when a promise was broken or a planted bug was not caught."""
    parser = argparse.ArgumentParser(prog="simulate", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to play fresh histories")
    parser.add_argument("--first", type=int, help="the first seed; by default one of the clock's")
    parser.add_argument("--seed", type=int, help="play one history again and tell its story")
    parser.add_argument("--no-sabotage", action="store_true", help="play histories only, plant no bugs")
    parser.add_argument("--shrink", action="store_true", help="with --seed: make the history smaller first")
    parser.add_argument(
        "--report", metavar="FILE", help="write the figures into a page, such as docs/reliability.md"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes to play in")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    given = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is part of a history
        os.execve(
            sys.executable,
            [sys.executable, "-m", "tests.simulation", *sys.argv[1:]],
            {**os.environ, "PYTHONHASHSEED": "0"},
        )
    if given.seed is not None:
        return _replay(given.seed, shrink=given.shrink)
    first = int(time.time()) * 1000 if given.first is None else given.first
    with ProcessPoolExecutor(given.workers) as pool:
        figures = _played(pool, first, given.seconds, given.workers)
        bugs = 0 if given.no_sabotage else len(planted())
        figures.caught = dict(pool.map(_caught, range(bugs)))
    if given.report:
        write_report(Path(given.report), figures)
    sys.stdout.write(json.dumps(figures.plain()) + "\n" if given.json else _prose(figures))
    return 1 if figures.broken or figures.missed else 0


def _played(pool: ProcessPoolExecutor, first: int, seconds: float, workers: int) -> Figures:
    figures, started = Figures(first), time.perf_counter()
    pieces, asked_to_end = _pieces(first), threading.Event()
    running = [pool.submit(_piece, next(pieces)) for _ in range(workers * 2)]
    signal.signal(signal.SIGTERM, lambda *_: asked_to_end.set())  # a long run ends early with its figures
    while running:
        for played in running.pop(0).result():
            figures.histories += 1
            figures.kills += played.kills
            figures.faults.update(played.struck)
            if played.broken:
                figures.broken.append((played.script.seed, played.broken))
                sys.stderr.write(f"seed {played.script.seed} broke a promise: {played.broken[0]}\n")
            if figures.histories % TOLD_EVERY == 0:
                sys.stderr.write(f"{figures.histories:,} histories\n")
        if time.perf_counter() - started < seconds and not asked_to_end.is_set():
            running.append(pool.submit(_piece, next(pieces)))
    figures.seconds = time.perf_counter() - started
    return figures


def _pieces(first: int) -> Iterator[Sequence[int]]:
    while True:
        yield range(first, first + PIECE)
        first += PIECE


def _piece(seeds: Sequence[int]) -> list[Played]:
    """Play some seeds in this process."""
    lab = the_lab()
    return [play(lab, drawn(seed)) for seed in seeds]


def _caught(number: int) -> tuple[str, int | None]:
    """After how many tellings of its story a judge meant for it notices a planted bug; None for never."""
    bug = planted()[number]
    for telling in range(MOST_TELLINGS):
        if play(the_lab(), bug.story(telling), bug).checkers & bug.judges:
            return bug.name, telling + 1
    return bug.name, None


def the_lab() -> Lab:
    """The laboratory of this process."""
    if not _LAB:
        _LAB.append(Lab())
    return _LAB[0]


def _prose(figures: Figures) -> str:
    broken, missed = figures.broken, figures.missed
    lines = [
        f"{figures.histories:,} histories in {figures.seconds:.0f} s, {figures.kills:,} processes killed: "
        + (f"{len(broken)} broke a promise." if broken else "every promise held.")
    ]
    lines += [f"  {count:>8,}  {fault.value}" for fault, count in figures.faults.most_common()]
    for seed, told in broken[:20]:
        lines += [f"  seed {seed}: {name}: {sentence}" for name, sentence in told]
    if figures.caught:
        lines += [f"{len(figures.caught) - len(missed)} of {len(figures.caught)} planted bugs were caught."]
    lines += [f"  not caught: {name}" for name in missed]
    lines += [f"Replay one: ./do simulate --seed {broken[0][0]}"] if broken else []
    return "\n".join(lines) + "\n"


def _replay(seed: int, *, shrink: bool) -> int:
    script = drawn(seed)
    if shrink:
        script = smallest(script, lambda smaller: play(the_lab(), smaller))
    played = play(the_lab(), script)
    say = sys.stdout.write
    say(f"seed {seed}: {script.sites} organisation(s), {script.on_allow.value} on Allow, ")
    say(f"network {script.slowness} times as slow\n")
    say("faults: " + (", ".join(sorted(f.value for f in script.faults)) or "none") + "\n\n")
    for step in script.steps:
        say(f"  after {step.gap_s:>5.2f} s  {step.move.value}  ({step.who}, {step.other})\n")
    say("\nwhat people did, and when it took effect:\n")
    say("".join(f"  {line}\n" for line in played.story))
    say("\nthe last that was asked of organisations:\n")
    say("".join(f"  {line}\n" for line in played.last))
    told = [f"{name}: {sentence}" for name, sentence in played.broken] or ["every promise held"]
    say("\n" + "\n".join(told) + "\n")
    return 1 if played.broken else 0


if __name__ == "__main__":
    sys.exit(main())
