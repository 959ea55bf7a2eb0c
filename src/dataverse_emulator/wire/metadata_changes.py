"""RetrieveMetadataChanges: definitions of tables and columns in one answer (Query schema definitions)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from dataverse_emulator.state import column_facts
from dataverse_emulator.state.definitions import Definition
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import bad_syntax, not_implemented
from dataverse_emulator.wire import definition_items
from dataverse_emulator.wire.answers import Answer, Call, json_answer
from dataverse_emulator.wire.functions import arguments
from dataverse_emulator.wire.requests import Segment

Facts = Mapping[str, Any]

_CRM: Final = "Microsoft.Dynamics.CRM."
_UNIMITATED: Final = ("RelationshipQuery", "KeyQuery", "LabelQuery")
#: What every item says whatever is asked for.
_ALWAYS: Final = ("MetadataId", "HasChanged")
_MOST_DEPTH: Final = 20


def retrieve(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """The definitions that the query's criteria find, with the properties it names."""
    text = path[0].key or ""
    if "ClientVersionStamp" in text or "DeletedMetadataFilters" in text:
        raise not_implemented("changes of metadata since a stamp", "the definitions of now are.")
    query = _query(arguments(call, text, frozenset({"Query"}))["Query"])
    for name in _UNIMITATED:
        if query.get(name):
            raise not_implemented(f"{name} of RetrieveMetadataChanges", "AttributeQuery is.")
    found = [
        _table(organization, definition, query)
        for definition in organization.model.tables.values()
        if _holds(query.get("Criteria"), definition_items.table(organization, definition).facts)
    ]
    body = {
        "@odata.context": f"{call.root}/$metadata#{_CRM}RetrieveMetadataChangesResponse",
        "ServerVersionStamp": str(organization.version),
        "EntityMetadata": found,
        "DeletedMetadata": None,
    }
    return json_answer(body, operations=len(found))


def _query(text: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise bad_syntax("Query must be an EntityQueryExpression.")
    return found


def _table(organization: Organization, definition: Definition, query: Facts) -> dict[str, Any]:
    names = _names(query)
    facts = _only(definition_items.table(organization, definition).facts, names)
    columns = query.get("AttributeQuery")
    if columns is not None and (names is None or "Attributes" in names):
        facts["Attributes"] = _columns(organization, definition, _object(columns))
    return facts


def _columns(organization: Organization, definition: Definition, query: Facts) -> list[dict[str, Any]]:
    names, found = _names(query), list[dict[str, Any]]()
    for column in definition.columns.values():
        facts = definition_items.column(organization, definition, column, cast=True).facts
        if _holds(query.get("Criteria"), facts):
            found.append({"@odata.type": column_facts.odata_type(column)} | _only(facts, names))
    return found


def _names(query: Facts) -> frozenset[str] | None:
    """The properties asked for; nothing when all are."""
    properties = _object(query.get("Properties") or {})
    if properties.get("AllProperties") is True:
        return None
    names = properties.get("PropertyNames") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise bad_syntax("PropertyNames must hold names.")
    return frozenset(names)


def _only(facts: Facts, names: frozenset[str] | None) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if names is None or name in names or name in _ALWAYS}


def _holds(criteria: object, facts: Facts, depth: int = 0) -> bool:
    """Whether a MetadataFilterExpression holds; none holds always."""
    if criteria is None:
        return True
    held = _object(criteria)
    if depth > _MOST_DEPTH:
        raise bad_syntax("Criteria are nested too deeply.")
    answers = [_compares(_object(one), facts) for one in _list(held, "Conditions")]
    answers += [_holds(one, facts, depth + 1) for one in _list(held, "Filters")]
    operator = held.get("FilterOperator", "And")
    if operator not in ("And", "Or"):
        raise bad_syntax("FilterOperator is And or Or.")
    return all(answers) if operator == "And" else any(answers) or not answers


def _compares(condition: Facts, facts: Facts) -> bool:
    operator, value = str(condition.get("ConditionOperator")), condition.get("Value")
    wanted = value.get("Value") if isinstance(value, dict) else value
    present = _bare(facts.get(str(condition.get("PropertyName"))))
    match operator:
        case "Equals" | "NotEquals":
            return (present == _bare(wanted)) == (operator == "Equals")
        case "In" | "NotIn":
            options = [_bare(one) for one in wanted] if isinstance(wanted, list) else []
            return (present in options) == (operator == "In")
    raise not_implemented("this MetadataConditionOperator", f"'{operator[:40]}'.")


def _bare(value: object) -> object:
    """Managed properties compare by their value, texts without regard to case or type."""
    if isinstance(value, dict):
        value = value.get("Value")
    return str(value).lower() if isinstance(value, str | bool | int) else value


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise bad_syntax("The query holds something else where an object is needed.")
    return value


def _list(held: Facts, name: str) -> Sequence[object]:
    found = held.get(name) or []
    if not isinstance(found, list):
        raise bad_syntax(f"{name} must be a list.")
    return found
