"""Conditions compiled to fast predicates over row positions, with the null logic of SQL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dataverse_emulator.query import functions
from dataverse_emulator.query.leaves import OPPOSITE, TESTS, UNSET, Leaf, between, comparison, membership
from dataverse_emulator.query.likeness import text_test
from dataverse_emulator.query.literals import from_text, incompatible
from dataverse_emulator.query.model import (
    All,
    Between,
    Compare,
    CompareColumns,
    Condition,
    Exists,
    Like,
    Named,
    Not,
    Op,
    Path,
    Related,
    Some,
    Within,
)
from dataverse_emulator.query.scope import Scope, collected, column_of, followed, navigation_of, single
from dataverse_emulator.state import security
from dataverse_emulator.state.columns import TEXTS, Column, edm_name
from dataverse_emulator.state.definitions import Navigation, Way
from dataverse_emulator.state.problems import bad_syntax
from dataverse_emulator.state.table import Cells, Same

#: Of a row's position in its table.
Predicate = Callable[[int], bool]
#: From some rows to those that hold, in the same order: quicker than a predicate for each.
Narrowing = Callable[[Sequence[int]], list[int]]
Getter = Callable[[int], Any]


def compiled(condition: Condition, scope: Scope, table: str) -> Predicate:
    """A function of a row of that table."""
    return _Compiler(scope, table).build(condition, negated=False)


def narrowing(condition: Condition, scope: Scope, table: str) -> Narrowing:
    """A function from rows of that table to those that hold."""
    if isinstance(condition, All):
        steps = [narrowing(part, scope, table) for part in condition.parts]

        def narrow(positions: Sequence[int]) -> list[int]:
            for step in steps:
                positions = step(positions)
            return list(positions)

        return narrow
    if isinstance(condition, Compare) and not condition.path.through:
        cells, leaf = _Compiler(scope, table).direct(condition)
        wanted = leaf.equal
        if leaf.folded:
            return lambda at: [p for p in at if (v := cells[p]) is not None and v.lower() == wanted]
        if wanted is not UNSET:
            return lambda at: [p for p in at if cells[p] == wanted]
    test = compiled(condition, scope, table)
    return lambda positions: list(filter(test, positions))


def getter(scope: Scope, table: str, path: Path) -> Getter:
    """A function from a row of that table to the value at the path's end."""
    return _Compiler(scope, table).getter(path)


def absent(condition: Condition, scope: Scope, table: str) -> bool:
    """Whether a row that an outer join did not find passes for one that holds."""
    return _Compiler(scope, table).absent(condition, negated=False)


def finder(scope: Scope, table: str, column: str, condition: Condition | None) -> Callable[[Any], list[int]]:
    """A function from a value to the rows of that table that have it in the column, hold, and may be read."""
    other, known = scope.organization.table(table), dict[Any, list[int]]()
    reach = security.readable(scope.organization, scope.user, other)
    allowed = None if reach is None else frozenset(reach)
    narrow: Narrowing = list if condition is None else narrowing(condition, scope, table)

    def found(value: Any) -> list[int]:
        if value is None:
            return []
        if value not in known:
            if column == other.definition.key:
                position = other.position(value)
                at = [] if position is None else [position]
            else:
                at = other.holding((column,), (value,))
            known[value] = narrow(at if allowed is None else [p for p in at if p in allowed])
        return known[value]

    return found


