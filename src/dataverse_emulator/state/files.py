"""What file columns hold: the row keeps an id, the organisation the content (Use file column data)."""

from dataclasses import dataclass, field, replace

from dataverse_emulator.state import writes
from dataverse_emulator.state.columns import Column
from dataverse_emulator.state.events import Values
from dataverse_emulator.state.identity import User
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.table import Table


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file and what was said of it."""

    name: str
    media_type: str
    content: bytes


@dataclass(slots=True)
class Upload:
    """A file that comes in pieces, for a column of a row."""

    table: str
    row_id: str
    column: str
    name: str
    content: bytearray = field(default_factory=bytearray)

    def copy(self) -> "Upload":
        """The same beginning, which goes on by itself."""
        return replace(self, content=self.content.copy())


def keep(
    organization: Organization, user: User, table: Table, position: int, column: Column, file: StoredFile
) -> None:
    """Make it the file of that column, in place of a former one."""
    file_id = organization.sources.new_id()
    organization.files[file_id] = file

    def undo() -> None:
        del organization.files[file_id]

    organization.on_undo(undo)
    values: Values = {column.name: file_id, column.file_name: file.name}
    writes.update(organization, user, table, position, values)


def remove(organization: Organization, user: User, table: Table, position: int, column: Column) -> None:
    """Leave the column without a file."""
    values: Values = {column.name: None, column.file_name: None}
    writes.update(organization, user, table, position, values)


def held(organization: Organization, table: Table, position: int, column: Column) -> StoredFile | None:
    """The file of that column."""
    file_id = table.cell(position, column.name)
    return None if file_id is None else organization.files.get(str(file_id))
