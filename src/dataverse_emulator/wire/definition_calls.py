"""EntityDefinitions over the wire: the contact table and its columns (dataverse.md section 7)."""

from collections.abc import Mapping, Sequence
from typing import Any

from dataverse_emulator.query import filter_text
from dataverse_emulator.query.model import All, Compare, Condition, Literal, Op, Some
from dataverse_emulator.query.odata import check_options
from dataverse_emulator.state import column_definitions, solutions
from dataverse_emulator.state.columns import Column, Kind, guid
from dataverse_emulator.state.definitions import Definition
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, not_implemented
from dataverse_emulator.wire import requests
from dataverse_emulator.wire.answers import Answer, Call, json_answer, json_object
from dataverse_emulator.wire.changes import SOLUTION_HEADER
from dataverse_emulator.wire.requests import Segment

_FILTERABLE = frozenset({"LogicalName", "SchemaName", "AttributeType", "IsCustomAttribute", "MetadataId"})
_OPTIONS = frozenset({"$select", "$expand", "$filter"})


def perform(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """Everything below EntityDefinitions(…)."""
    table_key = path[0].key
    if table_key is None:
        raise not_implemented(
            "reading or creating tables in bulk", "address EntityDefinitions(LogicalName='…')."
        )
    definition = _definition(organization, table_key)
    if len(path) == 1:
        return _table(organization, call, definition)
    if path[1].name != "Attributes" or len(path) > 4:
        raise not_implemented(f"EntityDefinitions(…)/{path[1].name}", "Attributes is.")
    if path[1].key is None:
        return _collection(organization, call, definition, path[2:])
    column = column_definitions.need(definition, _column_name(definition, path[1].key))
    return _column(organization, call, definition, column, path[2:])


def _definition(organization: Organization, key: str) -> Definition:
    name, wanted = _named(key, "LogicalName"), guid(key)
    for definition in organization.model.tables.values():
        if definition.name == name or (wanted and definition.metadata_id == wanted):
            return definition
    raise not_implemented(f"the definition of table {key[:60]}", "see its README for its tables.")


def _named(key: str, part: str) -> str | None:
    prefix = f"{part}='"
    return key[len(prefix) : -1] if key.startswith(prefix) and key.endswith("'") else None


def _column_name(definition: Definition, key: str) -> str:
    name = _named(key, "LogicalName")
    if name is not None:
        return name
    wanted = guid(key)
    for column in definition.columns.values():
        if wanted == column_definitions.metadata_id(definition, column):
            return column.name
    raise Refusal(Problem.OBJECT_DOES_NOT_EXIST, f"Could not find an attribute with id {key[:60]}")


def _table(organization: Organization, call: Call, definition: Definition) -> Answer:
    if call.method != "GET":
        raise not_implemented(f"{call.method} of a table definition", "GET is.")
    given = requests.options(call.query)
    _check(given, frozenset({"$select"}))
    found = column_definitions.table(organization, definition)
    select = _select(given, found)
    suffix = f"({','.join(select)})" if select else ""
    context = f"{call.root}/$metadata#EntityDefinitions{suffix}/$entity"
    return json_answer({"@odata.context": context} | _only(found, select))


def _collection(
    organization: Organization, call: Call, definition: Definition, rest: Sequence[Segment]
) -> Answer:
    cast = _cast(rest)
    if call.method == "POST" and cast is None:
        return _create(organization, call, definition)
    if call.method != "GET":
        raise not_implemented(f"{call.method} of Attributes", "GET and POST are.")
    given = requests.options(call.query)
    _check(given, _OPTIONS)
    condition = _simple(filter_text.parsed(given["$filter"])) if "$filter" in given else None
    values = []
    for column in definition.columns.values():
        found = column_definitions.attribute(organization, definition, column, option_set="$expand" in given)
        if (cast and column.kind is not Kind.BOOLEAN) or (condition and not _holds(condition, found)):
            continue
        shown = _only(found, _select(given, found))
        values.append(shown if cast else {"@odata.type": column_definitions.odata_type(column)} | shown)
    context = f"{call.root}/$metadata#EntityDefinitions('{definition.name}')/Attributes"
    return json_answer({"@odata.context": context, "value": values})


def _simple(condition: Condition) -> Condition:
    """ "supports only simple eq etc." (7.6): comparisons and their combinations, no functions."""
    match condition:
        case Compare(path, Op.EQ | Op.NE, _) if path.name in _FILTERABLE and not path.through:
            return condition
        case All(parts) | Some(parts) if all(map(_simple, parts)):
            return condition
    raise not_implemented("this $filter on metadata", "comparisons joined by and/or are.")


def _holds(condition: Condition, found: Mapping[str, Any]) -> bool:
    match condition:
        case Compare(path, op, Literal(_, wanted)):
            value = found.get(path.name)
            same = str(value).lower() == str(wanted).lower() if wanted is not None else value is None
            return same == (op is Op.EQ)
        case All(parts):
            return all(_holds(part, found) for part in parts)
        case Some(parts):
            return any(_holds(part, found) for part in parts)
    return False


def _create(organization: Organization, call: Call, definition: Definition) -> Answer:
    body = json_object(call)
    solution = call.headers.get(SOLUTION_HEADER)
    if solution is not None:
        solutions.need(organization, solution)
    column = column_definitions.add_boolean(organization, definition, body)
    column_id = column_definitions.metadata_id(definition, column)
    solutions.join(organization, solution, "attribute", column_id)
    address = f"{call.root}/EntityDefinitions({definition.metadata_id})/Attributes({column_id})"
    return Answer(204, {"OData-EntityId": address})


def _column(
    organization: Organization, call: Call, definition: Definition, column: Column, rest: Sequence[Segment]
) -> Answer:
    cast = _cast(rest)
    if call.method == "PUT":
        column_definitions.relabel(organization, definition, column.name, json_object(call))
        return Answer(204)
    if call.method == "DELETE" and cast is None:
        column_definitions.remove(organization, definition, column.name)
        solutions.leave(organization, column_definitions.metadata_id(definition, column))
        return Answer(204)
    if call.method != "GET":
        raise not_implemented(f"{call.method} of a column", "GET, PUT and DELETE are.")
    given = requests.options(call.query)
    _check(given, frozenset({"$select", "$expand"}))
    if cast and column.kind is not Kind.BOOLEAN:
        raise not_implemented("casting a column to a type it does not have", "the outcome is not documented.")
    found = column_definitions.attribute(organization, definition, column, option_set="$expand" in given)
    context = f"{call.root}/$metadata#EntityDefinitions('{definition.name}')/Attributes/$entity"
    head: dict[str, Any] = {"@odata.context": context}
    if cast is None:
        head["@odata.type"] = column_definitions.odata_type(column)
    return json_answer(head | _only(found, _select(given, found)))


def _cast(rest: Sequence[Segment]) -> str | None:
    if not rest:
        return None
    if len(rest) > 1 or rest[0].name != column_definitions.BOOLEAN_TYPE or rest[0].key is not None:
        raise not_implemented(f"…/{rest[0].name[:80]}", f"the cast to {column_definitions.BOOLEAN_TYPE} is.")
    return rest[0].name


def _check(given: Mapping[str, str], allowed: frozenset[str]) -> None:
    expand = given.get("$expand")
    if expand is not None and expand != "OptionSet":
        raise not_implemented(f"$expand={expand[:40]} on metadata", "OptionSet is.")
    check_options(given, allowed) if expand is None else check_options(
        {name: value for name, value in given.items() if name != "$expand"}, allowed
    )


def _select(given: Mapping[str, str], found: Mapping[str, object]) -> tuple[str, ...]:
    if "$select" not in given:
        return ()
    names = tuple(part.strip() for part in given["$select"].split(",") if part.strip())
    for name in names:
        if name not in found and name not in ("DefaultValue", "MaxLength", "Format"):
            raise not_implemented(f"metadata property '{name[:60]}'", "see its README for those that are.")
    return names


def _only(found: Mapping[str, object], select: tuple[str, ...]) -> dict[str, object]:
    if not select:
        return dict(found)
    kept = {name: found[name] for name in select if name in found}
    return (
        {"MetadataId": found["MetadataId"]}
        | kept
        | ({"OptionSet": found["OptionSet"]} if "OptionSet" in found else {})
    )
