"""The documented properties of definitions, and what a body may say in each (Web API metadata types)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from dataverse_emulator.state.columns import Kind, guid
from dataverse_emulator.state.problems import Problem, Refusal, bad_payload

CRM: Final = "Microsoft.Dynamics.CRM."


def words(text: str) -> frozenset[str]:
    """The words of a text, as names are listed here."""
    return frozenset(text.split())


def _is(kind: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _holds(inner: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, dict) and isinstance(value.get("Value"), inner)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


_SHAPES: Final[Mapping[str, Callable[[object], bool]]] = MappingProxyType(
    {
        "flag": _is(bool),
        "text": _is(str),
        "whole": _is(int),
        "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
        "managed": _holds(bool),
        "named": _holds(str),
        "object": lambda value: isinstance(value, dict),
        "texts": _texts,
        "list": lambda value: isinstance(value, list),
        "guid": lambda value: isinstance(value, str) and guid(value) is not None,
    }
)


def _properties(**by_shape: str) -> dict[str, str]:
    return {name: shape for shape, names in by_shape.items() for name in names.split()}


TABLE: Final = MappingProxyType(
    _properties(
        guid="MetadataId DataProviderId DataSourceId OwnerId",
        text="""LogicalName SchemaName EntitySetName LogicalCollectionName CollectionSchemaName OwnershipType
            EntityColor EntityHelpUrl ExternalName ExternalCollectionName IconLargeName IconMediumName
            IconSmallName IconVectorName IntroducedVersion MobileOfflineFilters PrimaryIdAttribute
            PrimaryNameAttribute PrimaryImageAttribute RecurrenceBaseEntityLogicalName ReportViewName
            TableType CreatedOn ModifiedOn""",
        whole="ActivityTypeMask DaysSinceRecordLastModified ObjectTypeCode",
        flag="""AutoCreateAccessTeams AutoRouteToOwnerQueue CanTriggerWorkflow ChangeTrackingEnabled
            EnforceStateTransitions EntityHelpUrlEnabled HasActivities HasChanged HasEmailAddresses
            HasFeedback HasNotes IsActivity IsActivityParty IsAIRUpdated IsArchivalEnabled IsAvailableOffline
            IsBPFEntity IsBusinessProcessEnabled IsChildEntity IsCustomEntity IsDocumentManagementEnabled
            IsDocumentRecommendationsEnabled IsEnabledForCharts IsEnabledForExternalChannels
            IsEnabledForTrace IsImportable IsInteractionCentricEnabled IsIntersect
            IsKnowledgeManagementEnabled IsLogicalEntity IsManaged IsMSTeamsIntegrationEnabled
            IsOneNoteIntegrationEnabled IsOptimisticConcurrencyEnabled IsPrivate
            IsQuickCreateEnabled IsReadingPaneEnabled IsRetentionEnabled IsRetrieveAuditEnabled
            IsRetrieveMultipleAuditEnabled IsSLAEnabled IsSolutionAware IsStateModelAware
            IsValidForAdvancedFind SyncToExternalSearchIndex UsesBusinessDataLabelTable""",
        managed="""CanBeInCustomEntityAssociation CanBeInManyToMany CanBePrimaryEntityInRelationship
            CanBeRelatedEntityInRelationship CanChangeHierarchicalRelationship CanChangeTrackingBeEnabled
            CanCreateAttributes CanCreateCharts CanCreateForms CanCreateViews
            CanEnableSyncToExternalSearchIndex CanModifyAdditionalSettings IsAuditEnabled
            IsConnectionsEnabled IsCustomizable IsDuplicateDetectionEnabled IsMailMergeEnabled IsMappable
            IsOfflineInMobileClient IsReadOnlyInMobileClient IsRenameable IsValidForQueue
            IsVisibleInMobile IsVisibleInMobileClient""",
        object="DisplayName DisplayCollectionName Description",
        list="""Attributes Keys OneToManyRelationships ManyToOneRelationships ManyToManyRelationships
            Privileges Settings""",
    )
)

_COLUMN: Final = _properties(
    guid="MetadataId LinkedAttributeId",
    text="""LogicalName SchemaName EntityLogicalName AttributeOf AttributeType DeprecatedVersion ExternalName
        InheritsFrom IntroducedVersion AutoNumberFormat CreatedOn ModifiedOn""",
    whole="ColumnNumber SourceType",
    flag="""CanBeSecuredForCreate CanBeSecuredForRead CanBeSecuredForUpdate HasChanged IsCustomAttribute
        IsDataSourceSecret IsFilterable IsLogical IsManaged IsPrimaryId IsPrimaryName IsRequiredForForm
        IsRetrievable IsSearchable IsSecured IsValidForCreate IsValidForForm IsValidForGrid IsValidForRead
        IsValidForUpdate IsValidODataAttribute""",
    managed="""CanModifyAdditionalSettings IsAuditEnabled IsCustomizable IsGlobalFilterEnabled IsRenameable
        IsSortableEnabled IsValidForAdvancedFind""",
    named="AttributeTypeName RequiredLevel",
    object="DisplayName Description",
    list="Settings",
)
_FORMULA: Final = {"FormulaDefinition": "text", "SourceTypeMask": "whole"}
_OPTIONS: Final = {
    "DefaultFormValue": "whole",
    "OptionSet": "object",
    "GlobalOptionSet": "object",
    "ParentPicklistLogicalName": "text",
    "ChildPicklistLogicalNames": "texts",
    **_FORMULA,
}
_LIMITS: Final = {"MinValue": "number", "MaxValue": "number", "Precision": "whole", "ImeMode": "text"}

#: The type of a column's definition by its kind, without the namespace, with what the type adds.
_BY_KIND: Final[Mapping[Kind, tuple[str, dict[str, str]]]] = MappingProxyType(
    {
        Kind.TEXT: (
            "String",
            {
                "MaxLength": "whole",
                "Format": "text",
                "FormatName": "named",
                "ImeMode": "text",
                "YomiOf": "text",
                "IsLocalizable": "flag",
                "DatabaseLength": "whole",
                **_FORMULA,
            },
        ),
        Kind.MEMO: (
            "Memo",
            {
                "MaxLength": "whole",
                "Format": "text",
                "FormatName": "named",
                "ImeMode": "text",
                "IsLocalizable": "flag",
            },
        ),
        Kind.BOOLEAN: (
            "Boolean",
            {"DefaultValue": "flag", "OptionSet": "object", "GlobalOptionSet": "object", **_FORMULA},
        ),
        Kind.CHOICE: ("Picklist", _OPTIONS),
        Kind.CHOICES: ("MultiSelectPicklist", _OPTIONS),
        Kind.STATE: ("State", _OPTIONS),
        Kind.STATUS: ("Status", _OPTIONS),
        Kind.WHEN: (
            "DateTime",
            {
                "Format": "text",
                "DateTimeBehavior": "named",
                "CanChangeDateTimeBehavior": "managed",
                "ImeMode": "text",
                "MinSupportedValue": "text",
                "MaxSupportedValue": "text",
                **_FORMULA,
            },
        ),
        **dict.fromkeys(
            (Kind.LOOKUP, Kind.CUSTOMER, Kind.OWNER), ("Lookup", {"Targets": "texts", "Format": "text"})
        ),
        Kind.INTEGER: (
            "Integer",
            {"MinValue": "whole", "MaxValue": "whole", "Format": "text", **_FORMULA},
        ),
        Kind.BIGINT: ("BigInt", {"MinValue": "whole", "MaxValue": "whole"}),
        Kind.DECIMAL: ("Decimal", {**_LIMITS, **_FORMULA}),
        Kind.DOUBLE: ("Double", _LIMITS),
        Kind.MONEY: (
            "Money",
            {
                **_LIMITS,
                "PrecisionSource": "whole",
                "CalculationOf": "text",
                "IsBaseCurrency": "flag",
                **_FORMULA,
            },
        ),
        Kind.GUID: ("UniqueIdentifier", {}),
        Kind.TABLE_NAME: ("EntityName", {"OptionSet": "object", "IsEntityReferenceStored": "flag"}),
        Kind.MANAGED: (
            "ManagedProperty",
            {
                "ManagedPropertyLogicalName": "text",
                "ParentAttributeName": "text",
                "ParentComponentType": "whole",
                "ValueAttributeTypeCode": "text",
            },
        ),
        Kind.IMAGE: (
            "Image",
            {
                "IsPrimaryImage": "flag",
                "CanStoreFullImage": "flag",
                "MaxHeight": "whole",
                "MaxWidth": "whole",
                "MaxSizeInKB": "whole",
            },
        ),
        Kind.FILE: ("File", {"MaxSizeInKB": "whole"}),
        Kind.VIRTUAL: ("", {}),
    }
)

RELATIONSHIP: Final = _properties(
    guid="MetadataId",
    text="""SchemaName RelationshipType SecurityTypes IntroducedVersion ReferencedAttribute ReferencedEntity
        ReferencedEntityNavigationPropertyName ReferencingAttribute ReferencingEntity
        ReferencingEntityNavigationPropertyName RelationshipBehavior EntityKey Entity1LogicalName
        Entity1IntersectAttribute Entity1NavigationPropertyName Entity2LogicalName Entity2IntersectAttribute
        Entity2NavigationPropertyName IntersectEntityName""",
    flag="HasChanged IsCustomRelationship IsManaged IsValidForAdvancedFind IsHierarchical",
    managed="IsCustomizable",
    object="""AssociatedMenuConfiguration CascadeConfiguration Entity1AssociatedMenuConfiguration
        Entity2AssociatedMenuConfiguration Lookup RelationshipAttributes""",
)

KEY: Final = _properties(
    guid="MetadataId",
    text="SchemaName LogicalName EntityLogicalName EntityKeyIndexStatus IntroducedVersion",
    flag="HasChanged IsManaged IsSynchronous IsExportKey IsSecondaryKey",
    managed="IsCustomizable",
    object="DisplayName AsyncJob",
    texts="KeyAttributes",
)

OPTION_SET: Final = _properties(
    guid="MetadataId",
    text="Name OptionSetType ExternalTypeName IntroducedVersion ParentOptionSetName",
    flag="HasChanged IsCustomOptionSet IsGlobal IsManaged",
    managed="IsCustomizable",
    object="DisplayName Description TrueOption FalseOption",
    list="Options",
)


def type_name(kind: Kind) -> str:
    """The type of a column's definition, with its namespace: `…BooleanAttributeMetadata`."""
    return f"{CRM}{_BY_KIND[kind][0]}AttributeMetadata"


