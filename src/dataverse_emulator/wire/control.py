"""The emulator's own switches under /emulator, outside the imitated surface."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from dataverse_emulator import generate
from dataverse_emulator.state.lock import Lock
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.sources import VirtualClock
from dataverse_emulator.wire.answers import Answer, encode
from dataverse_emulator.wire.costs import PROFILES
from dataverse_emulator.wire.faults import Faults, Trouble, family_of, shares
from dataverse_emulator.wire.journal import Journal
from dataverse_emulator.wire.switches import Switches

_MOST_CONTACTS: Final = 2_000_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Control:
    """A control call as it came."""

    organization: Organization
    switches: Switches
    query: str
    body: bytes

    def given(self, known: str) -> dict[str, Any]:
        """The body's members, of which there may be no others than those known (split by spaces)."""
        found = msgspec.json.decode(self.body or b"{}", type=dict[str, Any])
        if unknown := found.keys() - set(known.split()):
            raise ValueError(f"unknown key {min(unknown)!r}; known: {', '.join(known.split())}")
        return found


@dataclass(frozen=True, slots=True)
class ControlCall:
    """One of the calls: what it takes and does, in words for the documentation."""

    method: str
    path: str
    takes: str
    does: str
    perform: Callable[[Control], object]


def perform(
    organization: Organization, switches: Switches, method: str, path: str, query: str, body: bytes
) -> Answer:
    """Answer one control call; unknown keys and values of a wrong type are refused and change nothing."""
    for call in CALLS:
        if (call.method, call.path) != (method, path):
            continue
        try:
            return _json(call.perform(Control(organization, switches, query, body)))
        except LookupError as error:
            return _error(404, "NotFound", str(error.args[0]))
        except (ValueError, TypeError, msgspec.DecodeError, RecursionError) as error:
            return _error(400, "BadRequest", str(error))
    return _error(404, "NotFound", f"No control call {method[:20]} {path[:80]}.")


# -- what there is to see ---------------------------------------------------------------------------------


def _about(control: Control) -> Mapping[str, Any]:
    organization, switches = control.organization, control.switches
    return {
        "name": "dataverse_emulator",
        "version": "0.1.0",
        "strict": organization.identity.strict,
        "now": organization.sources.now(),
        "contacts": len(organization.table("contact")),
        "newest_version": organization.version,
        "requests": switches.journal.total,
        "webhooks": asdict(switches.webhooks),
        "limits": asdict(switches.protection.limits),
        "costs": asdict(switches.costs),
        "faults": asdict(switches.faults),
        "trouble": _shown(switches.trouble),
        "lock": asdict(organization.lock),
        "choices": asdict(organization.choices),
        "snapshots": sorted(switches.snapshots),
    }


def _shown(trouble: Trouble) -> Mapping[str, Any]:
    return {
        "families": {family.value: share for family, share in trouble.shares.items()},
        "seed": trouble.seed,
        "held_s": trouble.held_s,
        "struck": {family.value: times for family, times in trouble.struck.items()},
    }


def _journal(control: Control) -> Mapping[str, Any]:
    given = dict(parse_qsl(control.query))
    if unknown := given.keys() - {"after"}:
        raise ValueError(f"unknown parameter {min(unknown)!r}")
    after = int(given.get("after", "0"))
    return {"entries": [asdict(entry) for entry in control.switches.journal.entries if entry.n > after]}


def _requests(control: Control) -> Mapping[str, Any]:
    journal: Journal = control.switches.journal
    return {"total": journal.total, "by_path": dict(journal.by_path)}


# -- what can be turned -----------------------------------------------------------------------------------


def _changed(before: T, control: Control) -> T:
    """The value with the given members replaced; each must have the declared type."""
    known = {member.name: member.type for member in fields(before)}  # type: ignore[arg-type]
    given = control.given(" ".join(known))
    for name, value in given.items():
        converted = msgspec.convert(value, known[name])
        if isinstance(converted, int | float) and not isinstance(converted, bool) and converted < 0:
            raise ValueError(f"{name} must not be negative")
    return replace(before, **given)  # type: ignore[type-var]


def _set_webhooks(control: Control) -> object:
    control.switches.webhooks = _changed(control.switches.webhooks, control)
    return asdict(control.switches.webhooks)


def _set_limits(control: Control) -> object:
    protection = control.switches.protection
    protection.limits = _changed(protection.limits, control)
    return asdict(protection.limits)


def _set_choices(control: Control) -> object:
    control.organization.choices = _changed(control.organization.choices, control)
    return asdict(control.organization.choices)


def _set_costs(control: Control) -> object:
    given = msgspec.json.decode(control.body or b"{}", type=dict[str, Any])
    profile = given.pop("profile", None)
    if profile is not None and profile not in PROFILES:
        raise ValueError(f"unknown profile; known: {', '.join(PROFILES)}")
    before = control.switches.costs if profile is None else PROFILES[profile]
    control.switches.costs = _changed(before, replace(control, body=encode(given)))
    return asdict(control.switches.costs)


def _set_faults(control: Control) -> object:
    faults: Faults = _changed(control.switches.faults, control)
    if faults.status not in (429, 500, 502, 503, 504):
        raise ValueError("status must be 429, 500, 502, 503 or 504")
    organization = control.organization
    if faults.expire_tokens:
        organization.identity.expire_all()
    if faults.customization_lock:
        organization.lock = replace(organization.lock, refusals=faults.customization_lock)
    control.switches.faults = replace(faults, expire_tokens=False, customization_lock=0)
    return asdict(control.switches.faults)


