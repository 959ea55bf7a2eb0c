"""The commands; each opens what it needs, calls it, and says what came of it."""

import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from assent.cli import setup, users
from assent.errors import AssentError

app = typer.Typer(
    name="assent",
    help="Keeps marketing permission the same in a marketing hub and in Dynamics 365 Sales.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of prose.")]


@app.command()
def demo(
    tour: Annotated[bool, typer.Option("--tour", help="Play the whole story unattended, checked.")] = False,
    json: Json = False,
    contacts: Annotated[int, typer.Option(min=500, help="How many contacts Dynamics holds.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Which crowd; the same seed gives the same people.")] = 7,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the web server; 0: any.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open both systems in a browser, where there is one.")] = True,
) -> None:
    """Play the product against the local Dataverse emulator; no account anywhere is needed."""
    from assent.cli import demo as playing

    if tour:
        run(playing.tour(contacts, seed, json=json))
    run(playing.play(contacts, seed, port, browser=browser))


@app.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
)
def emulator(context: typer.Context) -> None:
    """Run the Dataverse emulator alone, over plain http; `assent emulator --help` has its options."""
    from dataverse_emulator.__main__ import main as emulate

    emulate(context.args, prog="assent emulator", port=8401, contacts=1000)


@app.command()
def serve() -> None:
    """Serve webhooks and health, and do the work: everything in one process.

    On PostgreSQL as many of these as are wanted share one database, on as many machines: each takes part
    in all work, and what one of them leaves undone when it dies the others take over within seconds.
    """
    from assent.cli import running

    run(running.serve(), verbose=True)


@app.command()
def worker() -> None:
    """Take part in the work of a PostgreSQL database without answering HTTP."""
    from assent.cli import running

    run(running.work(), verbose=True)


@app.command()
def connect(
    url: Annotated[str, typer.Argument(help="The organisation, such as https://contoso.crm4.dynamics.com")],
    tenant: Annotated[str, typer.Option(help="Tenant id or domain in Entra ID.")],
    client_id: Annotated[str, typer.Option(help="Application (client) id.")],
    secret: Annotated[
        str, typer.Option(envvar="ASSENT_CLIENT_SECRET", help="Client secret; asked for if not given.")
    ] = "",
    certificate: Annotated[
        Path | None, typer.Option(help="PEM file with a certificate and its key, instead of a secret.")
    ] = None,
    account: Annotated[int, typer.Option(help="The account; the first is made.")] = 1,
    authority: Annotated[str, typer.Option(help="Sign-in authority, if not Microsoft's own.")] = "",
    name: Annotated[str, typer.Option(help="What to call it.")] = "",
    json: Json = False,
) -> None:
    """Verify an organisation by signing in, and store the connection. Nothing is written in Dynamics."""
    from assent.cli import running

    secret = secret_or_certificate(secret, certificate)
    run(running.connect(account, url, tenant, client_id, secret, authority, name or url, json=json))


@app.command()
def credentials(
    connection: Annotated[int, typer.Argument(help="The connection's number.")],
    secret: Annotated[
        str, typer.Option(envvar="ASSENT_CLIENT_SECRET", help="New client secret; asked for if not given.")
    ] = "",
    certificate: Annotated[
        Path | None, typer.Option(help="PEM file with a certificate and its key, instead of a secret.")
    ] = None,
    client_id: Annotated[str, typer.Option(help="Another application (client) id.")] = "",
    tenant: Annotated[str, typer.Option(help="Another tenant.")] = "",
    url: Annotated[str, typer.Option(help="Another address of the same organisation.")] = "",
    account: Annotated[int, typer.Option(help="The account.")] = 1,
    json: Json = False,
) -> None:
    """Replace how a connection signs in; nothing is set up anew. The organisation must be the same."""
    from assent.cli import running
    from assent.services.credentials import Credentials

    given = Credentials(url, tenant, client_id, secret_or_certificate(secret, certificate))
    run(running.credentials(account, connection, given, json=json))


def secret_or_certificate(secret: str, certificate: Path | None) -> str:
    """The secret given, a certificate's text, or what is typed where somebody is there to ask."""
    if certificate is not None:
        try:
            return certificate.read_text(encoding="ascii")
        except (OSError, ValueError):
            raise typer.BadParameter(f"{certificate} is no PEM file that can be read.") from None
    return secret or str(typer.prompt("Secret", hide_input=True))


@app.command()
def sync(account: Annotated[int, typer.Option(help="The account.")] = 1, json: Json = False) -> None:
    """Sweep now instead of waiting for the half hour."""
    from assent.cli import running

    run(running.sync(account, json=json))


@app.command()
def returns(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Maildirs, mbox files or single mails; none: one from stdin.")
    ] = None,
    json: Json = False,
) -> None:
    """Take in mail that came to the return address: bounces and complaints."""
    from assent.cli import returns as reading

    run(reading.read(paths or [], json=json))


app.add_typer(setup.app, name="setup")
app.add_typer(users.app, name="users")
ledger = typer.Typer(help="The append-only record of every change.", no_args_is_help=True)
app.add_typer(ledger, name="ledger")


@ledger.command()
def verify(account: Annotated[int, typer.Option(help="The account.")] = 1, json: Json = False) -> None:
    """Check the hash chain from its first entry to its last; exits 1 where it is broken."""
    from assent.cli import running

    run(running.verify(account, json=json))


def run(work: Coroutine[Any, Any, int], *, verbose: bool = False) -> None:
    """Run a command to its end; errors of ours are sentences, not tracebacks."""
    import uvloop

    from assent.app.logs import configure

    configure(verbose=verbose)
    try:
        code: int = uvloop.run(work)
    except AssentError as error:
        sys.stderr.write(f"assent: {error}\n")
        code = 1
    except KeyboardInterrupt:
        code = 130
    raise typer.Exit(code)


def main() -> None:
    """The entry point."""
    app()
