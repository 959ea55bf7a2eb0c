"""Writes stay in proportion to acts: no ping-pong (design section 5.7)."""

from .final import Final


def complaints(final: Final) -> list[str]:
    """More row writes than acts could need, every row of a person counted, and trouble."""
    rows, acts = max(1, len(final.rows)), len(final.truth.deeds) + len(final.script.steps)
    most = 4 * acts + 2 * rows
    return [f"{final.writes} row writes after {acts} acts on {rows} rows"] if final.writes > most else []