def column_properties(kind: Kind | None) -> Mapping[str, str]:
    """The documented properties of a column's definition; of any column's when no kind is given."""
    return _COLUMN if kind is None else {**_COLUMN, **_BY_KIND[kind][1]}


_BELOW: Final = frozenset({"OptionSet", "GlobalOptionSet"})


def unknown_as_null(known: Mapping[str, str]) -> dict[str, None]:
    """A null for each property that is no navigation property: for who prefers that to a refusal."""
    return {name: None for name, shape in known.items() if shape != "list" and name not in _BELOW}


def kinds_of(name: str) -> tuple[Kind, ...]:
    """The kinds whose definitions are of that type, given with its namespace."""
    return tuple(kind for kind in Kind if type_name(kind) == name)


def checked(subject: str, body: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    """The body's members without annotations and nulls; unknown names and wrong shapes are refused (2.5)."""
    found: dict[str, Any] = {}
    for name, value in body.items():
        if "@" in name:
            continue
        shape = known.get(name)
        if shape is None:
            raise bad_payload(
                subject,
                f"The property '{name[:100]}' does not exist on type '{CRM}{subject}'. "
                "Make sure to only use property names that are defined by the type.",
            )
        if value is None:
            continue
        if not _SHAPES[shape](value):
            raise bad_payload(subject, f"The value of property '{name}' has not the expected type.")
        found[name] = value
    return found


def of_type(body: Mapping[str, Any]) -> str:
    """The `@odata.type` of a body, without its `#`."""
    return str(body.get("@odata.type", "")).removeprefix("#")


def missing(name: str) -> Refusal:
    """A property that a definition cannot do without."""
    return Refusal(Problem.INVALID_ARGUMENT, f"Required field '{name}' is missing.")
