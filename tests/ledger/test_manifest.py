"""A manifest's bytes: the same for the same decisions, and different for any others."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.errors import Bug
from assent.ledger.manifest import Line, digest, holds, part_bytes, read_header, read_part, sign

TEXTS = st.text(max_size=20)
LINES = st.builds(Line, st.uuids(), TEXTS, TEXTS, TEXTS, st.none() | st.integers(0, 2**62))
PARTS = st.lists(st.binary(max_size=40), max_size=4)


@given(st.lists(LINES, max_size=20))
def test_lines_read_back_as_they_were_written(lines: list[Line]) -> None:
    """And their bytes are always the same."""
    assert lines == read_part(part_bytes(lines))
    assert part_bytes(lines) == part_bytes(read_part(part_bytes(lines)))


@given(st.binary(max_size=40), PARTS, st.binary(max_size=40), PARTS)
def test_other_pieces_have_another_digest(
    header: bytes, parts: list[bytes], other_header: bytes, others: list[bytes]
) -> None:
    """Nothing can be moved from one piece to the next."""
    same = (header, parts) == (other_header, others)
    assert same == (digest(header, parts) == digest(other_header, others))


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32), st.binary(max_size=32))
def test_only_the_key_that_signed_holds(key: bytes, other: bytes, digested: bytes) -> None:
    """A signature is good for its digest and its key alone."""
    assert holds(key, digested, sign(key, digested))
    assert (key == other) == holds(other, digested, sign(key, digested))
    assert not holds(key, digested + b"x", sign(key, digested))


@pytest.mark.parametrize(
    "junk", [b"", b"{}", b"\xc1", part_bytes([Line(UUID(int=1), "", "", "", None)])[:-2]]
)
def test_bytes_of_another_form_are_told_apart(junk: bytes) -> None:
    """What we never wrote is not read as a manifest."""
    with pytest.raises(Bug):
        read_part(junk)
    with pytest.raises(Bug):
        read_header(junk)
