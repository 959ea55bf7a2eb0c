"""The emulator's own switches under /emulator, outside the imitated surface."""

import re
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec

from dataverse_emulator import generate
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.wire.answers import Answer, encode
from dataverse_emulator.wire.limits import Protection

_JOURNAL_LENGTH: Final = 20_000
_MOST_CONTACTS: Final = 2_000_000
_MOST_PATHS: Final = 1000
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """One request to the imitated surface; query values and bodies are not kept."""

    n: int
    method: str
    path: str
    status: int
    user: str | None
    ms: float


class Journal:
    """Every request to /api/data and the token endpoint, the newest kept, all counted."""

    def __init__(self) -> None:
        self.total = 0
        self.by_path: Counter[str] = Counter()
        self.entries: deque[Entry] = deque(maxlen=_JOURNAL_LENGTH)

    def add(self, method: str, path: str, status: int, user: str | None, ms: float) -> None:
        """Write one down."""
        self.total += 1
        # Counted without ids, or every row would have a line of its own.
        general = _GUID.sub("{id}", path)
        if general not in self.by_path and len(self.by_path) >= _MOST_PATHS:
            general = "(others)"
        self.by_path[general] += 1
        self.entries.append(Entry(self.total, method, path, status, user, round(ms, 3)))


@dataclass(frozen=True, slots=True)
class WebhookSwitch:
    """Whether notices are delivered at all (off is an outage: they are lost), and how late."""

    enabled: bool = True
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Faults:
    """Trouble ahead: the next N requests fail, or succeed and lose their answer, or meet a lock."""

    next: int = 0
    status: int = 503
    retry_after_s: int | None = None
    lose_answers: int = 0
    customization_lock: int = 0
    expire_tokens: bool = False
    latency_s: float = 0.0


@dataclass(slots=True)
class Switches:
    """Everything the control calls can turn."""

    protection: Protection
    journal: Journal = field(default_factory=Journal)
    webhooks: WebhookSwitch = field(default_factory=WebhookSwitch)
    faults: Faults = field(default_factory=Faults)


def perform(
    organization: Organization, switches: Switches, method: str, path: str, query: str, body: bytes
) -> Answer:
    """Answer one control call; unknown keys and values of a wrong type are refused."""
    try:
        match method, path:
            case "GET", "/emulator":
                return _json(_about(organization, switches))
            case "GET", "/emulator/journal":
                return _json(_journal(switches.journal, query))
            case "GET", "/emulator/requests":
                journal = switches.journal
                return _json({"total": journal.total, "by_path": dict(journal.by_path)})
            case "PUT", "/emulator/webhooks":
                switches.webhooks = _changed(switches.webhooks, body)
                return _json(asdict(switches.webhooks))
            case "PUT", "/emulator/limits":
                switches.protection.limits = _changed(switches.protection.limits, body)
                return _json(asdict(switches.protection.limits))
            case "PUT", "/emulator/choices":
                organization.choices = _changed(organization.choices, body)
                return _json(asdict(organization.choices))
            case "PUT", "/emulator/faults":
                return _json(asdict(_set_faults(organization, switches, body)))
            case "POST", "/emulator/contacts":
                return _json(_add_contacts(organization, body))
    except (ValueError, TypeError, msgspec.DecodeError) as error:
        return _json({"error": {"code": "BadRequest", "message": str(error)}}, 400)
    return _json({"error": {"code": "NotFound", "message": f"No control call {method} {path[:80]}."}}, 404)


def _about(organization: Organization, switches: Switches) -> dict[str, Any]:
    return {
        "name": "dataverse_emulator",
        "version": "0.1.0",
        "strict": organization.identity.strict,
        "contacts": len(organization.table("contact")),
        "newest_version": organization.version,
        "requests": switches.journal.total,
        "webhooks": asdict(switches.webhooks),
        "limits": asdict(switches.protection.limits),
        "faults": asdict(switches.faults),
        "choices": asdict(organization.choices),
    }


def _journal(journal: Journal, query: str) -> dict[str, Any]:
    given = dict(parse_qsl(query))
    if unknown := given.keys() - {"after"}:
        raise ValueError(f"unknown parameter {min(unknown)!r}")
    after = int(given.get("after", "0"))
    return {"entries": [asdict(entry) for entry in journal.entries if entry.n > after]}


def _changed(before: T, body: bytes) -> T:
    """The value with the given members replaced; each must have the declared type."""
    given = msgspec.json.decode(body or b"{}", type=dict[str, Any])
    known = {member.name: member.type for member in fields(before)}  # type: ignore[arg-type]
    if unknown := given.keys() - known.keys():
        raise ValueError(f"unknown key {min(unknown)!r}; known: {', '.join(known)}")
    checked = msgspec.convert(given, dict[str, Any])
    for name, value in checked.items():
        converted = msgspec.convert(value, known[name])
        if isinstance(converted, int | float) and not isinstance(converted, bool) and converted < 0:
            raise ValueError(f"{name} must not be negative")
    return replace(before, **checked)  # type: ignore[type-var]


def _set_faults(organization: Organization, switches: Switches, body: bytes) -> Faults:
    faults = _changed(switches.faults, body)
    if faults.status not in (429, 500, 502, 503, 504):
        raise ValueError("status must be 429, 500, 502, 503 or 504")
    if faults.expire_tokens:
        organization.identity.expire_all()
    switches.faults = replace(faults, expire_tokens=False)
    return switches.faults


def _add_contacts(organization: Organization, body: bytes) -> Mapping[str, Any]:
    given = msgspec.json.decode(body or b"{}", type=dict[str, int])
    if unknown := given.keys() - {"count", "seed"}:
        raise ValueError(f"unknown key {min(unknown)!r}; known: count, seed")
    count = given.get("count", 0)
    if not 1 <= count <= _MOST_CONTACTS:
        raise ValueError(f"count must be 1 to {_MOST_CONTACTS}")
    generate.fill(organization, count, given.get("seed", 1))
    return {"added": count, "contacts": len(organization.table("contact"))}


def _json(value: object, status: int = 200) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, encode(value))
