"""Bugs in who is who (I4, I7)."""

from collections.abc import Iterator

import assent.engine.adopt
import assent.engine.forget
import assent.engine.notices
import assent.services.importing
from assent.policy.permission import LegalBasis

from ..script import Move, step, tale
from .planting import bug, nobody, replaced


@bug(
    "a deleted row's last refusal is not heard (I4)",
    tale(step(Move.TOGGLE, 0, yes=False), step(Move.DELETE, 0)),
    "refusal",
)
def pre_image_ignored() -> Iterator[None]:
    """The link goes, and what its row said goes with it."""

    def nothing(*_: object) -> None:
        return None

    async def unheard(*_: object) -> None:
        """Hear nothing."""

    with (
        replaced(assent.engine.forget, "last_words", nothing),
        replaced(assent.engine.notices, "_hear", unheard),
    ):
        yield


@bug(
    "a merged row's refusal is not handed over (I4)",
    tale(step(Move.TOGGLE, 1, yes=False), step(Move.MERGE, 0, 20.0, other=1)),
    "refusal",
)
def merge_not_handed_over() -> Iterator[None]:
    """The survivor keeps its own permission, and the merged row its own contact."""
    with replaced(assent.engine.adopt, "_hand_over", nobody):
        yield


@bug(
    "an import overwrites Withdrawn (I7)",
    tale(step(Move.IMPORT, 3, other=3)),
    "identity",
    "invented",
)
def import_overwrites() -> Iterator[None]:
    """A file is believed more than the person."""

    def imported_basis(current: LegalBasis, incoming: LegalBasis | None) -> LegalBasis:
        return current if incoming is None else incoming

    with replaced(assent.services.importing, "imported_basis", imported_basis):
        yield
