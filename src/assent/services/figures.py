"""An account in plain numbers, for monitoring."""

from collections.abc import Mapping
from dataclasses import dataclass

from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.health import health
from assent.store.deliveries import by_state


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers by name: gauges with what they tell, freshness by quantile, connections, deliveries."""

    gauges: Mapping[str, tuple[str, float]]
    freshness: Mapping[str, float]
    live: Mapping[int, bool]
    deliveries: Mapping[str, int]


async def figures(app: Application, caller: Caller) -> Figures:
    """The account's numbers right now."""
    caller.require(Right.READ)
    told = await health(app, caller)
    fresh, waiting = told.freshness, told.waiting
    quantiles = {"0.5": fresh.p50, "0.95": fresh.p95, "0.99": fresh.p99, "1": fresh.slowest}
    return Figures(
        gauges={
            "contacts": ("Contacts in the hub.", told.contacts),
            "links": ("Rows in Dynamics that are linked to contacts.", told.links),
            "waiting": ("Contacts whose sides differ.", waiting.count),
            "waiting_refusals": (
                "Contacts with a refusal one side lacks.",
                waiting.refusals,
            ),
            "oldest_refusal_seconds": ("How long the oldest such refusal has waited.", fresh.oldest_s or 0.0),
            "freshness_samples": ("Refusals that took effect within 24 hours.", fresh.count),
            "troubles": ("What was refused or not reached and still stands.", told.troubles),
            "questions": ("Questions only a person can answer.", told.questions),
            "ledger_entries": ("Entries in the ledger.", told.ledger_entries),
        },
        freshness={name: seconds for name, seconds in quantiles.items() if seconds is not None},
        live={connection.connection_id: connection.live for connection in told.connections},
        deliveries=await app.store.database.read(lambda c: by_state(c, caller.account_id)),
    )
