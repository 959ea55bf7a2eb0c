"""EntityDefinitions over the wire: the contact table and its columns (dataverse.md section 7)."""

from collections.abc import Mapping, Sequence
from typing import Any

from dataverse_emulator.state import definitions, solutions
from dataverse_emulator.state.columns import Column, Kind, Property, Shape, guid
from dataverse_emulator.state.conditions import Compare, Condition, compiled
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, not_implemented
from dataverse_emulator.wire import filter_text, odata
from dataverse_emulator.wire.answers import Answer, Call, json_answer, json_object
from dataverse_emulator.wire.odata import Segment
from dataverse_emulator.wire.table_calls import SOLUTION_HEADER

_FILTERABLE = {
    "LogicalName": Kind.TEXT,
    "SchemaName": Kind.TEXT,
    "AttributeType": Kind.TEXT,
    "IsCustomAttribute": Kind.BOOLEAN,
    "MetadataId": Kind.GUID,
}
_SHAPE = Shape(
    "AttributeMetadata",
    "Attributes",
    "MetadataId",
    {name: Property(name, Column(name, kind), name) for name, kind in _FILTERABLE.items()},
    partial=True,
)
_OPTIONS = frozenset({"$select", "$expand", "$filter"})


def perform(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """Everything below EntityDefinitions; only contact is described."""
    table_key = path[0].key
    if table_key is None:
        raise not_implemented(
            "reading or creating tables in bulk", "address EntityDefinitions(LogicalName='…')."
        )
    _need_contact(table_key)
    if len(path) == 1:
        return _table(organization, call)
    if path[1].name != "Attributes" or len(path) > 4:
        raise not_implemented(f"EntityDefinitions(…)/{path[1].name}", "Attributes is.")
    if path[1].key is None:
        return _collection(organization, call, path[2:])
    column = definitions.need(organization, _column_name(organization, path[1].key))
    return _column(organization, call, column, path[2:])


def _need_contact(key: str) -> None:
    name = _named(key, "LogicalName")
    if name != "contact" and guid(key) != definitions.CONTACT_METADATA_ID:
        raise not_implemented(f"the definition of table {key[:60]}", "contact is described.")


def _named(key: str, part: str) -> str | None:
    prefix = f"{part}='"
    return key[len(prefix) : -1] if key.startswith(prefix) and key.endswith("'") else None


def _column_name(organization: Organization, key: str) -> str:
    name = _named(key, "LogicalName")
    if name is not None:
        return name
    wanted = guid(key)
    for column in organization.contacts.columns.values():
        if wanted == definitions.metadata_id(column):
            return column.name
    raise Refusal(Problem.OBJECT_DOES_NOT_EXIST, f"Could not find an attribute with id {key[:60]}")


def _table(organization: Organization, call: Call) -> Answer:
    if call.method != "GET":
        raise not_implemented(
            f"{call.method} of a table definition", "GET is; contact has change tracking on."
        )
    given = odata.options(call.query)
    _check(given, frozenset({"$select"}))
    found = definitions.table(organization)
    select = _select(given, found)
    suffix = f"({','.join(select)})" if select else ""
    context = f"{call.root}/$metadata#EntityDefinitions{suffix}/$entity"
    return json_answer({"@odata.context": context} | _only(found, select))


def _collection(organization: Organization, call: Call, rest: Sequence[Segment]) -> Answer:
    cast = _cast(rest)
    if call.method == "POST" and cast is None:
        return _create(organization, call)
    if call.method != "GET":
        raise not_implemented(f"{call.method} of Attributes", "GET and POST are.")
    given = odata.options(call.query)
    _check(given, _OPTIONS)
    condition = filter_text.parsed(given["$filter"]) if "$filter" in given else None
    test = compiled(_simple(condition), _SHAPE, null_is_different=False) if condition else None
    values = []
    for column in organization.contacts.columns.values():
        found = definitions.attribute(organization, column, option_set="$expand" in given)
        if (cast and column.kind is not Kind.BOOLEAN) or (test is not None and not test(found)):
            continue
        shown = _only(found, _select(given, found))
        values.append(shown if cast else {"@odata.type": definitions.odata_type(column)} | shown)
    return json_answer(
        {"@odata.context": f"{call.root}/$metadata#EntityDefinitions('contact')/Attributes", "value": values}
    )


def _simple(condition: Condition) -> Condition:
    # "supports only simple eq etc." (7.6): comparisons and their combinations, no functions.
    parts = getattr(condition, "parts", None) or (condition,)
    if not all(isinstance(part, Compare) for part in parts):
        raise not_implemented("this $filter on metadata", "comparisons joined by and/or are.")
    return condition


def _create(organization: Organization, call: Call) -> Answer:
    body = json_object(call)
    solution = call.headers.get(SOLUTION_HEADER)
    if solution is not None:
        solutions.need(organization, solution)
    column = definitions.add_boolean(organization, body)
    solutions.join(organization, solution, "attributes", definitions.metadata_id(column))
    address = (
        f"{call.root}/EntityDefinitions({definitions.CONTACT_METADATA_ID})"
        f"/Attributes({definitions.metadata_id(column)})"
    )
    return Answer(204, {"OData-EntityId": address})


def _column(organization: Organization, call: Call, column: Column, rest: Sequence[Segment]) -> Answer:
    cast = _cast(rest)
    if call.method == "PUT":
        definitions.relabel(organization, column.name, json_object(call))
        return Answer(204)
    if call.method == "DELETE" and cast is None:
        definitions.drop(organization, column.name)
        solutions.leave(organization, definitions.metadata_id(column))
        return Answer(204)
    if call.method != "GET":
        raise not_implemented(f"{call.method} of a column", "GET, PUT and DELETE are.")
    given = odata.options(call.query)
    _check(given, frozenset({"$select", "$expand"}))
    if cast and column.kind is not Kind.BOOLEAN:
        raise not_implemented("casting a column to a type it does not have", "the outcome is not documented.")
    found = definitions.attribute(organization, column, option_set="$expand" in given)
    context = f"{call.root}/$metadata#EntityDefinitions('contact')/Attributes/$entity"
    head: dict[str, Any] = {"@odata.context": context}
    if cast is None:
        head["@odata.type"] = definitions.odata_type(column)
    return json_answer(head | _only(found, _select(given, found)))


def _cast(rest: Sequence[Segment]) -> str | None:
    if not rest:
        return None
    if len(rest) > 1 or rest[0].name != definitions.BOOLEAN_TYPE or rest[0].key is not None:
        raise not_implemented(f"…/{rest[0].name[:80]}", f"the cast to {definitions.BOOLEAN_TYPE} is.")
    return rest[0].name


def _check(given: Mapping[str, str], allowed: frozenset[str]) -> None:
    expand = given.get("$expand")
    if expand is not None and expand != "OptionSet":
        raise not_implemented(f"$expand={expand[:40]} on metadata", "OptionSet is.")
    odata.check_options(given, allowed) if expand is None else odata.check_options(
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
