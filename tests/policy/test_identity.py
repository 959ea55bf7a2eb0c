"""Who is who across the two systems, and what becomes of a row (rules I1-I8, M7)."""

from dataclasses import replace
from itertools import product

import pytest

from assent.policy.identity import (
    EMAIL_MOVES,
    LIFECYCLE,
    AddressMarks,
    EmailMove,
    LinkState,
    NotCreated,
    Placement,
    RowAction,
    RowAddress,
    Seen,
    contact_from_row,
    follow_address,
    link_state,
    place,
    row_address,
    seen,
    strictest,
)
from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.plan import settle
from assent.policy.sides import ADDRESS, CATEGORIES, PERMISSION, Contact, Hold, Link

from .samples import (
    ALLOW,
    ANNA,
    BERTA,
    BOTH,
    CONSENT,
    CONTACT_ID,
    DENY,
    EVENTS,
    INTEREST,
    KEY_2,
    NEWS,
    NONE,
    NULL,
    ROW_2,
    UNREAD,
    WITHDRAWN,
    a_base,
    a_contact,
    a_link,
    a_row,
    at,
)

CARLA = "carla@example.com"
MARKS = AddressMarks()
LINK = a_link(a_row(), a_base())

#: I4 sentence by sentence, and I1 for what has no link.
LIVES = {
    (LinkState.NONE, Seen.ACTIVE): RowAction.ADOPT,
    (LinkState.NONE, Seen.INACTIVE): RowAction.ADOPT_KNOWN,
    (LinkState.NONE, Seen.MERGED): RowAction.ADOPT_KNOWN,
    (LinkState.NONE, Seen.DELETED): RowAction.IGNORE,
    (LinkState.LIVE, Seen.ACTIVE): RowAction.MERGE,
    (LinkState.LIVE, Seen.INACTIVE): RowAction.COUNT_ONCE,
    (LinkState.LIVE, Seen.MERGED): RowAction.HAND_OVER,
    (LinkState.LIVE, Seen.DELETED): RowAction.UNLINK_AND_HOLD,
    (LinkState.ASLEEP, Seen.ACTIVE): RowAction.MERGE_AFRESH,
    (LinkState.ASLEEP, Seen.INACTIVE): RowAction.COUNT_ONCE,
    (LinkState.ASLEEP, Seen.MERGED): RowAction.HAND_OVER,
}


@pytest.mark.parametrize("cell", list(LIVES))
def test_every_stage_of_a_rows_life_has_its_action(cell: tuple[LinkState, Seen]) -> None:
    """I4: deactivated, reactivated, deleted, merged."""
    assert LIVES[cell] is LIFECYCLE[cell]


def test_a_deleted_row_holds_its_contact_even_if_it_was_inactive() -> None:
    """I4: deleted: the link goes and the contact is held until a person decides."""
    assert RowAction.UNLINK_AND_HOLD is LIFECYCLE[LinkState.ASLEEP, Seen.DELETED]


def test_a_row_is_classified_by_what_it_says() -> None:
    """I4: a merged row is inactive too; merged is the truer word."""
    assert Seen.ACTIVE is seen(a_row())
    assert Seen.INACTIVE is seen(a_row(active=False))
    assert Seen.MERGED is seen(replace(a_row(active=False), merged_into=ROW_2))


def test_a_link_sleeps_while_its_base_was_taken_on_an_inactive_row() -> None:
    """I4: reactivation is seen by the base."""
    assert LinkState.NONE is link_state(None)
    assert LinkState.LIVE is link_state(LINK)
    assert LinkState.LIVE is link_state(a_link(a_row()))
    assert LinkState.ASLEEP is link_state(a_link(a_row(), a_base(active=False)))


#: The row's address beside the base's (Anna) when the hub holds Berta or Anna.
ADDRESSES = {
    (ANNA, ANNA): RowAddress.SAME,
    (ANNA, " ANNA@Example.com "): RowAddress.SAME,
    (ANNA, BERTA): RowAddress.CHANGED,
    (ANNA, None): RowAddress.CLEARED,
    (ANNA, "nonsense"): RowAddress.CLEARED,
    (BERTA, ANNA): RowAddress.SAME,
    (BERTA, BERTA): RowAddress.FOLLOWED,
    (BERTA, CARLA): RowAddress.CHANGED,
    (BERTA, ""): RowAddress.CLEARED,
}


