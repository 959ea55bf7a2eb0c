"""The chain, without any database."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from assent.ledger.chain import START, Break, ChainLink, Flaw, Leaf, leaf_hash, link_digest, verify

LEAVES = (Leaf(b"one", b"sealed"), Leaf(b"two"))


def chain(count: int, leaves: tuple[Leaf, ...] = LEAVES) -> list[ChainLink]:
    """A sound chain of some links."""
    links, previous = [], START
    for seq in range(1, count + 1):
        digest = link_digest(previous, 7, seq, 1000 + seq, leaves)
        links.append(ChainLink(7, seq, 1000 + seq, len(leaves), previous, digest, leaves))
        previous = digest
    return links


def broken(links: list[ChainLink], *, whole: list[ChainLink] | None = None) -> Break | None:
    """Where links break, against the head of the whole chain."""
    head = (whole or links)[-1]
    return verify(iter(links), head_seq=head.seq, head_digest=head.digest).broken


def test_a_sound_chain_holds() -> None:
    """Every link follows the one before and ends at the head (P7)."""
    found = verify(iter(chain(5)), head_seq=5, head_digest=chain(5)[-1].digest)
    assert (found.links, found.entries, found.broken) == (5, 10, None)


def test_an_empty_chain_holds_at_its_start() -> None:
    """An account without changes has a head, and it is the start."""
    assert verify(iter(()), head_seq=0, head_digest=START).broken is None


@given(
    st.integers(0, 4), st.sampled_from(["account_id", "seq", "at", "previous", "digest", "plain", "sealed"])
)
def test_the_first_break_is_named(index: int, field: str) -> None:
    """Whatever is altered in a link, that link is the one reported (P7)."""
    links = chain(5)
    link = links[index]
    match field:
        case "plain":
            changed = replace(link, leaves=(Leaf(b"0ne", b"sealed"), LEAVES[1]))
        case "sealed":
            changed = replace(link, leaves=(LEAVES[0], Leaf(b"two", b"")))
        case "previous":
            changed = replace(link, previous=b"\x01" * 32)
        case "digest":
            changed = replace(link, digest=b"\x01" * 32)
        case "account_id":
            changed = replace(link, account_id=99)
        case "seq":
            changed = replace(link, seq=99)
        case _:
            changed = replace(link, at=99)
    found = broken([*links[:index], changed, *links[index + 1 :]], whole=links)
    assert found is not None
    assert found.seq == changed.seq


def test_a_link_taken_out_is_missed() -> None:
    """Links are numbered without gaps (P7)."""
    links = chain(4)
    assert broken([*links[:1], *links[2:]]) == Break(3, Flaw.MISSING)


def test_a_chain_cut_short_does_not_reach_its_head() -> None:
    """What was appended last cannot vanish unnoticed (P7)."""
    links = chain(4)
    assert broken(links[:3], whole=links) == Break(3, Flaw.HEAD)


def test_entries_cannot_change_places() -> None:
    """The order of entries is part of the digest (P7)."""
    links = chain(1)
    turned = replace(links[0], leaves=(LEAVES[1], LEAVES[0]))
    assert broken([turned], whole=links) == Break(1, Flaw.DIGEST)


@given(st.binary(max_size=40), st.binary(max_size=40), st.integers(0, 40))
def test_bytes_cannot_move_between_the_parts_of_an_entry(plain: bytes, sealed: bytes, cut: int) -> None:
    """Lengths keep the open and the sealed part apart, and nothing sealed differs from something empty."""
    joined = plain + sealed
    other = Leaf(joined[:cut], joined[cut:])
    if other != Leaf(plain, sealed):
        assert leaf_hash(other) != leaf_hash(Leaf(plain, sealed))
    assert leaf_hash(Leaf(plain)) != leaf_hash(Leaf(plain, b""))
