"""Definitions as items that requests select from, filter and expand."""

from dataverse_emulator.state import column_facts, option_sets, relationship_definitions, table_facts
from dataverse_emulator.state.columns import Column
from dataverse_emulator.state.definitions import Definition, Key, ManyToMany, OneToMany, OptionSet
from dataverse_emulator.state.metadata_types import (
    CRM,
    KEY,
    OPTION_SET,
    RELATIONSHIP,
    TABLE,
    column_properties,
    type_name,
)
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.wire.definition_query import Item


def table(organization: Organization, definition: Definition) -> Item:
    """A table, with all that hangs on it below."""
    name = definition.name
    return Item(
        table_facts.table(organization, definition),
        "EntityMetadata",
        TABLE,
        below={
            "Attributes": lambda: columns(organization, definition),
            "Keys": lambda: [key(organization, definition, held) for held in definition.keys],
            "OneToManyRelationships": lambda: [
                relationship(organization, held, cast=True)
                for held in _ones(organization)
                if held.other == name
            ],
            "ManyToOneRelationships": lambda: [
                relationship(organization, held, cast=True)
                for held in _ones(organization)
                if held.table == name
            ],
            "ManyToManyRelationships": lambda: [
                relationship(organization, held, cast=True)
                for held in organization.model.relationships
                if isinstance(held, ManyToMany) and name in (held.table, held.other)
            ],
        },
    )


def _ones(organization: Organization) -> list[OneToMany]:
    return [held for held in organization.model.relationships if isinstance(held, OneToMany)]


def columns(organization: Organization, definition: Definition, cast: str | None = None) -> list[Item]:
    """The columns of a table, or those of one type."""
    return [
        column(organization, definition, held, cast=cast is not None)
        for held in definition.columns.values()
        if cast in (None, f"{CRM}AttributeMetadata", type_name(held.kind))
    ]


def column(organization: Organization, definition: Definition, held: Column, *, cast: bool) -> Item:
    """A column; with a cast its own type's properties are declared, and option sets can be expanded."""
    facts = column_facts.attribute(organization, definition, held)

    def own() -> Item | None:
        found = column_facts.option_set(organization, definition, held)
        return None if found is None else _options(found)

    def shared() -> Item | None:
        found = column_facts.global_option_set(organization, held)
        return None if found is None else _options(found)

    has = held.options or held.choice
    return Item(
        facts,
        type_name(held.kind).removeprefix(CRM) if cast else "AttributeMetadata",
        column_properties(held.kind if cast else None),
        None if cast else column_facts.odata_type(held),
        {"OptionSet": own, "GlobalOptionSet": shared} if cast and has else {},
    )


def _options(facts: dict[str, object]) -> Item:
    known = {**OPTION_SET, **dict.fromkeys(("Options", "TrueOption", "FalseOption"), "object")}
    return Item(facts, "OptionSetMetadata", known)


def key(organization: Organization, definition: Definition, held: Key) -> Item:
    """An alternate key."""
    language = organization.settings.language_code
    return Item(table_facts.key(definition, held, language), "EntityKeyMetadata", KEY)


def relationship(organization: Organization, held: OneToMany | ManyToMany, *, cast: bool) -> Item:
    """A relationship; without a cast only what both types have in common is declared."""
    facts = relationship_definitions.facts(organization, held)
    kind = relationship_definitions.odata_type(held)
    name = kind.removeprefix(f"#{CRM}") if cast else "RelationshipMetadataBase"
    return Item(facts, name, RELATIONSHIP, None if cast else kind)


def option_set(organization: Organization, held: OptionSet, *, cast: bool) -> Item:
    """A global option set; only a cast declares its options."""
    facts = option_sets.facts(organization, held)
    kind = str(facts.pop("@odata.type"))
    known = {name: shape for name, shape in OPTION_SET.items() if cast or shape != "list"}
    name = kind.removeprefix(f"#{CRM}") if cast else "OptionSetMetadataBase"
    return Item(facts, name, known, None if cast else kind)
