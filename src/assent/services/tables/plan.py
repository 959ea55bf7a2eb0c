"""What an import would do, as a value: every row that may be imported, and every error of the rest."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from email_validator import EmailNotValidError, validate_email

from assent.errors import Invalid
from assent.policy.address import normalise
from assent.policy.permission import LegalBasis
from assent.ports import Evidence
from assent.services.tables.limits import USUAL, TableLimits
from assent.services.tables.mapping import IGNORED, Column, ColumnMapping
from assent.services.tables.reading import Row, Table
from assent.services.tables.words import BASIS_WORDS, Field, answer_of, basis_of

EMAIL_CHARS = 320
NAME_CHARS = 200
EVIDENCE_CHARS = 2_000

#: Almost every address; the library judges the others, which takes it fifty times as long.
_ORDINARY = re.compile(
    r"[a-z0-9_%+'-]{1,40}(\.[a-z0-9_%+'-]{1,20}){0,1}@([a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?\.){1,4}[a-z]{2,20}"
)
_EXPECTED_BASES = ", ".join(words for basis, words in BASIS_WORDS.items() if basis is not LegalBasis.NONE)

_NO_EVIDENCE = Evidence()


@dataclass(frozen=True, slots=True)
class ImportRow:
    """What a row asks for one contact; blank cells ask for nothing (I7).

    `basis` is None where the row leaves it alone, `answered` are the categories it answers and `value`
    its answers. Whether a Withdrawn contact stays so is decided against the contacts there are (I7).
    """

    line: int
    email: str
    shown_email: str
    first_name: str = ""
    last_name: str = ""
    basis: LegalBasis | None = None
    evidence: Evidence = _NO_EVIDENCE
    answered: int = 0
    value: int = 0


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row cannot be imported: its first line, the column's name (none for a whole row), in words.

    The message never repeats what the cell holds.
    """

    line: int
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """The rows that may be imported and the errors of all others; `errors` may list the first ones only."""

    rows: tuple[ImportRow, ...]
    errors: tuple[RowError, ...]
    error_count: int
    row_count: int
    ignored: tuple[str, ...]
    notice: str

    @property
    def ok(self) -> bool:
        """Whether anything may be imported."""
        return bool(self.rows)

    @property
    def excluded(self) -> int:
        """How many rows have errors and are not imported."""
        return self.row_count - len(self.rows)


def plan_import(
    table: Table, mapping: ColumnMapping, categories: Mapping[str, int], limits: TableLimits = USUAL
) -> ImportPlan:
    """Plan an import; `categories` gives the bit of each category that may be answered, by name.

    Raises Invalid for a mapping with problems, of another file, or with a category that is not there.
    """
    mapping.check()
    if tuple(column.name for column in mapping.columns) != table.header:
        raise Invalid("The columns were chosen for another file. Choose them again for this one.")
    planning = _Planning(_parsers(mapping, categories), limits.errors)
    for row in table.rows():
        planning.take(row)
    return ImportPlan(
        rows=tuple(planning.rows),
        errors=tuple(planning.errors),
        error_count=planning.error_count,
        row_count=table.row_count,
        ignored=mapping.ignored,
        notice=table.notice,
    )


@dataclass(slots=True)
class _Draft:
    """A row while its cells are read."""

    email: str = ""
    shown_email: str = ""
    first_name: str = ""
    last_name: str = ""
    basis: LegalBasis | None = None
    evidence: str = ""
    source: str = ""
    answered: int = 0
    value: int = 0

    def done(self, line: int) -> ImportRow:
        """Give the row as a value."""
        return ImportRow(
            line=line,
            email=self.email,
            shown_email=self.shown_email,
            first_name=self.first_name,
            last_name=self.last_name,
            basis=self.basis,
            evidence=Evidence(self.evidence, self.source) if self.evidence or self.source else _NO_EVIDENCE,
            answered=self.answered,
            value=self.value,
        )


#: Puts a trimmed cell that is not blank into a draft; raises Invalid with what is wrong with it.
_Parser = Callable[[_Draft, str], None]


