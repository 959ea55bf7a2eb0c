"""What a new sighting of a row adds to what is known of its link (rules M3, M4, T4, T6)."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from assent.policy.address import normalise
from assent.policy.permission import TOGGLE_STANCE, Stance
from assent.policy.sides import ADDRESS, CATEGORIES, PERMISSION, Base, Hold, Link, Person, Row, bits


def answer(known: int, value: int, field: int) -> Stance:
    """Read one category out of a pair of masks; an unknown one is silent (T6)."""
    if not known & field:
        return Stance.SILENT
    return Stance.YES if value & field else Stance.NO


def acted(old: Stance, now: Stance) -> bool:
    """Tell whether a row's field going from `old` to `now` was somebody's act.

    Turning null is not an act, and neither is null becoming Yes or Allow: what never refused
    grants nothing by filling a blank (T6).
    """
    return now is not old and (now is Stance.NO or (now is Stance.YES and old is Stance.NO))


def row_stance(row: Row, field: int) -> Stance:
    """What a row says in the toggle or in one category."""
    return TOGGLE_STANCE[row.toggle] if field == PERMISSION else answer(row.known, row.value, field)


def refused_since(link: Link) -> int:
    """The fields a row refuses that moved since its base: any of them may have been refused anew (M3)."""
    row, base = link.row, link.base
    if row is None or (base is not None and row.version <= base.crm_version):
        return 0
    return row.refused


def overtaken_by(link: Link, person: Person) -> list[Link]:
    """Give the person's other rows that may have refused anew what this one refuses as well (M3, M4).

    Were their refusals settled beside an older look at this row, a grant made here before them, and not
    seen yet, would later pass for the last word.
    """
    here = 0 if link.row is None else link.row.refused
    if person.contact.hold == Hold.ERASING.value:
        return []  # refused for good, whatever any side says from now on (I6)
    return [other for other in person.links if other.key != link.key and refused_since(other) & here]


def intend(link: Link, touched: int, granted: int) -> Link:
    """Add a write that is about to be made to those whose end is not known yet (M4).

    `touched` are the fields it sets and `granted` those of them it sets to Yes or Allow. Its opposite, on
    its way already, may be found in the row as well: neither is somebody's act.
    """
    opposite = link.intended & touched & (link.intended_value ^ granted)
    return replace(
        link,
        intended=link.intended | touched,
        intended_value=(link.intended_value & ~touched) | granted,
        intended_both=link.intended_both | (opposite & (PERMISSION | CATEGORIES)),
        told=link.told & ~touched,
    )


def is_ours(link: Link, field: int, now: Stance) -> bool:
    """Tell whether a value is one that a write of ours intended, whose end is not known yet (M4)."""
    return bool(link.intended & field) and (bool(link.intended_both & field) or now is _intended(link, field))


def _intended(link: Link, field: int) -> Stance:
    return Stance.YES if link.intended_value & field else Stance.NO


def untold(link: Link, row: Row) -> int:
    """Name the fields in which a row shows what a write of ours intended and nobody wrote down (P7).

    The run that wrote died, or got no answer. That nobody else set the same value is not proved; a row
    that has not moved since its base was written by nobody.
    """
    if link.base is not None and row.version <= link.base.crm_version:
        return 0
    open_fields = link.intended & ~link.told
    mask = 0
    for field in bits(open_fields & (PERMISSION | CATEGORIES)):
        if row_stance(row, field) is _intended(link, field):
            mask |= field
    if open_fields & ADDRESS and link.base is not None and normalise(row.email) != link.base.email:
        mask |= ADDRESS
    return mask


def acted_fields(link: Link, base: Base, row: Row) -> int:
    """Name every field of a row that differs from the base by somebody's act in the CRM (M3).

    A value that may be our own write is nobody's act here; a No of that kind still counts as one
    that *may* have been repeated when it comes to a merge.
    """
    mask = 0
    old, now = TOGGLE_STANCE[base.toggle], TOGGLE_STANCE[row.toggle]
    if acted(old, now) and not is_ours(link, PERMISSION, now):
        mask |= PERMISSION
    # Only these can be acts: known on both sides and different, or a blank that became No.
    suspects = (base.known & row.known & (base.value ^ row.value)) | (row.known & ~base.known & ~row.value)
    for field in bits(suspects & CATEGORIES):
        if not is_ours(link, field, answer(row.known, row.value, field)):
            mask |= field
    return mask


def absorb(link: Link, row: Row, *, read_at: datetime, read_revision: int) -> Link:
    """Take a sighting into a link. One below the stored version is no news (T4).

    The same version read again only moves the moment of reading. What was once seen to differ from
    the base stays touched even if a later sighting shows the base's value again (M3).
    """
    if link.row is not None and row.version < link.row.version:
        return link
    if link.read_at is not None and link.read_at > read_at and link.row == row:
        return link
    touched = link.crm_touched | (
        _readdressed(link, row) if link.base is None else acted_fields(link, link.base, row)
    )
    return replace(
        link,
        row=row,
        read_at=read_at,
        read_revision=read_revision,
        crm_touched=touched,
        same_at=_same_at(link, row, touched, read_at),
        toggled_by=_toggled_by(link, row),
    )


def _readdressed(link: Link, row: Row) -> int:
    """Whether a row that was seen, and agreed upon never yet, has got another address since (I3)."""
    moved = link.row is not None and normalise(link.row.email) != normalise(row.email)
    return ADDRESS if moved and not link.intended & ADDRESS else 0


def proves_restore(link: Link, row: Row, *, read_at: datetime) -> bool:
    """Tell whether a row read later than the stored sighting is older than what is known of it (M7).

    Below the version of its base, or of its last sighting, it was restored; at that very version it must
    say what it said then, saved when it was saved then. The sighting tells without a base as well: what was
    read before a restore may come to be stored after it.
    """
    base, seen = link.base, link.row
    if link.read_at is not None and read_at <= link.read_at:
        return False
    if seen is not None and row.version < seen.version:
        return True
    if seen is not None and seen.version == row.version and _stamp(seen) != _stamp(row):
        return True
    if base is None:
        return False
    if row.version < base.crm_version:
        return True
    differs = row.toggle is not base.toggle or bool(base.known & row.known & (base.value ^ row.value))
    return row.version == base.crm_version and differs


def _stamp(row: Row) -> tuple[object, ...]:
    """What a row never holds twice at one version, unless it was put back and saved again."""
    return row.email, row.modified_at, row.modified_by


def _same_at(link: Link, row: Row, touched: int, read_at: datetime) -> datetime | None:
    """The moment after which everything touched was touched.

    One moment serves all fields, so it may only rise to the last sighting when every touched field
    went from one value to the other since then.
    """
    if link.base is not None and not touched:
        return read_at
    if link.row is None or link.read_at is None or not touched:
        return link.same_at
    seen = link.row
    flipped = all(acted(row_stance(seen, f), row_stance(row, f)) for f in bits(touched))
    return link.read_at if flipped else link.same_at


def _toggled_by(link: Link, row: Row) -> UUID | None:
    """Who moved the toggle: the row's last writer when the move was first seen, not the last since."""
    before = link.base.toggle if link.row is None and link.base is not None else link.row and link.row.toggle
    return row.modified_by if before is not row.toggle else link.toggled_by
