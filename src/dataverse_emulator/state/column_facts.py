"""Columns as metadata tells of them; what nobody documented of a column of the system is left out (7.3)."""

from typing import Any, Final

from dataverse_emulator.state import labels, option_sets
from dataverse_emulator.state.columns import LOOKUPS, OPTIONS, Column, Kind
from dataverse_emulator.state.definitions import Definition
from dataverse_emulator.state.metadata_types import column_properties, type_name, unknown_as_null
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.sources import derived_id

Facts = dict[str, Any]

_LEVELS: Final = {"system": "SystemRequired", "application": "ApplicationRequired", "": "None"}
#: AttributeType of kinds whose values the older type list does not know.
_TYPES: Final = {Kind.CHOICES: "Virtual", Kind.IMAGE: "Virtual", Kind.FILE: "Virtual"}
_TEXTS: Final = frozenset({Kind.TEXT, Kind.MEMO})
_RANGED: Final = frozenset({Kind.INTEGER, Kind.BIGINT, Kind.DECIMAL, Kind.DOUBLE, Kind.MONEY})
_WITH_OPTIONS: Final = OPTIONS | {Kind.BOOLEAN, Kind.CHOICES}


def managed_property(name: str, *, value: bool = True) -> Facts:
    """A managed property in metadata (8.1 has the same of forms)."""
    return {"Value": value, "CanBeChanged": True, "ManagedPropertyLogicalName": name}


def metadata_id(definition: Definition, column: Column) -> str:
    """That of a custom column is its own; those of the system are derived from their names."""
    return column.metadata_id or derived_id("attribute", definition.name, column.name)


def attribute(organization: Organization, definition: Definition, column: Column) -> Facts:
    """One column's definition without its option set, which comes only where it is expanded (7.3)."""
    language = organization.settings.language_code
    name = labels.texts(language, labels.DISPLAY, column.label, column.translations)
    about = labels.texts(language, labels.DESCRIPTION, column.description, column.translations)
    found: Facts = {
        "MetadataId": metadata_id(definition, column),
        "HasChanged": None,
        "AttributeOf": column.of,
        "AttributeType": _TYPES.get(column.kind, column.kind.value),
        "AttributeTypeName": {"Value": f"{column.kind.value}Type"},
        "ColumnNumber": column.number,
        "Description": labels.shown(about, language),
        "DisplayName": labels.shown(name, language),
        "EntityLogicalName": definition.name,
        "IsCustomAttribute": column.custom,
        "IsLogical": column.of is not None,
        "IsManaged": not column.custom,
        "IsPrimaryId": column.name == definition.key,
        "IsPrimaryName": column.name == definition.primary_name,
        "IsSecured": column.secured,
        "IsValidForCreate": column.create,
        "IsValidForRead": column.read,
        "IsValidForUpdate": column.update,
        "IsValidODataAttribute": column.exposed,
        "LogicalName": column.name,
        "RequiredLevel": _required(column),
        "SchemaName": column.schema_name,
        **_of_kind(organization, column),
    }
    if column.custom and column.of is None:
        found |= _of_custom()
    nulls = organization.choices.undocumented_are_null
    unknown = unknown_as_null(column_properties(column.kind)) if nulls else {}
    return {**unknown, **found, **column.facts}


def _required(column: Column) -> Facts:
    return {
        "Value": _LEVELS.get(column.required, column.required),
        "CanBeChanged": column.required != "system",
        "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings",
    }


def _of_custom() -> Facts:
    """What a new column is, unless its maker said otherwise (7.3)."""
    return {
        "CanBeSecuredForCreate": True,
        "CanBeSecuredForRead": True,
        "CanBeSecuredForUpdate": True,
        "CanModifyAdditionalSettings": managed_property("canmodifyadditionalsettings"),
        "IsAuditEnabled": managed_property("canmodifyauditsettings"),
        "IsCustomizable": managed_property("iscustomizable"),
        "IsGlobalFilterEnabled": managed_property("canmodifyglobalfiltersettings", value=False),
        "IsRenameable": managed_property("isrenameable"),
        "IsSortableEnabled": managed_property("canmodifyissortablesettings", value=False),
        "IsValidForAdvancedFind": managed_property("canmodifysearchsettings"),
        "SourceType": 0,
    }


def _of_kind(organization: Organization, column: Column) -> Facts:
    kind = column.kind
    if kind in _TEXTS:
        return {
            "MaxLength": column.max_length,
            "Format": column.format,
            "FormatName": None if column.format is None else {"Value": column.format},
        }
    if kind in _RANGED:
        return _range(column)
    if kind is Kind.BOOLEAN:
        return {"DefaultValue": column.default}
    if kind in _WITH_OPTIONS:
        return {"DefaultFormValue": -1 if column.default is None else column.default}
    if kind is Kind.WHEN:
        day = "DateOnly" if column.date_only else column.format or "DateAndTime"
        return {"Format": day, "DateTimeBehavior": {"Value": _behavior(column)}}
    if kind in LOOKUPS:
        return {"Targets": list(column.targets)}
    return {}


def _behavior(column: Column) -> str:
    known = ("DateOnly", "TimeZoneIndependent")
    return column.behavior if column.behavior in known else "UserLocal"


def _range(column: Column) -> Facts:
    whole = column.kind in (Kind.INTEGER, Kind.BIGINT)
    low, high = column.minimum, column.maximum
    found: Facts = {
        "MinValue": int(low) if whole and low is not None else low,
        "MaxValue": int(high) if whole and high is not None else high,
    }
    if column.kind is Kind.INTEGER:
        found["Format"] = column.format or "None"
    elif not whole:
        found["Precision"] = column.precision
    return found


def option_set(organization: Organization, definition: Definition, column: Column) -> Facts | None:
    """The column's own option set; nothing where a global one gives its options, or it has none."""
    if column.kind not in _WITH_OPTIONS:
        return None
    name = column.choice or f"{definition.name}_{column.name}"
    return option_sets.of_column(organization, column, name, metadata_id(definition, column))


def global_option_set(organization: Organization, column: Column) -> Facts | None:
    """The global option set whose options the column has."""
    held = organization.model.option_sets.get(column.choice)
    return None if held is None else option_sets.facts(organization, held)


def odata_type(column: Column) -> str:
    """The derived type a collection of attributes names each member by."""
    return f"#{type_name(column.kind)}"
