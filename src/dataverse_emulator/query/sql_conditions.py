"""The WHERE clause: comparisons, LIKE, IN, BETWEEN and IS NULL, with AND, OR, NOT and parentheses."""

from typing import Final

from dataverse_emulator.query.joined import Against, Both, Either, Field, On, Where, both, either
from dataverse_emulator.query.literals import typed
from dataverse_emulator.query.model import (
    Between,
    Compare,
    Condition,
    Like,
    Literal,
    Match,
    Not,
    Op,
    Within,
)
from dataverse_emulator.query.sql_names import Tables, bad, is_identifier, name
from dataverse_emulator.query.sql_tokens import Reader
from dataverse_emulator.state.columns import TEXTS, Column

_OPS: Final = {"=": Op.EQ, "<>": Op.NE, "!=": Op.NE, ">": Op.GT, ">=": Op.GE, "<": Op.LT, "<=": Op.LE}
_OPPOSITE: Final = {
    Op.EQ: Op.NE, Op.NE: Op.EQ, Op.GT: Op.LE, Op.LE: Op.GT, Op.LT: Op.GE, Op.GE: Op.LT
}  # fmt: skip
_MIRRORED: Final = {Op.GT: Op.LT, Op.LT: Op.GT, Op.GE: Op.LE, Op.LE: Op.GE}
_MOST_DEPTH: Final = 100


class Conditions:
    """Reads conditions; every table they may name is known."""

    def __init__(self, reader: Reader, tables: Tables) -> None:
        self._reader = reader
        self._tables = tables
        self._depth = 0

    def read(self) -> Where:
        """or := and (OR and)*."""
        parts = [self._and()]
        while self._reader.take("OR"):
            parts.append(self._and())
        found = either(parts)
        assert found is not None
        return found

    def _and(self) -> Where:
        parts = [self.one()]
        while self._reader.take("AND"):
            parts.append(self.one())
        found = both(parts)
        assert found is not None
        return found

    def one(self) -> Where:
        """unary := NOT unary | ( or ) | comparison."""
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise bad("the conditions are nested too deeply")
        try:
            if self._reader.take("NOT"):
                return _negated(self.one())
            if self._reader.mark("("):
                inner = self.read()
                self._reader.need_mark(")")
                return inner
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Where:
        reader = self._reader
        if not is_identifier(reader.peek()):
            return self._mirrored()
        field, column = self._tables.resolve(name(reader))
        if reader.take("IS"):
            op = Op.NE if reader.take("NOT") else Op.EQ
            reader.need("NULL")
            return On(field.source, Compare(field.path, op, Literal(None, None)))
        negated = reader.take("NOT")
        found: Condition | None = None
        if reader.take("LIKE"):
            found = self._like(field, column)
        elif reader.take("IN"):
            found = Within(field.path, self._list())
        elif reader.take("BETWEEN"):
            low = self._constant()
            reader.need("AND")
            found = Between(field.path, low, self._constant())
        if found is not None:
            return On(field.source, Not(found) if negated else found)
        if negated:
            reader.fail()
        return self._against(field, column, self._operator())

    def _mirrored(self) -> Where:
        """`5 < x`."""
        text, op = self._constant(), self._operator()
        field, column = self._tables.resolve(name(self._reader))
        return On(field.source, Compare(field.path, _MIRRORED.get(op, op), typed(column, text)))

    def _operator(self) -> Op:
        word = self._reader.next()
        if word.kind != "mark" or word.text not in _OPS:
            self._reader.fail(word)
        return _OPS[word.text]

    def _against(self, field: Field, column: Column, op: Op) -> Where:
        if is_identifier(self._reader.peek()):
            return Against(field, op, self._tables.resolve(name(self._reader))[0])
        return On(field.source, Compare(field.path, op, typed(column, self._constant())))

    def _like(self, field: Field, column: Column) -> Condition:
        if column.kind not in TEXTS:
            raise bad(f"LIKE needs a text column; '{column.name}' is none")
        return Like(field.path, Match.LIKE, self._constant())

    def _list(self) -> tuple[str, ...]:
        self._reader.need_mark("(")
        values = [self._constant()]
        while self._reader.mark(","):
            values.append(self._constant())
        self._reader.need_mark(")")
        return tuple(values)

    def _constant(self) -> str:
        word = self._reader.next()
        if word.kind not in ("text", "number"):
            self._reader.fail(word)
        return word.text


def _negated(where: Where) -> Where:
    """The opposite, with unknown staying unknown."""
    match where:
        case On(source, condition):
            return On(source, Not(condition))
        case Against(left, op, right):
            return Against(left, _OPPOSITE[op], right)
        case Both(parts):
            return Either(tuple(_negated(part) for part in parts))
        case Either(parts):
            return Both(tuple(_negated(part) for part in parts))
