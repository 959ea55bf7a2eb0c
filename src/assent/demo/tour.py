"""`assent demo --tour`: the whole story unattended; prints what it proves."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

from assent.demo.claims import Claim, Found, play
from assent.demo.scenes import (
    agreeing,
    following,
    freshness,
    looking,
    mailing,
    preferring,
    programs,
    rubbish,
    telling,
)
from assent.demo.stage import Stage, Tell, set_up, stage

Scene = Callable[[Stage], Awaitable[Found]]

#: Name, what it claims in words, and the scene that plays and checks it. In this order, on one stage.
SCENES: tuple[tuple[str, str, Scene], ...] = (
    ("rep_opt_out", "A rep's Do not allow reaches the hub by webhook", following.rep_refuses),
    ("hub_opt_out", "An opt-out in the hub reaches Dynamics", following.hub_refuses),
    ("echoes", "Legitimate interest survives ten echoes", following.ten_echoes),
    ("created_in_crm", "A contact created in Dynamics arrives in the hub", following.created_in_crm),
    ("created_in_hub", "A contact created in the hub arrives in Dynamics", following.created_in_hub),
    ("address_from_crm", "An address changed in Dynamics arrives in the hub", following.moved_in_crm),
    ("address_from_hub", "An address changed in the hub arrives in Dynamics", following.moved_in_hub),
    (
        "rep_to_check",
        "A rep's opt-out is refused by a check begun right after, p99 under 2 s",
        freshness.rep_to_check,
    ),
    (
        "rep_to_fast_lane",
        "A rep's opt-out is known here by webhook alone, p99 under 2 s",
        freshness.rep_to_fast_lane,
    ),
    (
        "page_to_crm",
        "An opt-out on the preference page is on the row in Dynamics, p99 under 3 s",
        preferring.opts_out,
    ),
    (
        "scanners",
        "Following a mail's links changes nothing; one click unsubscribes",
        preferring.looking_changes_nothing,
    ),
    ("crm_to_hub", "A contact created in Dynamics is in the hub, p99 under 3 s", freshness.created_in_crm),
    ("hub_to_crm", "A contact created in the hub is in Dynamics, p99 under 3 s", freshness.created_in_hub),
    ("moves_to_hub", "An address changed in Dynamics is in the hub, p99 under 3 s", freshness.moved_in_crm),
    ("moves_to_crm", "An address changed in the hub is in Dynamics, p99 under 3 s", freshness.moved_in_hub),
    ("newsletter", "A newsletter leaves out an opt-out nobody told of, and says why", mailing.newsletter),
    (
        "one_click",
        "One click in a mail program, and the next mail leaves them out",
        mailing.unsubscribed_by_mail,
    ),
    (
        "server_away",
        "A mail server that is away costs nobody their mail, and nobody gets two",
        mailing.server_away,
    ),
    (
        "webhooks_out",
        "Other programs are told by signed webhooks, after an outage too",
        telling.signed_and_replayed,
    ),
    (
        "programs",
        "A program's request sent twice is done once; roles and accounts hold",
        programs.keys_and_repeats,
    ),
    (
        "import",
        "An import tells errors by line, does nothing by halves and lifts no refusal",
        programs.imports_a_file,
    ),
    ("category", "A new category gets its column in Dynamics while contacts go on", programs.adds_a_category),
    ("sign_in", "The sign-in link works once, and looking at it uses nothing up", looking.signs_in_once),
    ("pages", "Every console page takes under 200 ms with ten times as many contacts", looking.quick_pages),
    ("outage", "A webhook outage is healed by one sweep", agreeing.outage),
    ("left_out", "An opt-out nobody told us of is left out of a send", agreeing.left_out),
    ("idle_sweep", "An idle sweep costs at most three requests and writes nothing", agreeing.idle_sweep),
    ("ledger", "The ledger verifies and replays to the present", agreeing.ledger_holds),
    ("bad_input", "Rubbish gets a clear error", rubbish.bad_input),
)


@dataclass(frozen=True, slots=True)
class Tour:
    """What the tour found."""

    ok: bool
    contacts: int
    claims: tuple[Claim, ...]
    requests: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """One JSON object."""
        return {
            "ok": self.ok,
            "contacts": self.contacts,
            "claims": [asdict(claim) for claim in self.claims],
            "requests": self.requests,
            "seconds": self.seconds,
        }


async def tour(contacts: int, seed: int, tell: Tell, show: Callable[[Claim], None]) -> Tour:
    """Play every scene; the first sync comes first, and nothing else makes sense where it fails."""
    started = perf_counter()
    async with stage(contacts, seed, tell) as on:
        claims = [await _first_sync(on, tell)]
        show(claims[0])
        for name, says, scene in SCENES if claims[0].ok else ():
            claims.append(await play(name, says, lambda scene=scene: scene(on)))  # type: ignore[misc]
            show(claims[-1])
        requests = await on.emulator.requests()
    ok = all(claim.ok for claim in claims)
    return Tour(ok, contacts, tuple(claims), requests, round(perf_counter() - started, 3))


async def _first_sync(on: Stage, tell: Tell) -> Claim:
    async def scene() -> Found:
        before, started = await on.emulator.requests(), perf_counter()
        await set_up(on, tell)
        seconds, requests = perf_counter() - started, await on.emulator.requests() - before
        return {"seconds": seconds, "requests": requests, **await agreeing.first_sync(on)}

    return await play("first_sync", "The first sync brings both systems to agree, the strictest holds", scene)
