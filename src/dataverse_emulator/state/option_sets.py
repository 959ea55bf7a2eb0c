"""Option sets, local and global: described and made (Create and update choices)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from dataverse_emulator.state import edits, labels
from dataverse_emulator.state.columns import Column, Kind, Texts, Translations
from dataverse_emulator.state.definitions import OptionSet
from dataverse_emulator.state.metadata_types import CRM, OPTION_SET, checked, missing, of_type
from dataverse_emulator.state.names import check_schema_name
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_payload
from dataverse_emulator.state.sources import derived_id

Facts = dict[str, Any]

PICKLIST: Final = f"{CRM}OptionSetMetadata"
BOOLEAN: Final = f"{CRM}BooleanOptionSetMetadata"
#: Values of a publisher's options begin at its prefix times this (7.1).
_PER_PUBLISHER: Final = 10_000
_DEFAULT_PREFIX: Final = 10_000
_YES_NO: Final = {0: "No", 1: "Yes"}
#: What a body may say of an option, and in what shape.
OPTION_TEXTS: Final = {"Value": "whole", "Label": "object", "Description": "object", "Color": "text"}
_OPTION: Final = {**OPTION_TEXTS, "ExternalValue": "text", "IsManaged": "flag", "HasChanged": "flag"}
_TYPES: Final = {Kind.STATE: "State", Kind.STATUS: "Status", Kind.BOOLEAN: "Boolean"}


@dataclass(frozen=True, slots=True)
class Options:
    """Options as they are kept: texts in the base language, and everything else said of them."""

    texts: Mapping[int, str]
    translations: Translations


def part_of(value: int) -> str:
    """Under which name the translations of an option's label are kept."""
    return f"option {value}"


def facts(organization: Organization, held: OptionSet) -> Facts:
    """A global option set as metadata tells of it."""
    language = organization.settings.language_code
    kind = Kind.BOOLEAN if held.boolean else Kind.CHOICE
    name = labels.texts(language, labels.DISPLAY, held.label, held.translations)
    about = labels.texts(language, labels.DESCRIPTION, held.description, held.translations)
    return {
        "@odata.type": f"#{BOOLEAN if held.boolean else PICKLIST}",
        "MetadataId": held.metadata_id,
        "HasChanged": None,
        "Name": held.name,
        "DisplayName": labels.shown(name, language),
        "Description": labels.shown(about, language),
        "IsCustomOptionSet": True,
        "IsGlobal": True,
        "IsManaged": False,
        "IsCustomizable": {
            "Value": True,
            "CanBeChanged": True,
            "ManagedPropertyLogicalName": "iscustomizable",
        },
        "OptionSetType": _TYPES.get(kind, "Picklist"),
        **_members(kind, held.options, held.translations, {}, language),
    }


def of_column(organization: Organization, column: Column, name: str, metadata_id: str) -> Facts:
    """A column's options as metadata tells of them."""
    language = organization.settings.language_code
    display = labels.texts(language, labels.DISPLAY, column.label, column.translations)
    return {
        "MetadataId": derived_id("optionset", metadata_id),
        "HasChanged": None,
        "Name": name,
        "DisplayName": labels.shown(display, language),
        "IsCustomOptionSet": column.custom,
        "IsGlobal": bool(column.choice),
        "IsManaged": not column.custom,
        "OptionSetType": _TYPES.get(column.kind, "Picklist"),
        **_members(column.kind, column.options, column.translations, column.pairs, language),
    }


def _members(
    kind: Kind, options: Mapping[int, str], others: Translations, pairs: Mapping[int, int], language: int
) -> Facts:
    told = [_option(value, text, others, language) for value, text in options.items()]
    if kind is Kind.BOOLEAN:
        by_value = {option["Value"]: option for option in told}
        return {"TrueOption": by_value.get(1), "FalseOption": by_value.get(0)}
    for option in told:
        if kind is Kind.STATUS:
            option |= {"@odata.type": f"#{CRM}StatusOptionMetadata", "State": pairs.get(option["Value"])}
        elif kind is Kind.STATE:
            invariant = options[option["Value"]]
            option |= {
                "@odata.type": f"#{CRM}StateOptionMetadata",
                "DefaultStatus": pairs.get(option["Value"]),
                "InvariantName": invariant,
            }
    return {"Options": told}


def _option(value: int, text: str, others: Translations, language: int) -> Facts:
    part = part_of(value)
    return {
        "Value": value,
        "Label": labels.shown(labels.texts(language, part, text, others), language),
        "Description": labels.shown(others.get(f"{part} {labels.DESCRIPTION}", {}), language),
        "Color": others.get(f"{part} Color", {}).get(0),
        "IsManaged": False,
        "HasChanged": None,
    }


def read(organization: Organization, body: Mapping[str, Any], prefix: int, *, boolean: bool) -> Options:
    """The options of a new option set; those without a value get the publisher's next (7.1)."""
    given = checked("OptionSetMetadata", body, OPTION_SET)
    if boolean:
        return _two(organization, given)
    held = Options({}, {})
    for one in given.get("Options", []):
        if not isinstance(one, dict):
            raise bad_payload("OptionMetadata", "Options must be objects.")
        option = checked("OptionMetadata", one, _OPTION)
        held = with_option(organization, held, option, option.get("Value", next_value(held.texts, prefix)))
    return held


