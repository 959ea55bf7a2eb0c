"""QueryExpression as JSON, as far as it says which rows of one table are meant (BulkDelete)."""

from collections.abc import Mapping
from typing import Any, Final

from dataverse_emulator.query import fetch_conditions
from dataverse_emulator.query.joined import all_of
from dataverse_emulator.query.model import Condition, Some
from dataverse_emulator.query.scope import column_named, table_named
from dataverse_emulator.state.definitions import Definition
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Refusal, bad_payload, not_implemented

#: ConditionOperator members by the FetchXML operators of the same meaning.
_OPERATORS: Final[Mapping[str, str]] = {
    "Equal": "eq",
    "NotEqual": "ne",
    "GreaterThan": "gt",
    "GreaterEqual": "ge",
    "LessThan": "lt",
    "LessEqual": "le",
    "In": "in",
    "NotIn": "not-in",
    "Null": "null",
    "NotNull": "not-null",
    "Like": "like",
    "NotLike": "not-like",
    "BeginsWith": "begins-with",
    "EndsWith": "ends-with",
}
_MOST_DEPTH: Final = 20


def parsed(organization: Organization, query: object) -> tuple[str, Condition | None]:
    """The table, and what must hold of its rows."""
    if not isinstance(query, dict) or not isinstance(query.get("EntityName"), str):
        raise _bad("QuerySet holds queries with an EntityName")
    if query.get("LinkEntities"):
        raise not_implemented("LinkEntities of a QueryExpression", "Criteria are.")
    definition = table_named(organization, query["EntityName"])
    criteria = query.get("Criteria")
    return definition.name, None if criteria is None else _filter(organization, definition, criteria, 0)


def _filter(organization: Organization, definition: Definition, held: object, depth: int) -> Condition | None:
    if not isinstance(held, dict) or depth > _MOST_DEPTH:
        raise _bad("Criteria must be a filter")
    parts = [_condition(organization, definition, part) for part in _list(held, "Conditions")]
    for inner in _list(held, "Filters"):
        found = _filter(organization, definition, inner, depth + 1)
        parts += [] if found is None else [found]
    operator = held.get("FilterOperator", "And")
    if operator not in ("And", "Or"):
        raise _bad("FilterOperator is And or Or")
    return Some(tuple(parts)) if operator == "Or" and len(parts) > 1 else all_of(parts)


def _condition(organization: Organization, definition: Definition, held: object) -> Condition:
    if not isinstance(held, dict) or not isinstance(held.get("AttributeName"), str):
        raise _bad("a condition has an AttributeName")
    operator = _OPERATORS.get(str(held.get("Operator")))
    if operator is None:
        raise not_implemented("this ConditionOperator", f"'{str(held.get('Operator'))[:40]}'.")
    column = column_named(definition, held["AttributeName"])
    values = [_value(value) for value in _list(held, "Values")]
    return fetch_conditions.condition(organization.model, definition, column, operator, values)


def _list(held: Mapping[str, Any], name: str) -> list[object]:
    found = held.get(name) or []
    if not isinstance(found, list):
        raise _bad(f"{name} must be a list")
    return found


def _value(held: object) -> str:
    """A value is an object with its .NET type, as in `{"Value":"…","Type":"System.Guid"}`."""
    value = held.get("Value") if isinstance(held, dict) else held
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise _bad("Values must hold texts and numbers")
    return str(value)


def _bad(detail: str) -> Refusal:
    return bad_payload("BulkDelete", f"{detail}.")
