"""Writes the figures of a check into a page."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assent.errors import Invalid

#: What is told, in this order, and in which words.
ROWS = {
    "processes": "processes of the product",
    "acts": "acts that were answered",
    "maybe": "acts whose answer was lost",
    "kills": "processes killed",
    "sleeps": "processes stopped for 10 to 25 s",
    "takeovers": "times somebody took over from the dead",
    "taken_over": "pieces of work taken over",
    "sends": "sends begun meanwhile",
    "mails": "mails that arrived",
    "broken": "promises broken",
    "seconds": "seconds",
}


def write_report(page: Path, figures: Mapping[str, Any]) -> None:
    """Put the figures of one database into their section; raises Invalid where the page has none."""
    name = figures["database"]
    section = re.compile(rf"(?s)(<!-- crashes {name}: [^>]*-->\n).*?(<!-- /crashes {name} -->)")
    text = page.read_text()
    if not section.search(text):
        raise Invalid(f"{page} has no section <!-- crashes {name}: ... --> to write into.")
    told = {**figures, "broken": len(figures["violations"])}
    lines = ["", f"| on {name}, seed {figures['seed']} | |", "| --- | --- |"]
    lines += [f"| {words} | {told[key]:,} |" for key, words in ROWS.items()]
    page.write_text(section.sub(lambda found: found[1] + "\n".join([*lines, "", ""]) + found[2], text))
