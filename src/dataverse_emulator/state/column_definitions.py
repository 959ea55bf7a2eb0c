"""The definitions of tables and columns: described, added, relabelled, deleted (dataverse.md section 7)."""

import re
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from dataverse_emulator.state import layers, registrations
from dataverse_emulator.state.columns import Column, Kind
from dataverse_emulator.state.definitions import Definition
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_payload, not_implemented
from dataverse_emulator.state.sources import derived_id

Facts = dict[str, Any]

BOOLEAN_TYPE: Final = "Microsoft.Dynamics.CRM.BooleanAttributeMetadata"
_SCHEMA_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{1,7}_[A-Za-z0-9_]{1,91}")
_FIRST_CUSTOM_NUMBER: Final = 10_000
_YES_NO: Final = MappingProxyType({0: "No", 1: "Yes"})


def table(organization: Organization, definition: Definition) -> Facts:
    """A table's own properties (9.1, 7.6)."""
    return {
        "MetadataId": definition.metadata_id,
        "LogicalName": definition.name,
        "SchemaName": definition.schema_name,
        "EntitySetName": definition.set_name,
        "LogicalCollectionName": definition.set_name,
        "ObjectTypeCode": definition.code,
        "PrimaryIdAttribute": definition.key,
        "PrimaryNameAttribute": definition.primary_name or None,
        "OwnershipType": definition.ownership,
        "ChangeTrackingEnabled": definition.tracked,
        "IsOptimisticConcurrencyEnabled": True,
        "IsCustomEntity": definition.custom,
        "IsAuditEnabled": {
            "Value": organization.settings.is_audit_enabled,
            "CanBeChanged": True,
            "ManagedPropertyLogicalName": "canmodifyauditsettings",
        },
        "HasChanged": None,
    }


def metadata_id(definition: Definition, column: Column) -> str:
    """Stable for a name; a real organisation gives each column its own."""
    return derived_id("attribute", definition.name, column.name)


def attribute(
    organization: Organization, definition: Definition, column: Column, *, option_set: bool
) -> Facts:
    """One column's definition; option sets come only where they are expanded (7.3)."""
    language = organization.settings.language_code
    found: Facts = {
        "MetadataId": metadata_id(definition, column),
        "LogicalName": column.name,
        "SchemaName": column.schema_name,
        "EntityLogicalName": definition.name,
        "AttributeType": column.kind.value,
        "AttributeTypeName": {"Value": f"{column.kind.value}Type"},
        "ColumnNumber": column.number,
        "DisplayName": _label(column.label, language),
        "AttributeOf": column.of,
        "IsCustomAttribute": column.custom,
        "IsManaged": not column.custom,
        "IsValidForCreate": column.create,
        "IsValidForUpdate": column.update,
        "IsValidForRead": column.read,
        "IsPrimaryId": column.name == definition.key,
        "IsPrimaryName": column.name == definition.primary_name,
    }
    if column.kind in (Kind.TEXT, Kind.MEMO):
        found |= {"MaxLength": column.max_length, "Format": column.format}
    if column.kind is Kind.BOOLEAN:
        found["DefaultValue"] = column.default
        if option_set:
            found["OptionSet"] = _option_set(column, language)
    return found


def odata_type(column: Column) -> str:
    """The derived type a collection of attributes names each member by."""
    return f"#Microsoft.Dynamics.CRM.{column.kind.value}AttributeMetadata"


def add_boolean(organization: Organization, definition: Definition, body: Facts) -> Column:
    """A new Yes/No column; existing rows hold null in it (7.3)."""
    if str(body.get("@odata.type", "")).removeprefix("#") != BOOLEAN_TYPE:
        raise not_implemented("columns that are not Boolean", f"@odata.type must be {BOOLEAN_TYPE}.")
    schema = body.get("SchemaName")
    if not isinstance(schema, str) or not _SCHEMA_NAME.fullmatch(schema):
        raise Refusal(Problem.BAD_SCHEMA_NAME, f"The schema name '{str(schema)[:60]}' is not valid.")
    name = schema.lower()
    if name in definition.columns:
        raise Refusal(
            Problem.DUPLICATE_COLUMN,
            f"An attribute with the specified name {name} already exists for entity {definition.name}. "
            "Attribute names should be unique across an entity.",
        )
    number = max(_FIRST_CUSTOM_NUMBER, *(column.number for column in definition.columns.values())) + 1
    column = Column(
        name,
        Kind.BOOLEAN,
        schema,
        number,
        _label_text(body, "DisplayName", organization) or schema,
        default=_default(body),
        options=_options(body, organization),
        custom=True,
    )
    add(organization, definition.name, column)
    return column