def _two(organization: Organization, given: Facts) -> Options:
    held = Options(dict(_YES_NO), {})
    for value, name in ((0, "FalseOption"), (1, "TrueOption")):
        option = given.get(name)
        if option is None:
            raise missing(name)
        option = checked("OptionMetadata", option, _OPTION)
        if option.get("Value", value) != value:
            raise bad_payload("OptionMetadata", f"{name} must have Value {value}.")
        held = labelled(organization, held, option, value)
    return held


def with_option(organization: Organization, held: Options, option: Facts, value: int) -> Options:
    """The options with a new one at the end."""
    if value in held.texts:
        raise Refusal(
            Problem.OPTION_NOT_UNIQUE, "The picklist value already exists.  Picklist values must be unique."
        )
    if "Label" not in option:
        raise missing("Label")
    return labelled(organization, Options({**held.texts, value: ""}, held.translations), option, value)


def labelled(
    organization: Organization, held: Options, option: Facts, value: int, *, merge: bool = False
) -> Options:
    """The options with everything a body says of one of them put in place."""
    language, part = organization.settings.language_code, part_of(value)
    text, others = held.texts[value], held.translations
    if (found := labels.given(organization, option, "Label")) is not None:
        before = labels.texts(language, part, text, others) if merge else {}
        text, others = labels.kept(language, part, {**before, **found}, others)
    if (about := labels.given(organization, option, "Description")) is not None:
        others = {**others, f"{part} {labels.DESCRIPTION}": about}
    if "Color" in option:
        colour: Texts = {0: option["Color"]}
        others = {**others, f"{part} Color": colour}
    return Options({**held.texts, value: text}, others)


def next_value(taken: Mapping[int, str], prefix: int) -> int:
    """The first free value of a publisher (7.1)."""
    value = prefix * _PER_PUBLISHER
    while value in taken:
        value += 1
    return value


def prefix_of(organization: Organization, solution: str | None) -> int:
    """The option value prefix of a solution's publisher; that of the default one without a solution."""
    solutions, publishers = organization.table("solution"), organization.table("publisher")
    found = None if solution is None else solutions.find(uniquename=solution)
    owner = None if found is None else publishers.position(str(solutions.cell(found, "publisherid")))
    if owner is None:
        return _DEFAULT_PREFIX
    return int(publishers.cell(owner, "customizationoptionvalueprefix"))


# -- global option sets ------------------------------------------------------------------------------------


def create(organization: Organization, body: Facts, solution: str | None) -> OptionSet:
    """A new global option set (POST GlobalOptionSetDefinitions)."""
    kind = of_type(body)
    if kind not in (PICKLIST, BOOLEAN):
        raise bad_payload("GlobalOptionSetDefinitions", f"@odata.type must be {PICKLIST} or {BOOLEAN}.")
    given = checked("OptionSetMetadata", body, OPTION_SET)
    name = check_schema_name(organization, given.get("Name")).lower()
    if name in organization.model.option_sets:
        raise Refusal(
            Problem.DUPLICATE_OPTION_SET,
            "An OptionSet with the specified name already exists. Please specify a unique name.",
        )
    options = read(organization, body, prefix_of(organization, solution), boolean=kind == BOOLEAN)
    held = OptionSet(
        name,
        given.get("MetadataId") or organization.sources.new_id(),
        options.texts,
        translations=options.translations,
        boolean=kind == BOOLEAN,
    )
    held = replace(held, **_named(organization, held, given, merge=False))
    organization.change_model(organization.model.with_option_set(held))
    return held


def _named(organization: Organization, held: OptionSet, given: Facts, *, merge: bool) -> Facts:
    """The label and description a body gives, as fields."""
    language, others, found = organization.settings.language_code, held.translations, Facts()
    for part, field, before in (
        (labels.DISPLAY, "label", held.label),
        (labels.DESCRIPTION, "description", held.description),
    ):
        texts = labels.given(organization, given, part)
        if texts is not None:
            old = labels.texts(language, part, before, others) if merge else {}
            found[field], others = labels.kept(language, part, {**old, **texts}, others)
    return {**found, "translations": others}


def update(organization: Organization, name: str, body: Facts, *, merge: bool) -> None:
    """New labels of a global option set, to be seen once published; options have actions of their own."""
    given = checked("OptionSetMetadata", body, OPTION_SET)
    if given.get("Name", name).lower() != name:
        raise bad_payload("GlobalOptionSetDefinitions", "The name of an option set cannot be changed.")
    held = edits.option_set(organization, name)
    edits.keep(organization, ("optionset", name), _named(organization, held, given, merge=merge))


def remove(organization: Organization, name: str) -> None:
    """Delete a global option set that no column uses."""
    users = sorted(
        f"{table.name}.{column.name}"
        for table in organization.model.tables.values()
        for column in table.columns.values()
        if column.choice == name
    )
    if users:
        raise Refusal(
            Problem.OPTION_SET_IN_USE,
            "This option set cannot be deleted. The current set of entities that reference this option set "
            f"are: {', '.join(users)}. These references must be removed before this option set can be "
            "deleted",
        )
    edits.forget(organization, ("optionset", name))
    organization.change_model(organization.model.without_option_set(name))
