"""Catching up with everything a CRM's change feed reports (tiers 1 and 3)."""

from dataclasses import dataclass

from assent.engine.adopt import meet
from assent.engine.forget import forget
from assent.engine.notices import drain
from assent.engine.run import STEP, Report, Run
from assent.engine.sighting import Stamp, now, sight
from assent.errors import TokenExpired, WrongOrganisation
from assent.policy.identity import Suspicion, suspect
from assent.policy.sides import LinkKey
from assent.ports import ChangePage, Connection, Organisation


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """How a feed was caught up: pages read, rows seen, and whether a full compare was needed."""

    report: Report
    rows: int
    full: bool


async def sweep(run: Run) -> Report:
    """Catch up every connection, then settle whoever moved on either side, notices or not.

    Costs one sign-in at most, one identity check and one feed read per connection when nothing
    changed, and writes nothing then.
    """
    report = Report()
    for connection_id in run.crms:
        report += (await catch_up(run, connection_id)).report
    return report + await drain(run)


async def catch_up(run: Run, connection_id: int, *, create: bool = True) -> CaughtUp:
    """Store everything one connection's feed reports since its change token.

    The token moves after every page it covers was stored. One that expired, by age or by a
    metadata change, falls back to a full compare, which is routine.
    """
    connection = run.connections[connection_id]
    await check_organisation(run, connection)
    token = await run.memory.token(run.account_id, connection_id)
    if token is not None:
        try:
            return await _read_feed(run, connection, token, create=create)
        except TokenExpired:
            await run.memory.move_token(run.account_id, connection_id, None)
    return await full_compare(run, connection, create=create)


async def full_compare(run: Run, connection: Connection, *, create: bool) -> CaughtUp:
    """Read every row, then look up by key the linked rows the read did not meet: those are gone."""
    started = run.clock.now()
    caught = await _read_feed(run, connection, None, create=create)
    while unmet := await run.memory.unseen(run.account_id, connection.connection_id, started, STEP):
        sightings, gone = await sight(run, unmet)
        await run.memory.see(run.account_id, sightings)
        await forget(run, gone)
        if not gone and not sightings:
            break
    return CaughtUp(caught.report, caught.rows, full=True)


async def check_organisation(run: Run, connection: Connection) -> Organisation:
    """Say who we are there, before anything is written; raises WrongOrganisation elsewhere (M7)."""
    found = await run.crms[connection.connection_id].organisation()
    expected = connection.organisation_id or found.organisation_id
    suspicion = suspect(connected_organisation=expected, organisation=found.organisation_id)
    if suspicion is Suspicion.OTHER_ORGANISATION:
        raise WrongOrganisation(
            f"Connection {connection.connection_id} was joined to organisation {expected}, but its address "
            f"now answers as {found.organisation_id}: a copied or exchanged environment. Nothing was "
            "written. Connect it anew under its own name, or correct the address."
        )
    return found


async def _read_feed(run: Run, connection: Connection, token: str | None, *, create: bool) -> CaughtUp:
    report, rows = Report(), 0
    stamp = await now(run)
    async for page in run.crms[connection.connection_id].changes(token):
        report += await _store_page(run, connection, page, stamp, create=create)
        rows += len(page.rows) + len(page.deleted)
        if page.token is not None:
            await run.memory.move_token(run.account_id, connection.connection_id, page.token)
        stamp = await now(run)
    return CaughtUp(report, rows, full=token is None)


async def _store_page(
    run: Run, connection: Connection, page: ChangePage, stamp: Stamp, *, create: bool
) -> Report:
    met = await meet(run, connection.connection_id, page.rows, stamp, create=create)
    if page.deleted:
        await forget(run, [LinkKey(connection.connection_id, row_id) for row_id in page.deleted])
    return met.report
