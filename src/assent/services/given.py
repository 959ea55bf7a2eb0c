"""What people type into contacts, checked in words before anything is decided."""

import unicodedata

from email_validator import EmailNotValidError, validate_email

from assent.errors import Invalid
from assent.policy.address import normalise
from assent.policy.permission import LegalBasis
from assent.ports import Evidence

EMAIL_CHARS = 320
NAME_CHARS = 200
EVIDENCE_CHARS = 2_000
SOURCE_CHARS = 200
_LINE_ENDS = "\t\r\n"


def checked_email(text: str) -> str:
    """Give the address as it was typed, trimmed; raises Invalid where it is none."""
    address = normalise(text) if len(text) <= EMAIL_CHARS else None
    try:
        validate_email(
            address or "", check_deliverability=False, allow_quoted_local=True, test_environment=True
        )
    except EmailNotValidError:
        raise Invalid(
            "This is not an email address. Give one address alone, such as name@example.com."
        ) from None
    return text.strip()


def checked_name(text: str) -> str:
    """Give a name, trimmed; raises Invalid for one too long or with control characters."""
    return _within(text, "A name", NAME_CHARS)


def checked_evidence(evidence: Evidence) -> Evidence:
    """Give the evidence, trimmed; raises Invalid where it is too long to be kept."""
    text = _within(evidence.text, "The evidence", EVIDENCE_CHARS, _LINE_ENDS)
    source = _within(evidence.source, "The source of the evidence", SOURCE_CHARS)
    return Evidence(text, source, evidence.ip)


def proven(basis: LegalBasis | None, evidence: Evidence) -> Evidence:
    """Give the checked evidence; raises Invalid for a grant without any. A refusal needs none."""
    checked = checked_evidence(evidence)
    if basis is not None and basis.positive and not (checked.text and checked.source):
        raise Invalid(
            "A legal basis that lets mail through needs evidence: what the person was told or agreed to, "
            "and where that is from (a form, a contract, a phone call)."
        )
    return checked


def _within(text: str, what: str, longest: int, line_ends: str = "") -> str:
    text = text.strip()
    if len(text) > longest:
        raise Invalid(f"{what} is {len(text)} characters long; at most {longest} are kept. Shorten it.")
    if any(unicodedata.category(x) in ("Cc", "Cs", "Zl", "Zp") and x not in line_ends for x in text):
        raise Invalid(f"{what} holds a line break or another control character. Remove it.")
    return text
