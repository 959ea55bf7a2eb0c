"""What proves an act, in the form the ledger seals."""

from assent.ports import Evidence


def evidence_of(evidence: Evidence) -> dict[str, str]:
    """Give the parts of the evidence that say something, by name."""
    parts = {"text": evidence.text, "source": evidence.source, "ip": evidence.ip}
    return {name: value for name, value in parts.items() if value}
