"""When two spellings are one address (rule I1)."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assent.policy.address import normalise

from .samples import quick, thorough

SAME = {
    "trimmed": ("  anna@example.com\n", "anna@example.com"),
    "invisible": ("anna\u200b@example.com", "anna@example.com"),
    "domain case": ("anna@EXAMPLE.Com", "anna@example.com"),
    "local case": ("Anna.B@example.com", "anna.b@example.com"),
    "composed": ("andre\u0301@example.com", "andr\u00e9@example.com"),
    "ascii domain": ("anna@xn--bcher-kva.example", "anna@b\u00fccher.example"),
    "ascii domain, upper": ("anna@XN--BCHER-KVA.EXAMPLE", "anna@b\u00fccher.example"),
    "upper umlaut": ("anna@B\u00dcCHER.example", "anna@b\u00fccher.example"),
    "decomposed domain": ("anna@bu\u0308cher.example", "anna@b\u00fccher.example"),
    "full-width domain": ("anna@\uff45xample.com", "anna@example.com"),
    "root dot": ("anna@example.com.", "anna@example.com"),
    "quoted at": ('"a@b"@example.com', '"a@b"@example.com'),
}


@pytest.mark.parametrize("name", list(SAME))
def test_spellings_of_one_address_are_one(name: str) -> None:
    """I1: trim, NFC, IDNA lower-case domain, local part without case."""
    written, expected = SAME[name]
    assert expected == normalise(written)


APART = {
    "plus tag": ("anna+news@example.com", "anna@example.com"),
    "dots": ("a.nna@example.com", "anna@example.com"),
    "domain": ("anna@example.com", "anna@example.org"),
    "compatibility letters": ("\uff41nna@example.com", "anna@example.com"),
}


@pytest.mark.parametrize("name", list(APART))
def test_nothing_else_is_folded(name: str) -> None:
    """I1: tags, dots and compatibility forms in the local part belong to the mailbox's owner."""
    one, other = APART[name]
    assert normalise(one) != normalise(other)


@pytest.mark.parametrize(
    "text", [None, "", "  ", "anna", "@", "anna@", "@example.com", "an na@example.com", "a@."]
)
def test_text_without_an_address_is_none(text: str | None) -> None:
    """I1, I3: what holds no address matches nobody."""
    assert None is normalise(text)


#: Letters that stay letters in a domain: lower case, in normal form, of several scripts.
LABEL = st.text(
    "abcxyz0189\u00e4\u00f6\u00fc\u00e9\u00e5\u03b1\u03c9\u0436\u044f\u4f8b\u3048", min_size=1, max_size=8
)
LOCAL = st.text("abzABZ019._+-\u00e9\u00c9", min_size=1, max_size=10)


def to_ascii(label: str) -> str:
    """The `xn--` spelling of a label."""
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")


@quick
@given(LOCAL, st.lists(LABEL, min_size=1, max_size=3))
def test_both_spellings_of_an_internationalised_domain_are_one(local: str, labels: list[str]) -> None:
    """I1: IDNA: the `xn--` spelling and the Unicode one match, in either case."""
    expected = normalise(f"{local}@{'.'.join(labels)}")
    assert expected is not None
    assert expected == normalise(f"{local}@{'.'.join(map(to_ascii, labels))}")
    assert expected == normalise(f"{local}@{'.'.join(map(to_ascii, labels)).upper()}")


@thorough
@given(st.text(min_size=1, max_size=12), st.text(min_size=1, max_size=12))
@example("A\u03a3", "example.com")
def test_normalising_twice_is_normalising_once(local: str, domain: str) -> None:
    """I1: the key a contact is stored under is its own key."""
    once = normalise(f"{local}@{domain}")
    assert once == normalise(once)


@quick
@given(st.text(max_size=30))
def test_an_address_has_both_halves_and_no_blank(text: str) -> None:
    """I1: whatever is pasted, a key is a local part, an at sign and a domain without blanks."""
    key = normalise(text)
    if key is not None:
        local, _, domain = key.rpartition("@")
        assert local
        assert domain
        assert not any(c.isspace() for c in key)


@pytest.mark.parametrize("label", ["\u00c4rger", "a\u200b\u00e4", "\uff41\u00e4", "a\u00b2\u00e4"])
def test_a_hand_made_xn_label_is_still_a_fixed_point(label: str) -> None:
    """I1: an `xn--` spelling of something that is not normal itself must not make two keys of one person."""
    once = normalise(f"anna@{to_ascii(label)}.example")
    assert once == normalise(once)


@pytest.mark.parametrize("label", ["xn--\u00e9", "xn--99999", "xn--"])
def test_a_broken_xn_label_is_kept_as_it_is_written(label: str) -> None:
    """I1, P8: what only looks like IDNA matches itself and raises nothing."""
    once = normalise(f"anna@{label}.example")
    assert once is None or once == normalise(once)


@quick
@given(st.text("abz019-n\u00e9", max_size=12))
def test_hostile_labels_never_raise(tail: str) -> None:
    """P8: a bad request gets an answer: an address or none."""
    assert isinstance(normalise(f"anna@xn--{tail}.example"), str | None)


@pytest.mark.parametrize("dot", ["\u3002", "\uff61"])
def test_an_ideographic_full_stop_is_a_dot(dot: str) -> None:
    """I1: IDNA takes the full stops of East Asian keyboards for dots."""
    assert normalise("anna@\u4f8b\u3048.example") == normalise(f"anna@\u4f8b\u3048{dot}example")


@pytest.mark.parametrize("local", ["\u03bd\u03b9\u03ba\u03bf\u03c3", "stra\u00dfe"])
def test_the_local_part_is_matched_without_case_in_every_script(local: str) -> None:
    """I1: writing the same local part in capitals gives the same key."""
    assert normalise(f"{local}@example.com") == normalise(f"{local.upper()}@example.com")
