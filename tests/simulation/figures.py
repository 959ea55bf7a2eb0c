"""What a run of the simulation saw, as JSON and as a section of a page."""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from .faults import Fault

_SECTION = re.compile(r"(?s)(<!-- simulation: [^>]*-->\n).*?(<!-- /simulation -->)")


@dataclass(slots=True)
class Figures:
    """Histories played, promises broken by seed, faults that struck, and planted bugs by who caught them."""

    first_seed: int
    histories: int = 0
    seconds: float = 0.0
    kills: int = 0
    faults: Counter[Fault] = field(default_factory=Counter)
    broken: list[tuple[int, tuple[tuple[str, str], ...]]] = field(default_factory=list)
    caught: dict[str, int | None] = field(default_factory=dict)

    @property
    def missed(self) -> list[str]:
        """Planted bugs that nobody noticed."""
        return [name for name, tellings in self.caught.items() if tellings is None]

    def plain(self) -> dict[str, object]:
        """As JSON tells it."""
        return {
            "histories": self.histories,
            "violations": len(self.broken),
            "per_second": round(self.histories / self.seconds, 1) if self.seconds else 0.0,
            "sabotage_caught": len(self.caught) - len(self.missed),
            "sabotage_total": len(self.caught),
            "sabotage_missed": self.missed,
            "seconds": round(self.seconds, 1),
            "first_seed": self.first_seed,
            "kills": self.kills,
            "faults": {fault.value: self.faults[fault] for fault in Fault},
            "broken": [
                {"seed": seed, "promises": [list(one) for one in told]} for seed, told in self.broken[:20]
            ],
        }


def write_report(page: Path, figures: Figures) -> None:
    """Put the figures between a page's markers; the rest of it stays as people wrote it."""
    text = page.read_text()
    if not _SECTION.search(text):
        raise SystemExit(
            f"{page} has no section <!-- simulation: ... --> ... <!-- /simulation --> to write into."
        )
    page.write_text(_SECTION.sub(lambda found: found[1] + _section(figures) + found[2], text))


def _section(figures: Figures) -> str:
    rate = figures.histories / figures.seconds if figures.seconds else 0.0
    lines = [
        "",
        f"| histories | {figures.histories:,} from seed {figures.first_seed} |",
        "| --- | --- |",
        f"| broke a promise | {len(figures.broken)} |",
        f"| processes killed at some await | {figures.kills:,} |",
        f"| histories a second, all cores | {rate:.1f} |",
        f"| planted bugs caught | {len(figures.caught) - len(figures.missed)} of {len(figures.caught)} |",
        "",
        "| what went wrong | how often |",
        "| --- | --- |",
        *(f"| {fault.value} | {figures.faults[fault]:,} |" for fault in Fault),
        "",
        "| planted bug | tellings of its story until a judge notices |",
        "| --- | --- |",
        *(
            f"| {name} | {'not caught' if tellings is None else tellings} |"
            for name, tellings in figures.caught.items()
        ),
        "",
    ]
    return "\n".join(lines) + "\n"
