"""The actions on options: insert, relabel, delete, order; all wait for a publish."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from dataverse_emulator.state import edits
from dataverse_emulator.state.columns import OPTIONS, Kind
from dataverse_emulator.state.metadata_types import checked, missing
from dataverse_emulator.state.option_sets import (
    OPTION_TEXTS,
    Options,
    labelled,
    next_value,
    part_of,
    prefix_of,
    with_option,
)
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, not_implemented

Facts = dict[str, Any]

_TARGET: Final = {
    "OptionSetName": "text",
    "EntityLogicalName": "text",
    "AttributeLogicalName": "text",
    "SolutionUniqueName": "text",
}


@dataclass(frozen=True, slots=True)
class Edited:
    """The options an action is about, with edits not yet published, and where edits of them go."""

    options: Options
    target: edits.Target
    kind: Kind
    pairs: Mapping[int, int]


def insert_value(organization: Organization, body: Facts) -> int:
    """InsertOptionValue: one option more, at the end."""
    given = checked("InsertOptionValue", body, {**_TARGET, **OPTION_TEXTS, "ParentValues": "list"})
    found = _edited(organization, given)
    if found.kind not in (Kind.CHOICE, Kind.CHOICES):
        raise Refusal(
            Problem.OPTION_WRONG_TYPE, "You can add option values only to picklist and status attributes."
        )
    prefix = prefix_of(organization, given.get("SolutionUniqueName"))
    value = int(given.get("Value", next_value(found.options.texts, prefix)))
    _keep(organization, found, with_option(organization, found.options, given, value))
    return value


def insert_status(organization: Organization, body: Facts) -> int:
    """InsertStatusValue: one reason more for a state."""
    given = checked("InsertStatusValue", body, {**_TARGET, **OPTION_TEXTS, "StateCode": "whole"})
    found = _edited(organization, given)
    if found.kind is not Kind.STATUS or given.get("StateCode") not in found.pairs.values():
        raise Refusal(Problem.INVALID_ARGUMENT, "A status value needs a status column and a StateCode of it.")
    prefix = prefix_of(organization, given.get("SolutionUniqueName"))
    value = int(given.get("Value", next_value(found.options.texts, prefix)))
    _keep(organization, found, with_option(organization, found.options, given, value))
    edits.keep(organization, found.target, {"pairs": {**found.pairs, value: given["StateCode"]}})
    return value


def update_value(organization: Organization, body: Facts) -> None:
    """UpdateOptionValue and UpdateStateValue: new texts of an option (7.3)."""
    known = {
        **_TARGET,
        **OPTION_TEXTS,
        "MergeLabels": "flag",
        "ParentValues": "list",
        "DefaultStatusCode": "whole",
    }
    given = checked("UpdateOptionValue", body, known)
    found = _edited(organization, given)
    value = _existing(found, given.get("Value"))
    merge = bool(given.get("MergeLabels"))
    _keep(organization, found, labelled(organization, found.options, given, value, merge=merge))


def delete_value(organization: Organization, body: Facts) -> None:
    """DeleteOptionValue: one option less; rows keep the number."""
    given = checked("DeleteOptionValue", body, {**_TARGET, "Value": "whole"})
    found = _edited(organization, given)
    if found.kind not in (Kind.CHOICE, Kind.CHOICES, Kind.STATUS):
        raise Refusal(
            Problem.OPTION_WRONG_TYPE, "You can delete options only from picklist and status attributes."
        )
    value = _existing(found, given.get("Value"))
    texts = {key: text for key, text in found.options.texts.items() if key != value}
    gone = part_of(value)
    others = {
        part: held
        for part, held in found.options.translations.items()
        if part != gone and not part.startswith(f"{gone} ")
    }
    _keep(organization, found, Options(texts, others))


def order(organization: Organization, body: Facts) -> None:
    """OrderOption: the same options in another order."""
    given = checked("OrderOption", body, {**_TARGET, "Values": "list"})
    found = _edited(organization, given)
    values = given.get("Values", [])
    if sorted(map(repr, values)) != sorted(map(repr, found.options.texts)):
        raise Refusal(Problem.INVALID_ARGUMENT, "Values must hold every value of the option set once.")
    texts = {value: found.options.texts[value] for value in values}
    _keep(organization, found, Options(texts, found.options.translations))


def _existing(found: Edited, value: object) -> int:
    if not isinstance(value, int) or value not in found.options.texts:
        raise Refusal(Problem.INVALID_ARGUMENT, f"The option value '{value}' does not exist.")
    return value


def _edited(organization: Organization, given: Facts) -> Edited:
    name, table = given.get("OptionSetName"), given.get("EntityLogicalName")
    if name:
        held = edits.option_set(organization, name.lower())
        kind = Kind.BOOLEAN if held.boolean else Kind.CHOICE
        return Edited(Options(held.options, held.translations), ("optionset", held.name), kind, {})
    if not table or not given.get("AttributeLogicalName"):
        raise missing("OptionSetName, or EntityLogicalName and AttributeLogicalName")
    column = edits.column(organization, table, given["AttributeLogicalName"])
    if column.choice:
        raise not_implemented("changing a global option set through a column", "give its OptionSetName.")
    if column.kind not in OPTIONS | {Kind.BOOLEAN, Kind.CHOICES}:
        raise Refusal(
            Problem.OPTION_WRONG_TYPE, "You can add option values only to picklist and status attributes."
        )
    target = ("attribute", table, column.name)
    return Edited(Options(column.options, column.translations), target, column.kind, column.pairs)


def _keep(organization: Organization, found: Edited, options: Options) -> None:
    edits.keep(organization, found.target, {"options": options.texts, "translations": options.translations})
