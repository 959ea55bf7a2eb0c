"""The body of a column's definition, read into a column (Create and update column definitions)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from dataverse_emulator.state import labels, option_sets
from dataverse_emulator.state.columns import OPTIONS, Column, Kind
from dataverse_emulator.state.metadata_types import (
    CRM,
    checked,
    column_properties,
    kinds_of,
    missing,
    of_type,
    words,
)
from dataverse_emulator.state.names import check_schema_name
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_payload, not_implemented

Facts = dict[str, Any]

#: Kinds a client makes by POST to Attributes; lookups come with their relationships.
MAKEABLE: Final = frozenset(
    {
        Kind.TEXT,
        Kind.MEMO,
        Kind.BOOLEAN,
        Kind.CHOICE,
        Kind.CHOICES,
        Kind.WHEN,
        Kind.INTEGER,
        Kind.BIGINT,
        Kind.DECIMAL,
        Kind.DOUBLE,
        Kind.MONEY,
        Kind.IMAGE,
        Kind.FILE,
    }
)
_LEVELS: Final = {
    "None": "",
    "SystemRequired": "system",
    "ApplicationRequired": "application",
    "Recommended": "Recommended",
}
#: Members that fields of a column tell, or that only the platform sets.
_OWN: Final = words(
    """MetadataId LogicalName SchemaName EntityLogicalName AttributeOf AttributeType AttributeTypeName
    ColumnNumber DisplayName Description HasChanged IsCustomAttribute IsLogical IsManaged IsPrimaryId
    IsPrimaryName IsSecured IsValidForCreate IsValidForRead IsValidForUpdate IsValidODataAttribute
    RequiredLevel MaxLength Format FormatName DefaultValue DefaultFormValue DateTimeBehavior Targets MinValue
    MaxValue Precision OptionSet GlobalOptionSet InheritsFrom CreatedOn ModifiedOn"""
)
_BOUND_SET: Final = re.compile(r"GlobalOptionSetDefinitions\((?:Name='([^']+)'|([0-9a-fA-F-]{36}))\)$")
_TEXT_FORMATS: Final = words(
    "Text TextArea Email Url TickerSymbol Phone PhoneticGuide VersionNumber Json RichText"
)
_INT_FORMATS: Final = frozenset({"None", "Duration", "TimeZone", "Language", "Locale"})
_INT: Final = 2**31
_BOUND: Final = MappingProxyType(
    {
        Kind.INTEGER: (-_INT, _INT - 1),
        Kind.BIGINT: (-(2**63), 2**63 - 1),
        Kind.DECIMAL: (-100_000_000_000, 100_000_000_000),
        Kind.DOUBLE: (-100_000_000_000, 100_000_000_000),
        Kind.MONEY: (-922_337_203_685_477, 922_337_203_685_477),
    }
)
_PRECISION: Final = MappingProxyType({Kind.DECIMAL: 10, Kind.DOUBLE: 5, Kind.MONEY: 4})
_LONGEST: Final = MappingProxyType({Kind.TEXT: 4_000, Kind.MEMO: 1_048_576})


def kind_of(body: Mapping[str, Any]) -> Kind:
    """The kind of column a body describes, by its `@odata.type`."""
    name = of_type(body)
    kinds = kinds_of(name)
    if not kinds or name == f"{CRM}AttributeMetadata":
        raise bad_payload("AttributeMetadata", f"@odata.type '{name[:100]}' is no type of column.")
    return kinds[0]


def column(organization: Organization, body: Mapping[str, Any], number: int, solution: str | None) -> Column:
    """A new column as its maker describes it; `number` is its ColumnNumber."""
    kind = kind_of(body)
    if kind not in MAKEABLE:
        raise not_implemented(f"creating a {kind.value} column by itself", "lookups come with relationships.")
    given = checked("AttributeMetadata", body, column_properties(kind)) | _bound_set(body)
    schema = check_schema_name(organization, given.get("SchemaName"))
    base = Column(
        name=schema.lower(),
        kind=kind,
        schema_name=schema,
        number=number,
        custom=True,
        metadata_id=given.get("MetadataId") or organization.sources.new_id(),
    )
    fields = _first(kind) | common(organization, base, given, merge=False)
    fields |= _KINDS.get(kind, _plain)(organization, base, given, solution)
    if "label" not in fields:
        raise missing("DisplayName")
    return _made(base, fields)


def _made(base: Column, fields: Facts) -> Column:
    translations = {**fields.pop("translations", {}), **fields.pop("option_texts", {})}
    return replace(base, translations=translations, **fields)


def changes(organization: Organization, column: Column, body: Mapping[str, Any], *, merge: bool) -> Facts:
    """The fields a PUT of a whole definition changes; options have actions of their own (7.3)."""
    given = checked("AttributeMetadata", body, column_properties(column.kind))
    for name, present in (("LogicalName", column.name), ("SchemaName", column.schema_name)):
        if given.get(name, present) != present:
            raise Refusal(Problem.INVALID_ARGUMENT, f"{name} cannot be changed (it is '{present}').")
    held = {name: value for name, value in given.items() if name not in ("OptionSet", "GlobalOptionSet")}
    fields = common(organization, column, held, merge=merge)
    fields |= _KINDS.get(column.kind, _plain)(organization, column, held, None)
    fields.pop("option_texts", None)
    if column.max_length is not None and fields["max_length"] < column.max_length:
        raise not_implemented("shortening a column", "what becomes of longer values is not documented.")
    return fields


def _first(kind: Kind) -> Facts:
    """What a column is when its maker does not say."""
    found: Facts = {}
    if kind in _BOUND:
        found = {"minimum": float(_BOUND[kind][0]), "maximum": float(_BOUND[kind][1])}
    if kind in _PRECISION:
        found["precision"] = 2
    if kind in (Kind.IMAGE, Kind.FILE):
        found["update"] = True
    return found


def common(organization: Organization, before: Column, given: Mapping[str, Any], *, merge: bool) -> Facts:
    """The fields that columns of every kind have."""
    language, others, found = organization.settings.language_code, before.translations, Facts()
    for part, name, held in (
        (labels.DISPLAY, "label", before.label),
        (labels.DESCRIPTION, "description", before.description),
    ):
        texts = labels.given(organization, given, part)
        if texts is not None:
            old = labels.texts(language, part, held, others) if merge else {}
            found[name], others = labels.kept(language, part, {**old, **texts}, others)
    level = given.get("RequiredLevel", {}).get("Value")
    if level is not None:
        if level not in _LEVELS:
            raise bad_payload("AttributeMetadata", f"RequiredLevel has no value '{str(level)[:40]}'.")
        found["required"] = _LEVELS[level]
    if "IsSecured" in given:
        found["secured"] = given["IsSecured"]
    more = {name: value for name, value in given.items() if name not in _OWN}
    return {**found, "translations": others, "facts": {**before.facts, **more}}


_Reader = Callable[[Organization, Column, Mapping[str, Any], str | None], Facts]


def _plain(_organization: Organization, _base: Column, _given: Mapping[str, Any], _: str | None) -> Facts:
    return {}


def _text(_organization: Organization, base: Column, given: Mapping[str, Any], _: str | None) -> Facts:
    kind, found = base.kind, Facts()
    default = "Text" if kind is Kind.TEXT else "TextArea"
    format_ = given.get("FormatName", {}).get("Value") or given.get("Format") or base.format or default
    if format_ not in _TEXT_FORMATS:
        raise bad_payload("AttributeMetadata", f"Format has no value '{str(format_)[:40]}'.")
    found["format"] = format_
    length = given.get("MaxLength", base.max_length or (100 if kind is Kind.TEXT else 2_000))
    if not 1 <= length <= _LONGEST[kind]:
        raise Refusal(Problem.INVALID_ARGUMENT, f"MaxLength must be 1 to {_LONGEST[kind]}.")
    return {**found, "max_length": length}


def _number(_organization: Organization, base: Column, given: Mapping[str, Any], _: str | None) -> Facts:
    least, most = _BOUND[base.kind]
    low = given.get("MinValue", least if base.minimum is None else base.minimum)
    high = given.get("MaxValue", most if base.maximum is None else base.maximum)
    if not least <= low <= high <= most:
        raise Refusal(Problem.INVALID_ARGUMENT, f"MinValue and MaxValue must be in order, {least} to {most}.")
    found: Facts = {"minimum": float(low), "maximum": float(high)}
    if base.kind in _PRECISION and "Precision" in given:
        if not 0 <= given["Precision"] <= _PRECISION[base.kind]:
            raise Refusal(Problem.INVALID_ARGUMENT, f"Precision must be 0 to {_PRECISION[base.kind]}.")
        found["precision"] = given["Precision"]
    if base.kind is Kind.INTEGER and "Format" in given:
        if given["Format"] not in _INT_FORMATS:
            raise bad_payload("AttributeMetadata", f"Format has no value '{given['Format'][:40]}'.")
        found["format"] = given["Format"]
    return found


def _moment(_organization: Organization, base: Column, given: Mapping[str, Any], _: str | None) -> Facts:
    format_ = given.get("Format", base.format or "DateAndTime")
    behavior = given.get("DateTimeBehavior", {}).get("Value", base.behavior)
    if format_ not in ("DateOnly", "DateAndTime"):
        raise bad_payload("AttributeMetadata", f"Format has no value '{format_[:40]}'.")
    if behavior not in ("UserLocal", "DateOnly", "TimeZoneIndependent"):
        raise bad_payload("AttributeMetadata", f"DateTimeBehavior has no value '{behavior[:40]}'.")
    return {"format": format_, "behavior": behavior}


def _boolean(
    organization: Organization, base: Column, given: Mapping[str, Any], solution: str | None
) -> Facts:
    found: Facts = {"default": given.get("DefaultValue", base.default or False)}
    if base.options:
        return found
    return found | _options(organization, given, solution, boolean=True)


def _choice(
    organization: Organization, base: Column, given: Mapping[str, Any], solution: str | None
) -> Facts:
    found: Facts = {}
    if not base.options:
        found = _options(organization, given, solution, boolean=False)
    first = given.get("DefaultFormValue")
    if first is not None and base.kind in OPTIONS:
        if first != -1 and first not in {**base.options, **found.get("options", {})}:
            raise Refusal(Problem.INVALID_ARGUMENT, f"DefaultFormValue {first} is not one of the options.")
        found["default"] = None if first == -1 else first
    return found


def _options(
    organization: Organization, given: Mapping[str, Any], solution: str | None, *, boolean: bool
) -> Facts:
    """The options of a new column: its own, or those of a global set it names."""
    shared = _shared(organization, given)
    if shared is not None:
        held = organization.model.option_sets[shared]
        theirs = {part: one for part, one in held.translations.items() if part.startswith("option ")}
        return {"options": held.options, "option_texts": theirs, "choice": shared}
    body = given.get("OptionSet")
    if body is None:
        raise missing("OptionSet")
    prefix = option_sets.prefix_of(organization, solution)
    options = option_sets.read(organization, body, prefix, boolean=boolean)
    return {"options": options.texts, "option_texts": options.translations}


def _bound_set(body: Mapping[str, Any]) -> Facts:
    """The global option set that `GlobalOptionSet@odata.bind` names, by id or name."""
    text = body.get("GlobalOptionSet@odata.bind")
    if text is None:
        return {}
    hit = _BOUND_SET.search(text) if isinstance(text, str) else None
    if hit is None:
        raise bad_payload("AttributeMetadata", "GlobalOptionSet@odata.bind names no global option set.")
    return {"GlobalOptionSet": {"Name": hit[1], "MetadataId": hit[2]}}


def _shared(organization: Organization, given: Mapping[str, Any]) -> str | None:
    body = given.get("GlobalOptionSet") or given.get("OptionSet") or {}
    if "GlobalOptionSet" not in given and not body.get("IsGlobal"):
        return None
    wanted = str(body.get("Name") or "").lower(), str(body.get("MetadataId") or "").lower()
    for held in organization.model.option_sets.values():
        if held.name == wanted[0] or held.metadata_id == wanted[1]:
            return held.name
    raise Refusal(
        Problem.OBJECT_DOES_NOT_EXIST, "The global option set that the column names does not exist."
    )


_KINDS: Final[Mapping[Kind, _Reader]] = MappingProxyType(
    {
        **dict.fromkeys((Kind.TEXT, Kind.MEMO), _text),
        **dict.fromkeys(_BOUND, _number),
        Kind.WHEN: _moment,
        Kind.BOOLEAN: _boolean,
        Kind.CHOICE: _choice,
        Kind.CHOICES: _choice,
    }
)