def add(organization: Organization, table_name: str, column: Column) -> None:
    """Put a column into a table: null on every existing row, whatever its default (7.3)."""
    model = organization.model
    organization.change_model(model.with_table(model.tables[table_name].with_columns(column)))
    organization.metadata_changed(table_name)


def drop(organization: Organization, table_name: str, name: str) -> None:
    """Take a column and its values out of a table."""
    model = organization.model
    organization.change_model(model.with_table(model.tables[table_name].without_column(name)))
    organization.table(table_name).forget_column(name)
    organization.metadata_changed(table_name)


def relabel(organization: Organization, definition: Definition, name: str, body: Facts) -> Column:
    """New label and default of a custom column; option labels have an action of their own (7.3)."""
    column = need(definition, name)
    _check_same(column, body)
    label = _label_text(body, "DisplayName", organization) or column.label
    default = _default(body) if "DefaultValue" in body else column.default
    changed = replace(column, label=label, default=default)
    add(organization, definition.name, changed)
    return changed


def remove(organization: Organization, definition: Definition, name: str) -> Column:
    """Delete a custom column unless a form, a view or a step refers to it (7.8)."""
    column = need(definition, name)
    if not column.custom:
        raise not_implemented("deleting a column of the system", "custom ones are.")
    used = layers.mention(organization, definition.name, name)
    if used or registrations.filtered_on(organization, definition.name, name):
        raise Refusal(
            Problem.COMPONENT_IN_USE,
            f"The Attribute({metadata_id(definition, column)}) component cannot be deleted because it is "
            "referenced by other components. For a list of referenced components, use the "
            "RetrieveDependenciesForDeleteRequest.",
        )
    drop(organization, definition.name, name)
    return column


def need(definition: Definition, name: str) -> Column:
    """The column of that name, or 404 (7.3)."""
    column = definition.columns.get(name)
    if column is not None:
        return column
    if definition.partial:
        raise not_implemented(
            f"column {name[:60]} of {definition.name}", "only the columns in its README are."
        )
    raise Refusal(
        Problem.OBJECT_DOES_NOT_EXIST,
        "Could not find an attribute with specified name: "
        f"entityLogicalName={definition.name}, attributeName={name[:100]}",
    )


def _check_same(column: Column, body: Facts) -> None:
    for key, present in (("LogicalName", column.name), ("SchemaName", column.schema_name)):
        if body.get(key, present) != present:
            raise not_implemented(f"changing {key}", "names cannot be changed (7.4).")
    if not column.custom:
        raise not_implemented("changing a column of the system", "custom ones are.")


def _default(body: Facts) -> bool:
    value = body.get("DefaultValue", False)
    if not isinstance(value, bool):
        raise bad_payload("Attributes", "DefaultValue must be a Boolean.")
    return value


def _options(body: Facts, organization: Organization) -> dict[int, str]:
    given = body.get("OptionSet")
    if given is None:
        raise not_implemented("a Boolean column without an OptionSet", "the documented request has one.")
    if not isinstance(given, dict):
        raise bad_payload("Attributes", "OptionSet must be an object.")
    found = dict(_YES_NO)
    for value, name in ((0, "FalseOption"), (1, "TrueOption")):
        option = given.get(name)
        if not isinstance(option, dict) or option.get("Value", value) != value:
            raise bad_payload("Attributes", f"{name} must be an object with Value {value}.")
        found[value] = _label_text(option, "Label", organization) or found[value]
    return found


def _label_text(body: Facts, key: str, organization: Organization) -> str | None:
    """The text in the organisation's base language, which every label must include (7.2)."""
    label, language = body.get(key), organization.settings.language_code
    if label is None:
        return None
    texts = label.get("LocalizedLabels") if isinstance(label, dict) else None
    if not isinstance(texts, list):
        raise bad_payload("Attributes", f"{key} must be a Label with LocalizedLabels.")
    for text in texts:
        if (
            isinstance(text, dict)
            and text.get("LanguageCode") == language
            and isinstance(text.get("Label"), str)
        ):
            return str(text["Label"])
    raise Refusal(Problem.INVALID_ARGUMENT, f"{key} has no text in the base language {language}.")


def _label(text: str, language: int) -> Facts:
    localized = {"Label": text, "LanguageCode": language, "IsManaged": False, "HasChanged": None}
    return {"LocalizedLabels": [localized], "UserLocalizedLabel": localized}


def _option_set(column: Column, language: int) -> Facts:
    return {
        "OptionSetType": "Boolean",
        "TrueOption": {"Value": 1, "Label": _label(column.options[1], language)},
        "FalseOption": {"Value": 0, "Label": _label(column.options[0], language)},
    }
