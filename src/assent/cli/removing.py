"""Takes setup back at the command line: the plan, the export, and the removal itself."""

from collections.abc import Sequence
from pathlib import Path

from assent.app.application import open_application
from assent.cli import show
from assent.cli.files import write_file
from assent.errors import Invalid
from assent.ports.setup import Component
from assent.services import connections, removing
from assent.services.access import operator
from assent.services.connection_views import ConnectionView
from assent.services.removing import Removing
from assent.services.settings import read_settings


async def remove(account: int, connection: int, export: Path | None, *, approve: bool, json: bool) -> int:
    """Show the plan; with `approve`, export and remove."""
    if approve and export is None:
        raise Invalid("Name a file for what the rows say: --export FILE.csv. Removal deletes it in Dynamics.")
    async with open_application(read_settings(), worker=False) as app:
        caller, view = operator(account), None
        parts = await removing.plan(app, caller, connection)
        if export is not None:
            write_file(export, b"".join([part async for part in removing.export(app, caller, connection)]))
        if approve:
            await removing.remove(app, caller, connection)
            async with app.setting_up.alone(account, connection):
                await Removing(app.store, app.organisations).perform(account, connection)
            view = await connections.read(app, caller, connection)
    _tell(parts, view, json=json)
    return 0


def _tell(parts: Sequence[Component], view: ConnectionView | None, *, json: bool) -> None:
    if json:
        told = [{"kind": p.kind, "name": p.name, "action": p.action.value, "why": p.after} for p in parts]
        show.as_json({"parts": told, "removed": view is not None, "left": list(view.left) if view else []})
        return
    for part in parts:
        show.plain(f"{part.action.value:7} {part.kind} {part.name}{': ' if part.after else ''}{part.after}")
    if view is None:
        show.plain("Nothing was removed. With --approve and --export FILE.csv it will be.")
        return
    show.plain(f"{view.name}: {view.means}")
    for line in view.left:
        show.plain(f"  {line}")
