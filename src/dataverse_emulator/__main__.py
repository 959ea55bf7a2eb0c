"""`python -m dataverse_emulator`: an organisation at an address, until interrupted."""

import argparse
import json
import sys
from collections.abc import Sequence

from dataverse_emulator import Settings, create_organization, serve
from dataverse_emulator.state.form_variants import VARIANTS


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dataverse_emulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--contacts", type=int, default=0, help="how many generated contacts to begin with")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--auth", choices=("any", "strict"), default="any")
    parser.add_argument(
        "--client", action="append", default=[], metavar="ID:SECRET", help="known in strict mode"
    )
    parser.add_argument(
        "--forms", action="append", default=[], choices=sorted(VARIANTS), help="what makers did to the forms"
    )
    parser.add_argument("--json", action="store_true", help="print the ready line as JSON")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> None:
    """Serve, printing one line when ready."""
    arguments = _arguments(given)
    clients = dict(text.split(":", 1) for text in arguments.client if ":" in text)
    organization = create_organization(
        contacts=arguments.contacts,
        seed=arguments.seed,
        strict=arguments.auth == "strict",
        clients=clients,
        settings=Settings(form_variants=tuple(arguments.forms)),
    )

    def announce(url: str) -> None:
        line = {"url": url, "contacts": len(organization.table("contact"))}
        sys.stdout.write((json.dumps(line) if arguments.json else url) + "\n")
        sys.stdout.flush()

    serve(organization, host=arguments.host, port=arguments.port, announce=announce)


if __name__ == "__main__":
    main()
