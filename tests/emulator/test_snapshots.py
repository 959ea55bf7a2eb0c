"""Copies of an organisation: cheap to take, and apart from then on."""

import tracemalloc

from dataverse_emulator import Organization, create_organization
from dataverse_emulator.state import tracking, writes


def names(organization: Organization) -> list[str]:
    """The last names of all contacts."""
    return sorted(str(row.get("lastname")) for row in organization.table("contact").rows())


def add(organization: Organization, lastname: str) -> int:
    """A new contact."""
    user = organization.identity.person("rep-anna")
    return writes.create(organization, user, organization.table("contact"), {"lastname": lastname})


def test_each_side_changes_on_its_own() -> None:
    """What happens to either after the copy was taken is not seen by the other, keys and order included."""
    original = create_organization()
    first = add(original, "A")
    twin = original.snapshot()
    add(original, "B")
    add(twin, "C")
    table = twin.table("contact")
    writes.update(twin, twin.identity.person("x"), table, first, {"lastname": "D"})
    assert names(original) == ["A", "B"]
    assert names(twin) == ["C", "D"]
    assert [table.find(lastname=name) is not None for name in "ACD"] == [False, True, True]
    for organization in (original, twin):
        held = organization.table("contact")
        in_order = [held.row_id(position) for position in held.first_positions(None, 9)]
        assert in_order == sorted(str(row["contactid"]) for row in held.rows())


def test_a_token_outlives_a_restore() -> None:
    """Signing in is the directory's: whoever did since the backup is still who they were."""
    organization = create_organization()
    kept = organization.snapshot()
    token = organization.identity.issue("app", "secret")
    assert token is not None
    user = organization.identity.bearer(token)
    organization.restore(kept)
    assert user == organization.identity.bearer(token) == organization.identity.application("app")


def test_change_tracking_goes_on_apart() -> None:
    """A token taken before the copy brings each side its own changes only."""
    original = create_organization(contacts=3)
    token = tracking.token_now(original, original.table("contact"))
    twin = original.snapshot()
    writes.delete(twin, twin.identity.person("x"), twin.table("contact"), 0)
    add(original, "B")
    before, after = (
        tracking.delta_page(organization, organization.table("contact"), token, None, 9)
        for organization in (original, twin)
    )
    assert (len(before.rows), len(before.gone)) == (1, 0)
    assert (len(after.rows), len(after.gone)) == (0, 1)


def test_copies_share_what_they_do_not_change() -> None:
    """A hundred copies of an organisation with 5,000 contacts take less memory than one of it did."""
    tracemalloc.start()
    original = create_organization(contacts=5000)
    original.table("contact").first_positions(None, 1)
    for_one = tracemalloc.get_traced_memory()[0]
    copies = [original.snapshot() for _ in range(100)]
    for_all = tracemalloc.get_traced_memory()[0] - for_one
    tracemalloc.stop()
    assert len(copies) == 100
    assert for_all < for_one


def test_organisations_share_what_they_begin_with() -> None:
    """One model for all of them, so that a thousand fit one process: under 50 kB each."""
    first = create_organization()
    first.table("contact")
    tracemalloc.start()
    held = [create_organization(seed=seed) for seed in range(50)]
    for organization in held:
        organization.table("contact")
    for_each = tracemalloc.get_traced_memory()[0] / len(held)
    tracemalloc.stop()
    assert all(organization.model is first.model for organization in held)
    assert for_each < 50_000
