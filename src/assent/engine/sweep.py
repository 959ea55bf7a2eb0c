"""Catching up with everything a CRM's change feed reports (tiers 1 and 3)."""

from datetime import datetime

from assent.engine.adopt import meet
from assent.engine.forget import forget
from assent.engine.notices import deal
from assent.engine.organisation import check_organisation
from assent.engine.run import STEP, Report, Run
from assent.engine.sighting import Stamp, now, see, sight
from assent.errors import AssentError, TokenExpired, TokenFromFuture
from assent.policy.identity import Suspicion
from assent.policy.sides import LinkKey
from assent.ports import ChangePage, Connection

#: So many of the newest rows, and of those deleted last, a sweep reads again: two, for they may be level.
READ_AGAIN = 2


async def sweep(run: Run) -> Report:
    """Catch up every connection, then settle whoever moved on either side, notices or not.

    Costs one sign-in at most, one identity check, one feed read and a few rows read again per connection
    when nothing changed, and writes nothing then. A connection in trouble is left out and raised at the end.
    """
    report, errors = Report(), list[AssentError]()
    for connection_id in list(run.crms):
        try:
            report += await catch_up(run, connection_id)
        except AssentError as error:
            errors.append(error)
            run = run.without(connection_id)
    report += await deal(run)
    if errors:
        raise errors[0]
    return report


async def catch_up(run: Run, connection_id: int, *, create: bool = True) -> Report:
    """Store everything one connection's feed reports since its change token.

    The token moves after everything it covers was stored, deletions too, and nothing speaks for a
    restore: what was saved since one is told apart only while it is what the feed just brought. One that
    expired, by age or by a metadata change, falls back to a full compare, which is routine; one that is
    ahead of the organisation means a restore, which voids every base first (M7).
    """
    connection, started = run.connections[connection_id], run.clock.now()
    await check_organisation(run, connection)
    token = await run.memory.token(run.account_id, connection_id)
    if token is not None:
        try:
            report, following = await _read_feed(run, connection, token, create=create)
            again = await _look_again(run, connection_id, started, create=create)
            # What the feed brought may have proved a restore as well, which voids the token.
            if again is not None and await run.memory.move_token(
                run.account_id, connection_id, following, onward=True
            ):
                return report + again
        except TokenFromFuture:
            await run.memory.void(run.account_id, connection_id, Suspicion.FUTURE_TOKEN.value)
        except TokenExpired:
            pass
    report, following = await _full_compare(run, connection, create=create)
    await run.memory.move_token(run.account_id, connection_id, following)
    return report


async def _look_again(run: Run, connection_id: int, started: datetime, *, create: bool) -> Report | None:
    """Read again the newest rows the feed did not just bring, and the last that were deleted (M7).

    An older one, or one that is there again as it was, proves a restore, which undoes the newest first. A
    feed that went back does not tell: other rows soon carry the organisation's counter past what we
    saw. Every base and the token are void then, and nothing is given. One that is there again otherwise
    is met like any other, for no feed may tell of it.
    """
    report = Report()
    went = await run.memory.lately_gone(run.account_id, connection_id, READ_AGAIN)
    least = {key: version + 1 for key, version in went.items()}  # below these versions is no row any more
    newest = await run.memory.newest(run.account_id, connection_id, started, READ_AGAIN)
    while least or newest:
        least |= newest
        stamp = await now(run)
        sightings, gone = await sight(run, least)
        if any(s.row.version < least[s.key] for s in sightings):
            await run.memory.void(run.account_id, connection_id, Suspicion.OLDER_VERSION.value)
            return None
        rows = [sighting.row for sighting in sightings]
        report += (await meet(run, connection_id, rows, stamp, create=create)).report
        if not (lost := [key for key in gone if key in newest]):
            break
        await forget(run, lost)  # made after the backup, perhaps: those before them are the newest then
        newest, least = await run.memory.newest(run.account_id, connection_id, started, READ_AGAIN), {}
    return report


async def _full_compare(run: Run, connection: Connection, *, create: bool) -> tuple[Report, str | None]:
    """Read every row, then look up by key the linked rows the read did not meet: those are gone."""
    started = run.clock.now()
    read = await _read_feed(run, connection, None, create=create)
    before: list[LinkKey] = []
    while unmet := await run.memory.unseen(run.account_id, connection.connection_id, started, STEP):
        if unmet == before:
            break
        sightings, gone = await sight(run, unmet)
        await see(run, sightings)
        await forget(run, gone)
        before = unmet
    return read


async def _read_feed(
    run: Run, connection: Connection, token: str | None, *, create: bool
) -> tuple[Report, str | None]:
    """Store what a feed reports since a token; gives the token for the next time too."""
    report, following = Report(), None
    stamp = await now(run)
    async for page in run.crms[connection.connection_id].changes(token):
        report += await _store_page(run, connection, page, stamp, create=create)
        await run.passes(len(page.rows))
        following = page.token
        stamp = await now(run)
    return report, following


async def _store_page(
    run: Run, connection: Connection, page: ChangePage, stamp: Stamp, *, create: bool
) -> Report:
    met = await meet(run, connection.connection_id, page.rows, stamp, create=create)
    if page.deleted:
        await forget(run, [LinkKey(connection.connection_id, row_id) for row_id in page.deleted])
    return met.report
