"""Adding, changing and deleting columns (dataverse.md 7.3, 7.6, 7.8)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from dataverse_emulator.state import column_reading, dependencies, edits, solutions
from dataverse_emulator.state.column_facts import metadata_id
from dataverse_emulator.state.columns import LOOKUPS, OPTIONS, Column, Kind
from dataverse_emulator.state.definitions import Definition, OneToMany
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal

_FIRST_CUSTOM_NUMBER: Final = 10_000
#: Kinds whose values are shown in words by a column beside them.
_NAMED: Final = OPTIONS | {Kind.BOOLEAN, Kind.CHOICES}


def create(
    organization: Organization, definition: Definition, body: Mapping[str, Any], solution: str | None
) -> Column:
    """A new column of the type the body names; existing rows hold null in it (7.3)."""
    column = column_reading.column(organization, body, next_number(definition), solution)
    check_free(definition, column.name)
    add(organization, definition.name, column, *companions(definition, column))
    solutions.join(organization, solution, "attribute", column.metadata_id)
    return column


def check_free(definition: Definition, name: str) -> None:
    """Refuse a name the table already has (7.3)."""
    if name in definition.columns:
        raise Refusal(
            Problem.DUPLICATE_COLUMN,
            f"An attribute with the specified name {name} already exists for entity {definition.name}. "
            "Attribute names should be unique across an entity.",
        )


def next_number(definition: Definition) -> int:
    """The next ColumnNumber; custom columns of the emulator begin at 10,001."""
    return max(_FIRST_CUSTOM_NUMBER, *(column.number for column in definition.columns.values())) + 1


def companions(definition: Definition, column: Column) -> list[Column]:
    """The columns the platform makes along: names of options and rows, amounts in the base currency."""
    made: list[tuple[str, Kind, dict[str, Any]]] = []
    if column.kind in _NAMED:
        made = [("name", Kind.VIRTUAL, {})]
    elif column.kind in LOOKUPS:
        made = [("name", Kind.TEXT, {"max_length": 100}), ("yominame", Kind.TEXT, {"max_length": 100})]
        if len(column.targets) > 1:
            made.append(("type", Kind.TABLE_NAME, {"create": True, "update": True}))
    found = [
        _companion(column, f"{column.schema_name}{end}", kind, at, fields)
        for at, (end, kind, fields) in enumerate(made, start=1)
    ]
    if column.kind is Kind.MONEY:
        found = [_base_amount(column), *_currency(definition, column)]
    return found


def _companion(column: Column, schema: str, kind: Kind, at: int, fields: dict[str, Any]) -> Column:
    base = Column(
        schema.lower(),
        kind,
        schema,
        column.number + at,
        of=column.name,
        custom=True,
        create=False,
        update=False,
    )
    return replace(base, **fields)


def _base_amount(column: Column) -> Column:
    return replace(
        column,
        name=f"{column.name}_base",
        schema_name=f"{column.schema_name}_Base",
        number=column.number + 1,
        metadata_id="",
        create=False,
        update=False,
    )


def _currency(definition: Definition, column: Column) -> list[Column]:
    """The currency and rate that come with the first amount of a table."""
    if "transactioncurrencyid" in definition.columns:
        return []
    number = column.number
    return [
        Column(
            "transactioncurrencyid",
            Kind.LOOKUP,
            "TransactionCurrencyId",
            number + 2,
            "Currency",
            targets=("transactioncurrency",),
        ),
        Column(
            "exchangerate",
            Kind.DECIMAL,
            "ExchangeRate",
            number + 3,
            "Exchange Rate",
            precision=12,
            create=False,
            update=False,
        ),
    ]


def add(organization: Organization, table_name: str, *columns: Column) -> None:
    """Put columns into a table: null on every existing row, whatever their defaults (7.3)."""
    definition = organization.model.tables[table_name]
    model = organization.model.with_table(definition.with_columns(*columns))
    for column in columns:
        if column.name == "transactioncurrencyid" and column.name not in definition.columns:
            name = f"TransactionCurrency_{definition.schema_name}"
            model = model.with_relationship(
                OneToMany(name, table_name, column.name, column.name, "transactioncurrency", name, "Restrict")
            )
    organization.change_model(model)
    organization.metadata_changed(table_name)


def drop(organization: Organization, table_name: str, name: str) -> None:
    """Take a column, what came along with it and their values out of a table."""
    model, definition = organization.model, organization.model.tables[table_name]
    along = {name, f"{name}_base"} & definition.columns.keys()
    along |= {column.name for column in definition.columns.values() if column.of == name}
    for one in along:
        definition = definition.without_column(one)
    kept = tuple(
        relation
        for relation in model.relationships
        if not (isinstance(relation, OneToMany) and (relation.table, relation.column) == (table_name, name))
    )
    organization.change_model(replace(model.with_table(definition), relationships=kept))
    for one in along:
        organization.table(table_name).forget_column(one)
        edits.forget(organization, ("attribute", table_name, one))
    organization.metadata_changed(table_name)


def update(
    organization: Organization, definition: Definition, name: str, body: Mapping[str, Any], *, merge: bool
) -> Column:
    """New labels and properties of a column, to be seen once published (7.3, 7.6)."""
    edits.need_column(definition, name)
    column = edits.column(organization, definition.name, name)
    changes = column_reading.changes(organization, column, body, merge=merge)
    edits.keep(organization, ("attribute", definition.name, name), changes)
    return column


def remove(organization: Organization, definition: Definition, name: str) -> Column:
    """Delete a custom column unless something refers to it (7.8)."""
    column = edits.need_column(definition, name)
    if not column.custom:
        raise Refusal(Problem.NOT_CUSTOM, "The specified attribute is not a custom attribute")
    if column.of is not None:
        raise Refusal(Problem.CHILD_COLUMN, "The Child Attribute is not valid for deletion")
    if name == definition.primary_name:
        raise Refusal(Problem.PRIMARY_COLUMN, "The Primary UI Attribute is not valid for deletion")
    column_id = metadata_id(definition, column)
    found = dependencies.of_column(organization, definition, column)
    dependencies.check("Attribute", column_id, found)
    drop(organization, definition.name, name)
    solutions.leave(organization, column_id)
    return column