@dataclass(frozen=True, slots=True)
class _Compiler:
    scope: Scope
    table: str

    def build(self, condition: Condition, *, negated: bool) -> Predicate:
        # Negation is pushed to the leaves, where an unknown answer (null) is simply false.
        match condition:
            case Not(part):
                return self.build(part, negated=not negated)
            case All(parts) | Some(parts):
                tests = [self.build(part, negated=negated) for part in parts]
                return _every(tests) if isinstance(condition, All) != negated else _any(tests)
            case Exists():
                return self._exists(condition, negated=negated)
            case Related():
                return self._related(condition, negated=negated)
            case CompareColumns(path, op, other):
                return self._columns(path, OPPOSITE[op] if negated else op, other)
            case _:
                return self._on(condition.path, self._leaf(condition, negated=negated))

    def absent(self, condition: Condition, *, negated: bool) -> bool:
        """What is said of a row that is not there: as if all its values were null."""
        match condition:
            case Not(part):
                return self.absent(part, negated=not negated)
            case All(parts) | Some(parts):
                answers = [self.absent(part, negated=negated) for part in parts]
                return all(answers) if isinstance(condition, All) != negated else any(answers)
            case Exists() | Related():
                return (isinstance(condition, Exists) and condition.every) != negated
            case CompareColumns():
                return False
            case _:
                return self._leaf(condition, negated=negated).on_null

    def _leaf(self, condition: Compare | Like | Within | Between | Named, *, negated: bool) -> Leaf:
        column = self._column(condition.path)
        keep_null = self.scope.null_is_different
        match condition:
            case Compare(path, op, literal):
                return comparison(path, column, OPPOSITE[op] if negated else op, literal, keep_null)
            case Within(_, values):
                found = frozenset(from_text(column, text) for text in values)
                return membership(column, found, outside=condition.negated != negated, keep_null=keep_null)
            case Between(_, low, high):
                return between(
                    from_text(column, low),
                    from_text(column, high),
                    column,
                    outside=condition.negated != negated,
                    keep_null=keep_null,
                )
            case Like(path, match, text):
                if column.kind not in TEXTS:
                    raise bad_syntax(f"{match.value} needs a text property; '{path}' is none.")
                test = text_test(match, text)
                return Leaf(lambda value: not test(value), keep_null) if negated else Leaf(test)
            case Named(_, function, arguments):
                test = functions.test(self.scope, self._table(condition.path), column, function, arguments)
                if functions.is_negative(function):
                    return Leaf(lambda value: not test(value)) if negated else Leaf(test, keep_null)
                return Leaf(lambda value: not test(value), keep_null) if negated else Leaf(test)

    def direct(self, condition: Compare) -> tuple[Cells, Leaf]:
        """The cells and the test of a comparison with a property of the row itself."""
        cells = self.scope.organization.table(self.table).cells(self._column(condition.path).name)
        return cells, self._leaf(condition, negated=False)

    def _column(self, path: Path) -> Column:
        return column_of(self.scope.organization.model.tables[self._table(path)], path)

    def _table(self, path: Path) -> str:
        """The table at the path's end."""
        table = self.table
        for name in path.through:
            table = single(self.scope.organization, table, name).target
        return table

    def _on(self, path: Path, leaf: Leaf) -> Predicate:
        test, on_null = leaf.test, leaf.on_null
        if path.through:
            get = self.getter(path)
            return lambda position: on_null if (value := get(position)) is None else test(value)
        cells = self.scope.organization.table(self.table).cells(self._column(path).name)
        if isinstance(cells, Same):
            answer = on_null if cells.value is None else test(cells.value)
            return lambda _position: answer
        if leaf.equal is not UNSET and not leaf.folded:
            wanted = leaf.equal
            return lambda position: bool(cells[position] == wanted)
        return lambda position: on_null if (value := cells[position]) is None else test(value)

    def getter(self, path: Path) -> Getter:
        """From a row to the value at the path's end; null where the path breaks off."""
        organization = self.scope.organization
        if not path.through:
            cells = organization.table(self.table).cells(self._column(path).name)
            return cells.__getitem__
        step = single(organization, self.table, path.through[0])
        further = Path(path.name, path.through[1:], path.logical)
        rest = _Compiler(self.scope, step.target).getter(further)

        def get(position: int) -> Any:
            found = followed(organization, step, position)
            return None if found is None else rest(found[1])

        return get

    def _columns(self, path: Path, op: Op, other: Path) -> Predicate:
        first, second = self._column(path), self._column(other)
        if (first.kind in TEXTS) != (second.kind in TEXTS) or edm_name(first.kind) != edm_name(second.kind):
            raise incompatible(first.kind, second.kind, str(path))
        left, right, test = self.getter(path), self.getter(other), TESTS[op]
        lower = first.kind in TEXTS

        def holds(position: int) -> bool:
            one, two = left(position), right(position)
            if one is None or two is None:
                return False
            return test(one.lower(), two.lower()) if lower else test(one, two)

        return holds

    def _exists(self, condition: Exists, *, negated: bool) -> Predicate:
        organization = self.scope.organization
        step = navigation_of(organization, self.table, condition.navigation)
        if step.way is Way.ONE:
            raise bad_syntax(f"any() and all() need a collection; '{condition.navigation}' is none.")
        found = self._found(step)
        if condition.condition is None:
            return lambda position: bool(found(position)) != negated
        inner = _Compiler(self.scope, step.target).build(condition.condition, negated=False)
        if condition.every:
            return lambda position: all(map(inner, found(position))) != negated
        return lambda position: any(map(inner, found(position))) != negated

    def _related(self, condition: Related, *, negated: bool) -> Predicate:
        get = self.getter(Path(condition.column, logical=True))
        found = finder(self.scope, condition.table, condition.other, condition.condition)
        return lambda position: bool(found(get(position))) != negated

    def _found(self, step: Navigation) -> Callable[[int], list[int]]:
        organization, table = self.scope.organization, self.scope.organization.table(self.table)
        return lambda position: collected(organization, step, table.row_id(position))


def _every(tests: list[Predicate]) -> Predicate:
    if len(tests) == 2:
        first, second = tests
        return lambda position: first(position) and second(position)
    return lambda position: all(test(position) for test in tests)


def _any(tests: list[Predicate]) -> Predicate:
    if len(tests) == 2:
        first, second = tests
        return lambda position: first(position) or second(position)
    return lambda position: any(test(position) for test in tests)
