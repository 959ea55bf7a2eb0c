"""$select, $filter and $expand over definitions, which are few and never paged (dataverse.md 7.6)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from dataverse_emulator.query import filter_text
from dataverse_emulator.query.model import All, Compare, Condition, Literal, Not, Op, Path, Some
from dataverse_emulator.query.odata import check_options
from dataverse_emulator.query.tokens import split
from dataverse_emulator.state.problems import Refusal, bad_syntax, no_such_property, not_implemented

Facts = dict[str, Any]

_OPTIONS: Final = frozenset({"$select", "$filter", "$expand"})
_ORDERED: Final = {
    Op.GT: lambda a, b: a > b,
    Op.GE: lambda a, b: a >= b,
    Op.LT: lambda a, b: a < b,
    Op.LE: lambda a, b: a <= b,
}


@dataclass(frozen=True, slots=True)
class Item:
    """A definition: its properties, those its type declares, and what can be expanded below it.

    `derived` names its own type where the address declares only a more general one.
    """

    facts: Mapping[str, Any]
    type: str
    known: Mapping[str, str]
    derived: str | None = None
    below: Mapping[str, Callable[[], "Item | Sequence[Item] | None"]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks of definitions."""

    select: tuple[str, ...] = ()
    condition: Condition | None = None
    expand: Mapping[str, "Wanted"] = field(default_factory=dict)


def wanted(given: Mapping[str, str], allowed: frozenset[str] = _OPTIONS) -> Wanted:
    """The query options, read."""
    check_options(given, allowed)
    aliases = {name: value for name, value in given.items() if name.startswith("@")}
    return _wanted(given, aliases)


def _wanted(given: Mapping[str, str], aliases: Mapping[str, str]) -> Wanted:
    text = given.get("$filter")
    return Wanted(
        tuple(dict.fromkeys(part.strip() for part in given.get("$select", "").split(",") if part.strip())),
        None if text is None else filter_text.parsed(text, aliases),
        dict(_expanded(part.strip(), aliases) for part in split(given["$expand"], ","))
        if given.get("$expand")
        else {},
    )


def _expanded(text: str, aliases: Mapping[str, str]) -> tuple[str, Wanted]:
    name, opening, rest = text.partition("(")
    if not opening:
        return name, Wanted()
    if not rest.endswith(")"):
        raise bad_syntax(f"The $expand item '{text[:60]}' cannot be read.")
    given: dict[str, str] = {}
    for part in split(rest[:-1], ";"):
        option, equals, value = part.partition("=")
        if not equals or option.strip() not in _OPTIONS or option.strip() in given:
            raise bad_syntax(f"The query parameter {option.strip()[:40]} is not supported within $expand.")
        given[option.strip()] = value.strip()
    return name, _wanted(given, aliases)


def chosen(items: Sequence[Item], asked: Wanted) -> list[Facts]:
    """The items the condition lets through, as they are to be shown."""
    return [view(item, asked) for item in items if asked.condition is None or _holds(asked.condition, item)]


def view(item: Item, asked: Wanted) -> Facts:
    """One item with what was selected and expanded; its id always comes along."""
    found: Facts = {} if item.derived is None else {"@odata.type": item.derived}
    if asked.select:
        found |= {"MetadataId": item.facts["MetadataId"]} if "MetadataId" in item.facts else {}
        found |= {name: _value(item, name) for name in asked.select}
    else:
        found |= item.facts
    for name, inner in asked.expand.items():
        if name not in item.below:
            raise _unknown(item, name)
        held = item.below[name]()
        if held is None or isinstance(held, Item):
            found[name] = None if held is None else view(held, inner)
        else:
            found[name] = chosen(held, inner)
    return found


def _value(item: Item, name: str) -> Any:
    if name in item.facts:
        return item.facts[name]
    raise _unknown(item, name)


def _unknown(item: Item, name: str) -> Refusal:
    if name in item.known:
        return not_implemented(
            f"{name} of this {item.type}", "nobody documented what it is here; see its README."
        )
    return no_such_property(name, item.type)


def _holds(condition: Condition, item: Item) -> bool:
    match condition:
        case Compare(path, op, literal):
            return _compared(_at(item, path), op, literal)
        case All(parts):
            return all(_holds(part, item) for part in parts)
        case Some(parts):
            return any(_holds(part, item) for part in parts)
        case Not(part):
            return not _holds(part, item)
    raise not_implemented("this $filter on metadata", "comparisons joined by and, or and not are.")


def _at(item: Item, path: Path) -> Any:
    """The value a path leads to; `IsCustomizable/Value` leads into a managed property."""
    head, *rest = (*path.through, path.name)
    if head not in item.known:
        raise no_such_property(head, item.type)
    value = item.facts.get(head)
    if head not in item.facts:
        raise _unknown(item, head)
    for name in rest:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _compared(value: Any, op: Op, literal: Literal) -> bool:
    constant = literal.value
    if op in (Op.EQ, Op.NE):
        same = _folded(value) == _folded(constant)
        return bool(same == (op is Op.EQ))
    if value is None or constant is None:
        return False
    try:
        return bool(_ORDERED[op](value, constant))
    except TypeError:
        raise bad_syntax("A property and a literal of different types cannot be compared.") from None


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value
