"""The duplicate detection rules an organisation begins with (Detect duplicate data using the Web API)."""

from collections.abc import Mapping
from typing import Final

from dataverse_emulator.state.problems import Problem, Refusal
from dataverse_emulator.state.table import Table

#: "Accounts, Contacts, Leads with the same e-mail address"; rules of makers are not imitated.
_RULES: Final[Mapping[str, str]] = dict.fromkeys(("account", "contact", "lead"), "emailaddress1")


def check(table: Table, position: int) -> None:
    """Refuse a row just written when another one is its duplicate; the transaction takes the write back."""
    column = _RULES.get(table.definition.name)
    if column is None:
        return
    value = table.cell(position, column)
    if value is not None and table.holding((column,), (value,)) != [position]:
        raise Refusal(
            Problem.DUPLICATES_FOUND,
            "A record was not created or updated because a duplicate of the current record already exists.",
        )
