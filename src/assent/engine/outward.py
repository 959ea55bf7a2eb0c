"""New hub contacts, and their rows in the CRM (rules I5, I8)."""

from collections.abc import Sequence
from uuid import UUID

from assent.engine.adopt import NO_MARKS, created_rows, meet
from assent.engine.run import STEP, Report, Run
from assent.engine.sighting import now, stamped
from assent.errors import AssentError, Retry
from assent.policy.identity import Origin, row_id_for, row_wanted
from assent.policy.permission import BulkEmail, project
from assent.policy.sides import LinkKey, Row
from assent.ports import Candidate, Connection


async def create_rows(run: Run) -> Report:
    """Give contacts without a CRM row one, where their origin and the connection's switch say so.

    A row that bears the address already is linked instead, also to whoever has one already: it may have
    been nobody's when it was met. The row's id is derived from account and
    contact and the create is conditional, so that a crash or a retry cannot double it (I5).
    """
    report = Report()
    for connection in run.connections.values():
        if connection.connection_id in run.crms:
            report += await _create_in(run, connection)
    return report


async def _create_in(run: Run, connection: Connection) -> Report:
    report, cursor = Report(), connection.hub_cursor
    while candidates := await run.memory.addressed(run.account_id, connection.connection_id, cursor, STEP):
        met = await _link_bearing(run, connection, candidates)
        due = [c for c in candidates if not (c.had_row or c.contact.contact_id in met)]
        made = await _create(run, connection, await _wanted(run, connection, due))
        report += made
        if any(isinstance(error, Retry) for _, error in made.failures):
            return report  # the cursor stays: who was not answered is asked for again (I5)
        cursor = candidates[-1].addressed
        await run.memory.hub_cursor(run.account_id, connection.connection_id, cursor)
    return report


async def _wanted(run: Run, connection: Connection, candidates: Sequence[Candidate]) -> list[Candidate]:
    marks = await run.memory.marks(run.account_id, {c.contact.email for c in candidates})
    return [
        c
        for c in candidates
        if row_wanted(
            c.contact,
            c.origin,
            marks=marks.get(c.contact.email, NO_MARKS),
            switched_on=connection.create_in_crm,
            ticked=c.origin is Origin.OTHER_CONNECTION and connection.create_from_others,
        )
        is None
    ]


async def _link_bearing(run: Run, connection: Connection, candidates: Sequence[Candidate]) -> frozenset[UUID]:
    """Link rows that bear an address already; gives the contacts that have a row now."""
    stamp = await now(run)
    rows = await run.crms[connection.connection_id].bearing([c.contact.email for c in candidates])
    if not rows:
        return frozenset()
    return (await meet(run, connection.connection_id, rows, stamp, create=False)).contacts


async def _create(run: Run, connection: Connection, due: Sequence[Candidate]) -> Report:
    """Create rows that say what their contacts say, link them, and leave the base to the next reconcile."""
    if not due:
        return Report()
    owners = {row_id_for(run.account_id, c.contact.contact_id): c for c in due}
    read_at, revision = await now(run)
    results = await run.crms[connection.connection_id].create(
        [_row(run, row_id, c) for row_id, c in owners.items()]
    )
    rows = [row for row in results.values() if isinstance(row, Row)]
    links = {LinkKey(connection.connection_id, r.row_id): owners[r.row_id].contact.contact_id for r in rows}
    sightings = stamped(connection.connection_id, rows, read_at, revision)
    made = created_rows(run, connection.connection_id, rows, links)
    await run.memory.link(run.account_id, links, sightings, made)
    failures = tuple((key, e) for key, e in results.items() if isinstance(e, AssentError))
    return Report(created=len(rows), failures=failures)


def _row(run: Run, row_id: UUID, candidate: Candidate) -> Row:
    """The row a contact is created as: every active category, and the toggle its basis projects to.

    A contact without a basis gets the toggle's default, Allow, which grants nothing (T5).
    """
    contact = candidate.contact
    return Row(
        row_id=row_id,
        version=0,
        email=contact.email,
        toggle=project(contact.basis) or BulkEmail.NULL,
        known=run.terms.categories,
        value=contact.value & run.terms.categories,
        first_name=candidate.first_name,
        last_name=candidate.last_name,
    )
