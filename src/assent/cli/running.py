"""The commands that work on an installation."""

import asyncio
import signal
from dataclasses import asdict

from assent.app.application import open_application, serving
from assent.app.system import stand_still
from assent.cli import show
from assent.engine.setup_terms import Step
from assent.errors import Conflict, Invalid, Paused
from assent.services import connecting, ledger
from assent.services.access import operator
from assent.services.application import Application
from assent.services.connecting import Verified
from assent.services.credentials import Credentials
from assent.services.credentials import replace as replace_credentials
from assent.services.jobs import figures
from assent.services.settings import read_settings
from assent.store.organisations import NewConnection


async def serve() -> int:
    """Serve until told to stop."""
    stop = _told_to_stop()
    async with open_application(read_settings()) as app, serving(app) as url:
        show.console.print(f"Assent answers at [bold]{url}[/]. Ctrl-C ends it.")
        await _until(stop, app)
    return 0


async def work() -> int:
    """Do the work without answering HTTP, until told to stop."""
    stop = _told_to_stop()
    async with open_application(read_settings()) as app:
        show.console.print("Assent works here. Ctrl-C ends it.")
        await _until(stop, app)
    return 0


def _told_to_stop() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _until(stop: asyncio.Event, app: Application) -> None:
    """Wait to be told; raises Conflict once another process works under our name."""
    stand_still()
    waits = [asyncio.create_task(event.wait()) for event in (stop, app.work.replaced)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in waits:
        task.cancel()
    if app.work.replaced.is_set():
        raise Conflict(
            "This process slept so long that another took its name and its work; it ends here, "
            "and nothing is lost. Is the machine overloaded, or was it suspended?"
        )


async def connect(
    account: int,
    url: str,
    tenant: str,
    client_id: str,
    secret: str,
    authority: str,
    name: str,
    *,
    json: bool,
) -> int:
    """Store a verified connection; makes the first account where there is none."""
    async with open_application(read_settings(), worker=False) as app:
        new = NewConnection(name, url, tenant, client_id, secret, authority)
        # A refused organisation leaves no account behind.
        others = app.settings.allow_other_hosts
        verified = await connecting.look_over(new, app.clock, allow_other_hosts=others)
        if not await app.store.accounts.all():
            account = await app.store.accounts.create("Default")
        added = await app.connect(account, new)
        organised = await app.store.accounts.connection(account, added.connection_id)
    if json:
        numbers = {"account": account, "connection": added.connection_id}
        found = asdict(verified.findings) | {"token_days": verified.organisation.token_days}
        show.as_json({**numbers, "organisation": organised.organisation_id, "findings": found})
    else:
        tell_findings(verified)
        show.console.print(
            f"Connected as connection {added.connection_id} of account {account}; nothing was written.\n"
            f"Next: assent setup run {added.connection_id} --account {account}"
        )
    return 0


async def credentials(account: int, connection: int, given: Credentials, *, json: bool) -> int:
    """Replace how a connection signs in."""
    async with open_application(read_settings(), worker=False) as app:
        view = await replace_credentials(app, operator(account), connection, given)
    if json:
        show.as_json({"connection": view.connection_id, "organisation": view.organisation_id})
    else:
        show.console.print(
            f"Connection {connection} signs in with the new credentials; nothing else changed."
        )
    return 0


def tell_findings(verified: Verified) -> None:
    """What an organisation told, a line each; what is missing comes with what to do."""
    organisation, found = verified.organisation, verified.findings
    show.plain(f"Organisation {organisation.name or organisation.organisation_id}, version {found.version}")
    lasts = f"change tokens last {organisation.token_days} days"
    show.plain(
        f"Contacts: {found.contacts}; {lasts}; audited: {found.auditing}; languages: {found.languages}"
    )
    for role, names in (("run-time", found.missing_run_time), ("setup", found.missing_setup)):
        if names:
            show.plain(f"Privileges missing in the {role} role, at organisation depth: {', '.join(names)}")
    if found.secured:
        show.plain(f"Under column security, so a profile is needed: {', '.join(found.secured)}")
    if found.contact_point_consent:
        show.plain("Customer Insights keeps consent of its own here; Assent syncs Bulk Email only.")
    for writer in found.writers or ():
        kind = "application" if writer.application else "person"
        show.plain(f"Writes contacts: {writer.name} ({kind}, {writer.user_id}), {writer.rows} of the newest")
    if found.untold:
        show.plain(f"Not told by the organisation: {', '.join(sorted(found.untold))}")


async def set_up(account: int, connection: int, *, approve: bool, json: bool) -> int:
    """Run setup with a line for every step; raises Paused, and tells the plan where that waits."""
    async with open_application(read_settings(), worker=False) as app:
        with show.progress(quiet=json) as status:

            def progress(step: Step, state: str) -> None:
                status.update(f"{step.value.replace('_', ' ')}: {state}")

            url = _public_url(app)
            try:
                report = await app.set_up(
                    account, connection, public_url=url, progress=progress, approve=approve
                )
            except Paused as pause:
                raise _with_command(pause, connection) from None
    if json:
        show.as_json(figures(report))
    else:
        show.console.print(f"Connection {connection} is live: {report.settled:,} contacts agree.")
    return 0


def _with_command(pause: Paused, connection: int) -> Paused:
    """The same pause, with the command that shows it or answers it."""
    if pause.reason == "approval":
        then = f"assent setup plan {connection}, then assent setup run {connection} --approve"
    else:
        then = f"assent setup status {connection}, then assent setup override {connection} --choice ..."
    return Paused(pause.reason, f"{pause} ({pause.reason}) See {then}.", evidence=pause.evidence)


def _public_url(app: Application) -> str:
    """Where Dynamics reaches us; the one thing about this machine it must be told."""
    if app.settings.public_url:
        return app.settings.public_url.rstrip("/")
    if app.settings.allow_other_hosts:
        return f"http://{app.settings.host}:{app.settings.port}"
    raise Invalid(
        "Set ASSENT_PUBLIC_URL to the https address at which Dynamics reaches `assent serve`: "
        "its webhooks are sent there."
    )


async def sync(account: int, *, json: bool) -> int:
    """Sweep now."""
    async with open_application(read_settings(), worker=False) as app:
        for connection in await app.store.accounts.connections(account):
            if connection.live:  # one that cannot be opened is told, not passed over
                await app.organisations.contacts(account, connection)
        with show.progress(quiet=json) as status:
            status.update("sweeping")
            report = await app.sweep(account)
    if json:
        show.as_json(figures(report))
    else:
        show.console.print(
            f"{report.settled:,} contacts settled, {report.changed:,} changed in the hub, "
            f"{report.written:,} rows written in Dynamics."
        )
    return 0


async def verify(account: int, *, json: bool) -> int:
    """Verify the ledger and the manifests it names; 1 where anything is not as it was written."""
    async with open_application(read_settings(), worker=False) as app:
        found = await ledger.verify(app, operator(account))
    if json:
        broken = found.broken or None
        show.as_json(
            {"ok": found.holds, "entries": found.entries, "manifests": found.manifests, "broken": broken}
        )
    elif found.holds:
        show.console.print(
            f"The chain holds: {found.entries:,} entries in {found.links:,} links, "
            f"{found.manifests:,} manifests of sends."
        )
    else:
        show.console.print(f"The ledger is not as it was written. {found.broken}")
    return 0 if found.holds else 1
