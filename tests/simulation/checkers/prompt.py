"""Both places agree within seconds when all is well: no sweep is needed for what notices tell."""

from .final import Final


def complaints(final: Final) -> list[str]:
    """Where the two sides still differed half a minute after the last act, nothing having gone wrong."""
    return [f"half a minute after the last act: {one}" for one in final.late]