@pytest.mark.parametrize("cell", list(ADDRESSES))
def test_an_address_is_compared_as_it_is_matched(cell: tuple[str, str | None]) -> None:
    """I1, I3: spelling is no change; text without an address counts as cleared."""
    hub, row = cell
    contact = replace(a_contact(), email=hub)
    assert ADDRESSES[cell] is row_address(contact, a_base(), replace(a_row(), email=row))


def test_a_row_without_an_address_is_the_same_as_its_base() -> None:
    """I3: nothing was cleared where nothing stood."""
    base = replace(a_base(), email=None)
    assert RowAddress.SAME is row_address(a_contact(), base, replace(a_row(), email=None))


#: I3: one side changed, the other follows; both, the CRM's is kept; a cleared one is not copied.
MOVES = {
    (False, RowAddress.SAME): EmailMove.LEAVE,
    (False, RowAddress.CHANGED): EmailMove.HUB_FOLLOWS,
    (False, RowAddress.FOLLOWED): EmailMove.LEAVE,
    (False, RowAddress.CLEARED): EmailMove.LEAVE,
    (True, RowAddress.SAME): EmailMove.ROW_FOLLOWS,
    (True, RowAddress.CHANGED): EmailMove.CONFLICT,
    (True, RowAddress.FOLLOWED): EmailMove.LEAVE,
    (True, RowAddress.CLEARED): EmailMove.LEAVE,
}


def test_every_move_of_an_address_is_decided() -> None:
    """I3: eight cells, none left to chance."""
    assert MOVES == EMAIL_MOVES


def test_a_link_follows_by_the_table() -> None:
    """I3: changed in the hub by value or by an act; in the CRM by value."""
    for hub, row in ADDRESSES:
        contact = replace(a_contact(), email=hub)
        link = a_link(replace(a_row(), email=row), a_base())
        assert MOVES[hub != ANNA, ADDRESSES[hub, row]] is follow_address(contact, link)
    touched = a_link(replace(a_row(), email=BERTA), a_base(), hub_touched=ADDRESS)
    assert EmailMove.CONFLICT is follow_address(a_contact(), touched)


@pytest.mark.parametrize(
    "link",
    [
        a_link(None, a_base()),
        a_link(a_row()),
        a_link(replace(a_row(), email=None)),
        a_link(replace(a_row(active=False), email=BERTA), a_base()),
        a_link(replace(a_row(active=False), email=BERTA)),
    ],
)
def test_nothing_moves_unseen_or_from_an_inactive_row(link: Link) -> None:
    """I3, I4: an address is merged only where an active row bears another."""
    assert EmailMove.LEAVE is follow_address(a_contact(), link)


#: Which sides were seen to change the address, and what becomes of it where no base tells.
SEEN_TO_MOVE = pytest.mark.parametrize(
    ("hub", "row", "move"),
    [
        (0, 0, EmailMove.CONFLICT),  # after a restore: nobody can tell which is newer (M7)
        (0, ADDRESS, EmailMove.HUB_FOLLOWS),
        (ADDRESS, 0, EmailMove.ROW_FOLLOWS),
        (ADDRESS, ADDRESS, EmailMove.CONFLICT),
    ],
)


@SEEN_TO_MOVE
def test_without_a_base_an_address_follows_only_whoever_was_seen_to_move(
    hub: int, row: int, move: EmailMove
) -> None:
    """I3: both sides may have changed it, unless one was seen to."""
    link = a_link(replace(a_row(), email=BERTA), hub_touched=hub, crm_touched=row)
    assert move is follow_address(a_contact(), link)


@SEEN_TO_MOVE
def test_a_base_set_while_addresses_differ_decides_them_as_without_it(
    hub: int, row: int, move: EmailMove
) -> None:
    """I3, M7: no side's address passes for the one both agreed on, so neither is overwritten."""
    contact = replace(a_contact(), hold=Hold.ADDRESS_TAKEN.value)
    link = a_link(replace(a_row(), email=BERTA), hub_touched=hub, crm_touched=row)
    base = settle(contact, link, BOTH)
    assert base is not None
    kept = a_link(link.row, base)
    assert move is follow_address(contact, kept)
    assert base == settle(contact, kept, BOTH)
    for others in ([], [a_link(replace(a_row(key=KEY_2), email=ANNA), a_base(), key=KEY_2)]):
        assert place(contact, link, others, False) is place(contact, kept, others, False)


