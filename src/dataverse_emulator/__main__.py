"""A stand-in for the Dataverse Web API on this machine: an organisation at an address, until interrupted."""

import argparse
import gc
import json
import sys
from collections.abc import Sequence

from dataverse_emulator import reference
from dataverse_emulator.emulator import Emulator
from dataverse_emulator.serving import serve
from dataverse_emulator.state.form_variants import VARIANTS
from dataverse_emulator.state.organization import Settings
from dataverse_emulator.wire.costs import PROFILES
from dataverse_emulator.wire.faults import shares

_EPILOG = """\
examples:
  {prog} --port 8100 --contacts 10000
  {prog} --profile documented --clock virtual    what a setup takes, without waiting
  {prog} --faults throttled,reset_after=0.5 --seed 7
  {prog} --auth strict --client ID:SECRET        only tokens issued here are taken
  {prog} operations                              what is imitated, as Markdown

Everything can be changed while it runs: GET /emulator tells how, and the README lists the control calls."""


def _parser(prog: str, port: int, contacts: int) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        usage="%(prog)s [OPTIONS] [{serve,operations}]",
        description=__doc__,
        epilog=_EPILOG.format(prog=prog),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "command", nargs="?", choices=("serve", "operations"), default="serve",
        help="serve (the default), or print the operations there are",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON: the ready line, or the operations")
    serving = parser.add_argument_group("where")
    serving.add_argument("--host", default="127.0.0.1", help="plain HTTP, so keep it on this machine")
    serving.add_argument("--port", type=_number, default=port, help=f"0 takes a free one (default {port})")
    content = parser.add_argument_group("what is in it")
    content.add_argument(
        "--contacts", type=_number, default=contacts,
        help=f"how many generated contacts to begin with (default {contacts})",
    )  # fmt: skip
    content.add_argument("--seed", type=int, default=1, help="decides contacts, ids and what faults strike")
    content.add_argument(
        "--forms", action="append", default=[], choices=tuple(VARIANTS), help="what makers did to the forms"
    )
    access = parser.add_argument_group("who may come in")
    access.add_argument(
        "--auth", choices=("any", "strict"), default="any",
        help="any (the default) takes every bearer; strict takes tokens of known clients only",
    )  # fmt: skip
    access.add_argument(
        "--client", action="append", default=[], metavar="ID:SECRET", type=_client, help="one it knows"
    )
    behaviour = parser.add_argument_group("how it behaves")
    behaviour.add_argument("--profile", choices=tuple(PROFILES), default="off", help="how long things take")
    behaviour.add_argument(
        "--clock", choices=("real", "virtual"), default="real",
        help="virtual: time stands still but for what requests are said to take, and nobody waits",
    )  # fmt: skip
    behaviour.add_argument(
        "--faults", type=_families, default="", metavar="NAMES",
        help="trouble by chance: all, or names with shares, such as throttled,reset_after=0.5",
    )  # fmt: skip
    return parser


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of 0 or more")
    return int(text)


def _client(text: str) -> tuple[str, str]:
    name, colon, secret = text.partition(":")
    if not (name and colon and secret):
        raise argparse.ArgumentTypeError("a client is given as ID:SECRET")
    return name, secret


def _families(text: str) -> str:
    try:
        shares(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def main(
    given: Sequence[str] | None = None,
    *,
    prog: str = "python -m dataverse_emulator",
    port: int = 0,
    contacts: int = 0,
) -> None:
    """Serve, printing one line when ready; or print what there is. Other commands have other defaults."""
    options = _parser(prog, port, contacts).parse_args(given)
    if options.command == "operations":
        listed = json.dumps(reference.listed(), indent=1) + "\n"
        sys.stdout.write(listed if options.json else reference.text())
        return
    emulator = Emulator(
        contacts=options.contacts,
        seed=options.seed,
        strict=options.auth == "strict",
        clients=dict(options.client),
        settings=Settings(form_variants=tuple(options.forms)),
        profile=options.profile,
        faults=options.faults,
        clock=options.clock,
    )
    # The crowd stays; a collection of garbage need not look through it again and again.
    gc.freeze()

    def announce(url: str) -> None:
        line = {"url": url, "contacts": len(emulator.organization.table("contact"))}
        sys.stdout.write((json.dumps(line) if options.json else url) + "\n")
        sys.stdout.flush()

    serve(emulator.application, host=options.host, port=options.port, announce=announce)


if __name__ == "__main__":
    main()
