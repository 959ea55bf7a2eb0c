"""What the tour claims, whether it held, and how long it took."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

#: The figures of a scene; `seconds` among them replaces the wall time of the whole scene.
Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim: its name for machines, a sentence for people, the outcome and its measure."""

    name: str
    says: str
    ok: bool
    seconds: float
    detail: Found = field(default_factory=dict)


class Missed(Exception):
    """What the tour waited for did not happen in time, or something else happened."""


async def play(name: str, says: str, scene: Callable[[], Awaitable[Found]]) -> Claim:
    """Play one scene and say whether its claim held.

    A scene returns its figures; `seconds` among them replaces the wall time of the whole scene,
    which includes preparing it.
    """
    started = perf_counter()
    try:
        detail = dict(await scene())
    except Missed as missed:
        return Claim(name, says, ok=False, seconds=perf_counter() - started, detail={"missed": str(missed)})
    seconds = detail.pop("seconds", perf_counter() - started)
    return Claim(name, says, ok=True, seconds=round(seconds, 3), detail=detail)


def expect(condition: object, otherwise: str) -> None:
    """Stop the scene unless the condition holds."""
    if not condition:
        raise Missed(otherwise)
