"""Contact rows: JSON in, sightings out, and the bodies of writes (rules T6, M6, I5)."""

from datetime import UTC, datetime
from uuid import UUID

from assent.crm.columns import EMAIL, NO_EMAIL_AT_ALL, TOGGLE, Columns
from assent.crm.odata import ETAG, broken, version_of
from assent.errors import Bug
from assent.policy.permission import BulkEmail
from assent.policy.plan import RowWrite
from assent.policy.sides import ADDRESS, Row

_MISSING = object()
_TOGGLES = {True: BulkEmail.DO_NOT_ALLOW, False: BulkEmail.ALLOW, None: BulkEmail.NULL}
_WRITTEN = {BulkEmail.ALLOW: False, BulkEmail.DO_NOT_ALLOW: True}


def parse_row(record: dict[str, object], columns: Columns, what: str) -> Row:
    """Turn one JSON row into a sighting.

    Null says nothing; a *missing* column was not read (T6): the toggle becomes UNREAD, categories
    and the address get their bit in `unread`. Raises Unreachable for a row that makes no sense.
    """
    try:
        known, value, unread = _answers(record, columns)
        if EMAIL not in record:
            unread |= ADDRESS
        return Row(
            row_id=_id(record["contactid"]),
            version=version_of(_text(record[ETAG])),
            email=_optional(record.get(EMAIL)),
            toggle=_toggle(record.get(TOGGLE, _MISSING)),
            known=known,
            value=value,
            unread=unread,
            active=record["statecode"] == 0,
            merged_into=_optional_id(record.get("_masterid_value")),
            modified_at=_when(record.get("modifiedon")),
            modified_by=_optional_id(record.get("_modifiedby_value")),
            first_name=_optional(record.get("firstname")) or "",
            last_name=_optional(record.get("lastname")) or "",
            # What column security withholds is never taken for cleared (T6): where it counts, it refuses.
            no_email=record.get(NO_EMAIL_AT_ALL, True) is True,
        )
    except (KeyError, TypeError, ValueError):
        raise broken(what) from None  # the cause would print the row


def write_body(write: RowWrite, columns: Columns) -> dict[str, object]:
    """Give the columns a write changes, and nothing else (M6)."""
    if write.value & ~write.fields:
        raise Bug("A row write has values for fields it does not name.")
    body: dict[str, object] = {name: bool(write.value & bit) for name, bit in columns.named(write.fields)}
    if write.toggle is not None:
        body[TOGGLE] = _said(write.toggle)
    if write.email is not None:
        body[EMAIL] = write.email
    if not body:
        raise Bug("A row write without a column to write.")
    return body


def create_body(row: Row, columns: Columns) -> dict[str, object]:
    """Give what a new contact says; what the row leaves open is left to the CRM's defaults (I5)."""
    body: dict[str, object] = {name: bool(row.value & bit) for name, bit in columns.named(row.known)}
    if row.toggle in _WRITTEN:
        body[TOGGLE] = _WRITTEN[row.toggle]
    names = {EMAIL: row.email, "firstname": row.first_name, "lastname": row.last_name}
    return body | {name: value for name, value in names.items() if value}


def _said(toggle: BulkEmail) -> bool:
    if toggle not in _WRITTEN:
        raise Bug("A row write can say Allow or Do not allow; null and unread are only ever read.")
    return _WRITTEN[toggle]


def _answers(record: dict[str, object], columns: Columns) -> tuple[int, int, int]:
    known = value = unread = 0
    for column in columns.categories:
        match record.get(column.logical_name, _MISSING):
            case True:
                known |= column.bit
                value |= column.bit
            case False:
                known |= column.bit
            case None:
                pass
            case found if found is _MISSING:
                unread |= column.bit
            case _:
                raise ValueError("not a Boolean")
    return known, value, unread


def _toggle(found: object) -> BulkEmail:
    if found is _MISSING:
        return BulkEmail.UNREAD
    if found is None or isinstance(found, bool):
        return _TOGGLES[found]
    raise ValueError("not a Boolean")


def _text(found: object) -> str:
    if isinstance(found, str):
        return found
    raise ValueError("not a text")


def _optional(found: object) -> str | None:
    return None if found is None else _text(found)


def _id(found: object) -> UUID:
    return UUID(_text(found))


def _optional_id(found: object) -> UUID | None:
    return None if found is None else _id(found)


def _when(found: object) -> datetime | None:
    if found is None:
        return None
    when = datetime.fromisoformat(_text(found))
    return when if when.tzinfo else when.replace(tzinfo=UTC)  # times on the wire are UTC (2.5)