#: I3: what the other rows of the contact bear, whether the new address is taken, and the outcome.
PLACES: list[tuple[tuple[str | None, ...], bool, Placement]] = [
    ((), False, Placement.STAY),
    ((), True, Placement.JOIN),
    ((BERTA,), False, Placement.STAY),  # all rows moved together
    ((BERTA,), True, Placement.JOIN),
    ((None,), False, Placement.STAY),
    ((ANNA,), False, Placement.SPLIT),
    ((ANNA,), True, Placement.MOVE),
    ((BERTA, ANNA), False, Placement.SPLIT),
]


@pytest.mark.parametrize(("others", "taken", "expected"), PLACES)
def test_a_row_that_changed_address_finds_its_place(
    others: tuple[str | None, ...], taken: bool, expected: Placement
) -> None:
    """I3: joins and partings are judged on the final state of all rows of the pass."""
    moved = a_link(replace(a_row(), email=BERTA), a_base())
    rest = [a_link(replace(a_row(key=KEY_2), email=o), a_base(), key=KEY_2) for o in others]
    assert expected is place(a_contact(), moved, rest, taken)


def test_a_row_whose_address_did_not_change_stays() -> None:
    """I3: only a change in the CRM moves a row."""
    assert Placement.STAY is place(a_contact(), LINK, [LINK], True)
    assert Placement.STAY is place(replace(a_contact(), email=BERTA), LINK, [], True)


def test_rows_that_leave_for_different_addresses_do_not_all_lose_their_contact() -> None:
    """I3: judged on the final state, nobody bears the old address any more: nothing is shared."""
    moved = a_link(replace(a_row(), email=BERTA), a_base())
    other = a_link(replace(a_row(key=KEY_2), email=CARLA), a_base(), key=KEY_2)
    splits = [place(a_contact(), moved, [other], False), place(a_contact(), other, [moved], False)]
    assert splits != [Placement.SPLIT, Placement.SPLIT]


@pytest.mark.parametrize("one", list(LegalBasis))
@pytest.mark.parametrize("other", list(LegalBasis))
def test_a_joined_person_keeps_every_refusal(one: LegalBasis, other: LegalBasis) -> None:
    """I3, T7: Withdrawn wins, None has no opinion, and a positive basis keeps its nuance."""
    expected = one if one is not NONE else other
    if WITHDRAWN in (one, other):
        expected = WITHDRAWN
    assert expected is strictest(a_contact(one), a_contact(other)).basis


def test_a_joined_person_is_subscribed_where_both_were() -> None:
    """I3: the strictest of both, per category."""
    for one, other in product((0, NEWS, EVENTS, BOTH), repeat=2):
        joined = strictest(a_contact(value=one), a_contact(value=other))
        for category in (NEWS, EVENTS):
            assert bool(one & category and other & category) == bool(joined.value & category)


def test_a_joined_person_keeps_holds_and_what_restoring_needs() -> None:
    """I3, T3: a hold and a personal refusal of either outlive the join."""
    other = replace(a_contact(INTEREST), hold="crm_deleted", refused_personally=True)
    joined = strictest(replace(a_contact(NONE), email=BERTA), other)
    assert (
        joined.email,
        joined.hold,
        joined.refused_personally,
        joined.last_positive,
    ) == (BERTA, "crm_deleted", True, INTEREST)


def test_a_joined_refusal_keeps_its_own_moment() -> None:
    """M2, I3: the refusal that came with the join must not look older than it is."""
    joined = strictest(a_contact(CONSENT, acted=10), a_contact(WITHDRAWN, acted=500))
    assert at(500) == joined.acted[PERMISSION]


def created(marks: AddressMarks = MARKS, switched_on: bool = True, **row: object) -> Contact | NotCreated:
    """A contact from a row with these differences."""
    return contact_from_row(
        replace(a_row(), **row),  # type: ignore[arg-type]
        CONTACT_ID,
        marks=marks,
        switched_on=switched_on,
    )


@pytest.mark.parametrize("toggle", [ALLOW, DENY, NULL, UNREAD])
@pytest.mark.parametrize("refused", [False, True])
def test_a_new_contact_holds_what_its_row_says_and_never_more(toggle: BulkEmail, refused: bool) -> None:
    """I5, T5, I3: Withdrawn if Do not allow or remembered, else None; no row grants."""
    contact = created(AddressMarks(refused=refused), toggle=toggle, known=BOTH, value=EVENTS)
    assert isinstance(contact, Contact)
    assert (WITHDRAWN if refused or toggle == DENY else NONE) is contact.basis
    assert contact.value == CATEGORIES & ~NEWS