def _set_trouble(control: Control) -> object:
    given, before = control.given("families seed held_s"), control.switches.trouble
    families = given.get("families", {family.value: share for family, share in before.shares.items()})
    if isinstance(families, str):
        found = shares(families)
    else:
        held = msgspec.convert(families, dict[str, float])
        found = shares(",".join(f"{family_of(name).value}={share!r}" for name, share in held.items()))
    seed = msgspec.convert(given.get("seed", before.seed), int)
    held_s = msgspec.convert(given.get("held_s", before.held_s), float)
    if held_s < 0:
        raise ValueError("held_s must not be negative")
    control.switches.trouble = Trouble(found, seed, held_s)
    return _shown(control.switches.trouble)


def _set_lock(control: Control) -> object:
    given = control.given("running seconds")
    running = msgspec.convert(given.get("running", "Import"), str)
    seconds = msgspec.convert(given.get("seconds", 0), float)
    organization = control.organization
    organization.lock = Lock(running, organization.sources.now() + seconds)
    return asdict(organization.lock)


def _advance(control: Control) -> object:
    seconds = msgspec.convert(control.given("advance_s").get("advance_s", 0), float)
    clock = getattr(control.organization.sources.now, "__self__", None)
    if not isinstance(clock, VirtualClock):
        raise ValueError("the clock is the real one; start with --clock virtual to turn it")
    if seconds < 0:
        raise ValueError("advance_s must not be negative")
    clock.advance(seconds)
    return {"now": clock.now()}


# -- rows and snapshots -----------------------------------------------------------------------------------


def _add_contacts(control: Control) -> object:
    given = {name: msgspec.convert(value, int) for name, value in control.given("count seed").items()}
    count = given.get("count", 0)
    if not 1 <= count <= _MOST_CONTACTS:
        raise ValueError(f"count must be 1 to {_MOST_CONTACTS}")
    generate.fill(control.organization, count, given.get("seed", 1))
    return {"added": count, "contacts": len(control.organization.table("contact"))}


def _name(control: Control) -> str:
    return msgspec.convert(control.given("name").get("name", "snapshot"), str)


def _snapshot(control: Control) -> object:
    control.switches.snapshots[_name(control)] = control.organization.snapshot()
    return {"snapshots": sorted(control.switches.snapshots)}


def _restore(control: Control) -> object:
    control.organization.restore(_kept(control))
    return {"contacts": len(control.organization.table("contact"))}


def _forget(control: Control) -> object:
    _kept(control)
    del control.switches.snapshots[_name(control)]
    return {"snapshots": sorted(control.switches.snapshots)}


def _kept(control: Control) -> Organization:
    name, held = _name(control), control.switches.snapshots
    if name not in held:
        raise LookupError(
            f"There is no snapshot {name[:60]!r}; there are: {', '.join(sorted(held)) or 'none'}."
        )
    return held[name]


CALLS: Final = (
    ControlCall("GET", "/emulator", "", "version, clock, counts and every setting", _about),
    ControlCall(
        "GET", "/emulator/journal", "`?after=N`",
        "the newest 20,000 requests: `n`, `method`, `path`, `status`, `user`, `ms`, `fault`; no query text "
        "is kept", _journal,
    ),
    ControlCall(
        "GET", "/emulator/requests", "", "`total` and `by_path`, ids replaced by `{id}`", _requests,
    ),
    ControlCall(
        "PUT", "/emulator/webhooks", "`enabled`, `delay_s`", "disabled means an outage: notices are lost",
        _set_webhooks,
    ),
    ControlCall(
        "PUT", "/emulator/limits", "`requests`, `execution_ms`, `concurrent` (null for none), `dop_hint`",
        "service protection (5.1)", _set_limits,
    ),
    ControlCall(
        "PUT", "/emulator/costs",
        "`profile` (`off`, `documented`), `latency_s`, `request_ms`, `read_row_ms`, `create_row_ms`, "
        "`update_row_ms`, `delete_row_ms`, `column_s`, `table_s`, `relationship_s`, `publish_s`",
        "how long things take; all but the latency counts as execution time", _set_costs,
    ),
    ControlCall(
        "PUT", "/emulator/faults",
        "`next` with `status` and `retry_after_s`; `lose_answers`; `customization_lock`; `expire_tokens`",
        "trouble for exactly the next requests", _set_faults,
    ),
    ControlCall(
        "PUT", "/emulator/trouble",
        "`families` (names with shares, or a text such as `all` or `throttled,reset_after=0.5`), `seed`, "
        "`held_s`", "trouble by seeded chance; begins anew and counts what strikes", _set_trouble,
    ),
    ControlCall(
        "PUT", "/emulator/lock", "`running`, `seconds`",
        "somebody else customises for so long: every customisation is refused (7.7)", _set_lock,
    ),
    ControlCall(
        "PUT", "/emulator/choices",
        "`null_is_different`, `expired_delta_status`, `metadata_expires_delta`, `tracking_lag_s`, …",
        "points the documentation leaves open", _set_choices,
    ),
    ControlCall("PUT", "/emulator/clock", "`advance_s`", "lets virtual time pass", _advance),
    ControlCall("POST", "/emulator/contacts", "`count`, `seed`", "adds generated contacts", _add_contacts),
    ControlCall("POST", "/emulator/snapshot", "`name`", "keeps the organisation as it is now", _snapshot),
    ControlCall(
        "POST", "/emulator/restore", "`name`", "puts it back as it was kept; switches stay", _restore,
    ),
    ControlCall("DELETE", "/emulator/snapshot", "`name`", "forgets a snapshot", _forget),
)  # fmt: skip


def _error(status: int, code: str, message: str) -> Answer:
    return _json({"error": {"code": code, "message": message}}, status)


def _json(value: object, status: int = 200) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, encode(value))
