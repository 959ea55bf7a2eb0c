"""Making, changing and deleting tables (dataverse.md 7.5, 7.6, 7.8)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from dataverse_emulator.state import (
    column_definitions,
    column_reading,
    dependencies,
    edits,
    labels,
    solutions,
)
from dataverse_emulator.state.columns import Cell, Column, Kind
from dataverse_emulator.state.definitions import Definition, Model, OneToMany
from dataverse_emulator.state.metadata_types import TABLE, checked, missing, words
from dataverse_emulator.state.names import check_schema_name
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.privileges import of_table
from dataverse_emulator.state.problems import Problem, Refusal, bad_payload, not_implemented
from dataverse_emulator.state.seeds import message_filters
from dataverse_emulator.state.standard import standard_model
from dataverse_emulator.state.table import VERSION
from dataverse_emulator.state.table_facts import PLURAL

Facts = dict[str, Any]

_FIRST_CODE: Final = 10_000
_OWNERSHIPS: Final = frozenset({"UserOwned", "OrganizationOwned"})
#: Columns the platform gives every new table, as account has them; and those of an owner.
_GIVEN: Final = words(
    """createdon createdby modifiedon modifiedby createdonbehalfby modifiedonbehalfby
    overriddencreatedon importsequencenumber statecode statuscode timezoneruleversionnumber
    utcconversiontimezonecode versionnumber"""
)
_OWNERS: Final = words("ownerid owninguser owningteam owningbusinessunit")
#: Members that fields of a definition tell, or that only the platform sets.
_OWN: Final = words(
    """MetadataId LogicalName SchemaName EntitySetName LogicalCollectionName OwnershipType DisplayName
    DisplayCollectionName Description ChangeTrackingEnabled ObjectTypeCode PrimaryIdAttribute
    PrimaryNameAttribute Attributes Keys OneToManyRelationships ManyToOneRelationships ManyToManyRelationships
    Privileges IsCustomEntity IsIntersect IsManaged IsPrivate HasChanged Settings"""
)


def create(organization: Organization, body: Mapping[str, Any], solution: str | None) -> Definition:
    """A new table with its primary name column, the platform's own columns and their lookups (7.5)."""
    given = checked("EntityMetadata", body, TABLE)
    schema = check_schema_name(organization, given.get("SchemaName"))
    name = schema.lower()
    _check_new(organization, given, name)
    base = _base(organization, given, schema)
    definition = replace(base, **_texts(organization, base, given, merge=False))
    if not definition.label:
        raise missing("DisplayName")
    definition = _with_columns(organization, definition, given, solution)
    model = organization.model.with_table(definition)
    for relation in _lookups(definition):
        model = model.with_relationship(relation)
    organization.change_model(model)
    organization.metadata_changed(name)
    _add_rows(organization, "sdkmessagefilter", message_filters(name))
    _add_rows(organization, "privilege", of_table(definition))
    solutions.join(organization, solution, "entity", definition.metadata_id)
    return definition


def _check_new(organization: Organization, given: Facts, name: str) -> None:
    if name in organization.model.tables:
        raise Refusal(
            Problem.BAD_SCHEMA_NAME,
            "An entity with the specified name already exists. Please specify a unique name.",
        )
    if given.get("OwnershipType") not in _OWNERSHIPS:
        raise bad_payload("EntityMetadata", "OwnershipType must be UserOwned or OrganizationOwned.")
    if given.get("IsActivity"):
        raise not_implemented("tables of activities", "IsActivity must be false.")
    if given.get("TableType", "Standard") != "Standard":
        raise not_implemented("elastic and virtual tables", "TableType must be Standard.")


def _base(organization: Organization, given: Facts, schema: str) -> Definition:
    name = schema.lower()
    codes = [held.code for held in organization.model.tables.values()]
    set_name = given.get("EntitySetName") or plural(name)
    if set_name in organization.model.by_set:
        raise Refusal(Problem.DUPLICATE_NAME, f"An entity set named {set_name} already exists.")
    return Definition(
        name=name,
        schema_name=schema,
        set_name=set_name,
        key=f"{name}id",
        primary_name="",
        columns={},
        code=max(_FIRST_CODE, *codes) + 1,
        metadata_id=given.get("MetadataId") or organization.sources.new_id(),
        ownership=given["OwnershipType"],
        tracked=bool(given.get("ChangeTrackingEnabled")),
        custom=True,
        facts=_more(given),
    )


def _more(given: Facts) -> Facts:
    return {name: value for name, value in given.items() if name not in _OWN}


def plural(name: str) -> str:
    """The entity set of a new table: odd, but so they are (2.1)."""
    if name.endswith(("s", "x", "z", "ch", "sh")):
        return f"{name}es"
    if name.endswith("y") and name[-2:-1] not in tuple("aeiou"):
        return f"{name[:-1]}ies"
    return f"{name}s"


def _texts(organization: Organization, before: Definition, given: Facts, *, merge: bool) -> Facts:
    """The labels a body gives, as fields."""
    language, others, found = organization.settings.language_code, before.translations, Facts()
    for part, field, held in (
        (labels.DISPLAY, "label", before.label),
        (PLURAL, "plural", before.plural),
        (labels.DESCRIPTION, "description", before.description),
    ):
        texts = labels.given(organization, given, part)
        if texts is not None:
            old = labels.texts(language, part, held, others) if merge else {}
            found[field], others = labels.kept(language, part, {**old, **texts}, others)
    return {**found, "translations": others}


