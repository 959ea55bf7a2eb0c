"""What happened to a row, as handed to the webhook dispatcher after commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from dataverse_emulator.state.columns import Cell
from dataverse_emulator.state.definitions import Definition

Values = dict[str, Cell]
#: In place of the ids of steps to leave out: none of them is told.
EVERY_STEP: Final = frozenset({"*"})


class Message(Enum):
    """The messages a step can be registered for (dataverse.md 6.2)."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"
    MERGE = "Merge"


@dataclass(frozen=True, slots=True)
class Event:
    """One pipeline run: who did what to which row, with its values before and after where there are any.

    `bypassed` are the ids of steps that shall not hear of it (9.7).
    """

    message: Message
    table: Definition
    row_id: str
    user_id: str
    at: float
    correlation: str
    operation: str
    submitted: Mapping[str, Cell]
    system_set: Mapping[str, Cell]
    before: Values | None
    after: Values | None
    depth: int = 1
    subordinate: str | None = None
    bypassed: frozenset[str] = frozenset()
