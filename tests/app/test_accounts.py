"""Nothing crosses accounts."""

from uuid import UUID

import pytest

from assent.errors import Unknown
from assent.policy.gate import Message
from assent.policy.permission import LegalBasis
from assent.ports import Act
from dataverse_emulator import RunningEmulator

from .world import ADMIN, FORM, Office, account, add, organisation_at, person

pytestmark = pytest.mark.thorough


async def two(at: Office) -> tuple[int, int, UUID]:
    """Two accounts, and a contact of the first."""
    ours, theirs = await account(at.app), await account(at.app, "Other Ltd")
    (contact_id,) = await add(at.app, ours, "same@person.example", basis=LegalBasis.CONSENT)
    return ours, theirs, contact_id


async def test_contacts_of_another_account_are_unknown(at: Office) -> None:
    """They are not read, not changed and not mailed, whoever knows their id."""
    ours, theirs, contact_id = await two(at)
    assert [] == await at.app.store.memory.people(theirs, [contact_id])
    with pytest.raises(Unknown):
        await at.app.act(theirs, ADMIN, [Act(contact_id, basis=LegalBasis.WITHDRAWN)], FORM)
    assert LegalBasis.CONSENT is (await person(at.app, ours, contact_id)).contact.basis


async def test_a_check_never_lets_another_accounts_contact_be_mailed(at: Office) -> None:
    """Unknown, or at least no verdict that says yes (G1)."""
    _, theirs, contact_id = await two(at)
    try:
        checked = await at.app.check(theirs, [contact_id], Message())
    except Unknown:
        return
    assert not checked.verdicts[contact_id].may


async def test_the_same_address_is_two_people_in_two_accounts(at: Office) -> None:
    """A refusal to one company is none to the other."""
    ours, theirs, contact_id = await two(at)
    (other,) = await add(at.app, theirs, "same@person.example", basis=LegalBasis.CONSENT)
    await at.app.act(theirs, ADMIN, [Act(other, basis=LegalBasis.WITHDRAWN)], FORM)
    assert contact_id != other
    assert LegalBasis.CONSENT is (await person(at.app, ours, contact_id)).contact.basis


async def test_connections_of_another_account_are_unknown(at: Office, strict: RunningEmulator) -> None:
    """Neither their secret nor their client can be had."""
    ours, theirs, _ = await two(at)
    added = await at.app.connect(ours, organisation_at(strict.url))
    with pytest.raises(Unknown):
        await at.app.store.accounts.connection(theirs, added.connection_id)
    with pytest.raises(Unknown):
        await at.app.organisations.client(theirs, added.connection_id)
    assert {} == await at.app.organisations.live(theirs)


@pytest.mark.parametrize("account_id", [0, -1, 999])
async def test_an_account_there_is_not_is_unknown(at: Office, account_id: int) -> None:
    """Neither a sweep nor an act invents one."""
    with pytest.raises(Unknown):
        await add(at.app, account_id, "x@y.example", basis=LegalBasis.CONSENT)
    with pytest.raises(Unknown):
        await at.app.sweep(account_id)
