"""The proof that nothing was altered: each link's digest covers the one before and all its entries."""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

#: What the first link of an account follows.
START = bytes(32)

_LEAF, _LINK = b"\x00", b"\x01"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One entry as stored: what anybody may read, and what is sealed (None where nothing is)."""

    plain: bytes
    sealed: bytes | None = None


@dataclass(frozen=True, slots=True)
class ChainLink:
    """One transaction's entries in the chain; `at` counts microseconds since 1970."""

    account_id: int
    seq: int
    at: int
    count: int
    previous: bytes
    digest: bytes
    leaves: tuple[Leaf, ...]


class Flaw(Enum):
    """How a chain can be broken."""

    MISSING = "a link is missing or out of order"
    COUNT = "the link holds another number of entries than it says"
    PREVIOUS = "the link does not follow the one before it"
    DIGEST = "the link or one of its entries was altered"
    ENTRY = "an entry contradicts the columns beside it"
    HEAD = "the chain ends before or beyond the account's head"


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a chain does not hold."""

    seq: int
    flaw: Flaw
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """What verification read, and the first break, or None where the chain holds."""

    links: int
    entries: int
    head: bytes
    broken: Break | None = None


def leaf_hash(leaf: Leaf) -> bytes:
    """Hash one entry; lengths keep its two parts apart, and no sealed part differs from an empty one."""
    sealed_length = -1 if leaf.sealed is None else len(leaf.sealed)
    head = _LEAF + struct.pack(">qq", len(leaf.plain), sealed_length)
    return hashlib.sha256(head + leaf.plain + (leaf.sealed or b"")).digest()


def link_digest(previous: bytes, account_id: int, seq: int, at: int, leaves: Sequence[Leaf]) -> bytes:
    """Hash one link over the digest before it, its place, its time and every entry in order."""
    head = _LINK + previous + struct.pack(">qqqq", account_id, seq, at, len(leaves))
    return hashlib.sha256(head + b"".join(map(leaf_hash, leaves))).digest()


def verify(links: Iterator[ChainLink], *, head_seq: int, head_digest: bytes) -> Verified:
    """Check a whole chain from its start to the head the account remembers; stops at the first break."""
    digest, seq, entries = START, 0, 0
    for link in links:
        flaw = _flaw(link, seq, digest)
        if flaw is not None:
            return Verified(seq, entries, digest, Break(link.seq, flaw))
        digest, seq, entries = link.digest, link.seq, entries + link.count
    if (seq, digest) != (head_seq, head_digest):
        return Verified(seq, entries, digest, Break(seq, Flaw.HEAD))
    return Verified(seq, entries, digest)


def _flaw(link: ChainLink, seq: int, digest: bytes) -> Flaw | None:
    if link.seq != seq + 1:
        return Flaw.MISSING
    if link.count != len(link.leaves):
        return Flaw.COUNT
    if link.previous != digest:
        return Flaw.PREVIOUS
    expected = link_digest(link.previous, link.account_id, link.seq, link.at, link.leaves)
    return None if expected == link.digest else Flaw.DIGEST
