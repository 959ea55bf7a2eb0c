"""Says in the ledger what we wrote to CRM rows."""

from uuid import UUID

from assent.ledger import entries as ledger
from assent.ledger.entries import Entry, Scalar
from assent.policy.permission import BulkEmail
from assent.policy.plan import RowWrite
from assent.policy.sides import ADDRESS, CATEGORIES, PERMISSION, Link, Row
from assent.ports import SYSTEM, Written


def written(item: Written, rule: str = "") -> Entry:
    """Say that a write took effect."""
    write = item.write
    new: dict[str, Scalar] = {}
    if write.toggle is not None:
        new["toggle"] = int(write.toggle)
    if write.fields:
        new["value"] = write.value & write.fields & CATEGORIES
    return Entry(
        kind=ledger.WRITTEN,
        actor_kind=SYSTEM.kind.value,
        actor=SYSTEM.ident,
        contact_id=item.contact_id,
        place=write.key,
        field=write.touched,
        new=new,
        rule=rule,
        version=item.version,
        personal={} if write.email is None else {"new_email": write.email},
    )


def recovered(contact_id: UUID, link: Link, row: Row, fields: int) -> Entry:
    """Say that a row was found to hold what a write of ours intended whose end nobody told (M4)."""
    toggle = None
    if fields & PERMISSION:
        toggle = BulkEmail.ALLOW if link.intended_value & PERMISSION else BulkEmail.DO_NOT_ALLOW
    categories = fields & CATEGORIES
    write = RowWrite(
        key=link.key,
        toggle=toggle,
        fields=categories,
        value=link.intended_value & categories,
        email=row.email if fields & ADDRESS else None,
    )
    return written(Written(contact_id, write, row.version), "M4")
