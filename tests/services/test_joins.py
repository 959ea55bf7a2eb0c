"""A join that was a mistake, taken apart by whoever looks after contacts (I3)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assent.errors import Conflict, NotAllowed, Unknown
from assent.policy.permission import LegalBasis
from assent.ports import Evidence
from assent.services import contacts, erasing, history, joins
from assent.services.access import Role, caller
from tests.app.world import ADMIN, account, add
from tests.services.joined import Joined, joined

pytestmark = pytest.mark.thorough

ADA, BO = "ada@person.example", "bo@person.example"


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Joined]:
    """A live connection."""
    async with joined(tmp_path) as made:
        await made.live()
        yield made


async def test_a_join_is_shown_and_taken_apart(on: Joined) -> None:
    """The page names the other contact; apart again, both are told of it in their history (I3, P7)."""
    row = await on.rep.create({"emailaddress1": ADA})
    await on.rep.create({"emailaddress1": BO})
    ada, bo = await add(on.app, on.account_id, ADA, BO, basis=LegalBasis.CONSENT)
    await on.app.sweep(on.account_id)
    await on.rep.save(row, {"emailaddress1": BO})
    await on.app.sweep(on.account_id)
    view = await contacts.read(on.app, on.me, ada)
    assert ("joined", bo, BO) == (view.hold, view.joined_to, view.joined_name)
    assert None is (await contacts.read(on.app, on.me, bo)).joined_to
    relatives = (await erasing.preview(on.app, on.me, bo)).joined
    assert [(ada, ADA)] == [(one.contact_id, one.name) for one in relatives]
    with pytest.raises(NotAllowed):
        await joins.take_apart(on.app, caller(on.account_id, ADMIN, Role.READER), ada)
    stranger = caller(await account(on.app, "Other"), ADMIN, Role.ADMIN)
    with pytest.raises(Unknown):
        await joins.take_apart(on.app, stranger, ada)
    on.office.woken.clear()
    apart = await joins.take_apart(on.app, on.me, ada, Evidence("Two people", "phone"))
    assert (None, None, 1) == (apart.hold, apart.joined_to, len(apart.links))
    assert on.office.woken
    await on.drain()
    found = await on.rep.row(row)
    assert found is not None
    assert ADA == found["emailaddress1"]
    told = [one.text for one in (await history.history(on.app, on.me, ada)).items]
    assert any("took the join with another contact apart" in text for text in told)
    with pytest.raises(Conflict, match="not joined"):
        await joins.take_apart(on.app, on.me, ada)
