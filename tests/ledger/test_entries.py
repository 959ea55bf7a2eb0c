"""Entries as bytes, and the states they lead to."""

from uuid import UUID

import pytest

from assent.errors import Bug
from assent.ledger import entries
from assent.ledger.entries import Entry, State, personal_bytes, plain_bytes, read_entry, replay
from assent.policy.permission import LegalBasis
from assent.policy.sides import ADDRESS, CATEGORIES, PERMISSION, LinkKey

ANN = UUID(int=1)
ROW = LinkKey(3, UUID(int=9))


def entry(kind: str, **values: object) -> Entry:
    """An entry by the system about Ann."""
    return Entry(kind=kind, actor_kind="system", actor="assent", contact_id=ANN, **values)  # type: ignore[arg-type]


def test_an_entry_reads_back_as_it_was_written() -> None:
    """The two parts together are the entry (P7)."""
    written = entry(
        entries.CHANGED,
        place=ROW,
        field=PERMISSION,
        old={"basis": 1},
        new={"basis": 7},
        rule="T2",
        cause=ROW,
        version=2**60,
        personal={"old_email": "a@x.example"},
    )
    assert read_entry(plain_bytes(written), personal_bytes(written)) == written


def test_the_same_entry_is_always_the_same_bytes() -> None:
    """The order in which names were given does not matter to the hash (P7)."""
    one = entry(entries.ACTED, new={"basis": 1, "value": 3})
    other = entry(entries.ACTED, new={"value": 3, "basis": 1})
    assert plain_bytes(one) == plain_bytes(other)


def test_what_is_personal_is_not_in_the_open_part() -> None:
    """The open part can be kept for ever (I6)."""
    written = entry(entries.CREATED, personal={"new_email": "a@x.example"})
    assert b"x.example" not in plain_bytes(written)
    assert personal_bytes(entry(entries.ACTED)) is None


def test_bytes_of_another_form_are_a_bug() -> None:
    """Nothing is guessed from bytes this program did not write."""
    with pytest.raises(Bug):
        read_entry(b"{}")
    with pytest.raises(Bug):
        read_entry(plain_bytes(entry(entries.ACTED)), b"[]")


def test_replaying_entries_gives_the_state_they_led_to() -> None:
    """Created, acted, changed, moved and held: the state is what was last said of each field (P7)."""
    story = [
        entry(
            entries.CREATED,
            field=PERMISSION | ADDRESS | CATEGORIES,
            new={"basis": 1, "value": CATEGORIES & ~1, "hold": None},
            personal={"new_email": "a@x.example"},
        ),
        entry(entries.ACTED, field=PERMISSION | 3, new={"basis": 7, "value": 1}),
        entry(entries.WRITTEN, field=PERMISSION, new={"toggle": 1}, personal={"new_email": "no@x.example"}),
        entry(entries.CHANGED, field=ADDRESS, personal={"new_email": "b@x.example"}),
        entry(entries.HELD, new={"hold": "crm_deleted"}),
    ]
    state: State | None = None
    for one in story:
        state = replay(state, one)
    assert state == State(LegalBasis.WITHDRAWN, CATEGORIES & ~2, "b@x.example", "crm_deleted")
    assert replay(state, entry(entries.HELD, new={"hold": None})) == State(
        LegalBasis.WITHDRAWN, CATEGORIES & ~2, "b@x.example", None
    )


def test_nothing_happens_to_a_contact_that_was_never_created() -> None:
    """An entry before its contact's first says nothing about a state."""
    assert replay(None, entry(entries.ACTED, field=1, new={"value": 0})) is None
