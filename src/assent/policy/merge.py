"""One field, n + 1 sides, one decision (rules M1-M3, M5, I2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from assent.policy.permission import Stance


class Touch(Enum):
    """What is known of acts on a field since the base (M3)."""

    UNTOUCHED = "untouched"
    MAYBE = "maybe touched"  # the row moved and nothing tells which column
    TOUCHED = "touched"
    FIRST_SEEN = "first seen"  # there is no base on this side


@dataclass(frozen=True, slots=True)
class When:
    """The interval in which an act happened, on the hub's clock; None where it is open.

    `not_before` comes from having seen the old value then; `not_after` from the row's modifiedon
    plus the measured clock skew, or from the read itself. A hub act has both ends equal.
    """

    not_before: datetime | None = None
    not_after: datetime | None = None

    def proved_after(self, other: "When") -> bool:
        """Tell whether this act is proved later than the other; touching intervals prove nothing."""
        return (
            self.not_before is not None and other.not_after is not None and self.not_before > other.not_after
        )


@dataclass(frozen=True, slots=True)
class Side:
    """What one side says about a field, whether somebody acted on it there, and when."""

    stance: Stance
    touch: Touch
    when: When = When()


SILENT_SIDE = Side(Stance.SILENT, Touch.UNTOUCHED)


class Rule(Enum):
    """The rule a decision rests on; ledger entries and tests name it."""

    M1 = "M1"  # nothing, or one side, was touched
    M2 = "M2"  # several sides were touched; order or refusal decided
    M3 = "M3"  # a refusal that may have been repeated stands against a grant
    M5 = "M5"  # no base: the strictest holds
    T7 = "T7"  # nobody has an opinion


@dataclass(frozen=True, slots=True)
class Decision:
    """The stance every side is brought to.

    `grants` holds the indices of the touched grants that won (0 is the hub), `refusal` the index of
    the refusal that decided, if one did. `set_aside` says that a grant lost only to refusals
    that *may* have been repeated: it is kept, shown, and confirmed with one click (M3).
    """

    stance: Stance
    rule: Rule
    grants: tuple[int, ...] = ()
    refusal: int | None = None
    set_aside: bool = False


_COUNTING_REFUSAL = frozenset({Touch.TOUCHED, Touch.FIRST_SEEN, Touch.MAYBE})


def decide(sides: Sequence[Side]) -> Decision:
    """Decide one field; `sides[0]` is the hub, the rest are CRM rows of any connection.

    A refusal counts when made or first seen, not because an older copy still stands, so a touched
    grant beats untouched refusals; a touched or maybe-touched refusal that is not proved older
    beats every grant (I2). A value that merely stands where it was first seen grants nothing (T5,
    M5); without grants the strictest of what stands holds.
    """
    refusals = [i for i, s in enumerate(sides) if s.stance is Stance.NO and s.touch in _COUNTING_REFUSAL]
    grants = [i for i, s in enumerate(sides) if s.stance is Stance.YES and s.touch is Touch.TOUCHED]
    if grants:
        return _weigh(sides, grants, refusals)
    return _stand(sides, refusals)


def _weigh(sides: Sequence[Side], grants: list[int], refusals: list[int]) -> Decision:
    """Grants were made: each must be proved later than every refusal that counts (M2)."""
    # Without a base on a side its refusal has no order that could be proved: M5 is stricter than M2.
    unbeatable = [i for i in refusals if sides[i].touch is Touch.FIRST_SEEN]
    if unbeatable:
        return Decision(Stance.NO, Rule.M5, refusal=unbeatable[0])
    winning = tuple(g for g in grants if all(sides[g].when.proved_after(sides[r].when) for r in refusals))
    if winning:
        return Decision(Stance.YES, Rule.M2 if refusals or len(grants) > 1 else Rule.M1, grants=winning)
    certain = [i for i in refusals if sides[i].touch is Touch.TOUCHED]
    if certain:
        return Decision(Stance.NO, Rule.M2, refusal=certain[0])
    return Decision(Stance.NO, Rule.M3, refusal=refusals[0], set_aside=True)


def _stand(sides: Sequence[Side], refusals: list[int]) -> Decision:
    """Nobody granted anything: a refusal made or first seen wins, else the strictest that stands."""
    certain = [i for i in refusals if sides[i].touch is not Touch.MAYBE]
    if certain:
        touched = [i for i in certain if sides[i].touch is Touch.TOUCHED]
        return Decision(Stance.NO, Rule.M1 if touched else Rule.M5, refusal=(touched or certain)[0])
    if any(side.stance is Stance.NO for side in sides):
        return Decision(Stance.NO, Rule.M1)
    # The hub alone holds a basis; a CRM Yes beside the hub's silence is the default of a new row (T5).
    if sides[0].stance is Stance.YES:
        return Decision(Stance.YES, Rule.M1)
    return Decision(Stance.SILENT, Rule.T7)


def hub_when(acted_at: datetime | None) -> When:
    """The moment of a hub act; open where the hub kept no time."""
    return When(acted_at, acted_at)


def crm_when(*, old_value_seen_at: datetime | None, modified_at: datetime | None, skew: timedelta) -> When:
    """The interval of a CRM act: after the old value was last seen, before the row last moved.

    `modifiedon` has whole seconds and another clock, hence the second and the skew on top. The
    moment a read began bounds nothing: what it returned may have happened while it ran.
    """
    end = None if modified_at is None else modified_at + timedelta(seconds=1) + skew
    return When(old_value_seen_at, end)


class BlockEnd(Enum):
    """What becomes of a fast-lane block once a row was read (M8)."""

    WAIT = "read again: the row is older than the notice"
    MERGED = "lift the block: a merge read the row at or after the notice's version"
    REFUSED = "count the refusal as an act: our write replaced it unseen"


def end_block(*, notice_version: int, read_version: int, overwritten: bool) -> BlockEnd:
    """A block is not a value: it ends when a merge has read that row and decided (M8)."""
    if read_version < notice_version:
        return BlockEnd.WAIT
    return BlockEnd.REFUSED if overwritten else BlockEnd.MERGED
