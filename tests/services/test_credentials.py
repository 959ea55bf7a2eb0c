"""New credentials for the same organisation: nothing is set up anew, and a copy of it is recognised."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assent.errors import Invalid, NotAllowed, SignInRefused, Unknown, WrongOrganisation
from assent.services import credentials
from assent.services.access import Role, caller, operator
from assent.services.connection_views import State
from assent.services.credentials import Credentials
from dataverse_emulator import create_organization, running
from dataverse_emulator.state.organization import Settings
from tests.app.world import ADMIN, SECRET, account
from tests.services.joined import Joined, joined

pytestmark = pytest.mark.thorough


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Joined]:
    """A connection that is live."""
    async with joined(tmp_path, contacts=3, strict=True) as made:
        await made.live()
        yield made


async def test_a_new_secret_is_tried_and_kept_without_a_new_setup(on: Joined) -> None:
    """The old one ends, the new one works at once; who did it is in the ledger, the secret is nowhere."""
    on.emulator.organization.identity.clients["app"] = "renewed"
    before = await on.app.store.accounts.steps(on.account_id, on.connection_id)
    view = await credentials.replace(on.app, on.me, on.connection_id, Credentials(secret="renewed"))
    assert State.LIVE is view.state
    assert before == await on.app.store.accounts.steps(on.account_id, on.connection_id)
    on.emulator.organization.identity.expire_all()
    assert [] == list((await on.app.sweep(on.account_id)).failures)
    entries = await on.app.store.ledger.entries(on.account_id, limit=500)
    assert "credentials" == entries[-1].entry.new["choice"]
    assert "renewed" not in str(entries)
    stored = await on.app.store.database.read(lambda c: c.exec_driver_sql("select * from connections").all())
    assert "renewed" not in str(stored)
    assert SECRET not in str(stored)


async def test_what_does_not_sign_in_changes_nothing(on: Joined) -> None:
    """A wrong secret or address is told, and the connection goes on as it was."""
    with pytest.raises(SignInRefused):
        await credentials.replace(on.app, on.me, on.connection_id, Credentials(secret="wrong"))
    with pytest.raises(Invalid):
        await credentials.replace(on.app, on.me, on.connection_id, Credentials(url="nonsense"))
    assert [] == list((await on.app.sweep(on.account_id)).failures)


async def test_a_copied_environment_is_not_taken_for_the_organisation(on: Joined) -> None:
    """Another organisation answers at the new address: refused, for what is stored is not its own (M7)."""
    clients = {"app": SECRET}
    copy = create_organization(contacts=3, clients=clients, strict=True, settings=Settings(name="unqcopy"))
    async with running(copy) as other:
        given = Credentials(url=other.url, authority=other.url)
        with pytest.raises(WrongOrganisation, match="copied environment"):
            await credentials.replace(on.app, on.me, on.connection_id, given)
    assert (await on.view()).url == on.emulator.url


async def test_only_admins_replace_and_strangers_see_nothing(on: Joined) -> None:
    """Support may look an organisation over."""
    support = caller(on.account_id, ADMIN, Role.SUPPORT)
    found = await credentials.findings(on.app, support, on.connection_id)
    assert found.organisation.organisation_id == (await on.view()).organisation_id
    with pytest.raises(NotAllowed):
        await credentials.replace(on.app, support, on.connection_id, Credentials(secret="x"))
    stranger = operator(await account(on.app, "Other"))
    with pytest.raises(Unknown):
        await credentials.findings(on.app, stranger, on.connection_id)
    with pytest.raises(Unknown):
        await credentials.replace(on.app, stranger, on.connection_id, Credentials(secret="x"))
