"""Random histories: whatever happens, the indexes and the change feed agree with a plain model."""

from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataverse_emulator import Organization, create_organization
from dataverse_emulator.state import contact_writes, tracking
from dataverse_emulator.state.columns import Column, Kind
from dataverse_emulator.state.contacts import EMAIL, ID, VERSION

KEYS = [f"0000000{at}-0000-0000-0000-000000000000" for at in range(6)]
EMAILS = [None, "a@x.com", "A@X.com", "b@x.com"]
ACTS = st.tuples(
    st.sampled_from(["write", "delete", "undone", "poll"]), st.sampled_from(KEYS), st.sampled_from(EMAILS)
)


class Follower:
    """A client that knows only what change tracking told it."""

    def __init__(self, organization: Organization) -> None:
        self.known: dict[str, object] = {}
        self._organization = organization
        self._token = tracking.token_now(organization)

    def poll(self, size: int) -> None:
        """Follow the delta to its end, page by page."""
        until, reach = tracking.token_now(self._organization), None
        while True:
            page = tracking.delta_page(self._organization, self._token, reach, size)
            self.known |= {str(row[ID]): row[EMAIL] for row in page.rows}
            for gone in page.gone:
                self.known.pop(gone.row_id, None)
            if page.rest is None:
                break
            reach = page.rest
        self._token = until


def act(organization: Organization, what: str, key: str, email: str | None) -> None:
    """One write, one delete, or one write and delete that are taken back."""
    user, row = organization.identity.person("x"), organization.contacts.get(key)
    if what == "write" and row is None:
        contact_writes.create(organization, user, {"emailaddress1": email}, key)
    elif what == "write" and row is not None:
        contact_writes.update(organization, user, row, {"emailaddress1": email})
    elif what == "delete" and row is not None:
        contact_writes.delete(organization, user, row)
    elif what == "undone":
        with suppress(_TakenBackError), organization.transaction():
            act(organization, "write", key, email)
            act(organization, "delete", key, email)
            act(organization, "write", KEYS[0], email)
            raise _TakenBackError


class _TakenBackError(Exception):
    """Ends a transaction that must leave no trace."""


@pytest.mark.thorough
@settings(max_examples=300)
@given(st.lists(ACTS, max_size=30), st.integers(1, 4))
def test_follower_ends_up_with_the_table(acts: list[tuple[str, str, str | None]], size: int) -> None:
    """After any history and any polls, a client that applies deltas holds exactly the table (3.3)."""
    organization = create_organization()
    follower, model = Follower(organization), dict[str, str | None]()
    for what, key, email in acts:
        if what == "poll":
            follower.poll(size)
            continue
        act(organization, what, key, email)
        if what == "write":
            model[key] = email
        elif what == "delete":
            model.pop(key, None)
    follower.poll(size)
    contacts = organization.contacts
    assert {str(row[ID]): row[EMAIL] for row in contacts.rows()} == model == follower.known
    assert list(contacts.ids_after(None)) == sorted(model)
    by_email = Counter(email.lower() for email in model.values() if email)
    for lowered in ("a@x.com", "b@x.com"):
        assert len(contacts.with_email(lowered)) == by_email[lowered]
    versions = [row[VERSION] for row in contacts.rows()]
    assert len(set(versions)) == len(versions)


def test_a_freed_column_is_used_again_empty() -> None:
    """Deleting a column and adding another never shows old values (7.4)."""
    organization = create_organization(contacts=3)
    contacts = organization.contacts
    width = contacts.width
    for name in ("asn_a", "asn_b", "asn_c"):
        contacts.add_column(Column(name, Kind.BOOLEAN, name, 10001, default=True, custom=True))
        for row in contacts.rows():
            assert row[contacts.slots[name]] is None
            row[contacts.slots[name]] = True
        contacts.drop_column(name)
    assert contacts.width == width + 1
    assert len(contacts.blank()) == contacts.width
