"""The query options of OData, read into a query of one table (dataverse.md 2.3)."""

import re
from collections.abc import Mapping
from typing import Final

from dataverse_emulator.query import filter_text
from dataverse_emulator.query.model import Expand, Order, Path, Query
from dataverse_emulator.query.scope import navigation_of, property_of, resolved
from dataverse_emulator.query.tokens import split
from dataverse_emulator.state.definitions import Way
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_syntax, not_implemented

READ_OPTIONS: Final = frozenset(
    {"$select", "$filter", "$orderby", "$top", "$count", "$expand", "$skiptoken", "$deltatoken"}
)
SHOW_OPTIONS: Final = frozenset({"$select", "$expand"})
_REFUSED: Final = frozenset({"$skip", "$search", "$format"})
_PLANNED: Final = frozenset({"$apply", "fetchXml", "savedQuery", "userQuery", "annotations", "sql"})
_NESTED: Final = frozenset({"$select", "$filter", "$orderby", "$top", "$expand"})
_DIGITS: Final = re.compile(r"\d{1,9}", re.ASCII)
_EXPANDED: Final = re.compile(r"([A-Za-z_]\w*)(/\$ref)?(?:\((.*)\))?", re.DOTALL | re.ASCII)
#: "You can include up to 15 $expand options in a query" (Join tables).
_MOST_EXPANDS: Final = 15


def check_options(given: Mapping[str, str], allowed: frozenset[str] = READ_OPTIONS) -> None:
    """Names are case-sensitive; what is not imitated is refused, never ignored (2.3)."""
    for name in given:
        if name in allowed or name.startswith("@") or name == "tag":
            continue
        if name in _PLANNED or name in READ_OPTIONS:
            raise not_implemented(f"query option {name} here", "see its README for those that are.")
        if name in _REFUSED or name.startswith("$"):
            raise bad_syntax(f"The query parameter {name[:40]} is not supported.")
        raise not_implemented("this query parameter", f"'{name[:40]}'.")


def query_of(
    organization: Organization,
    table: str,
    given: Mapping[str, str],
    allowed: frozenset[str] = READ_OPTIONS,
) -> Query:
    """What a read of a table asks for."""
    check_options(given, allowed)
    aliases = {name: value for name, value in given.items() if name.startswith("@")}
    query = _query(organization, table, given, aliases)
    if _expands(query) > _MOST_EXPANDS:
        raise bad_syntax(f"A query may have {_MOST_EXPANDS} $expand options at most.")
    return query


def _query(
    organization: Organization, table: str, given: Mapping[str, str], aliases: Mapping[str, str]
) -> Query:
    text = given.get("$filter")
    return Query(
        select=_select(organization, table, given.get("$select")),
        condition=filter_text.parsed(text, aliases) if text is not None else None,
        order=_order(organization, table, given.get("$orderby"), aliases),
        top=_top(given.get("$top")),
        count=truth(given.get("$count")),
        expand=_expand(organization, table, given.get("$expand"), aliases),
    )


def _select(organization: Organization, table: str, text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    definition = organization.model.tables[table]
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for name in names:
        if name == "*":
            raise not_implemented("$select=*", "leaving $select out selects everything.")
        if name not in definition.properties and name in organization.model.navigations[table]:
            raise not_implemented(f"navigation property {name} in $select", "$expand brings related rows.")
        property_of(definition, name)
    return names


def _order(
    organization: Organization, table: str, text: str | None, aliases: Mapping[str, str]
) -> tuple[Order, ...]:
    if text is None:
        return ()
    found = []
    for part in text.split(","):
        words = part.split()
        if not words or len(words) > 2 or (len(words) == 2 and words[1] not in ("asc", "desc")):
            raise bad_syntax(f"The $orderby item '{part[:60]}' cannot be read.")
        # "@p1 asc": an alias may stand for a property here too (Parameter aliases with query options).
        *through, name = aliases.get(words[0], words[0]).strip().split("/")
        path = Path(name, tuple(through))
        resolved(organization, table, path)
        found.append(Order(path, words[1:] == ["desc"]))
    return tuple(found)


def _top(text: str | None) -> int | None:
    if text is None:
        return None
    if not _DIGITS.fullmatch(text.strip()):
        raise bad_syntax(f"Invalid value '{text[:40]}' for $top query option.")
    return int(text)


def truth(text: str | None) -> bool:
    """What $count says."""
    if text not in (None, "true", "false"):
        raise bad_syntax(f"Invalid value '{text[:40]}' for $count query option.")
    return text == "true"


def _expand(
    organization: Organization, table: str, text: str | None, aliases: Mapping[str, str], depth: int = 0
) -> tuple[Expand, ...]:
    if text is None:
        return ()
    if depth > _MOST_EXPANDS:
        raise bad_syntax("The $expand option is nested too deeply.")
    found = []
    for part in split(text, ","):
        hit = _EXPANDED.fullmatch(part.strip())
        if hit is None:
            raise bad_syntax(f"The $expand item '{part.strip()[:60]}' cannot be read.")
        found.append(_one(organization, table, hit[1], bool(hit[2]), hit[3], aliases, depth))
    names = [one.navigation for one in found]
    if len(set(names)) < len(names):
        raise bad_syntax("The $expand option names a navigation property more than once.")
    return tuple(found)


def _one(
    organization: Organization,
    table: str,
    name: str,
    references: bool,
    text: str | None,
    aliases: Mapping[str, str],
    depth: int,
) -> Expand:
    step = navigation_of(organization, table, name)
    if references and step.way is not Way.ONE:
        raise Refusal(
            Problem.BAD_EXPAND, "Expand with $ref is only supported on lookup type navigation property."
        )
    given: dict[str, str] = {}
    for part in split(text, ";") if text else ():
        option, equals, value = part.partition("=")
        option = option.strip()
        if not equals or option not in _NESTED or option in given:
            raise bad_syntax(f"The query parameter {option[:40]} is not supported within $expand.")
        given[option] = value.strip()
    many = step.way is not Way.ONE
    nested = "$expand" in given
    if (not many and given.keys() & {"$filter", "$orderby", "$top"}) or (
        nested and given.keys() & {"$orderby", "$top"}
    ):
        raise Refusal(
            Problem.BAD_EXPAND,
            "Only $select and $filter clause can be provided while doing $expand on many-to-one "
            "relationship or nested one-to-many relationship.",
        )
    inner = {name: value for name, value in given.items() if name != "$expand"}
    query = _query(organization, step.target, inner, aliases)
    expand = _expand(organization, step.target, given.get("$expand"), aliases, depth + 1)
    whole = Query(query.select, query.condition, query.order, query.top, expand=expand)
    return Expand(name, whole, references, tuple(given.items()))


def _expands(query: Query) -> int:
    return sum(1 + _expands(expand.query) for expand in query.expand)
