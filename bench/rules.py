"""How fast people are planned, against the plainest thing that could be called a merge."""

from datetime import UTC, datetime
from random import Random
from time import perf_counter
from uuid import UUID

from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.plan import Terms, plan_person
from assent.policy.sides import CATEGORIES, PERMISSION, Base, Contact, Link, LinkKey, Person, Row

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MOVED = 100  # one contact in so many was touched on each side


def measure(contacts: int) -> dict[str, object]:
    """Plan a crowd of which 1 % moved on each side; the baseline compares two values per contact."""
    people = _crowd(contacts)
    terms = Terms(categories=(1 << 10) - 1)
    started = perf_counter()
    plans = [plan_person(person, terms) for person in people]
    ours = perf_counter() - started
    started = perf_counter()
    differing = sum(_differ(person) for person in people)
    plain = perf_counter() - started
    return {
        "contacts": contacts,
        "writes": sum(not plan.idle for plan in plans),
        "differing": differing,
        "seconds": round(ours, 3),
        "per_second": round(contacts / ours),
        "baseline": "compare the two values, no base, no order, no explanation",
        "baseline_seconds": round(plain, 3),
        "ratio": round(ours / plain, 1),
    }


def _differ(person: Person) -> bool:
    row = person.links[0].row
    refuses = person.contact.basis is LegalBasis.WITHDRAWN
    return row is not None and (row.toggle is BulkEmail.DO_NOT_ALLOW) is not refuses


def _crowd(contacts: int) -> list[Person]:
    chance = Random(1)  # noqa: S311 - a crowd, not a secret
    return [_person(n, chance) for n in range(contacts)]


def _person(n: int, chance: Random) -> Person:
    known = (1 << 10) - 1
    in_hub, in_crm = chance.randrange(MOVED) == 0, chance.randrange(MOVED) == 0
    basis = LegalBasis.WITHDRAWN if in_hub else LegalBasis.CONSENT
    email = f"person{n}@example.com"
    contact = Contact(UUID(int=n), email, 1, basis, CATEGORIES, acted={PERMISSION: NOW} if in_hub else {})
    base = Base(1, 10, LegalBasis.CONSENT, BulkEmail.ALLOW, known, CATEGORIES, email)
    toggle = BulkEmail.DO_NOT_ALLOW if in_crm else BulkEmail.ALLOW
    row = Row(UUID(int=n), 11 if in_crm else 10, email, toggle, known, known, modified_at=NOW)
    link = Link(LinkKey(1, row.row_id), row, base, hub_touched=PERMISSION if in_hub else 0, read_at=NOW)
    return Person(contact, (link,))
