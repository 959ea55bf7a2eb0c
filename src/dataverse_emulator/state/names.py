"""The names components may have (dataverse.md 7.1, 7.4)."""

import re
from typing import Final

from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal

PREFIX: Final = re.compile(r"(?!mscrm)[a-z][a-z0-9]{1,7}", re.ASCII | re.IGNORECASE)
_SCHEMA_NAME: Final = re.compile(r"(?!mscrm)([a-z][a-z0-9]{1,7})_[a-z0-9_]{1,91}", re.ASCII | re.IGNORECASE)


def check_schema_name(organization: Organization, name: object) -> str:
    """A custom name: a prefix, an underscore, letters, digits and underscores (7.4)."""
    hit = _SCHEMA_NAME.fullmatch(name) if isinstance(name, str) else None
    if hit is None:
        raise Refusal(
            Problem.BAD_SCHEMA_NAME,
            f"The schema name '{str(name)[:60]}' is not valid: custom names begin with a prefix of 2 to 8 "
            "letters and digits that is not mscrm, and an underscore.",
        )
    if organization.choices.prefix_of_a_publisher and hit[1].lower() not in _prefixes(organization):
        raise Refusal(
            Problem.BAD_SCHEMA_NAME,
            f"The schema name '{hit[0]}' does not begin with the prefix of a publisher.",
        )
    return hit[0]


def _prefixes(organization: Organization) -> set[str]:
    publishers = organization.table("publisher")
    prefixes = publishers.cells("customizationprefix")
    return {str(prefixes[position]).lower() for position in publishers.positions()}
