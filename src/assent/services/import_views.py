"""An import as people see it: the file's columns with their meanings, and what becomes of its rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from assent.policy.permission import LegalBasis
from assent.services.importing import Decided, ImportOutcome
from assent.services.tables.mapping import Column, ColumnMapping, Meaning
from assent.services.tables.plan import RowError
from assent.services.tables.reading import Table
from assent.services.tables.words import Field
from assent.store.imports import Sheet, StoredImport


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column of a file and what it means: `meaning` as it is chosen, `words` as it is said."""

    label: str
    meaning: str
    words: str


@dataclass(frozen=True, slots=True)
class ImportView:
    """An import: `state` is uploaded, applied or discarded.

    `problems` says why it cannot be looked at before other meanings were chosen.
    """

    import_id: int
    name: str
    state: str
    row_count: int
    columns: tuple[ColumnView, ...]
    problems: tuple[str, ...]
    notice: str
    counts: Mapping[ImportOutcome, int]
    created_by: str
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class SampleRow:
    """A row as it was understood, and what becomes of it."""

    line: int
    email: str
    first_name: str
    last_name: str
    basis: LegalBasis | None
    outcome: ImportOutcome


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What an import would do; `token` lets exactly this be applied. `errors` lists the first ones only."""

    row_count: int
    counts: Mapping[ImportOutcome, int]
    errors: tuple[RowError, ...]
    error_count: int
    ignored: tuple[str, ...]
    notice: str
    sample: tuple[SampleRow, ...]
    token: str


def sheet_of(table: Table, mapping: ColumnMapping) -> Sheet:
    """What is kept of a table that was read."""
    return Sheet(table.header, spelled(mapping), table.row_count, table.notice)


def spelled(mapping: ColumnMapping) -> tuple[str, ...]:
    """The meanings of columns in the form they are chosen and kept in."""
    return tuple(column.meaning.spelled for column in mapping.columns)


def mapping_of(sheet: Sheet) -> ColumnMapping:
    """The meanings as they were kept, problems and all."""
    pairs = zip(sheet.names, sheet.meanings, strict=True)
    return ColumnMapping(
        tuple(Column(number, name, _meaning(spelled)) for number, (name, spelled) in enumerate(pairs, 1))
    )


def _meaning(chosen: str) -> Meaning:
    field, _, category = chosen.partition(":")
    return Meaning(Field(field), category)


def import_view(item: StoredImport) -> ImportView:
    """Say what stands of an import."""
    mapping = mapping_of(item.sheet)
    return ImportView(
        import_id=item.import_id,
        name=item.name,
        state=item.state,
        row_count=item.sheet.rows,
        columns=tuple(ColumnView(c.label, c.meaning.spelled, _words(c)) for c in mapping.columns),
        problems=mapping.problems,
        notice=item.sheet.notice,
        counts={ImportOutcome(name): count for name, count in item.counts.items()},
        created_by=item.created_by,
        created_at=item.created_at,
        finished_at=item.finished_at,
    )


def _words(column: Column) -> str:
    return "not imported" if column.meaning.field is Field.IGNORE else column.meaning.words


def sampled(item: Decided) -> SampleRow:
    """A row for the preview."""
    row = item.row
    return SampleRow(row.line, row.shown_email, row.first_name, row.last_name, row.basis, item.outcome)


def file_name(name: str) -> str:
    """The last part of a file's name, as far as it is printable; never empty."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable()).strip()[:200] or "upload.csv"
