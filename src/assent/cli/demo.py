"""`assent demo`: the tour, or a stage to play on."""

import asyncio
import os
import sys
import webbrowser

from assent.cli import show
from assent.demo.claims import Claim
from assent.demo.stage import Stage, set_up, stage
from assent.demo.tour import tour as play_tour
from assent.engine.setup_terms import Step

#: The steps `stage` and `set_up` tell of, for the bar.
_STEPS = 2 + len(Step)

#: What to try: a title, and what to do and see. Addresses are filled in.
_IDEAS = (
    (
        "A rep's Do not allow",
        (
            "In Dynamics, open a contact, set Bulk Email to Do not allow on the Details tab and save. "
            "Find the same person in Assent: Withdrawn within a second, with the rule that made it so."
        ),
    ),
    (
        "A newsletter",
        "Under Sends, write one, look at who is left out and why, and start it. Read the mails under Mail.",
    ),
    (
        "Somebody's own choice",
        (
            "Open one of those mails and follow its link to the preference page. Unsubscribe there, then "
            "look at the same person in Dynamics, and at their history in Assent."
        ),
    ),
    (
        "Lost notices",
        (
            "Cut the webhooks with the command below, refuse as a rep, and preview a send: the check still "
            "knows. Then press Sweep now on the connection's page."
        ),
    ),
    (
        "A new category",
        (
            "Under Categories, add one. Its toggle appears on the contact form in Dynamics while everything "
            "else goes on."
        ),
    ),
)


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
        show.console.print(f"{found.requests:,} requests to Dynamics, {found.seconds:.1f} s.")
    return 0 if found.ok else 1


async def play(contacts: int, seed: int, port: int, *, browser: bool) -> int:
    """Leave both systems running to play with, until interrupted."""
    with show.steps(_STEPS) as tell:
        async with stage(contacts, seed, tell, port=port) as on:
            await set_up(on, tell)
            tell("")
            _explain(on)
            if browser and _has_a_screen():
                for url in (_rep(on), on.sign_in_url):
                    webbrowser.open(url)
            await asyncio.Event().wait()
    return 0


def _explain(on: Stage) -> None:
    say = show.say
    say(f"\n  Dynamics, as a sales rep     [bold]{_rep(on)}[/]")
    say(f"  Assent, signed in once       [bold]{on.sign_in_url}[/]")
    say(f"  The API                      [bold]{on.url}/api/v1/docs[/]")
    say("\n  Five things to try")
    for number, (title, what) in enumerate(_IDEAS, start=1):
        say(f"  {number}. [bold]{title}[/]. {what}")
    switch = """-H 'content-type: application/json' -d '{"enabled": false}'"""
    say(f"\n     curl -X PUT {on.emulator.url}/emulator/webhooks {switch}")
    say("\n  Ctrl-C ends both; nothing is kept.")


def _rep(on: Stage) -> str:
    return f"{on.emulator.url}/rep/contacts"


def _has_a_screen() -> bool:
    """Whether opening a browser opens a window; elsewhere it might take over the terminal."""
    if not sys.stderr.isatty():
        return False
    return sys.platform in ("darwin", "win32") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))


def _silent(claim: Claim) -> None:
    """Say nothing: the JSON object at the end says all."""
