"""The commands around setup: run it, and try forms without any organisation."""

from pathlib import Path
from typing import Annotated

import typer

from assent.policy.permission import OnAllow

app = typer.Typer(help="Set a connection up, or try offline what setup would do.", no_args_is_help=True)

Account = Annotated[int, typer.Option(help="The account.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of prose.")]
Number = Annotated[int, typer.Argument(help="The connection's number, as `connect` told it.")]


@app.command("run")
def set_up(
    connection: Number,
    account: Account = 1,
    approve: Annotated[bool, typer.Option("--approve", help="Approve the plan, and begin.")] = False,
    json: Json = False,
) -> None:
    """Set a connection up, or go on where it stopped. Nothing is written before its plan is approved."""
    from assent.cli import running
    from assent.cli.commands import run

    run(running.set_up(account, connection, approve=approve, json=json))


@app.command()
def plan(
    connection: Number,
    account: Account = 1,
    people: Annotated[Path | None, typer.Option(help="Write whom the first sync concerns, as CSV.")] = None,
    json: Json = False,
) -> None:
    """Show everything setup would create or change, and what the first sync would do. Writes nothing."""
    from assent.cli import deciding
    from assent.cli.commands import run

    run(deciding.plan(account, connection, people, json=json))


@app.command()
def status(connection: Number, account: Account = 1, json: Json = False) -> None:
    """Show how far setup is, and what it waits for."""
    from assent.cli import deciding
    from assent.cli.commands import run

    run(deciding.status(account, connection, json=json))


@app.command()
def override(
    connection: Number,
    choice: Annotated[str, typer.Option(help="approve, tab, new_tab, skip, adopt or retry.")],
    account: Account = 1,
    form_id: Annotated[str, typer.Option("--form", help="The form's id, for tab and new_tab.")] = "",
    tab: Annotated[str, typer.Option(help="The tab's name or id, for tab.")] = "",
    json: Json = False,
) -> None:
    """Decide for a setup that waits; `assent serve` goes on with it, or `assent setup run`."""
    from assent.cli import deciding
    from assent.cli.commands import run

    run(deciding.override(account, connection, choice, form_id, tab, json=json))


@app.command()
def settings(
    connection: Number,
    account: Account = 1,
    on_allow: Annotated[OnAllow | None, typer.Option(help="What a rep's Allow becomes (T3).")] = None,
    create_in_hub: Annotated[bool | None, typer.Option(help="New rows become contacts here.")] = None,
    create_in_crm: Annotated[bool | None, typer.Option(help="New contacts here get a row.")] = None,
    create_from_others: Annotated[
        bool | None, typer.Option(help="So do contacts first seen in another connection (I8).")
    ] = None,
    hold_deleted: Annotated[bool | None, typer.Option(help="Hold whose row is deleted.")] = None,
    honour_no_email: Annotated[
        bool | None, typer.Option(help="Dynamics' Do not allow Emails keeps our mail back, too (G3).")
    ] = None,
    catalogue: Annotated[bool | None, typer.Option(help="A table there lists the categories.")] = None,
    repair: Annotated[bool | None, typer.Option(help="Put right what others change of our parts.")] = None,
    json: Json = False,
) -> None:
    """Show a connection's settings; change those that are named."""
    from assent.cli import deciding
    from assent.cli.commands import run
    from assent.services.connections import Changed

    changed = Changed(
        on_allow=on_allow,
        create_in_hub=create_in_hub,
        create_in_crm=create_in_crm,
        create_from_others=create_from_others,
        hold_deleted=hold_deleted,
        honour_no_email=honour_no_email,
        catalogue=catalogue,
        repair=repair,
    )
    run(deciding.settings(account, connection, changed, json=json))


@app.command()
def remove(
    connection: Number,
    account: Account = 1,
    export: Annotated[Path | None, typer.Option(help="Write what every row says, as CSV, first.")] = None,
    approve: Annotated[bool, typer.Option("--approve", help="Remove it; needs --export.")] = False,
    json: Json = False,
) -> None:
    """Show what setup made and removal would take away or leave; with --approve, do it."""
    from assent.cli import removing
    from assent.cli.commands import run

    run(removing.remove(account, connection, export, approve=approve, json=json))


@app.command()
def form(
    file: Annotated[Path, typer.Argument(help="A contact main form: its XML, or an export that holds it.")],
    category: Annotated[list[str], typer.Option(help="Name of a category; once for each, in their order.")],
    language: Annotated[int, typer.Option(min=0, help="Base language; 0: that of most labels.")] = 0,
    form_id: Annotated[str, typer.Option("--form", help="Id of the form, where the file has several.")] = "",
    tab: Annotated[str, typer.Option(help="Name or id of the tab to use instead of Details.")] = "",
    new_tab: Annotated[bool, typer.Option("--new-tab", help="Use a tab of its own.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the file as it would be afterwards.")] = None,
    json: Json = False,
) -> None:
    """Show what setup would do with one form: edit it, leave it, or pause. Nothing is asked or sent."""

    from assent.cli import trying
    from assent.cli.commands import run
    from assent.ports.setup import Placing

    chosen = Placing(form_id, tab, new_tab)
    run(trying.try_form(file, category, language, chosen, out, json=json))
