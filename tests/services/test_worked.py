"""The whole program with its durable engine: setup by errand, webhooks told within seconds."""

from pathlib import Path

import pytest

from assent.app.application import open_application, serving
from assent.policy.permission import LegalBasis
from assent.ports import Act
from assent.services import connections, health, outgoing
from assent.services.access import operator
from assent.services.connection_views import State
from assent.services.deciding import Decision, decide
from assent.services.setup_pauses import Choice
from dataverse_emulator import create_organization, running
from tests.app.world import FORM, HERSELF, SECRET, account, add, organisation_at, settings, until
from tests.services.receiver import receiver

pytestmark = pytest.mark.thorough


async def test_an_account_is_set_up_and_tells_what_happens_in_it(tmp_path: Path) -> None:
    """No tick comes: every errand was asked for in time, by whoever had something to be done."""
    async with (
        running(create_organization(contacts=20, clients={"app": SECRET})) as emulator,
        open_application(settings(tmp_path)) as app,
        serving(app),
        receiver() as found,
    ):
        account_id = await account(app)
        me = operator(account_id)
        joined = await connections.connect(app, me, organisation_at(emulator.url))
        await connections.set_up(app, me, joined.connection_id)

        async def planned() -> int:
            return await app.store.accounts.counted(account_id, f"setup-{joined.connection_id}")

        await until(planned, within=60, what="a plan to be approved")
        await decide(app, me, joined.connection_id, Decision(Choice.APPROVE))

        async def live() -> bool:
            return State.LIVE is (await connections.read(app, me, joined.connection_id)).state

        await until(live, within=60, what="a live connection")
        found.secret = (await outgoing.add_endpoint(app, me, found.url)).secret
        people = await add(
            app, account_id, *(f"p{n}@person.example" for n in range(20)), basis=LegalBasis.CONSENT
        )
        for contact_id in people:
            act = Act(contact_id, basis=LegalBasis.WITHDRAWN)
            await app.act(account_id, HERSELF, [act], FORM)

        async def told() -> bool:
            return 40 <= len(found.taken)

        await until(told, within=20, what="every change told")
        withdrawn = [b for _, b in found.taken if b["type"] == "contact.permission.changed"]
        assert [str(c) for c in people] == [b["data"]["contact_id"] for b in withdrawn]
        assert len(found.ids) == len(set(found.ids)) == len(found.tried)
        assert 0 == found.forged
        await connections.sweep_now(app, me)

        async def swept() -> bool:
            runs = await connections.sweeps(app, me, joined.connection_id)
            return any(run.on_demand and run.finished_at for run in runs)

        await until(swept, within=20, what="a sweep on demand")
        told_health = await health.health(app, me)
        assert 20 <= told_health.freshness.count
        assert told_health.freshness.p99 is not None
