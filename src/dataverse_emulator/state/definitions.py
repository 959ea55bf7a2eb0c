"""The contact table's own definition: columns described, added, relabelled, deleted (section 7)."""

import re
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from dataverse_emulator.state.columns import Column, Kind
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_payload, not_implemented
from dataverse_emulator.state.registrations import steps_filtering_on
from dataverse_emulator.state.sources import derived_id

Definition = dict[str, Any]

CONTACT_METADATA_ID: Final = "608861bc-50a4-4c5f-a02c-21fe1943e2cf"
BOOLEAN_TYPE: Final = "Microsoft.Dynamics.CRM.BooleanAttributeMetadata"
_SCHEMA_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{1,7}_[A-Za-z0-9_]{1,91}")
_FIRST_CUSTOM_NUMBER: Final = 10_000
_YES_NO: Final = MappingProxyType({0: "No", 1: "Yes"})


def table(organization: Organization) -> Definition:
    """The contact table (9.1, 7.6)."""
    return {
        "MetadataId": CONTACT_METADATA_ID,
        "LogicalName": "contact",
        "SchemaName": "Contact",
        "EntitySetName": "contacts",
        "LogicalCollectionName": "contacts",
        "ObjectTypeCode": 2,
        "PrimaryIdAttribute": "contactid",
        "PrimaryNameAttribute": "fullname",
        "OwnershipType": "UserOwned",
        "ChangeTrackingEnabled": True,
        "IsOptimisticConcurrencyEnabled": True,
        "IsCustomEntity": False,
        "IsAuditEnabled": {
            "Value": organization.settings.is_audit_enabled,
            "CanBeChanged": True,
            "ManagedPropertyLogicalName": "canmodifyauditsettings",
        },
        "HasChanged": None,
    }


def metadata_id(column: Column) -> str:
    """Stable for a name; a real organisation gives each column its own."""
    return derived_id("attribute", "contact", column.name)


def attribute(organization: Organization, column: Column, *, option_set: bool) -> Definition:
    """One column's definition; option sets come only where they are expanded (7.3)."""
    language = organization.settings.language_code
    found: Definition = {
        "MetadataId": metadata_id(column),
        "LogicalName": column.name,
        "SchemaName": column.schema_name,
        "EntityLogicalName": "contact",
        "AttributeType": column.kind.value,
        "AttributeTypeName": {"Value": f"{column.kind.value}Type"},
        "ColumnNumber": column.number,
        "DisplayName": _label(column.label, language),
        "IsCustomAttribute": column.custom,
        "IsManaged": not column.custom,
        "IsValidForCreate": column.create,
        "IsValidForUpdate": column.update,
        "IsValidForRead": True,
        "IsPrimaryId": column.name == "contactid",
        "IsPrimaryName": column.name == "fullname",
    }
    if column.kind is Kind.TEXT:
        found |= {"MaxLength": column.max_length, "Format": column.format}
    if column.kind is Kind.BOOLEAN:
        found["DefaultValue"] = column.default
        if option_set:
            found["OptionSet"] = _option_set(column, language)
    return found


def odata_type(column: Column) -> str:
    """The derived type a collection of attributes names each member by."""
    return f"#Microsoft.Dynamics.CRM.{column.kind.value}AttributeMetadata"


def add_boolean(organization: Organization, body: Definition) -> Column:
    """A new Yes/No column; existing rows hold null in it (7.3)."""
    if str(body.get("@odata.type", "")).removeprefix("#") != BOOLEAN_TYPE:
        raise not_implemented("columns that are not Boolean", f"@odata.type must be {BOOLEAN_TYPE}.")
    schema = body.get("SchemaName")
    if not isinstance(schema, str) or not _SCHEMA_NAME.fullmatch(schema):
        raise Refusal(Problem.BAD_SCHEMA_NAME, f"The schema name '{str(schema)[:60]}' is not valid.")
    name, contacts = schema.lower(), organization.contacts
    if name in contacts.columns or name in contacts.shape.known:
        raise Refusal(
            Problem.DUPLICATE_COLUMN,
            f"An attribute with the specified name {name} already exists for entity contact. "
            "Attribute names should be unique across an entity.",
        )
    number = max(_FIRST_CUSTOM_NUMBER, *(column.number for column in contacts.columns.values())) + 1
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
    contacts.add_column(column)
    organization.metadata_changed()
    return column


def relabel(organization: Organization, name: str, body: Definition) -> Column:
    """New label and default of a custom column; option labels have an action of their own (7.3)."""
    column = need(organization, name)
    _check_same(column, body)
    label = _label_text(body, "DisplayName", organization) or column.label
    default = _default(body) if "DefaultValue" in body else column.default
    changed = replace(column, label=label, default=default)
    organization.contacts.change_column(changed)
    organization.metadata_changed()
    return changed


def drop(organization: Organization, name: str) -> Column:
    """Delete a custom column unless a form, a view or a step refers to it (7.8)."""
    column = need(organization, name)
    if not column.custom:
        raise not_implemented("deleting a column of the system", "custom ones are.")
    used = organization.forms.showing(name) or organization.views.showing(name)
    if used or steps_filtering_on(name, organization.registers):
        raise Refusal(
            Problem.COMPONENT_IN_USE,
            f"The Attribute({metadata_id(column)}) component cannot be deleted because it is referenced "
            "by other components. For a list of referenced components, use the "
            "RetrieveDependenciesForDeleteRequest.",
        )
    organization.contacts.drop_column(name)
    organization.metadata_changed()
    return column


def need(organization: Organization, name: str) -> Column:
    """The imitated column of that name, or 404 (7.3)."""
    column = organization.contacts.columns.get(name)
    if column is not None:
        return column
    if name in organization.contacts.shape.known:
        raise not_implemented(f"column {name} of contact", "only the columns in its README are.")
    raise Refusal(
        Problem.OBJECT_DOES_NOT_EXIST,
        f"Could not find an attribute with specified name: entityLogicalName=contact, attributeName={name}",
    )


def _check_same(column: Column, body: Definition) -> None:
    for key, present in (("LogicalName", column.name), ("SchemaName", column.schema_name)):
        if body.get(key, present) != present:
            raise not_implemented(f"changing {key}", "names cannot be changed (7.4).")
    if not column.custom:
        raise not_implemented("changing a column of the system", "custom ones are.")


def _default(body: Definition) -> bool:
    value = body.get("DefaultValue", False)
    if not isinstance(value, bool):
        raise bad_payload("Attributes", "DefaultValue must be a Boolean.")
    return value


def _options(body: Definition, organization: Organization) -> dict[int, str]:
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


def _label_text(body: Definition, key: str, organization: Organization) -> str | None:
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


def _label(text: str, language: int) -> Definition:
    localized = {"Label": text, "LanguageCode": language, "IsManaged": False, "HasChanged": None}
    return {"LocalizedLabels": [localized], "UserLocalizedLabel": localized}


def _option_set(column: Column, language: int) -> Definition:
    return {
        "OptionSetType": "Boolean",
        "TrueOption": {"Value": 1, "Label": _label(column.options[1], language)},
        "FalseOption": {"Value": 0, "Label": _label(column.options[0], language)},
    }
