"""The customisation lock: one customisation at a time per organisation (dataverse.md 7.7)."""

from dataclasses import dataclass, replace

from dataverse_emulator.state.problems import Problem, Refusal


@dataclass(frozen=True, slots=True)
class Lock:
    """What is being customised and until when; `refusals` are still to come whatever the time."""

    running: str = ""
    until: float = 0.0
    refusals: int = 0

    def entered(self, wanted: str, now: float) -> tuple["Lock", Refusal | None]:
        """The lock after somebody wanted to customise, and the refusal that this earns."""
        if self.refusals:
            return replace(self, refusals=self.refusals - 1), _refusal(wanted, self.running or wanted)
        return self, _refusal(wanted, self.running) if now < self.until else None


def _refusal(wanted: str, running: str) -> Refusal:
    if wanted == running:
        text = (
            f"Cannot start another [{wanted}] because there is a previous [{running}] running at this moment."
        )
    else:
        text = (
            f"Cannot start the requested operation [{wanted}] because there is another [{running}] running "
            "at this moment. Use Solution History for more details."
        )
    return Refusal(Problem.CUSTOMIZATION_LOCK, text)
