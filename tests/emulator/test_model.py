"""Random histories: whatever happens, the indexes and the change feed agree with a plain model."""

from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataverse_emulator import Organization, create_organization
from dataverse_emulator.state import column_definitions, tracking, writes
from dataverse_emulator.state.columns import Column, Kind
from dataverse_emulator.state.table import VERSION

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
        self._table = organization.table("contact")
        self._token = tracking.token_now(organization, self._table)

    def poll(self, size: int) -> None:
        """Follow the delta to its end, page by page."""
        table = self._table
        until, reach = tracking.token_now(self._organization, table), None
        while True:
            page = tracking.delta_page(self._organization, table, self._token, reach, size)
            self.known |= {table.row_id(p): table.cell(p, "emailaddress1") for p in page.rows}
            for gone in page.gone:
                self.known.pop(gone.row_id, None)
            if page.rest is None:
                break
            reach = page.rest
        self._token = until


def act(organization: Organization, what: str, key: str, email: str | None) -> None:
    """One write, one delete, or one write and delete that are taken back."""
    user, table = organization.identity.person("x"), organization.table("contact")
    position = table.position(key)
    if what == "write" and position is None:
        writes.create(organization, user, table, {"emailaddress1": email}, key)
    elif what == "write" and position is not None:
        writes.update(organization, user, table, position, {"emailaddress1": email})
    elif what == "delete" and position is not None:
        writes.delete(organization, user, table, position)
    elif what == "undone":
        with suppress(_TakenBackError), organization.transaction():
            act(organization, "write", key, email)
            act(organization, "delete", key, email)
            act(organization, "write", KEYS[0], email)
            raise _TakenBackError


class _TakenBackError(Exception):
    """Ends a transaction that must leave no trace."""


@pytest.mark.thorough
@settings(max_examples=300, deadline=None)
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
    table = organization.table("contact")
    assert (
        {str(row["contactid"]): row.get("emailaddress1") for row in table.rows()} == model == follower.known
    )
    assert [table.row_id(p) for p in table.positions_after(None)] == sorted(model)
    by_email = Counter(email.lower() for email in model.values() if email)
    for lowered in ("a@x.com", "b@x.com"):
        assert len(table.holding(("emailaddress1",), (lowered,))) == by_email[lowered]
    versions = [row[VERSION] for row in table.rows()]
    assert len(set(versions)) == len(versions)


def test_a_column_made_again_is_empty() -> None:
    """Deleting a column and adding another never shows old values (7.4)."""
    organization = create_organization(contacts=3)
    table = organization.table("contact")
    for _ in range(3):
        column_definitions.add(
            organization, "contact", Column("asn_a", Kind.BOOLEAN, "asn_A", 10001, default=True, custom=True)
        )
        for position in table.positions():
            assert table.cell(position, "asn_a") is None
            table.replace(position, {"asn_a": True, VERSION: organization.next_version()}, 0.0)
        column_definitions.drop(organization, "contact", "asn_a")
