"""The people the hub knows already when it is joined to the CRM, as mixed as real ones."""

from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import Any

from assent.policy.address import normalise
from assent.policy.permission import LegalBasis
from assent.policy.sides import bits
from assent.ports import NewPerson

#: How many in a hundred rows the hub knows, and on which basis it holds them.
KNOWN = 60
BASES = (
    [LegalBasis.CONSENT] * 35
    + [LegalBasis.LEGITIMATE_INTEREST] * 30
    + [LegalBasis.CONTRACT] * 10
    + [LegalBasis.NONE] * 15
    + [LegalBasis.WITHDRAWN] * 10
)
#: One in ten said No to a category.
NO_TO_ONE = 10


def hub_crowd(rows: Iterable[Mapping[str, Any]], seed: int) -> list[NewPerson]:
    """Choose people among the CRM's addresses, each address once; the same seed gives the same people."""
    chance = Random(seed)  # noqa: S311 - a demo crowd, not a secret
    people: dict[str, NewPerson] = {}
    for row in rows:
        address = row["emailaddress1"]
        email = normalise(address)
        if email is None or email in people or chance.randrange(100) >= KNOWN:
            continue
        refused = chance.choice(list(bits(0b11))) if chance.randrange(100) < NO_TO_ONE else 0
        people[email] = NewPerson(
            email=address,
            first_name=row.get("firstname") or "",
            last_name=row.get("lastname") or "",
            basis=chance.choice(BASES),
            refused=refused,
        )
    return list(people.values())


def many(count: int, category: int) -> Iterator[NewPerson]:
    """Any number of people without an organisation; one in three says No to the category."""
    bases = list(LegalBasis)
    for number in range(count):
        yield NewPerson(
            email=f"person{number}@domain{number % 90}.example",
            first_name=f"Firstname{number % 500}",
            last_name=f"Lastname{number % 3000}",
            basis=bases[number % len(bases)],
            refused=category if number % 3 == 0 else 0,
        )
