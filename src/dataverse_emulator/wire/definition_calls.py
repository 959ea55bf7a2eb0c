"""EntityDefinitions, RelationshipDefinitions and GlobalOptionSetDefinitions (dataverse.md section 7)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dataverse_emulator.state import (
    column_definitions,
    edits,
    key_definitions,
    option_sets,
    relationship_definitions,
    solutions,
    table_definitions,
)
from dataverse_emulator.state.column_facts import metadata_id
from dataverse_emulator.state.columns import Column, guid
from dataverse_emulator.state.definitions import Definition, ManyToMany, OneToMany, OptionSet
from dataverse_emulator.state.metadata_types import CRM, kinds_of, type_name
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_syntax, not_implemented
from dataverse_emulator.wire import definition_items as items
from dataverse_emulator.wire import requests
from dataverse_emulator.wire.answers import Answer, Call, json_answer, json_object
from dataverse_emulator.wire.changes import SOLUTION_HEADER
from dataverse_emulator.wire.definition_query import Item, chosen, view, wanted
from dataverse_emulator.wire.requests import Segment

MERGE_HEADER: Final = "mscrm.mergelabels"
_RELATIONSHIPS: Final = frozenset(
    {"OneToManyRelationships", "ManyToOneRelationships", "ManyToManyRelationships"}
)
_SHOWN: Final = frozenset({"$select", "$expand"})


def perform(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """Everything below the three sets of definitions."""
    match path[0].name:
        case "EntityDefinitions":
            return _tables(organization, call, path)
        case "RelationshipDefinitions":
            return _relationships(organization, call, path)
        case _:
            return _option_sets(organization, call, path)


# -- what all three share ----------------------------------------------------------------------------------


def _solution(organization: Organization, call: Call) -> str | None:
    name = call.headers.get(SOLUTION_HEADER)
    if name is not None:
        solutions.need(organization, name)
    return name


def _merge(call: Call) -> bool:
    return call.headers.get(MERGE_HEADER, "false").lower() == "true"


def _named(key: str, part: str = "LogicalName") -> str:
    """The name or id in parentheses: `LogicalName='contact'` or a guid."""
    prefix = f"{part}='"
    if key.startswith(prefix) and key.endswith("'"):
        return key[len(prefix) : -1]
    found = guid(key)
    if found is None:
        raise bad_syntax(f"The key '{key[:80]}' is neither an id nor {part}='…'.")
    return found


def _many(call: Call, found: Sequence[Item], place: str) -> Answer:
    asked = wanted(requests.options(call.query))
    values = chosen(found, asked)
    suffix = f"({','.join(asked.select)})" if asked.select else ""
    return json_answer({"@odata.context": f"{call.root}/$metadata#{place}{suffix}", "value": values})


def _one(call: Call, found: Item, place: str) -> Answer:
    asked = wanted(requests.options(call.query), _SHOWN)
    suffix = f"({','.join(asked.select)})" if asked.select else ""
    head: dict[str, Any] = {"@odata.context": f"{call.root}/$metadata#{place}{suffix}/$entity"}
    return json_answer(head | view(found, asked))


def _below(call: Call, found: Item, rest: Sequence[Segment], place: str) -> Answer:
    """A property of a definition, or what it leads to."""
    name = rest[0].name
    if len(rest) > 1 or rest[0].key is not None or call.method != "GET":
        raise not_implemented(f"{call.method} …/{name[:60]}", "see its README for what is.")
    if name in found.below:
        held = found.below[name]()
        if held is None:
            return Answer(204)
        where = f"{place}/{name}"
        return _one(call, held, where) if isinstance(held, Item) else _many(call, held, where)
    if name in found.facts:
        return json_answer(
            {"@odata.context": f"{call.root}/$metadata#{place}/{name}", "value": found.facts[name]}
        )
    raise Refusal(Problem.UNKNOWN_RESOURCE, f"Resource not found for the segment '{name[:80]}'.")


def _made(address: str) -> Answer:
    return Answer(204, {"OData-EntityId": address})


def _not_allowed(call: Call) -> Refusal:
    return Refusal(
        Problem.METHOD_NOT_ALLOWED,
        f"The requested resource does not support http method '{call.method[:20]}'.",
    )


# -- tables ------------------------------------------------------------------------------------------------


def _tables(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    if path[0].key is None:
        return _all_tables(organization, call, path)
    definition = _definition(organization, path[0].key)
    if len(path) == 1:
        return _table(organization, call, definition)
    head, rest = path[1], path[2:]
    if head.name == "Attributes":
        if head.key is None:
            return _columns(organization, call, definition, rest)
        name = _column_name(definition, head.key)
        return _column(organization, call, definition, edits.need_column(definition, name), rest)
    if head.name == "Keys":
        return _keys(organization, call, definition, head, rest)
    place = f"EntityDefinitions('{definition.name}')"
    if head.name in _RELATIONSHIPS and head.key is not None:
        found = relationship_definitions.need(organization, _named(head.key, "SchemaName"))
        if call.method != "GET" or rest:
            raise not_implemented(f"{call.method} …/{head.name}(…)", "RelationshipDefinitions is.")
        return _one(call, items.relationship(organization, found, cast=True), f"{place}/{head.name}")
    return _below(call, items.table(organization, definition), path[1:], place)


def _all_tables(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    if len(path) > 1:
        raise not_implemented(f"EntityDefinitions/{path[1].name[:60]}", "EntityDefinitions(…) is.")
    match call.method:
        case "GET":
            held = organization.model.tables.values()
            return _many(call, [items.table(organization, one) for one in held], "EntityDefinitions")
        case "POST":
            made = table_definitions.create(organization, json_object(call), _solution(organization, call))
            return _made(f"{call.root}/EntityDefinitions({made.metadata_id})")
    raise _not_allowed(call)


def _definition(organization: Organization, key: str) -> Definition:
    name = _named(key)
    for definition in organization.model.tables.values():
        if name.lower() == definition.metadata_id:
            return definition
    if guid(key) is not None:
        raise Refusal(Problem.OBJECT_DOES_NOT_EXIST, f"Could not find an entity with id {key}")
    return edits.need_table(organization, name)


def _table(organization: Organization, call: Call, definition: Definition) -> Answer:
    address = f"{call.root}/EntityDefinitions({definition.metadata_id})"
    match call.method:
        case "GET":
            return _one(call, items.table(organization, definition), "EntityDefinitions")
        case "PUT":
            solution = _solution(organization, call)
            table_definitions.update(organization, definition, json_object(call), merge=_merge(call))
            solutions.join(organization, solution, "entity", definition.metadata_id)
            return _made(address)
        case "DELETE":
            table_definitions.remove(organization, definition)
            return Answer(204)
    raise _not_allowed(call)  # "PATCH is not allowed" (7.5)


# -- columns -----------------------------------------------------------------------------------------------


def _column_name(definition: Definition, key: str) -> str:
    name = _named(key)
    for column in definition.columns.values():
        if name.lower() == metadata_id(definition, column):
            return column.name
    return name


def _cast(rest: Sequence[Segment]) -> str | None:
    """The type of column an address is narrowed to."""
    if not rest or not rest[0].name.startswith(CRM):
        return None
    if rest[0].key is not None or not kinds_of(rest[0].name):
        raise Refusal(Problem.UNKNOWN_RESOURCE, f"Resource not found for the segment '{rest[0].name[:80]}'.")
    return rest[0].name


def _columns(
    organization: Organization, call: Call, definition: Definition, rest: Sequence[Segment]
) -> Answer:
    cast = _cast(rest)
    if len(rest) > (0 if cast is None else 1):
        raise not_implemented(f"Attributes/{rest[-1].name[:60]}", "a cast is.")
    match call.method:
        case "GET":
            place = f"EntityDefinitions('{definition.name}')/Attributes"
            found = items.columns(organization, definition, cast)
            return _many(call, found, place if cast is None else f"{place}/{cast}")
        case "POST" if cast is None:
            solution = _solution(organization, call)
            made = column_definitions.create(organization, definition, json_object(call), solution)
            return _made(_column_address(call, definition, made))
    raise _not_allowed(call)


def _column_address(call: Call, definition: Definition, column: Column) -> str:
    return f"{_addressed(call)}/Attributes({metadata_id(definition, column)})"


def _addressed(call: Call) -> str:
    """The table as the request addressed it, by id or by name: both forms are documented (7.3)."""
    return f"{call.root}/EntityDefinitions({requests.segments(call.path)[0].key})"


def _column(
    organization: Organization, call: Call, definition: Definition, column: Column, rest: Sequence[Segment]
) -> Answer:
    cast = _cast(rest)
    if cast not in (None, f"{CRM}AttributeMetadata", type_name(column.kind)):
        raise Refusal(
            Problem.OBJECT_DOES_NOT_EXIST,
            f"Attribute {column.name} of {definition.name} is not of type {cast}.",
        )
    tail = rest[1:] if cast else rest
    match call.method:
        case "PUT" if not tail:
            solution = _solution(organization, call)
            body, merge = json_object(call), _merge(call)
            column_definitions.update(organization, definition, column.name, body, merge=merge)
            solutions.join(organization, solution, "attribute", metadata_id(definition, column))
            return _made(_column_address(call, definition, column))
        case "DELETE" if not rest:
            column_definitions.remove(organization, definition, column.name)
            return Answer(204)
        case "GET":
            found = items.column(organization, definition, column, cast=cast is not None)
            place = f"EntityDefinitions('{definition.name}')/Attributes"
            place = place if cast is None else f"{place}/{cast}"
            return _below(call, found, tail, place) if tail else _one(call, found, place)
    raise _not_allowed(call)


# -- keys --------------------------------------------------------------------------------------------------


def _keys(
    organization: Organization, call: Call, definition: Definition, head: Segment, rest: Sequence[Segment]
) -> Answer:
    place = f"EntityDefinitions('{definition.name}')/Keys"
    if rest:
        raise not_implemented(f"Keys/{rest[0].name[:60]}", "Keys and Keys(…) are.")
    if head.key is None:
        match call.method:
            case "GET":
                return _many(call, [items.key(organization, definition, k) for k in definition.keys], place)
            case "POST":
                solution = _solution(organization, call)
                made = key_definitions.create(organization, definition, json_object(call), solution)
                return _made(f"{_addressed(call)}/Keys({made.metadata_id})")
        raise _not_allowed(call)
    key = key_definitions.need(definition, _named(head.key))
    match call.method:
        case "GET":
            return _one(call, items.key(organization, definition, key), place)
        case "DELETE":
            key_definitions.remove(organization, definition, key)
            return Answer(204)
    raise _not_allowed(call)


# -- relationships -----------------------------------------------------------------------------------------


def _relationships(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    head, rest = path[0], path[1:]
    cast = _relationship_cast(rest)
    if head.key is None:
        match call.method:
            case "GET":
                found = [
                    items.relationship(organization, held, cast=cast is not None)
                    for held in organization.model.relationships
                    if cast in (None, _relationship_type(held))
                ]
                return _many(call, found, f"RelationshipDefinitions{'/' + cast if cast else ''}")
            case "POST" if cast is None:
                made = relationship_definitions.create(
                    organization, json_object(call), _solution(organization, call)
                )
                return _made(f"{call.root}/RelationshipDefinitions({made.metadata_id})")
        raise _not_allowed(call)
    relation = relationship_definitions.need(organization, _named(head.key, "SchemaName"))
    if cast not in (None, _relationship_type(relation)):
        raise Refusal(
            Problem.OBJECT_DOES_NOT_EXIST, f"Relationship {relation.schema_name} is not of type {cast}."
        )
    match call.method:
        case "GET":
            item = items.relationship(organization, relation, cast=cast is not None)
            return _one(call, item, f"RelationshipDefinitions{'/' + cast if cast else ''}")
        case "PUT":
            relationship_definitions.update(organization, relation, json_object(call))
            return Answer(204)
        case "DELETE" if cast is None:
            relationship_definitions.remove(organization, relation)
            return Answer(204)
    raise _not_allowed(call)


def _relationship_type(held: OneToMany | ManyToMany) -> str:
    return relationship_definitions.odata_type(held).removeprefix("#")


def _relationship_cast(rest: Sequence[Segment]) -> str | None:
    if not rest:
        return None
    kinds = (relationship_definitions.ONE, relationship_definitions.MANY)
    if len(rest) > 1 or rest[0].name not in kinds or rest[0].key is not None:
        raise Refusal(Problem.UNKNOWN_RESOURCE, f"Resource not found for the segment '{rest[0].name[:80]}'.")
    return rest[0].name


# -- global option sets ------------------------------------------------------------------------------------


def _option_sets(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    head, rest = path[0], path[1:]
    cast = rest[0].name if rest else None
    if rest and (len(rest) > 1 or cast not in (option_sets.PICKLIST, option_sets.BOOLEAN)):
        raise Refusal(Problem.UNKNOWN_RESOURCE, f"Resource not found for the segment '{rest[-1].name[:80]}'.")
    if head.key is None:
        match call.method:
            case "GET":
                found = [
                    items.option_set(organization, held, cast=cast is not None)
                    for held in organization.model.option_sets.values()
                    if cast in (None, option_sets.BOOLEAN if held.boolean else option_sets.PICKLIST)
                ]
                return _many(call, found, "GlobalOptionSetDefinitions")
            case "POST" if cast is None:
                solution = _solution(organization, call)
                made = option_sets.create(organization, json_object(call), solution)
                solutions.join(organization, solution, "optionset", made.metadata_id)
                return _made(f"{call.root}/GlobalOptionSetDefinitions({made.metadata_id})")
        raise _not_allowed(call)
    return _option_set(organization, call, _held(organization, head.key), cast)


def _held(organization: Organization, key: str) -> OptionSet:
    name = _named(key, "Name")
    for held in organization.model.option_sets.values():
        if name.lower() == held.metadata_id:
            return held
    return edits.need_option_set(organization, name.lower())


def _option_set(organization: Organization, call: Call, held: OptionSet, cast: str | None) -> Answer:
    match call.method:
        case "GET":
            item = items.option_set(organization, held, cast=cast is not None)
            return _one(call, item, "GlobalOptionSetDefinitions")
        case "PUT":
            body: Mapping[str, Any] = json_object(call)
            option_sets.update(organization, held.name, dict(body), merge=_merge(call))
            return Answer(204)
        case "DELETE" if cast is None:
            option_sets.remove(organization, held.name)
            solutions.leave(organization, held.metadata_id)
            return Answer(204)
    raise _not_allowed(call)
