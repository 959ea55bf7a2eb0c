"""Refusals that wait for nobody: those of a plan that may not grant yet, those told of rows long gone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from operator import or_

from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.plan import FieldChange, Plan, RowWrite
from assent.policy.sides import CATEGORIES, PERMISSION, Contact, Link, LinkKey, bits


def refusals(plan: Plan) -> Plan:
    """Keep what a plan refuses, and the questions it asks; grants and new addresses are left for later.

    Carried out, it leaves a person whose sides do not agree yet, so that nothing settles and the
    whole is decided anew when the rest may be done.
    """
    before, wanted = plan.before, plan.after
    withdrawn = wanted.basis is LegalBasis.WITHDRAWN and before.basis is not LegalBasis.WITHDRAWN
    changes = tuple(change for change in plan.changes if _refuses(change, withdrawn=withdrawn))
    moved = reduce(or_, (change.field for change in changes), 0)
    after = replace(
        before,
        basis=wanted.basis if withdrawn else before.basis,
        value=before.value & ~(moved & CATEGORIES),
        last_positive=wanted.last_positive if withdrawn else before.last_positive,
        refused_personally=before.refused_personally and not withdrawn,
        synced=before.synced | moved,
    )
    writes = tuple(kept for write in plan.writes if (kept := _refusing(write)) is not None)
    return Plan(before, after, changes, writes, plan.requests)


def _refuses(change: FieldChange, *, withdrawn: bool) -> bool:
    return withdrawn if change.field == PERMISSION else bool(change.field & CATEGORIES) and not change.new


def _refusing(write: RowWrite) -> RowWrite | None:
    """The columns of a row write that refuse; those need no condition (M6).

    A row that waits for its Allow refuses everything meanwhile, so a lesser No can wait with it: a
    write of ours now would make its old refusal one that may have been repeated (M3).
    """
    if write.lifts & PERMISSION:
        return None
    toggle = write.toggle if write.toggle is BulkEmail.DO_NOT_ALLOW else None
    fields = write.fields & ~write.value
    if toggle is None and not fields:
        return None
    return RowWrite(write.key, toggle, fields)


@dataclass(frozen=True, slots=True)
class LateWord:
    """What a row is known to have refused by `by`, though nobody can read it there any more."""

    key: LinkKey
    refused: int
    by: datetime
    rule: str = "I4"


def unheard(link: Link) -> int:
    """The fields a row was last seen to refuse and no base records: a restore may undo them unmerged."""
    row, base = link.row, link.base
    if row is None:
        return 0
    refused = row.refused
    if base is not None:
        refused &= ~(base.known & ~base.value)
        if base.toggle is BulkEmail.DO_NOT_ALLOW:
            refused &= ~PERMISSION
    return refused


def hear(contact: Contact, words: Sequence[LateWord]) -> tuple[Contact, tuple[FieldChange, ...]]:
    """Count refusals that nobody can read any more, unless the contact has spoken since (I4, M2, M8).

    They were made before their row went, or went back, or was written over; an act after that is proved to
    be newer, any other is not. Each is an act of its moment, also where the contact refused already: a grant
    that is read later must be proved newer than it.
    """
    changes = list[FieldChange]()
    basis, value, acted = contact.basis, contact.value, dict(contact.acted)
    for word in words:
        for field in bits(word.refused):
            said = acted.get(field)
            if said is not None and said > word.by:
                continue
            acted[field] = word.by
            if field == PERMISSION and basis is not LegalBasis.WITHDRAWN:
                basis = LegalBasis.WITHDRAWN
                changes.append(FieldChange(field, int(contact.basis), int(basis), word.rule, word.key))
            elif value & field & CATEGORIES:
                value &= ~field
                changes.append(FieldChange(field, 1, 0, word.rule, word.key))
    moved = reduce(or_, (change.field for change in changes), 0)
    after = replace(contact, basis=basis, value=value, acted=acted, synced=contact.synced & ~moved)
    return after, tuple(changes)
