"""Judges, one per promise: they know what people did and what stands in the end, never the engine's base."""

from collections.abc import Callable, Mapping, Sequence

from ..script import Script
from ..world import World
from . import (
    agreement,
    doubled,
    erased,
    gate,
    granted,
    invented,
    ledger,
    mails,
    nuance,
    passable,
    prompt,
    refusal,
    stillness,
    thrift,
)
from .final import Final, seen
from .gate import Asked

#: Each judge by the name of what it holds the product to.
CHECKERS: Mapping[str, Callable[[Final], Sequence[str]]] = {
    "gate": gate.complaints,  # P1
    "mails": mails.complaints,  # P1, P6
    "refusal": refusal.complaints,  # P2
    "invented": invented.complaints,  # P3
    "granted": granted.complaints,  # P3
    "agreement": agreement.complaints,  # P4
    "stillness": stillness.complaints,  # P4
    "nuance": nuance.complaints,  # P5
    "ledger": ledger.complaints,  # P6, P7
    "doubled": doubled.complaints,  # P6
    "passable": passable.complaints,
    "prompt": prompt.complaints,
    "erased": erased.complaints,  # I6
    "thrift": thrift.complaints,
}


async def verdicts_of(
    world: World, script: Script, asked: Sequence[Asked], late: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Let every judge speak: the name of each that complains, and its sentence."""
    final = await seen(world, script, asked, late)
    told = [(name, sentence) for name, judge in CHECKERS.items() for sentence in judge(final)]
    told += [("identity", sentence) for sentence in world.complaints]
    return tuple(told)
