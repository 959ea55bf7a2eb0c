"""Tables as metadata tells of them (7.5, 9.1); what nobody documented is left out."""

from typing import Any, Final

from dataverse_emulator.state import labels
from dataverse_emulator.state.column_facts import managed_property
from dataverse_emulator.state.columns import Kind
from dataverse_emulator.state.definitions import Definition, Key
from dataverse_emulator.state.metadata_types import TABLE, unknown_as_null
from dataverse_emulator.state.organization import Organization

Facts = dict[str, Any]

#: Under which name the translations of a table's plural are kept.
PLURAL: Final = "DisplayCollectionName"
_ACTIVITIES: Final = frozenset({"task"})


def table(organization: Organization, definition: Definition) -> Facts:
    """A table's own properties."""
    language, others = organization.settings.language_code, definition.translations
    found: Facts = {
        "MetadataId": definition.metadata_id,
        "HasChanged": None,
        "ChangeTrackingEnabled": definition.tracked,
        "CollectionSchemaName": definition.facts.get("CollectionSchemaName", definition.schema_name + "s"),
        "Description": labels.shown(
            labels.texts(language, labels.DESCRIPTION, definition.description, others), language
        ),
        "DisplayCollectionName": labels.shown(
            labels.texts(language, PLURAL, definition.plural, others), language
        ),
        "DisplayName": labels.shown(
            labels.texts(language, labels.DISPLAY, definition.label, others), language
        ),
        "EntitySetName": definition.set_name,
        "IsActivity": definition.name in _ACTIVITIES,
        "IsAuditEnabled": {
            "Value": organization.settings.is_audit_enabled,
            "CanBeChanged": True,
            "ManagedPropertyLogicalName": "canmodifyauditsettings",
        },
        "IsCustomEntity": definition.custom,
        "IsIntersect": definition.intersect,
        "IsManaged": not definition.custom,
        "IsOptimisticConcurrencyEnabled": not definition.intersect,
        "IsPrivate": False,
        "LogicalCollectionName": definition.set_name,
        "LogicalName": definition.name,
        "ObjectTypeCode": definition.code,
        "OwnershipType": definition.ownership,
        "PrimaryIdAttribute": definition.key,
        "PrimaryImageAttribute": _image(definition),
        "PrimaryNameAttribute": definition.primary_name or None,
        "SchemaName": definition.schema_name,
        "TableType": "Standard",
    }
    if definition.custom and not definition.intersect:
        found |= _of_custom(definition)
    unknown = unknown_as_null(TABLE) if organization.choices.undocumented_are_null else {}
    return {**unknown, **found, **definition.facts}


def _image(definition: Definition) -> str | None:
    """The image that stands for a row: of the standard tables the one called so (Image columns)."""
    images = [column for column in definition.columns.values() if column.kind is Kind.IMAGE]
    chosen = [
        column.name for column in images if column.facts.get("IsPrimaryImage") or column.name == "entityimage"
    ]
    return chosen[0] if chosen else None


def _of_custom(definition: Definition) -> Facts:
    """What a new table is, unless its maker said otherwise (7.5)."""
    yes = (
        "CanBeInManyToMany",
        "CanBePrimaryEntityInRelationship",
        "CanBeRelatedEntityInRelationship",
        "CanChangeTrackingBeEnabled",
        "CanCreateAttributes",
        "CanCreateCharts",
        "CanCreateForms",
        "CanCreateViews",
        "CanModifyAdditionalSettings",
        "IsCustomizable",
        "IsMappable",
        "IsRenameable",
    )
    return {
        "HasActivities": False,
        "HasNotes": False,
        "IsConnectionsEnabled": managed_property("canmodifyconnectionsettings", value=False),
        "IsDuplicateDetectionEnabled": managed_property("canmodifyduplicatedetectionsettings", value=False),
        "IsValidForQueue": managed_property("canmodifyqueuesettings", value=False),
        "IsValidForAdvancedFind": True,
        "IsStateModelAware": definition.ownership != "None",
        **{name: managed_property(name.lower()) for name in yes},
    }


def key(definition: Definition, held: Key, language: int) -> Facts:
    """An alternate key as metadata tells of it (7.5)."""
    return {
        "MetadataId": held.metadata_id,
        "HasChanged": None,
        "DisplayName": labels.shown(held.labels, language),
        "EntityKeyIndexStatus": held.status,
        "EntityLogicalName": definition.name,
        "IsCustomizable": managed_property("iscustomizable"),
        "IsManaged": False,
        "KeyAttributes": list(held.columns),
        "LogicalName": held.name,
        "SchemaName": held.schema_name,
    }
