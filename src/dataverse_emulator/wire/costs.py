"""How long things take: the figures there are on paper, as time that passes and counts against limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final


class Work(Enum):
    """What an operation does, as far as it decides how long it takes."""

    READ = "rows read"
    CREATE = "rows created"
    UPDATE = "rows updated"
    DELETE = "rows deleted"
    COLUMN = "columns"
    TABLE = "tables"
    RELATIONSHIP = "relationships"
    PUBLISH = "publishing"
    OTHER = "other"


#: What an organisation does one at a time, by the name its refusals give it (7.7).
CUSTOMIZATIONS: Final[Mapping[Work, str]] = MappingProxyType(
    {
        Work.COLUMN: "EntityCustomization",
        Work.TABLE: "EntityCustomization",
        Work.RELATIONSHIP: "EntityCustomization",
        Work.PUBLISH: "Publish",
    }
)


@dataclass(frozen=True, slots=True)
class Costs:
    """Time per request, per row and per customisation; all but the latency is execution time (5.1)."""

    latency_s: float = 0.0
    request_ms: float = 0.0
    read_row_ms: float = 0.0
    create_row_ms: float = 0.0
    update_row_ms: float = 0.0
    delete_row_ms: float = 0.0
    column_s: float = 0.0
    table_s: float = 0.0
    relationship_s: float = 0.0
    publish_s: float = 0.0

    def execution_s(self, work: Mapping[Work, int]) -> float:
        """The execution time of a request that did this work."""
        each = {
            Work.READ: self.read_row_ms / 1000,
            Work.CREATE: self.create_row_ms / 1000,
            Work.UPDATE: self.update_row_ms / 1000,
            Work.DELETE: self.delete_row_ms / 1000,
            Work.COLUMN: self.column_s,
            Work.TABLE: self.table_s,
            Work.RELATIONSHIP: self.relationship_s,
            Work.PUBLISH: self.publish_s,
        }
        return self.request_ms / 1000 + sum(each.get(kind, 0.0) * count for kind, count in work.items())


#: `documented` has every figure that dataverse.md has, the middle of a range, and 0 where it has none.
PROFILES: Final[Mapping[str, Costs]] = MappingProxyType(
    {
        "off": Costs(),
        "documented": Costs(
            create_row_ms=10,  # 4.3: 100 rows by CreateMultiple take about 1 s
            update_row_ms=25,  # 4.3: 100 rows by UpdateMultiple take 2 to 3 s
            column_s=6,  # 7.9: 2 to 10 s
            table_s=20,  # 7.9: 10 to 30 s
            publish_s=35,  # 7.9: 10 to 60 s
        ),
    }
)
