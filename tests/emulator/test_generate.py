"""The generated crowd."""

from collections import Counter

from dataverse_emulator import Organization, Sources, create_organization, seeded_ids

from .api import Clock


def made(seed: int, count: int = 20_000) -> Organization:
    """An organisation with generated contacts."""
    return create_organization(contacts=count, seed=seed, sources=Sources(Clock(), seeded_ids(1)))


def column(organization: Organization, name: str) -> list[object]:
    """All values of one column."""
    slot = organization.contacts.slots[name]
    return [row[slot] for row in organization.contacts.rows()]


def test_same_seed_same_people() -> None:
    """A seed decides everything."""
    assert list(made(3, 500).contacts.rows()) == list(made(3, 500).contacts.rows())
    assert list(made(3, 500).contacts.rows()) != list(made(4, 500).contacts.rows())


def test_proportions() -> None:
    """Shares of refusals, nulls, shared addresses, inactive and merged rows are as announced."""
    crowd = made(1)
    total = len(crowd.contacts)
    consent, emails = Counter(column(crowd, "donotbulkemail")), column(crowd, "emailaddress1")
    assert 0.10 < consent[True] / total < 0.14
    assert 0 < consent[None] / total < 0.01
    assert 0.03 < emails.count(None) / total < 0.05
    assert 0.04 < column(crowd, "statecode").count(1) / total < 0.06
    assert 0 < column(crowd, "merged").count(True) / total < 0.01
    present = [str(email).strip().lower() for email in emails if email]
    shared = sum(count for count in Counter(present).values() if count > 1)
    assert 0.02 < shared / total < 0.10


def test_messiness() -> None:
    """Mixed case, surrounding spaces and international domains occur; merged rows name a live row."""
    crowd = made(2)
    emails = [str(email) for email in column(crowd, "emailaddress1") if email]
    assert any(email != email.lower() for email in emails)
    assert any(email != email.strip() for email in emails)
    assert any(not email.isascii() for email in emails)
    assert all(len(email) <= 100 for email in emails)
    masters = [str(found) for found in column(crowd, "masterid") if found]
    assert masters
    assert all(crowd.contacts.get(found) for found in masters)


def test_columns_made_earlier_stay_null() -> None:
    """Generated rows count as older than custom columns (dataverse.md 7.3)."""
    from dataverse_emulator import generate
    from dataverse_emulator.state.columns import Column, Kind

    crowd = made(1, 10)
    crowd.contacts.add_column(Column("asn_x", Kind.BOOLEAN, "asn_X", 10001, default=True, custom=True))
    generate.fill(crowd, 10, 2)
    assert column(crowd, "asn_x") == [None] * 20
