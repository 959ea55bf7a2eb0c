"""Everything about a served organisation that the control calls can turn, beside its own state."""

from dataclasses import dataclass, field

from dataverse_emulator.state.organization import Organization
from dataverse_emulator.wire.costs import Costs
from dataverse_emulator.wire.faults import Faults, Trouble
from dataverse_emulator.wire.journal import Journal
from dataverse_emulator.wire.limits import Protection


@dataclass(frozen=True, slots=True)
class WebhookSwitch:
    """Whether notices are delivered at all (off is an outage: they are lost), and how late."""

    enabled: bool = True
    delay_s: float = 0.0


@dataclass(slots=True)
class Switches:
    """One of each."""

    protection: Protection
    journal: Journal = field(default_factory=Journal)
    webhooks: WebhookSwitch = field(default_factory=WebhookSwitch)
    costs: Costs = field(default_factory=Costs)
    faults: Faults = field(default_factory=Faults)
    trouble: Trouble = field(default_factory=Trouble)
    snapshots: dict[str, Organization] = field(default_factory=dict)
