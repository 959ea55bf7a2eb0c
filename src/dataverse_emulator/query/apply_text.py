"""The text of $apply, read into a joined query (Aggregate data using OData)."""

import re
from collections.abc import Mapping
from typing import Final

from dataverse_emulator.query import filter_text
from dataverse_emulator.query.joined import (
    Aggregate,
    Aggregation,
    Field,
    Function,
    Group,
    JoinedQuery,
    NameSort,
    all_of,
)
from dataverse_emulator.query.model import Condition, Path
from dataverse_emulator.query.scope import resolved
from dataverse_emulator.query.tokens import shown, split
from dataverse_emulator.state.columns import Kind
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Refusal, bad_syntax, not_implemented

_STEP: Final = re.compile(r"(\w+)\((.*)\)", re.DOTALL | re.ASCII)
_FIGURE: Final = re.compile(r"([\w/]+)\s+with\s+([\w.]+)\s+as\s+(\w+)", re.ASCII)
_COUNT: Final = re.compile(r"\$count\s+as\s+(\w+)", re.ASCII)
_METHODS: Final[Mapping[str, Function]] = {
    "sum": Function.SUM,
    "average": Function.AVERAGE,
    "min": Function.MIN,
    "max": Function.MAX,
}


def parsed(
    organization: Organization, table: str, text: str, aliases: Mapping[str, str], orderby: str | None
) -> JoinedQuery:
    """What the transformations ask for: filters, then groups or figures."""
    reader = _Reader(organization, table, text)
    conditions, steps = list[Condition](), [part.strip() for part in split(text, "/")]
    while steps and (hit := _STEP.fullmatch(steps[0])) is not None and hit[1] == "filter":
        conditions.append(filter_text.parsed(hit[2], aliases))
        steps.pop(0)
    if len(steps) != 1:
        raise not_implemented("this $apply", "filters, then one groupby or aggregate, are.")
    groups, figures = reader.last(steps[0])
    names = [group.name for group in groups] + [figure.name for figure in figures]
    if len(set(names)) < len(names):
        raise bad_syntax("The $apply option gives two values the same name.")
    order = _order(orderby, [group.name for group in groups])
    return JoinedQuery(table, all_of(conditions), aggregation=Aggregation(groups, figures, order))


def _order(text: str | None, groups: list[str]) -> tuple[NameSort, ...]:
    found = []
    for part in text.split(",") if text else ():
        words = part.split()
        if not words or len(words) > 2 or (len(words) == 2 and words[1] not in ("asc", "desc")):
            raise bad_syntax(f"The $orderby item '{part[:60]}' cannot be read.")
        if words[0] not in groups:
            # The documented text for $orderby with aggregate values.
            raise bad_syntax("The query node SingleValueOpenPropertyAccess is not supported.")
        found.append(NameSort(words[0], words[1:] == ["desc"]))
    return tuple(found)


class _Reader:
    def __init__(self, organization: Organization, table: str, text: str) -> None:
        self._organization = organization
        self._table = table
        self._text = text

    def last(self, step: str) -> tuple[tuple[Group, ...], tuple[Aggregate, ...]]:
        """The transformation that makes the result."""
        hit = _STEP.fullmatch(step)
        if hit is None:
            raise self._error()
        match hit[1]:
            case "aggregate":
                return (), self._figures(hit[2])
            case "groupby":
                return self._grouped(hit[2])
            case "filter":
                raise not_implemented("$apply with filters alone", "$filter is.")
        raise not_implemented("this transformation of $apply", f"'{hit[1][:40]}'.")

    def _grouped(self, text: str) -> tuple[tuple[Group, ...], tuple[Aggregate, ...]]:
        names, *rest = (part.strip() for part in split(text, ","))
        if len(rest) > 1 or not (names.startswith("(") and names.endswith(")")):
            raise self._error()
        groups = tuple(self._group(name.strip()) for name in names[1:-1].split(","))
        if not rest:
            return groups, ()
        hit = _STEP.fullmatch(rest[0])
        if hit is None or hit[1] != "aggregate":
            raise not_implemented("this $apply within groupby", "aggregate is.")
        return groups, self._figures(hit[2])

    def _group(self, text: str) -> Group:
        field = self._field(text)
        steps, column = resolved(self._organization, self._table, field.path)
        if column.kind is Kind.WHEN:
            raise not_implemented("groupby with datetime values", "the documentation rules it out.")
        # The documented samples call primarycontactid/fullname contact_fullname.
        name = f"{steps[-1].target}_{field.path.name}" if steps else field.path.name
        return Group(name, field)

    def _figures(self, text: str) -> tuple[Aggregate, ...]:
        return tuple(self._figure(part.strip()) for part in split(text, ","))

    def _figure(self, text: str) -> Aggregate:
        if hit := _COUNT.fullmatch(text):
            return Aggregate(hit[1], Function.COUNT)
        hit = _FIGURE.fullmatch(text)
        if hit is None:
            raise self._error()
        if hit[2] == "countdistinct":  # not in Microsoft's samples, but clients rely on it
            return Aggregate(hit[3], Function.COUNT, self._field(hit[1]), distinct=True)
        function = _METHODS.get(hit[2])
        if function is None:
            raise not_implemented("this aggregation method of $apply", f"'{hit[2][:40]}'.")
        return Aggregate(hit[3], function, self._field(hit[1]))

    def _field(self, text: str) -> Field:
        *through, name = text.split("/")
        if not name.isidentifier():
            raise self._error()
        path = Path(name, tuple(through))
        resolved(self._organization, self._table, path)
        return Field(0, path)

    def _error(self) -> Refusal:
        return bad_syntax(f"The $apply option '{shown(self._text)}' cannot be read.")