def _with_columns(
    organization: Organization, definition: Definition, given: Facts, solution: str | None
) -> Definition:
    bodies = given.get("Attributes", [])
    if not all(isinstance(one, dict) for one in bodies):
        raise bad_payload("EntityMetadata", "Attributes must hold objects.")
    primary = [one for one in bodies if one.get("IsPrimaryName") is True]
    if len(primary) != 1:
        raise Refusal(Problem.INVALID_ARGUMENT, "A table needs one attribute with IsPrimaryName true.")
    key = Column(
        definition.key, Kind.GUID, f"{definition.schema_name}Id", 1, definition.label, "system", update=False,
        custom=True, metadata_id=organization.sources.new_id(),
    )  # fmt: skip
    found = definition.with_columns(key, *_platform_columns(definition))
    for body in bodies:
        number = max(column.number for column in found.columns.values()) + 1
        column = column_reading.column(organization, body, number, solution)
        if body is primary[0]:
            if column.kind is not Kind.TEXT:
                raise Refusal(Problem.INVALID_ARGUMENT, "The primary name attribute must be a String.")
            found = replace(found, primary_name=column.name)
        column_definitions.check_free(found, column.name)
        found = found.with_columns(column, *column_definitions.companions(found, column))
    return found


def _platform_columns(definition: Definition) -> Iterator[Column]:
    """Those of account that every table has, renumbered."""
    names = [*_GIVEN, *(_OWNERS if definition.ownership == "UserOwned" else ())]
    held = standard_model().tables["account"].columns.values()
    wanted = [column for column in held if column.name in names or column.of in names]
    for number, column in enumerate(wanted, start=2):
        yield replace(column, number=number)


def _lookups(definition: Definition) -> Iterator[OneToMany]:
    name = definition.name
    for column, column_definition in definition.columns.items():
        if column_definition.kind is not Kind.LOOKUP or column_definition.custom:
            continue
        other = column_definition.targets[0]
        schema = {
            "owninguser": f"user_{name}",
            "owningteam": f"team_{name}",
            "owningbusinessunit": f"business_unit_{name}",
            "transactioncurrencyid": f"TransactionCurrency_{name}",
        }.get(column, f"lk_{name}_{column}")
        yield OneToMany(schema, name, column, column, other, schema)


def _add_rows(organization: Organization, name: str, rows: Iterable[dict[str, Cell]]) -> None:
    table = organization.table(name)
    for row in rows:
        if table.position(str(row[table.definition.key])) is None:
            row[VERSION] = organization.next_version()
            position = table.insert(row, organization.sources.now())
            organization.on_undo(lambda p=position: table.undo_insert(p))  # type: ignore[misc]


def update(
    organization: Organization, definition: Definition, body: Mapping[str, Any], *, merge: bool
) -> None:
    """New labels and properties of a table, to be seen once published (7.5, 7.6)."""
    given = checked("EntityMetadata", body, TABLE)
    before = edits.table(organization, definition.name)
    for part, present in (
        ("LogicalName", before.name),
        ("SchemaName", before.schema_name),
        ("OwnershipType", before.ownership),
    ):
        if given.get(part, present) != present:
            raise Refusal(Problem.INVALID_ARGUMENT, f"{part} cannot be changed (it is '{present}').")
    if given.get("EntitySetName", before.set_name) != before.set_name:
        raise not_implemented("changing EntitySetName", "it is set when a table is made.")
    if before.tracked and given.get("ChangeTrackingEnabled") is False:
        raise Refusal(Problem.INVALID_ARGUMENT, "Change tracking cannot be switched off again (3.1).")
    fields = _texts(organization, before, given, merge=merge)
    fields["tracked"] = given.get("ChangeTrackingEnabled", before.tracked)
    fields["facts"] = {**before.facts, **_more(given)}
    edits.keep(organization, ("entity", definition.name), fields)


def remove(organization: Organization, definition: Definition) -> None:
    """Delete a custom table with its rows, unless lookups of others lead to it (7.8)."""
    if not definition.custom:
        raise Refusal(
            Problem.CANNOT_DELETE_METADATA,
            f"The 'Delete' operation on the current component(name='{definition.schema_name}', "
            f"id='{definition.metadata_id}') failed during managed property evaluation of condition: "
            "'Evaluating if the current component can be deleted.'",
        )
    used = dependencies.of_table(organization, definition)
    dependencies.check("Entity", definition.metadata_id, used)
    _remove_rows_about(organization, definition.name)
    organization.change_model(_without(organization.model, definition.name))
    edits.forget(organization, ("entity", definition.name), ("attribute", definition.name))
    organization.metadata_changed()
    solutions.leave(organization, definition.metadata_id)


def _without(model: Model, name: str) -> Model:
    for held in list(model.tables.values()):
        if held.intersect and any(
            name in (relation.table, relation.other)
            for relation in model.relationships
            if getattr(relation, "intersect", None) == held.name
        ):
            model = model.without_table(held.name)
    return model.without_table(name)


def _remove_rows_about(organization: Organization, name: str) -> None:
    """Forms, views and message filters go with the table they are for."""
    for kind, column in (
        ("systemform", "objecttypecode"),
        ("savedquery", "returnedtypecode"),
        ("sdkmessagefilter", "primaryobjecttypecode"),
    ):
        table = organization.table(kind)
        for position in list(table.positions()):
            if table.cell(position, column) == name:
                row = table.row(position)
                table.remove(position, organization.next_version(), organization.sources.now())
                organization.on_undo(lambda t=table, p=position, r=row: t.undo_remove(p, r))  # type: ignore[misc]
