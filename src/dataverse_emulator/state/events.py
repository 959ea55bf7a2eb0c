"""What happened to a row, as handed to the webhook dispatcher after commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from dataverse_emulator.state.columns import Cell
from dataverse_emulator.state.definitions import Definition

Values = dict[str, Cell]


class Message(Enum):
    """The messages a step can be registered for (dataverse.md 6.2)."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"
    MERGE = "Merge"


@dataclass(frozen=True, slots=True)
class Event:
    """One pipeline run: who did what to which row, with its values before and after where there are any."""

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