@dataclass(slots=True)
class _Planning:
    """Takes rows one by one; the addresses seen are all it keeps besides its results."""

    parsers: list[tuple[Column, _Parser]]
    listed: int
    rows: list[ImportRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    error_count: int = 0
    first_lines: dict[str, int] = field(default_factory=dict)

    def take(self, row: Row) -> None:
        """Plan one row."""
        if row.fault:
            self._err(row.line, "", row.fault)
            return
        draft = _Draft()
        errors_before = self.error_count
        for column, parse in self.parsers:
            cell = row.cells[column.number - 1].strip()
            try:
                if cell or column.meaning.field is Field.EMAIL:
                    parse(draft, cell)
            except Invalid as error:
                self._err(row.line, column.label, str(error))
            else:
                if column.meaning.field is Field.EMAIL:
                    self._once(draft.email, row.line, column.label)
        if self.error_count == errors_before:
            self.rows.append(draft.done(row.line))

    def _once(self, email: str, line: int, label: str) -> None:
        first = self.first_lines.setdefault(email, line)
        if first != line:
            self._err(line, label, f"Line {first} has the same address. Keep one of the two.")

    def _err(self, line: int, label: str, message: str) -> None:
        self.error_count += 1
        if len(self.errors) < self.listed:
            self.errors.append(RowError(line, label, message))


def _parsers(mapping: ColumnMapping, categories: Mapping[str, int]) -> list[tuple[Column, _Parser]]:
    return [(column, _parser(column, categories)) for column in mapping.columns if column.meaning != IGNORED]


def _parser(column: Column, categories: Mapping[str, int]) -> _Parser:
    if column.meaning.field is not Field.CATEGORY:
        return _PARSERS[column.meaning.field]
    bit = categories.get(column.meaning.category)
    if bit is None:
        raise Invalid(f"There is no category “{column.meaning.category}” any more. Choose the columns again.")
    return lambda draft, cell: _answer(draft, cell, bit)


def _email(draft: _Draft, cell: str) -> None:
    if not cell:
        raise Invalid("The email address is missing. Every contact needs one.")
    address = normalise(cell) if len(cell) <= EMAIL_CHARS else None
    if address is None or not _ORDINARY.fullmatch(address):
        _judge(address)
    draft.email, draft.shown_email = address or "", cell


def _judge(address: str | None) -> None:
    try:
        validate_email(
            address or "", check_deliverability=False, allow_quoted_local=True, test_environment=True
        )
    except EmailNotValidError:
        raise Invalid(
            "This is not an email address. Write one address alone, such as name@example.com."
        ) from None


def _first_name(draft: _Draft, cell: str) -> None:
    draft.first_name = _line_of_text(cell)


def _last_name(draft: _Draft, cell: str) -> None:
    draft.last_name = _line_of_text(cell)


def _basis(draft: _Draft, cell: str) -> None:
    basis = basis_of(cell)
    if basis is None:
        raise Invalid(f"This is not a legal basis. Write one of: {_EXPECTED_BASES}; or leave it blank.")
    draft.basis = basis if basis is not LegalBasis.NONE else None  # None recorded is nothing asked (T7)


def _evidence(draft: _Draft, cell: str) -> None:
    draft.evidence = _within(cell, EVIDENCE_CHARS, line_ends="\t\r\n")


def _source(draft: _Draft, cell: str) -> None:
    draft.source = _line_of_text(cell)


def _answer(draft: _Draft, cell: str, bit: int) -> None:
    answer = answer_of(cell)
    if answer is None:
        raise Invalid("This is neither Yes nor No. Write Yes or No, or leave it blank to change nothing.")
    draft.answered |= bit
    draft.value |= bit if answer else 0


def _line_of_text(cell: str) -> str:
    return _within(cell, NAME_CHARS)


def _within(cell: str, longest: int, line_ends: str = "") -> str:
    if len(cell) > longest:
        raise Invalid(f"This is {len(cell)} characters long; at most {longest} are kept. Shorten it.")
    if not cell.isprintable() and any(
        unicodedata.category(letter) in ("Cc", "Zl", "Zp") and letter not in line_ends for letter in cell
    ):
        raise Invalid("This holds a line break or another control character. Remove it.")
    return cell


_PARSERS: Mapping[Field, _Parser] = {
    Field.EMAIL: _email,
    Field.FIRST_NAME: _first_name,
    Field.LAST_NAME: _last_name,
    Field.BASIS: _basis,
    Field.EVIDENCE: _evidence,
    Field.SOURCE: _source,
}
