"""Relationships between tables: described, made, changed, deleted (dataverse.md 7.5)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from dataverse_emulator.state import column_definitions, edits, solutions
from dataverse_emulator.state.column_facts import managed_property
from dataverse_emulator.state.column_reading import common
from dataverse_emulator.state.columns import Column, Kind
from dataverse_emulator.state.definitions import Definition, ManyToMany, OneToMany
from dataverse_emulator.state.dependencies import relationship_id
from dataverse_emulator.state.metadata_types import (
    CRM,
    RELATIONSHIP,
    checked,
    column_properties,
    missing,
    of_type,
    words,
)
from dataverse_emulator.state.names import check_schema_name
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_payload, not_implemented
from dataverse_emulator.state.standard import intersect

Facts = dict[str, Any]
Relation = OneToMany | ManyToMany

ONE: Final = f"{CRM}OneToManyRelationshipMetadata"
MANY: Final = f"{CRM}ManyToManyRelationshipMetadata"
_ACTIONS: Final = ("Assign", "Delete", "Merge", "Reparent", "Share", "Unshare", "RollupView", "Archive")
_LINKS: Final = frozenset({"NoCascade", "Cascade", "Active", "UserOwned", "RemoveLink", "Restrict"})
#: Members that fields of a relationship tell, or that only the platform sets.
_OWN: Final = words(
    """MetadataId SchemaName RelationshipType ReferencedAttribute ReferencedEntity
    ReferencedEntityNavigationPropertyName ReferencingAttribute ReferencingEntity
    ReferencingEntityNavigationPropertyName Entity1LogicalName Entity1IntersectAttribute
    Entity1NavigationPropertyName Entity2LogicalName Entity2IntersectAttribute Entity2NavigationPropertyName
    IntersectEntityName Lookup CascadeConfiguration HasChanged IsCustomRelationship IsManaged
    RelationshipAttributes"""
)
_MOST_LETTERS: Final = 50


def facts(organization: Organization, relation: Relation) -> Facts:
    """A relationship as metadata tells of it."""
    found: Facts = {
        "MetadataId": relationship_id(relation),
        "HasChanged": None,
        "IsCustomRelationship": relation.custom,
        "IsManaged": not relation.custom,
        "RelationshipType": "OneToManyRelationship",
        "SchemaName": relation.schema_name,
    }
    if relation.custom:
        found |= {
            "IsCustomizable": managed_property("iscustomizable"),
            "IsValidForAdvancedFind": True,
            "SecurityTypes": "Append",
        }
    if isinstance(relation, OneToMany):
        cascade = relation.facts.get("CascadeConfiguration", {})
        found |= {
            "CascadeConfiguration": {
                **cascade,
                "Delete": relation.delete or "NoCascade",
                "Merge": relation.merge or "NoCascade",
            },
            "ReferencedAttribute": organization.model.tables[relation.other].key
            if relation.other in organization.model.tables
            else f"{relation.other}id",
            "ReferencedEntity": relation.other,
            "ReferencedEntityNavigationPropertyName": relation.collection,
            "ReferencingAttribute": relation.column,
            "ReferencingEntity": relation.table,
            "ReferencingEntityNavigationPropertyName": relation.navigation,
        }
    else:
        found |= {
            "RelationshipType": "ManyToManyRelationship",
            "Entity1IntersectAttribute": relation.column,
            "Entity1LogicalName": relation.table,
            "Entity1NavigationPropertyName": relation.navigation,
            "Entity2IntersectAttribute": relation.other_column,
            "Entity2LogicalName": relation.other,
            "Entity2NavigationPropertyName": relation.other_navigation,
            "IntersectEntityName": relation.intersect,
        }
    return found | {name: value for name, value in relation.facts.items() if name != "CascadeConfiguration"}


def odata_type(relation: Relation) -> str:
    """The derived type a collection of relationships names each member by."""
    return f"#{ONE if isinstance(relation, OneToMany) else MANY}"


def need(organization: Organization, name: str) -> Relation:
    """The relationship of that schema name or id, or 404."""
    for relation in organization.model.relationships:
        if name.lower() in (relation.schema_name.lower(), relationship_id(relation)):
            return relation
    raise Refusal(
        Problem.OBJECT_DOES_NOT_EXIST, f"Could not find a relationship with specified name: {name[:100]}"
    )


def create(organization: Organization, body: Mapping[str, Any], solution: str | None) -> Relation:
    """A new relationship: with its lookup, or with a table of pairs (7.5)."""
    kind = of_type(body)
    if kind == ONE:
        given = checked("OneToManyRelationshipMetadata", body, RELATIONSHIP)
        if "Lookup" not in given:
            raise missing("Lookup")
        return lookup(organization, given["Lookup"], [given], Kind.LOOKUP, solution)[1][0]
    if kind == MANY:
        given = checked("ManyToManyRelationshipMetadata", body, RELATIONSHIP)
        return _many(organization, given, solution)
    raise bad_payload("RelationshipDefinitions", f"@odata.type must be {ONE} or {MANY}.")


def lookup(
    organization: Organization,
    body: Mapping[str, Any],
    given: Sequence[Facts],
    kind: Kind,
    solution: str | None,
) -> tuple[Column, list[OneToMany]]:
    """A new lookup to one or several tables, with a relationship to each (7.5)."""
    tables = {one.get("ReferencingEntity") for one in given}
    if len(tables) != 1 or None in tables:
        raise missing("ReferencingEntity")
    definition = edits.need_table(organization, str(tables.pop()))
    targets = tuple(str(one.get("ReferencedEntity") or "") for one in given)
    for target in targets:
        edits.need_table(organization, target)
    column = _lookup_column(organization, definition, body, kind, targets)
    relations = [
        _one(organization, one, column, target, several=len(targets) > 1)
        for one, target in zip(given, targets, strict=True)
    ]
    column_definitions.add(
        organization, definition.name, column, *column_definitions.companions(definition, column)
    )
    for relation in relations:
        organization.change_model(organization.model.with_relationship(relation))
        solutions.join(organization, solution, "relationship", relation.metadata_id)
    solutions.join(organization, solution, "attribute", column.metadata_id)
    return column, relations


def _lookup_column(
    organization: Organization,
    definition: Definition,
    body: Mapping[str, Any],
    kind: Kind,
    targets: tuple[str, ...],
) -> Column:
    properties = {**column_properties(Kind.LOOKUP), "RequiredLevel": "named"}
    given = checked("LookupAttributeMetadata", body, properties)
    schema = check_schema_name(organization, given.get("SchemaName"))
    column_definitions.check_free(definition, schema.lower())
    base = Column(
        schema.lower(),
        kind,
        schema,
        column_definitions.next_number(definition),
        targets=targets,
        custom=True,
        metadata_id=organization.sources.new_id(),
    )
    fields = common(organization, base, given, merge=False)
    if "label" not in fields:
        raise missing("DisplayName")
    return replace(base, **fields)


def _one(
    organization: Organization, given: Facts, column: Column, target: str, *, several: bool
) -> OneToMany:
    schema = _new_name(organization, given)
    cascade = _cascade(given)
    key = organization.model.tables[target].key
    if given.get("ReferencedAttribute", key) != key:
        raise not_implemented("relationships to other columns than the primary key", f"{key} is it.")
    own = f"{column.schema_name}_{target}" if several else column.schema_name
    return OneToMany(
        schema_name=schema,
        table=str(given["ReferencingEntity"]),
        column=column.name,
        navigation=given.get("ReferencingEntityNavigationPropertyName") or own,
        other=target,
        collection=given.get("ReferencedEntityNavigationPropertyName") or schema,
        delete=cascade.get("Delete", "RemoveLink"),
        merge=cascade.get("Merge", "NoCascade"),
        custom=True,
        metadata_id=given.get("MetadataId") or organization.sources.new_id(),
        facts=_more(given, cascade),
    )


def _cascade(given: Facts) -> dict[str, str]:
    """What happens to the rows at the other end, by action; unknown words are refused (7.5)."""
    found = {
        action: link
        for action, link in given.get("CascadeConfiguration", {}).items()
        if "@" not in action and link is not None
    }
    for action, link in found.items():
        if action not in _ACTIONS or not isinstance(link, str) or link not in _LINKS:
            raise Refusal(
                Problem.BAD_CASCADE,
                f"The cascade link type is not valid for the cascade action {action[:40]}.",
            )
    return found


def _more(given: Facts, cascade: Mapping[str, Any]) -> Facts:
    held = {name: value for name, value in given.items() if name not in _OWN}
    return {**held, "CascadeConfiguration": dict(cascade)}


def _new_name(organization: Organization, given: Facts) -> str:
    schema = check_schema_name(organization, given.get("SchemaName"))
    if len(schema) > _MOST_LETTERS:
        raise Refusal(
            Problem.RELATIONSHIP_NAME_TOO_LONG,
            f"Relationship name cannot be more than {_MOST_LETTERS} characters long.",
        )
    taken = {relation.schema_name.lower() for relation in organization.model.relationships}
    if schema.lower() in taken:
        raise Refusal(
            Problem.DUPLICATE_RELATIONSHIP,
            "A relationship with the specified name already exists. Please specify a unique name.",
        )
    return schema


def _many(organization: Organization, given: Facts, solution: str | None) -> ManyToMany:
    schema = _new_name(organization, given)
    first = edits.need_table(organization, str(given.get("Entity1LogicalName") or ""))
    second = edits.need_table(organization, str(given.get("Entity2LogicalName") or ""))
    near, far = first.key, second.key
    if first is second:
        near, far = f"{near}one", f"{far}two"
        if not given.get("Entity1NavigationPropertyName") or not given.get("Entity2NavigationPropertyName"):
            raise not_implemented(
                "a many-to-many relationship of a table with itself without navigation property names",
                "give Entity1NavigationPropertyName and Entity2NavigationPropertyName.",
            )
    pairs = (given.get("IntersectEntityName") or schema).lower()
    if pairs in organization.model.tables:
        raise Refusal(
            Problem.BAD_SCHEMA_NAME,
            "An entity with the specified name already exists. Please specify a unique name.",
        )
    relation = ManyToMany(
        schema_name=schema,
        table=first.name,
        column=near,
        navigation=given.get("Entity1NavigationPropertyName") or schema,
        other=second.name,
        other_navigation=given.get("Entity2NavigationPropertyName") or schema,
        other_column=far,
        intersect=pairs,
        custom=True,
        metadata_id=given.get("MetadataId") or organization.sources.new_id(),
        facts={name: value for name, value in given.items() if name not in _OWN},
    )
    organization.change_model(organization.model.with_table(intersect(relation)).with_relationship(relation))
    solutions.join(organization, solution, "relationship", relation.metadata_id)
    return relation


def update(organization: Organization, relation: Relation, body: Mapping[str, Any]) -> None:
    """Other cascades and menus, at once; names and tables stay (7.5)."""
    given = checked("RelationshipMetadata", body, RELATIONSHIP)
    for name, present in facts(organization, relation).items():
        fixed = name in _OWN and name not in ("CascadeConfiguration", "HasChanged")
        if fixed and given.get(name, present) != present:
            raise Refusal(Problem.INVALID_ARGUMENT, f"{name} of a relationship cannot be changed.")
    changed: Relation
    if isinstance(relation, OneToMany):
        cascade = _cascade(given)
        changed = replace(
            relation,
            delete=cascade.get("Delete", relation.delete),
            merge=cascade.get("Merge", relation.merge),
            facts={**relation.facts, **_more(given, cascade)},
        )
    else:
        more = {name: value for name, value in given.items() if name not in _OWN}
        changed = replace(relation, facts={**relation.facts, **more})
    model = organization.model
    kept = tuple(changed if one is relation else one for one in model.relationships)
    organization.change_model(replace(model, relationships=kept))


def remove(organization: Organization, relation: Relation) -> None:
    """Delete a custom relationship, with its lookup or its table of pairs (7.5, 7.8)."""
    if not relation.custom:
        raise Refusal(
            Problem.NOT_CUSTOM_RELATIONSHIP, "The specified relationship is not a custom relationship"
        )
    if isinstance(relation, OneToMany):
        definition = organization.model.tables[relation.table]
        column = definition.columns[relation.column]
        if len(column.targets) > 1:
            raise not_implemented("taking one table out of a lookup to several", "delete the column.")
        column_definitions.remove(organization, definition, relation.column)
    else:
        organization.change_model(
            organization.model.without_table(relation.intersect).without_relationship(relation.schema_name)
        )
    solutions.leave(organization, relationship_id(relation))
