"""Reads webhook bodies: which row moved, and what it reported refused (dataverse.md 6.4, rule M8). Pure."""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import or_
from uuid import UUID

import msgspec

from assent.crm.columns import TOGGLE, Columns
from assent.errors import Invalid
from assent.policy.sides import PERMISSION
from assent.ports import Notice

#: Dynamics strips bodies above 256 KB itself; nothing larger is a notice.
LARGEST = 512 * 1024
OPERATIONS = {"Create": "create", "Update": "update", "Delete": "delete", "Merge": "merge"}

_VERSION = re.compile(r"\d{1,19}", re.ASCII)
_GUID = re.compile(r"\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", re.IGNORECASE)
_LARGEST_VERSION = (1 << 63) - 1


class _Pair(msgspec.Struct):
    key: str
    value: object = None


class _Body(msgspec.Struct):
    """The members we read; unknown ones are ignored, and all but three may be absent (6.4)."""

    message: str = msgspec.field(name="MessageName")
    table: str = msgspec.field(name="PrimaryEntityName")
    row_id: str = msgspec.field(name="PrimaryEntityId")
    organisation_id: str | None = msgspec.field(default=None, name="OrganizationId")
    inputs: list[_Pair] | None = msgspec.field(default=None, name="InputParameters")
    before: list[_Pair] | None = msgspec.field(default=None, name="PreEntityImages")


def parse_notices(
    body: bytes,
    columns: Columns,
    *,
    connection_id: int,
    received_at: datetime,
    organisation_id: UUID | None = None,
) -> tuple[Notice, ...]:
    """Turn one webhook body into notices; a merge names two rows, every other operation one.

    A body that Dynamics stripped for its size still names its row, and reports nothing refused.
    Raises Invalid, and nothing else, for whatever is no notice about a contact (of that
    organisation, where one is given).
    """
    found = _decode(body)
    operation = OPERATIONS.get(found.message)
    if operation is None or found.table != "contact":
        raise Invalid("Expected a notice about creating, updating, deleting or merging a contact.")
    if organisation_id is not None and _id(found.organisation_id) != organisation_id:
        raise Invalid("This notice comes from another organisation than the connected one.")
    row_id = _id(found.row_id)
    inputs = {pair.key: pair.value for pair in found.inputs or ()}
    said: list[object] = [inputs.get("Target")]
    merged: set[UUID] = set()
    if operation == "delete":
        said = [pair.value for pair in found.before or ()]
    elif operation == "merge":
        said = [inputs.get("UpdateContent")]
        merged = {_id(inputs["SubordinateId"])} - {row_id} if "SubordinateId" in inputs else merged
    refused = reduce(or_, (_refused(entity, columns) for entity in said), 0)
    version = max((_version(entity) for entity in said), default=0)
    first = Notice(connection_id, row_id, operation, version, refused, received_at)
    return (first, *(Notice(connection_id, other, operation, 0, 0, received_at) for other in merged))


def _decode(body: bytes) -> _Body:
    if len(body) > LARGEST:
        raise Invalid("The body is larger than any notice Dynamics sends.")
    try:
        return msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"), type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Invalid(
            "Expected the JSON body of a Dynamics webhook, with MessageName, PrimaryEntityName and "
            "PrimaryEntityId."
        ) from None


def _id(found: object) -> UUID:
    if not isinstance(found, str) or not _GUID.fullmatch(found):
        raise Invalid("Expected a GUID where the notice names a row or an organisation.")
    return UUID(found)


def _version(entity: object) -> int:
    """Give the row version an entity bears, else 0: it is a hint, the row itself is read (6.5)."""
    found = entity.get("RowVersion") if isinstance(entity, dict) else None
    if isinstance(found, bool) or not isinstance(found, int | str) or not _VERSION.fullmatch(str(found)):
        return 0
    return version if (version := int(found)) <= _LARGEST_VERSION else 0


def _refused(entity: object, columns: Columns) -> int:
    """Give the fields an entity says no in: Do not allow, or a category No; nothing else counts."""
    mask = 0
    says_no = {column.logical_name: column.bit for column in columns.categories}
    for name, value in _attributes(entity):
        if name == TOGGLE and value is True:
            mask |= PERMISSION
        elif value is False:
            mask |= says_no.get(name, 0)
    return mask


def _attributes(entity: object) -> Iterable[tuple[str, object]]:
    """Walk the `{key, value}` pairs of an entity; anything of another shape is passed over."""
    found = entity.get("Attributes") if isinstance(entity, dict) else None
    for pair in found if isinstance(found, list) else ():
        if isinstance(pair, dict) and isinstance(name := pair.get("key"), str):
            yield name.lower(), pair.get("value")
