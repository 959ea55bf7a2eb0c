"""P4: one more sweep writes nothing, and nothing of the product's own is left undone."""

from .final import Final


def complaints(final: Final) -> list[str]:
    """What moved although nobody acted."""
    found = [f"one more sweep moved something: {final.moved}"] if final.moved else []
    return found + [f"a job ended in an error: {failure}" for failure in final.failures if "Bug" in failure]
