"""RetrieveMetadataChanges: definitions chosen by a query, each with what its type has (dataverse.md 3.5)."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import msgspec

from dataverse_emulator.state import column_facts, relationship_definitions, table_facts
from dataverse_emulator.state.definitions import Definition, ManyToMany
from dataverse_emulator.state.metadata_types import checked
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Refusal, bad_payload, not_implemented
from dataverse_emulator.wire.answers import Answer, Call, json_answer
from dataverse_emulator.wire.functions import arguments
from dataverse_emulator.wire.requests import Segment

Facts = dict[str, Any]

_QUERY: Final = {
    "Criteria": "object",
    "Properties": "object",
    "AttributeQuery": "object",
    "RelationshipQuery": "object",
    "KeyQuery": "object",
    "LabelQuery": "object",
}
_PARTS: Final = {"Criteria": "object", "Properties": "object"}
_PROPERTIES: Final = {"AllProperties": "flag", "PropertyNames": "texts"}
_FILTER: Final = {"Conditions": "list", "Filters": "list", "FilterOperator": "text"}
_CONDITION: Final = {"PropertyName": "text", "ConditionOperator": "text", "Value": "object"}
_TESTS: Final[Mapping[str, Callable[[Any, Any], bool]]] = MappingProxyType(
    {
        "Equals": lambda held, wanted: held == _bare(wanted),
        "NotEquals": lambda held, wanted: held != _bare(wanted),
        "In": lambda held, wanted: isinstance(wanted, list) and held in map(_bare, wanted),
        "NotIn": lambda held, wanted: isinstance(wanted, list) and held not in map(_bare, wanted),
    }
)
_MOST_DEPTH: Final = 20


def perform(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """GET with an EntityQueryExpression; changes since a stamp are not told."""
    text = path[0].key or ""
    if "ClientVersionStamp" in text or "DeletedMetadataFilters" in text:
        raise not_implemented("changes of definitions since a stamp", "a Query of what there is is.")
    given = arguments(call, text, frozenset({"Query"}))
    try:
        query = msgspec.json.decode(given["Query"])
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _bad(str(error)) from None
    asked = checked("EntityQueryExpression", _object(query), _QUERY)
    if "LabelQuery" in asked:
        raise not_implemented("labels of some languages only", "a query without LabelQuery is.")
    found = [
        _table(organization, definition, asked)
        for definition in organization.model.tables.values()
        if _holds(asked.get("Criteria"), table_facts.table(organization, definition))
    ]
    context = f"{call.root}/$metadata#Microsoft.Dynamics.CRM.RetrieveMetadataChangesResponse"
    return json_answer(
        {
            "@odata.context": context,
            "ServerVersionStamp": f"{organization.model_version()}!",
            "EntityMetadata": found,
            "DeletedMetadata": None,
        },
        operations=len(found),
    )


def _table(organization: Organization, definition: Definition, asked: Facts) -> Facts:
    """One table with the collections that its properties name."""
    facts = table_facts.table(organization, definition)
    below: dict[str, Callable[[], list[Facts]]] = {
        "Attributes": lambda: _chosen(_columns(organization, definition), asked.get("AttributeQuery")),
        "Keys": lambda: _chosen(_keys(organization, definition), asked.get("KeyQuery")),
        **{
            name: lambda name=name: _chosen(  # type: ignore[misc]
                _relationships(organization, definition, name), asked.get("RelationshipQuery")
            )
            for name in ("OneToManyRelationships", "ManyToOneRelationships", "ManyToManyRelationships")
        },
    }
    every, names = _properties(asked.get("Properties"))
    shown = _only(facts, every, names)
    return shown | {name: make() for name, make in below.items() if every or name in names}


def _columns(organization: Organization, definition: Definition) -> list[Facts]:
    found = []
    for column in definition.columns.values():
        facts = column_facts.attribute(organization, definition, column)
        options = column_facts.option_set(organization, definition, column)
        more = {} if options is None else {"OptionSet": options}
        found.append({"@odata.type": column_facts.odata_type(column)} | facts | more)
    return found


def _keys(organization: Organization, definition: Definition) -> list[Facts]:
    language = organization.settings.language_code
    return [table_facts.key(definition, key, language) for key in definition.keys]


def _relationships(organization: Organization, definition: Definition, kind: str) -> list[Facts]:
    name, found = definition.name, []
    for relation in organization.model.relationships:
        if isinstance(relation, ManyToMany):
            told = kind == "ManyToManyRelationships" and name in (relation.table, relation.other)
        else:
            end = {"OneToManyRelationships": relation.other, "ManyToOneRelationships": relation.table}
            told = end.get(kind) == name
        if told:
            found.append(relationship_definitions.facts(organization, relation))
    return found


def _chosen(items: list[Facts], query: Facts | None) -> list[Facts]:
    asked = checked("MetadataQueryExpression", query or {}, _PARTS)
    every, names = _properties(asked.get("Properties"))
    return [_only(item, every, names) for item in items if _holds(asked.get("Criteria"), item)]


def _properties(part: Facts | None) -> tuple[bool, frozenset[str]]:
    """Whether all properties are wanted, and else which; without any word all are."""
    if part is None:
        return True, frozenset()
    given = checked("MetadataPropertiesExpression", part, _PROPERTIES)
    return given.get("AllProperties", False), frozenset(given.get("PropertyNames", ()))


def _only(facts: Facts, every: bool, names: frozenset[str]) -> Facts:
    """What always comes along, and what was asked for; names of other types say nothing here."""
    always = ("@odata.type", "MetadataId", "HasChanged")
    return {name: value for name, value in facts.items() if every or name in always or name in names}


def _holds(part: Facts | None, facts: Facts, depth: int = 0) -> bool:
    if part is None:
        return True
    if depth > _MOST_DEPTH:
        raise _bad("Criteria are nested too deeply.")
    given = checked("MetadataFilterExpression", _object(part), _FILTER)
    tests = [_true(_object(one), facts) for one in given.get("Conditions", [])]
    tests += [_holds(_object(one), facts, depth + 1) for one in given.get("Filters", [])]
    operator = given.get("FilterOperator", "And")
    if operator not in ("And", "Or"):
        raise _bad(f"FilterOperator has no value '{operator[:40]}'.")
    return all(tests) if operator == "And" else any(tests)


def _true(part: Facts, facts: Facts) -> bool:
    given = checked("MetadataConditionExpression", part, _CONDITION)
    name, operator = given.get("PropertyName", ""), given.get("ConditionOperator", "")
    if operator not in _TESTS:
        raise not_implemented(f"ConditionOperator '{operator[:40]}'", f"{', '.join(_TESTS)} are.")
    if name not in facts:
        raise not_implemented(f"conditions on {name[:60]}", "nobody documented what it is here.")
    return _TESTS[operator](_bare(facts[name]), given.get("Value", {}).get("Value"))


def _bare(value: object) -> object:
    """What is compared: managed properties by their value, texts in any case, literals as their texts."""
    if isinstance(value, Mapping):
        value = value.get("Value")
    return str(value).lower() if isinstance(value, str | bool | int) else value


def _object(value: object) -> Facts:
    if not isinstance(value, dict):
        raise _bad("an object was expected.")
    return value


def _bad(why: str) -> Refusal:
    return bad_payload("EntityQueryExpression", why)
