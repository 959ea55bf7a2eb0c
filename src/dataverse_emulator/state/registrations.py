"""Webhook registrations: endpoints, steps, images, and the rules between them (dataverse.md 6.1-6.3)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from dataverse_emulator.state.columns import Cell
from dataverse_emulator.state.events import Event, Message, Values
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, not_implemented, row_missing
from dataverse_emulator.state.table import Table

_STEPS: Final = "sdkmessageprocessingstep"
_WEBHOOK_CONTRACT: Final = 8
_AUTH_TYPES: Final = frozenset({4, 5, 6})


@dataclass(frozen=True, slots=True)
class Image:
    """A registered copy of the row: 0 before, 1 after, 2 both (6.3)."""

    alias: str
    kind: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """An enabled registration with everything a delivery needs."""

    step_id: str
    name: str
    url: str
    auth_type: int
    auth_value: str
    asyncautodelete: bool
    images: tuple[Image, ...]


def check_endpoint(_organization: Organization, values: Values, merged: Values) -> Values:
    """Only webhooks (contract 8) with one of the three documented secrets (6.1)."""
    if merged.get("contract") != _WEBHOOK_CONTRACT:
        raise not_implemented("service endpoints other than webhooks", "contract must be 8.")
    if merged.get("authtype") not in _AUTH_TYPES:
        raise not_implemented("this authtype", "4 (key), 5 (header) and 6 (query string) are.")
    if not merged.get("url") or not merged.get("name"):
        raise Refusal(Problem.INVALID_ARGUMENT, "A webhook needs a name and a url.")
    return {**values, "isauthvalueset": bool(merged.get("authvalue"))}


def check_step(organization: Organization, values: Values, merged: Values) -> Values:
    """Async, post-operation, on a table's message, to an existing endpoint (6.2)."""
    message = _message_of(organization, merged.get("sdkmessageid"))
    if message not in {found.value for found in Message}:
        raise not_implemented(f"steps on {message}", "Create, Update, Delete and Merge are.")
    if merged.get("mode") != 1:
        raise not_implemented("synchronous steps", "mode must be 1 (asynchronous).")
    if merged.get("stage") != 40:
        raise Refusal(Problem.INVALID_ARGUMENT, "Asynchronous steps are only possible in stage 40.")
    if not merged.get("eventhandler"):
        raise not_implemented("plug-in steps", "eventhandler_serviceendpoint must be bound.")
    filtering = merged.get("filteringattributes")
    if filtering:
        if message != Message.UPDATE.value:
            raise Refusal(Problem.INVALID_ARGUMENT, "Filtering attributes are for Update only.")
        _check_names(organization, merged, str(filtering))
    return values


def check_image(organization: Organization, values: Values, merged: Values) -> Values:
    """No pre-image on Create, no post-image on Delete (6.3)."""
    steps = organization.table(_STEPS)
    step_id = str(merged.get("sdkmessageprocessingstepid"))
    position = steps.position(step_id)
    if position is None:
        raise row_missing(_STEPS, step_id)
    step, kind = steps.row(position), merged.get("imagetype")
    message = _message_of(organization, step.get("sdkmessageid"))
    if kind not in (0, 1, 2):
        raise Refusal(Problem.INVALID_ARGUMENT, "imagetype must be 0, 1 or 2.")
    if message == Message.CREATE.value and kind != 1:
        raise Refusal(Problem.INVALID_ARGUMENT, "A step on Create has no pre-image.")
    if message == Message.DELETE.value and kind != 0:
        raise Refusal(Problem.INVALID_ARGUMENT, "A step on Delete has no post-image.")
    if not merged.get("entityalias"):
        raise Refusal(Problem.INVALID_ARGUMENT, "An image needs an entityalias.")
    if merged.get("attributes"):
        _check_names(organization, step, str(merged["attributes"]))
    return values


def listened(organization: Organization, table: str) -> bool:
    """Whether any enabled step concerns the table at all."""
    steps = organization.table(_STEPS)
    if not len(steps):
        return False
    states, filters = steps.cells("statecode"), steps.cells("sdkmessagefilterid")
    return any(
        states[p] == 0 and _table_of(organization, filters[p]) in (table, None) for p in steps.positions()
    )


def steps_for(organization: Organization, event: Event) -> list[Step]:
    """The enabled steps an event concerns; filtering attributes count by presence (6.6)."""
    found, steps = [], organization.table(_STEPS)
    for position in steps.positions():
        step = steps.row(position)
        if (
            step["statecode"] != 0
            or steps.row_id(position) in event.bypassed
            or _message_of(organization, step.get("sdkmessageid")) != event.message.value
            or _table_of(organization, step.get("sdkmessagefilterid")) not in (event.table.name, None)
        ):
            continue
        names = _names(step.get("filteringattributes"))
        if names and event.message is Message.UPDATE and not names & event.submitted.keys():
            continue
        found.append(_step(organization, step))
    return found


def filtered_on(organization: Organization, table: str, column: str) -> list[str]:
    """The steps that name the column, which keep it from being deleted (7.8)."""
    return [
        str(step[f"{_STEPS}id"])
        for step in organization.table(_STEPS).rows()
        if column in _names(step.get("filteringattributes"))
        and _table_of(organization, step.get("sdkmessagefilterid")) in (table, None)
    ]


def _step(organization: Organization, row: Values) -> Step:
    endpoints = organization.table("serviceendpoint")
    position = endpoints.position(str(row["eventhandler"]))
    assert position is not None, "an endpoint with steps cannot be deleted"
    endpoint, step_id = endpoints.row(position), str(row[f"{_STEPS}id"])
    return Step(
        step_id,
        str(row.get("name") or ""),
        str(endpoint["url"]),
        int(str(endpoint["authtype"])),
        str(endpoint.get("authvalue") or ""),
        bool(row.get("asyncautodelete")),
        tuple(_images(organization.table("sdkmessageprocessingstepimage"), step_id)),
    )


def _images(images: Table, step_id: str) -> list[Image]:
    return [
        Image(
            str(images.cell(p, "entityalias")),
            int(images.cell(p, "imagetype")),
            tuple(sorted(_names(images.cell(p, "attributes")))),
        )
        for p in images.holding((f"{_STEPS}id",), (step_id,))
    ]


def _message_of(organization: Organization, message_id: Cell) -> str:
    messages = organization.table("sdkmessage")
    position = messages.position(str(message_id))
    if position is None:
        raise Refusal(Problem.INVALID_ARGUMENT, "The step names no known sdkmessage.")
    return str(messages.cell(position, "name"))


def _table_of(organization: Organization, filter_id: Cell) -> str | None:
    """The table a step is for; without a filter it is for every table (6.2)."""
    if filter_id is None:
        return None
    filters = organization.table("sdkmessagefilter")
    position = filters.position(str(filter_id))
    return None if position is None else str(filters.cell(position, "primaryobjecttypecode"))


def _names(text: Any) -> frozenset[str]:
    return frozenset(name.strip() for name in str(text or "").split(",") if name.strip())


def _check_names(organization: Organization, step: Values, text: str) -> None:
    # A step for every table cannot be checked against any of them in particular.
    table = _table_of(organization, step.get("sdkmessagefilterid")) or "contact"
    columns: Collection[str] = organization.model.tables[table].columns
    if unknown := _names(text) - frozenset(columns):
        raise Refusal(
            Problem.INVALID_ARGUMENT,
            f"'{table}' entity doesn't contain attribute with Name = '{min(unknown)}'.",
        )
