"""The generated crowd."""

from collections import Counter

from dataverse_emulator import Organization, Sources, create_organization, generate, seeded_ids
from dataverse_emulator.state import column_definitions
from dataverse_emulator.state.columns import Cell, Column, Kind

from .api import Clock


def made(seed: int, count: int = 20_000) -> Organization:
    """An organisation with generated contacts."""
    return create_organization(contacts=count, seed=seed, sources=Sources(Clock(), seeded_ids(1)))


def column(organization: Organization, name: str) -> list[object]:
    """All values of one column."""
    table = organization.table("contact")
    return [table.cell(position, name) for position in table.positions()]


def test_same_seed_same_people() -> None:
    """A seed decides everything."""

    def people(seed: int) -> list[dict[str, Cell]]:
        return list(made(seed, 500).table("contact").rows())

    assert people(3) == people(3)
    assert people(3) != people(4)


def test_proportions() -> None:
    """Shares of refusals, nulls, shared addresses, inactive and merged rows are as announced."""
    crowd = made(1)
    total = len(crowd.table("contact"))
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
    assert all(crowd.table("contact").position(found) is not None for found in masters)


def test_columns_made_earlier_stay_null() -> None:
    """Generated rows count as older than custom columns (dataverse.md 7.3)."""
    crowd = made(1, 10)
    added = Column("asn_x", Kind.BOOLEAN, "asn_X", 10001, default=True, custom=True)
    column_definitions.add(crowd, "contact", added)
    generate.fill(crowd, 10, 2)
    assert column(crowd, "asn_x") == [None] * 20
