"""What there is, printed from what answers: operations, tables, control calls, costs, faults."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dataverse_emulator.state.definitions import ALL_WRITES, Definition
from dataverse_emulator.state.standard import standard_model
from dataverse_emulator.wire import batch, sign_in
from dataverse_emulator.wire.control import CALLS
from dataverse_emulator.wire.costs import PROFILES
from dataverse_emulator.wire.faults import USUAL
from dataverse_emulator.wire.operation import Operation
from dataverse_emulator.wire.operations import OPERATIONS

_HEAD = """\
# What the emulator does

Printed by `python -m dataverse_emulator operations` from the list the dispatcher uses; tests compare, and try
every operation and every gap. Numbers name sections of the facts the emulator is made of, titles name
Microsoft's pages. Whatever is not in the table of operations is answered 501, or 405 where only the method is
unknown.
"""


def listed() -> list[dict[str, Any]]:
    """The operations as plain values."""
    return [
        {
            "name": operation.name,
            "method": operation.method,
            "shape": operation.shape,
            "state": _state(operation),
            "missing": list(operation.gaps),
            "source": operation.source,
        }
        for operation in (*FRONT, *OPERATIONS)
    ]


#: Answered before the dispatcher: addresses of their own.
FRONT = (
    Operation(
        "Token", "POST", "/{tenant}/oauth2/v2.0/token", "1.1",
        perform=lambda organization, call, _path: sign_in.token(
            organization, call.path, call.headers, call.body
        ),
    ),
    Operation(
        "Token, the older address", "POST", "/{tenant}/oauth2/token", "1.1",
        perform=lambda organization, call, _path: sign_in.token(
            organization, call.path, call.headers, call.body
        ),
    ),
    Operation(
        "Batch", "POST", "$batch", "4.1",
        perform=lambda organization, call, _path: batch.perform(organization, call),
        gaps=("reads in a change set", "anything but rows in a change set"),
    ),
)  # fmt: skip


def _state(operation: Operation) -> str:
    if operation.perform is None:
        return "501"
    return "partly" if operation.gaps else "yes"


def text() -> str:
    """The whole reference as Markdown."""
    return (
        "\n".join([_HEAD, *_areas(), *_operations(), *_tables(), *_control(), *_costs(), *_faults()]) + "\n"
    )


def _areas() -> Iterator[str]:
    yield "## In short\n"
    with Path(__file__).with_name("areas.csv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    yield from _table(("Area", "State", "Notes"), rows)


def _operations() -> Iterator[str]:
    yield "\n## Operations\n"
    rows = [
        (
            row["name"],
            f"`{row['method']} {row['shape'] or '(the root)'}`",
            row["state"],
            "; ".join(row["missing"]),
            row["source"],
        )
        for row in listed()
    ]
    yield from _table(("Operation", "Request", "State", "What is missing, answered 501", "Source"), rows)


def _tables() -> Iterator[str]:
    yield "\n## Tables\n"
    yield "Of a table with all its columns a name that does not exist is a 400; of others it is a 501.\n"
    held = sorted(standard_model().tables.values(), key=lambda definition: definition.name)
    rows = [
        (
            f"`{found.name}`",
            f"`{found.set_name}`",
            _columns(found),
            _writes(found),
            "yes" if found.tracked else "",
        )
        for found in held
    ]
    yield from _table(("Table", "Set", "Columns", "Writes", "Change tracking"), rows)


def _columns(definition: Definition) -> str:
    return f"{len(definition.columns)}{', some missing' if definition.partial else ', all documented ones'}"


def _writes(definition: Definition) -> str:
    return "all" if definition.writes == ALL_WRITES else ", ".join(sorted(definition.writes)) or "none"


def _control() -> Iterator[str]:
    yield "\n## Control calls\n"
    yield "Outside the imitated surface, never counted or limited. Unknown keys and wrong types answer 400.\n"
    rows = [(f"`{call.method} {call.path}`", call.takes, call.does) for call in CALLS]
    yield from _table(("Call", "Body or query", "What it does"), rows)


def _costs() -> Iterator[str]:
    yield "\n## Cost profiles\n"
    profiles = {name: asdict(costs) for name, costs in PROFILES.items()}
    names = list(profiles["off"])
    rows = [(f"`{name}`", *(f"{profiles[profile][name]:g}" for profile in profiles)) for name in names]
    yield from _table(("Member", *profiles), rows)


def _faults() -> Iterator[str]:
    yield "\n## Fault families\n"
    rows = [(f"`{family.value}`", f"{share:.0%}") for family, share in USUAL.items()]
    yield from _table(("Family", "Share when none is given"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in row)} |"
