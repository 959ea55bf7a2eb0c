"""Constants of a query in a column's own form, or the refusal for a wrong type (dataverse.md 2.3)."""

import re

from dataverse_emulator.query.model import Literal, Path
from dataverse_emulator.state.columns import (
    GUIDS,
    NUMERIC,
    TEXTS,
    WHOLE,
    Column,
    Kind,
    edm_name,
    guid,
    utc_seconds,
)
from dataverse_emulator.state.problems import Refusal, bad_syntax


def constant(path: Path, column: Column, literal: Literal) -> object:
    """The literal as the column keeps values, or the refusal for a wrong type."""
    kind, value = column.kind, literal.value
    if kind in TEXTS and isinstance(value, str) and literal.kind is Kind.TEXT:
        return value.lower()
    if kind is Kind.BOOLEAN and isinstance(value, bool):
        return value
    if kind in GUIDS and literal.kind is Kind.GUID:
        return value
    # Documented beside the unquoted form: _owninguser_value eq '<id>' (Filter rows).
    if kind in GUIDS and isinstance(value, str) and (found := guid(value)):
        return found
    if kind in NUMERIC and literal.kind is Kind.INTEGER and not isinstance(value, bool):
        return value
    if kind is Kind.WHEN and literal.kind is Kind.WHEN:
        return value
    raise incompatible(kind, literal.kind, str(path))


def incompatible(ours: Kind, theirs: Kind | None, name: str) -> Refusal:
    """A comparison of two types that do not go together."""
    return bad_syntax(
        "A binary operator with incompatible types was detected. "
        f"Found operand types '{edm_name(ours)}' and '{edm_name(theirs) if theirs else 'null'}' "
        f"for property '{name}'."
    )


def typed(column: Column, text: str) -> Literal:
    """A constant that is written as text and meant for this column."""
    value = from_text(column, text)
    if column.kind in TEXTS:
        return Literal(Kind.TEXT, text)
    if column.kind in GUIDS:
        return Literal(Kind.GUID, str(value))
    kind = Kind.INTEGER if column.kind in NUMERIC else column.kind
    return Literal(kind, value)  # type: ignore[arg-type]


def from_text(column: Column, text: str) -> object:
    """A value that is written as text, in the column's own form (dataverse.md 2.3)."""
    kind = column.kind
    if kind in TEXTS:
        return text.lower()
    if kind in GUIDS and (value := guid(text)):
        return value
    if kind is Kind.BOOLEAN and text.lower() in ("true", "false", "1", "0"):
        return text.lower() in ("true", "1")
    if kind in WHOLE and re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
        return int(text)
    if kind in NUMERIC and re.fullmatch(r"-?\d{1,18}(\.\d{1,18})?", text, re.ASCII):
        return float(text)
    if kind is Kind.WHEN and (when := utc_seconds(text)) is not None:
        return when
    raise bad_syntax(f"The value '{text[:80]}' cannot be read as {edm_name(kind)} for '{column.name}'.")
