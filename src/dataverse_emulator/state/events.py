"""What happened to a contact, as handed to the webhook dispatcher after commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from dataverse_emulator.state.columns import Cell
from dataverse_emulator.state.contacts import Row


class Message(Enum):
    """The messages a step can be registered for on contact (dataverse.md 6.2)."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"
    MERGE = "Merge"


@dataclass(frozen=True, slots=True)
class Event:
    """One pipeline run: who did what to which row, with the row before and after where wanted."""

    message: Message
    row_id: str
    user_id: str
    at: float
    correlation: str
    operation: str
    submitted: Mapping[str, Cell]
    system_set: Mapping[str, Cell]
    before: Row | None
    after: Row | None
    depth: int = 1
    subordinate: str | None = None
