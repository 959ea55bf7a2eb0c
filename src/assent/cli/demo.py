"""`assent demo`: the tour, or a stage to play on."""

import asyncio

from assent.cli import show
from assent.demo.claims import Claim
from assent.demo.stage import Stage, set_up, stage
from assent.demo.tour import tour as play_tour


async def tour(contacts: int, seed: int, *, json: bool) -> int:
    """Play the tour; 0 when every claim held."""
    shown = _silent if json else show.claim
    with show.progress(quiet=json) as status:
        found = await play_tour(contacts, seed, status.update, shown)
    if json:
        show.as_json(found.as_dict())
    else:
        verdict = "[green]Every claim holds[/]" if found.ok else "[red]Not every claim holds[/]"
        show.console.print(
            f"\n{verdict}: {len(found.claims)} claims on {found.contacts:,} contacts, ", end=""
        )
        show.console.print(f"{found.requests} requests to Dynamics, {found.seconds:.1f} s.")
    return 0 if found.ok else 1


async def play(contacts: int, seed: int, port: int) -> int:
    """Leave both systems running to play with, until interrupted."""
    with show.progress(quiet=False) as status:
        async with stage(contacts, seed, status.update, port=port) as on:
            await set_up(on, status.update)
            status.stop()
            _explain(on)
            await asyncio.Event().wait()
    return 0


def _explain(on: Stage) -> None:
    api, rep = f"{on.emulator.url}/api/data/v9.2/contacts", "-H 'Authorization: Bearer rep-anna'"
    columns = "emailaddress1,donotbulkemail"
    refuse = """-H 'If-Match: *' -H 'Content-Type: application/json' -d '{"donotbulkemail":true}'"""
    lines = [
        f"\nDynamics (the emulator) answers at [bold]{on.emulator.url}[/]; Assent at [bold]{on.url}[/].",
        f"\nPlay a sales rep in a browser: [bold]{on.emulator.url}/rep/contacts[/]",
        "\nOr, from another terminal:",
        "  1. list contacts as a rep",
        f"     curl -s {rep} '{api}?$select={columns}&$top=3'",
        "  2. set Do not allow on one of them; it is Withdrawn in the hub within seconds",
        f"     curl -X PATCH {rep} {refuse} '{api}(ID)'",
        "  3. look at the emulator's own counters",
        f"     curl -s {on.emulator.url}/emulator",
        "\nCtrl-C ends both; nothing is kept.",
    ]
    for line in lines:
        show.console.print(line, soft_wrap=True)


def _silent(claim: Claim) -> None:
    """Say nothing: the JSON object at the end says all."""
