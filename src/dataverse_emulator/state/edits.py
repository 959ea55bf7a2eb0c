"""Changes of definitions that wait for a publish: labels, options, properties (dataverse.md 7.6).

New tables, columns and relationships, and deleted ones, are effective at once and never come here.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from dataverse_emulator.state.columns import Column
from dataverse_emulator.state.definitions import Definition, OptionSet
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, not_implemented

#: ("entity", table), ("attribute", table, column) or ("optionset", name).
Target = tuple[str, ...]


def need_table(organization: Organization, name: str) -> Definition:
    """The table of that logical name; 404 for names that only a customisation could have."""
    found = organization.model.tables.get(name)
    if found is not None:
        return found
    if "_" not in name:
        raise not_implemented(f"the definition of table {name[:60]}", "see its README for its tables.")
    raise Refusal(
        Problem.OBJECT_DOES_NOT_EXIST,
        f"Could not find an entity with specified name: entityLogicalName={name[:100]}",
    )


def need_column(definition: Definition, name: str) -> Column:
    """The column of that name, or 404 (7.3)."""
    column = definition.columns.get(name)
    if column is not None:
        return column
    if definition.partial and "_" not in name:
        raise not_implemented(
            f"column {name[:60]} of {definition.name}", "only the columns in its README are."
        )
    raise Refusal(
        Problem.OBJECT_DOES_NOT_EXIST,
        "Could not find an attribute with specified name: "
        f"entityLogicalName={definition.name}, attributeName={name[:100]}",
    )


def need_option_set(organization: Organization, name: str) -> OptionSet:
    """The global option set of that name, or 404."""
    found = organization.model.option_sets.get(name)
    if found is None:
        raise Refusal(
            Problem.OBJECT_DOES_NOT_EXIST, f"Could not find an optionset with specified name: {name[:100]}"
        )
    return found


def table(organization: Organization, name: str) -> Definition:
    """A table as it will be once published."""
    return replace(need_table(organization, name), **organization.edits.get(("entity", name), {}))


def column(organization: Organization, table_name: str, name: str) -> Column:
    """A column as it will be once published."""
    found = need_column(need_table(organization, table_name), name)
    return replace(found, **organization.edits.get(("attribute", table_name, name), {}))


def option_set(organization: Organization, name: str) -> OptionSet:
    """A global option set as it will be once published."""
    return replace(need_option_set(organization, name), **organization.edits.get(("optionset", name), {}))


def keep(organization: Organization, target: Target, fields: Mapping[str, Any]) -> None:
    """Note new values of fields of a definition."""
    pending = organization.edits
    _put(organization, {**pending, target: {**pending.get(target, {}), **fields}})


def forget(organization: Organization, *start: Target) -> None:
    """Drop the edits of whatever these targets begin the names of."""
    _put(
        organization,
        {
            target: fields
            for target, fields in organization.edits.items()
            if not any(target[: len(one)] == one for one in start)
        },
    )


def publish(organization: Organization, tables: Collection[str] | None, sets: Collection[str]) -> None:
    """Make pending edits of these tables and option sets the definitions; of all when tables is None."""
    chosen = [
        target
        for target in organization.edits
        if tables is None or target[1] in (sets if target[0] == "optionset" else tables)
    ]
    model = organization.model
    for target in chosen:
        fields = organization.edits[target]
        match target:
            case ("entity", name):
                model = model.with_table(replace(model.tables[name], **fields))
            case ("attribute", name, held):
                changed = replace(model.tables[name].columns[held], **fields)
                model = model.with_table(model.tables[name].with_columns(changed))
            case ("optionset", name):
                shared = replace(model.option_sets[name], **fields)
                model = model.with_option_set(shared)
                for definition in list(model.tables.values()):
                    users = [one for one in definition.columns.values() if one.choice == name]
                    if users:
                        model = model.with_table(
                            definition.with_columns(*(_as(one, shared) for one in users))
                        )
    if chosen:
        organization.change_model(model)
        forget(organization, *chosen)


def _as(user: Column, shared: OptionSet) -> Column:
    own = {part: held for part, held in user.translations.items() if not part.startswith("option ")}
    theirs = {part: held for part, held in shared.translations.items() if part.startswith("option ")}
    return replace(user, options=shared.options, translations={**own, **theirs})


def _put(organization: Organization, pending: dict[Target, Mapping[str, Any]]) -> None:
    before = organization.edits
    organization.edits = pending

    def undo() -> None:
        organization.edits = before

    organization.on_undo(undo)
