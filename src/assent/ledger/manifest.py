"""What a check before a send decided, as bytes: in parts that are hashed one by one, and signed as a whole.

Nobody is named in it but by the identifier of their contact, so that it outlives the person's erasure.
"""

import hashlib
import hmac
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from assent.errors import Bug

_KIND = b"assent manifest 1\0"


class Line(NamedTuple):
    """What was decided about one contact: `may`, `left_out`, or `waiting` where it could not be proved yet.

    Whatever was readable at `proved_at`, in microseconds since 1970, is in the decision.
    """

    contact_id: UUID
    outcome: str
    reason: str
    detail: str
    proved_at: int | None


class AskedOf(msgspec.Struct, frozen=True):
    """How a connection was asked: by which method, and the earliest moment up to which it was heard."""

    connection: int
    since: int
    method: str


class Header(msgspec.Struct, frozen=True):
    """What a manifest is about, and its sums: lines by outcome, and those not mailed by reason."""

    account: int
    send: int
    revision: str
    category: int
    transactional: bool
    checked_at: int
    asked: tuple[AskedOf, ...]
    lines: int
    outcomes: Mapping[str, int]
    reasons: Mapping[str, int]


_ENCODER = msgspec.json.Encoder(order="deterministic")
_HEADER = msgspec.json.Decoder(Header)
_LINES = msgspec.msgpack.Decoder(list[tuple[bytes, str, str, str, int | None]])


def header_bytes(header: Header) -> bytes:
    """Give the same bytes for the same header, always."""
    return _ENCODER.encode(header)


def read_header(stored: bytes) -> Header:
    """Read a header back; raises Bug for bytes this program never wrote."""
    try:
        return _HEADER.decode(stored)
    except msgspec.MsgspecError:
        raise Bug("a manifest is not in its form; verify the ledger") from None


def part_bytes(lines: Sequence[Line]) -> bytes:
    """Give the same bytes for the same lines, always."""
    return msgspec.msgpack.encode([(line.contact_id.bytes, *line[1:]) for line in lines])


def read_part(stored: bytes) -> list[Line]:
    """Read lines back; raises Bug for bytes this program never wrote."""
    try:
        return [Line(UUID(bytes=one[0]), *one[1:]) for one in _LINES.decode(stored)]
    except (msgspec.MsgspecError, ValueError):
        raise Bug("a manifest is not in its form; verify the ledger") from None


def digest(header: bytes, parts: Iterable[bytes]) -> bytes:
    """Hash a whole manifest; lengths keep its pieces apart."""
    whole = hashlib.sha256(_KIND + struct.pack(">q", len(header)) + header)
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.digest()


def sign(key: bytes, digested: bytes) -> bytes:
    """Sign a digest under the account's key for manifests."""
    return hmac.digest(key, _KIND + digested, hashlib.sha256)


def holds(key: bytes, digested: bytes, signature: bytes) -> bool:
    """Whether a signature is ours."""
    return hmac.compare_digest(sign(key, digested), signature)
