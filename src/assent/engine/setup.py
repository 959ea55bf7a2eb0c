"""Joining an organisation: schema, form, first sync, webhooks; every step may be repeated (tier 1)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_

from assent.engine.backfill import backfill
from assent.engine.form_choice import choose, listed, same
from assent.engine.organisation import check_organisation
from assent.engine.pending import reconcile_pending
from assent.engine.run import Report, Run
from assent.engine.setup_terms import Placed, Progress, Setup, Step, fingerprint
from assent.engine.stepping import Stepping
from assent.engine.sweep import catch_up
from assent.errors import Bug, Locked, Paused, PrivilegeMissing
from assent.ports.setup import CategoryColumn, Form, Placing

#: Seconds between looks at contacts that another process holds.
BUSY_PAUSE_S = 5.0

#: Seconds between tries while another customisation runs in the organisation.
LOCK_PAUSES_S = (5.0, 10.0, 20.0, 40.0, 80.0)


async def set_up(setup: Setup, run: Run, *, progress: Progress) -> Report:
    """Bring a connection from nothing to live; killed anywhere, a second call goes on.

    Finished steps are skipped by the journal; every step is idempotent by itself, so that one killed
    in the middle is simply done again. Raises Paused when a person has to choose.
    """
    report = Report()
    columns = await setup.journal.columns(setup.connection_id)
    wanted = reduce(or_, (column.bit for column in columns), 0)
    if wanted & ~run.connections[setup.connection_id].made:
        # A category was added since: its column needs a place, a sync and a webhook too.
        for step in _STEPS:
            await setup.journal.mark(setup.connection_id, step.value, "waiting", {})
    run = replace(run, terms=replace(run.terms, categories=wanted))
    done = await setup.journal.done(setup.connection_id)
    for step, perform in _STEPS.items():
        if step.value in done:
            continue
        progress(step, "running")
        at = Stepping(
            setup.journal, run.clock, setup.connection_id, step.value, await _many(step, setup, run)
        )
        await at.begin()
        try:
            part = await _performed(perform, setup, replace(run, passes=at.passes))
        except Paused as pause:
            detail = {"reason": pause.reason, "message": str(pause), "evidence": pause.evidence}
            await at.pause(detail)
            raise
        report += part
        await at.end(_figures(part))
        progress(step, "done")
    await setup.journal.go_live(setup.connection_id)
    return report


async def _many(step: Step, setup: Setup, run: Run) -> int:
    """How many contacts a step has before it, to tell how long it will take; 0 where it has none.

    A live connection goes on from its change token, so how much it reads is not known before.
    """
    match step:
        case Step.IDENTIFY:
            return await setup.schema.contacts()
        case Step.READ if not run.connections[setup.connection_id].live:
            return await setup.schema.contacts()
        case Step.RECONCILE:
            return (await setup.journal.waiting(setup.connection_id)).unsettled
        case Step.BACKFILL:
            return (await setup.journal.waiting(setup.connection_id)).blank
    return 0


async def _performed(perform: "Perform", setup: Setup, run: Run) -> Report:
    """Carry a step out; a privilege that is missing is a person's to give, and everything else goes on.

    An organisation runs one customisation at a time: somebody else's is waited out for some minutes (7.7).
    """
    for pause_s in (*LOCK_PAUSES_S, None):
        try:
            return await perform(setup, run)
        except PrivilegeMissing as error:
            raise Paused("privilege_missing", str(error), evidence={"privilege": error.privilege}) from None
        except Locked:
            if pause_s is None:
                raise
            await run.clock.sleep(pause_s)
    raise Bug("A step of setup neither ended nor failed.")


def _figures(report: Report) -> Mapping[str, object]:
    figures = {"changed": report.changed, "written": report.written, "settled": report.settled}
    return {name: count for name, count in figures.items() if count}


async def _identify(setup: Setup, run: Run) -> Report:
    organisation = await check_organisation(run, run.connections[setup.connection_id])
    await setup.journal.set_organisation(setup.connection_id, organisation)
    return Report()


async def _plan(setup: Setup, run: Run) -> Report:
    """Show what all of it would do, and wait until a person approves; nothing was written so far."""
    columns = await setup.journal.columns(setup.connection_id)
    if setup.approved == fingerprint(columns) or run.connections[setup.connection_id].live:
        return Report()
    plan = dict(await setup.preview(setup, run))
    if missing := plan.get("missing_privileges"):
        raise Paused(
            "privilege_missing",
            f"The application user lacks privileges at organisation depth: {', '.join(missing)}. Nothing was "
            "written so far.",
            evidence={"privileges": missing},
        )
    raise Paused(
        "approval",
        "Nothing was written to Dynamics so far. Look at what setup would do there, then approve it.",
        evidence=plan,
    )


async def _solution(setup: Setup, run: Run) -> Report:
    await setup.schema.ensure_solution()
    return Report()


async def _catalogue(setup: Setup, run: Run) -> Report:
    """Keep the list of categories as the hub has it; contacts need none of it, so it may be left out."""
    rows = await setup.catalogue()
    if rows is None:
        return Report()
    try:
        await setup.schema.ensure_catalogue(rows)
    except PrivilegeMissing as error:
        raise Paused("catalogue_privilege", str(error), evidence={"privilege": error.privilege}) from None
    return Report()


async def _columns(setup: Setup, run: Run) -> Report:
    columns = await setup.journal.columns(setup.connection_id)
    made = run.connections[setup.connection_id].made
    for column in columns:
        known = bool(column.bit & made) or column.logical_name in setup.adopted
        await setup.schema.ensure_column(column, adopt=known)
    if columns:
        await setup.schema.spread(columns)
    await setup.journal.made(setup.connection_id, reduce(or_, (column.bit for column in columns), 0))
    return Report()


async def _form(setup: Setup, run: Run) -> Report:
    """Place the section on the form people use, and keep it up to date on those that have it."""
    columns = await setup.journal.columns(setup.connection_id)
    for form, placed in await placed_forms(setup, columns, setup.schema.language):
        if placed.changes:
            await _save(setup, form, placed)
    return Report()


async def _save(setup: Setup, form: Form, placed: Placed) -> None:
    """Store a form; where Dynamics will not have it, a person gets every edit and every other place."""
    try:
        await setup.schema.save_form(form.form_id, placed.xml)
    except Paused as pause:
        evidence = {"form": form.name, "form_id": str(form.form_id), "changes": list(placed.changes)}
        others = listed(await setup.schema.main_forms())
        raise Paused(pause.reason, str(pause), evidence=pause.evidence | evidence | others) from None


async def placed_forms(
    setup: Setup, columns: Sequence[CategoryColumn], language: int
) -> list[tuple[Form, Placed]]:
    """Every form to edit with the section on it, nothing saved yet; raises Paused with all the evidence."""
    forms = await setup.schema.main_forms()
    found = []
    for form in choose(forms, setup.placing):
        chosen = setup.placing if same(form, setup.placing) or not setup.placing.form else Placing()
        try:
            placed = setup.place(form, columns, language, chosen)
        except Paused as pause:
            raise Paused(pause.reason, str(pause), evidence=pause.evidence | listed(forms)) from None
        if placed.changes and not form.customisable:
            raise Paused(
                "form_locked",
                f"The form {form.name} may not be customised.",
                evidence={"form": form.name, "form_id": str(form.form_id)} | listed(forms),
            )
        found.append((form, placed))
    return found


async def _views(setup: Setup, run: Run) -> Report:
    await setup.schema.ensure_views(await setup.journal.columns(setup.connection_id))
    return Report()


async def _publish(setup: Setup, run: Run) -> Report:
    await setup.schema.publish()
    return Report()


async def _read(setup: Setup, run: Run) -> Report:
    """Read every row once: links by address, and the first change token, in one pass (M5).

    The initial sync creates nothing: contacts that are in the hub by now get no CRM row of their
    own. A connection that is live already, and only got new columns, goes on as before.
    """
    live = run.connections[setup.connection_id].live
    if not live:
        revision = await run.memory.revision(run.account_id)
        await run.memory.hub_cursor(run.account_id, setup.connection_id, revision)
    return await catch_up(run, setup.connection_id, create=live)


async def _reconcile(setup: Setup, run: Run) -> Report:
    """Bring both sides to the strictest (M5). Refusals only: there is nothing for a brake to count.

    Contacts a killed run still holds are waited for until its lease ends.
    """
    report = await reconcile_pending(run)
    while report.busy:
        await run.clock.sleep(BUSY_PAUSE_S)
        report = report.without(report.again) + await reconcile_pending(run)
    return report


async def _backfill(setup: Setup, run: Run) -> Report:
    return await backfill(run, setup.connection_id)


async def _webhooks(setup: Setup, run: Run) -> Report:
    filtering = watched(await setup.journal.columns(setup.connection_id))
    webhook = await setup.webhook()
    await setup.schema.ensure_webhooks(webhook.url, webhook.key, filtering)
    return Report()


def watched(columns: Sequence[CategoryColumn]) -> list[str]:
    """The columns whose change Dynamics is asked to report."""
    return ["emailaddress1", "statecode", "donotbulkemail", *(c.logical_name for c in columns)]


async def _catch_up(setup: Setup, run: Run) -> Report:
    """What moved while webhooks were being set up is in the feed; from here on notices tell."""
    report = await catch_up(run, setup.connection_id)
    return report + await reconcile_pending(run)


Perform = Callable[[Setup, Run], Awaitable[Report]]

_STEPS: Mapping[Step, Perform] = {
    Step.IDENTIFY: _identify,
    Step.PLAN: _plan,
    Step.SOLUTION: _solution,
    Step.CATALOGUE: _catalogue,
    Step.COLUMNS: _columns,
    Step.FORM: _form,
    Step.VIEWS: _views,
    Step.PUBLISH: _publish,
    Step.READ: _read,
    Step.RECONCILE: _reconcile,
    Step.BACKFILL: _backfill,
    Step.WEBHOOKS: _webhooks,
    Step.CATCH_UP: _catch_up,
}
