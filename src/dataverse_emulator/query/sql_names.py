"""Names in SQL: the tables of a statement, and columns with or without the table's alias."""

from dataclasses import dataclass, field
from typing import Final

from dataverse_emulator.query.joined import Field
from dataverse_emulator.query.model import Path
from dataverse_emulator.query.scope import column_named, table_named
from dataverse_emulator.query.sql_tokens import Reader, Word
from dataverse_emulator.state.columns import Column
from dataverse_emulator.state.definitions import Definition
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal

#: Words that are no aliases.
KEYWORDS: Final = frozenset(
    {"SELECT", "DISTINCT", "TOP", "FROM", "AS", "INNER", "LEFT", "OUTER", "JOIN", "ON", "WHERE", "GROUP"}
    | {"ORDER", "BY", "ASC", "DESC", "OFFSET", "ROWS", "ROW", "FETCH", "NEXT", "FIRST", "ONLY", "AND", "OR"}
    | {"NOT", "LIKE", "IN", "BETWEEN", "IS", "NULL", "HAVING", "UNION", "RIGHT", "FULL", "CROSS", "CASE"}
    | {"WITH", "EXISTS", "INTO", "EXCEPT", "INTERSECT", "OPTION", "FOR", "OVER"}
)


@dataclass(frozen=True, slots=True)
class Name:
    """A column as it is written."""

    table: str | None
    column: str


def name(reader: Reader) -> Name:
    """`column` or `alias.column`."""
    first = identifier(reader)
    if reader.mark("."):
        return Name(first, identifier(reader))
    return Name(None, first)


def identifier(reader: Reader) -> str:
    """A name in lower case, as logical names are."""
    word = reader.next()
    if not is_identifier(word):
        reader.fail(word)
    return word.text.lower()


def is_identifier(word: Word | None) -> bool:
    """Whether the word can be a name."""
    return word is not None and (word.kind == "quoted" or (word.kind == "name" and word.key not in KEYWORDS))


@dataclass(slots=True)
class Tables:
    """The tables of a statement, in order, each by its alias."""

    organization: Organization
    found: list[tuple[str, Definition]] = field(default_factory=list)

    def read(self, reader: Reader) -> Definition:
        """`table`, `table alias` or `table AS alias`."""
        definition = table_named(self.organization, identifier(reader))
        reader.take("AS")
        alias = identifier(reader) if is_identifier(reader.peek()) else definition.name
        if any(alias == known for known, _ in self.found):
            raise bad(f"the table name '{alias}' is used more than once")
        self.found.append((alias, definition))
        return definition

    def resolve(self, named: Name) -> tuple[Field, Column]:
        """The column that a name means."""
        if named.table is not None:
            place = next((at for at, (alias, _) in enumerate(self.found) if alias == named.table), None)
            if place is None:
                raise bad(f"the table '{named.table}' is not in FROM")
        else:
            places = [at for at, (_, known) in enumerate(self.found) if named.column in known.columns]
            if len(places) > 1:
                raise bad(f"ambiguous column name '{named.column}'")
            place = places[0] if places else 0
        column = column_named(self.found[place][1], named.column)
        return Field(place, Path(column.name, logical=True)), column


def bad(detail: str) -> Refusal:
    """A statement that cannot be run."""
    return Refusal(Problem.INVALID_ARGUMENT, f"The SQL is not valid: {detail}.")
