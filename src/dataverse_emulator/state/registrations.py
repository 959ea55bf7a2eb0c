"""Webhook registrations: endpoints, steps, images, and the rules between them (dataverse.md 6.1-6.3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from dataverse_emulator.state.events import Event, Message
from dataverse_emulator.state.problems import Problem, Refusal, not_implemented
from dataverse_emulator.state.registers import Record, Registers
from dataverse_emulator.state.sources import derived_id

# Three ids are documented as the same everywhere (6.2); the others are derived and must be looked up.
MESSAGE_IDS: Final = MappingProxyType(
    {
        "Create": "9ebdbb1b-ea3e-db11-86a7-000a3a5473e8",
        "Update": "20bebb1b-ea3e-db11-86a7-000a3a5473e8",
        "Delete": "a1bdbb1b-ea3e-db11-86a7-000a3a5473e8",
        "Merge": derived_id("sdkmessage", "Merge"),
        "CreateMultiple": derived_id("sdkmessage", "CreateMultiple"),
        "UpdateMultiple": derived_id("sdkmessage", "UpdateMultiple"),
        "UpsertMultiple": derived_id("sdkmessage", "UpsertMultiple"),
    }
)
_WEBHOOK_CONTRACT: Final = 8
_AUTH_TYPES: Final = frozenset({4, 5, 6})
_MAX_AUTH_VALUE: Final = 2048


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


def add_message_catalogue(registers: Registers, version: int) -> None:
    """The messages of contact, and one filter for each (6.2, 4.2)."""
    for name, message_id in MESSAGE_IDS.items():
        registers["sdkmessages"].add({"name": name}, version, message_id)
        row = {"primaryobjecttypecode": "contact", "sdkmessageid": message_id, "sdkmessageid/name": name}
        registers["sdkmessagefilters"].add(row, version, derived_id("sdkmessagefilter", name, "contact"))


def check_endpoint(values: Record, before: Record | None) -> Record:
    """Only webhooks (contract 8) with one of the three documented secrets (6.1)."""
    merged = (before or {}) | values
    if merged.get("contract") != _WEBHOOK_CONTRACT:
        raise not_implemented("service endpoints other than webhooks", "contract must be 8.")
    if merged.get("authtype") not in _AUTH_TYPES:
        raise not_implemented("this authtype", "4 (key), 5 (header) and 6 (query string) are.")
    if not merged.get("url") or not merged.get("name"):
        raise Refusal(Problem.INVALID_ARGUMENT, "A webhook needs a name and a url.")
    if len(str(merged.get("authvalue") or "")) > _MAX_AUTH_VALUE:
        raise Refusal(Problem.STRING_TOO_LONG, f"authvalue exceeds the maximum length of {_MAX_AUTH_VALUE}.")
    return values | {"isauthvalueset": bool(merged.get("authvalue"))}


def check_step(values: Record, before: Record | None, registers: Registers, columns: Iterable[str]) -> Record:
    """Async, post-operation, on contact, to an existing endpoint (6.2)."""
    merged = (before or {}) | values
    message = _message_of(merged, registers)
    if message not in {found.value for found in Message}:
        raise not_implemented(f"steps on {message}", "Create, Update, Delete and Merge of contact are.")
    if merged.get("mode") != 1:
        raise not_implemented("synchronous steps", "mode must be 1 (asynchronous).")
    if merged.get("stage") != 40:
        raise Refusal(Problem.INVALID_ARGUMENT, "Asynchronous steps are only possible in stage 40.")
    if not _get(merged, "eventhandler"):
        raise not_implemented("plug-in steps", "eventhandler_serviceendpoint must be bound.")
    filtering = merged.get("filteringattributes")
    if filtering:
        if message != Message.UPDATE.value:
            raise Refusal(Problem.INVALID_ARGUMENT, "Filtering attributes are for Update only.")
        _check_names(filtering, columns)
    return _with_status(values)


def check_image(
    values: Record, before: Record | None, registers: Registers, columns: Iterable[str]
) -> Record:
    """No pre-image on Create, no post-image on Delete (6.3)."""
    merged = (before or {}) | values
    step = registers["sdkmessageprocessingsteps"].need(str(_get(merged, "sdkmessageprocessingstepid")))
    message, kind = _message_of(step, registers), merged.get("imagetype")
    if kind not in (0, 1, 2):
        raise Refusal(Problem.INVALID_ARGUMENT, "imagetype must be 0, 1 or 2.")
    if message == Message.CREATE.value and kind != 1:
        raise Refusal(Problem.INVALID_ARGUMENT, "A step on Create has no pre-image.")
    if message == Message.DELETE.value and kind != 0:
        raise Refusal(Problem.INVALID_ARGUMENT, "A step on Delete has no post-image.")
    if not merged.get("entityalias"):
        raise Refusal(Problem.INVALID_ARGUMENT, "An image needs an entityalias.")
    if merged.get("attributes"):
        _check_names(merged["attributes"], columns)
    return values


def check_removal(set_name: str, row_id: str, registers: Registers) -> None:
    """An endpoint in use stays (6.2); a removed step takes its images along."""
    if set_name == "serviceendpoints" and registers["sdkmessageprocessingsteps"].find(
        _eventhandler_value=row_id
    ):
        raise Refusal(
            Problem.CANNOT_DELETE_ASSOCIATED,
            "The object cannot be deleted because it is associated with another object.",
        )
    if set_name == "sdkmessageprocessingsteps":
        images = registers["sdkmessageprocessingstepimages"].rows
        for image_id in [
            i for i, row in images.items() if row["_sdkmessageprocessingstepid_value"] == row_id
        ]:
            del images[image_id]


def steps_for(event: Event, registers: Registers) -> list[Step]:
    """The enabled steps an event concerns; filtering attributes count by presence (6.6)."""
    found = []
    for row in registers["sdkmessageprocessingsteps"].rows.values():
        if row["statecode"] != 0 or _message_of(row, registers) != event.message.value:
            continue
        names = _names(row.get("filteringattributes"))
        if names and event.message is Message.UPDATE and not names & event.submitted.keys():
            continue
        found.append(_step(row, registers))
    return found


def listened(registers: Registers) -> bool:
    """Whether any step is enabled at all."""
    return any(row["statecode"] == 0 for row in registers["sdkmessageprocessingsteps"].rows.values())


def steps_filtering_on(column: str, registers: Registers) -> list[Record]:
    """Steps that name the column, which keeps it from being deleted (7.8)."""
    steps = registers["sdkmessageprocessingsteps"].rows.values()
    return [row for row in steps if column in _names(row.get("filteringattributes"))]


def _step(row: Record, registers: Registers) -> Step:
    endpoint = registers["serviceendpoints"].need(row["_eventhandler_value"])
    step_id = row["sdkmessageprocessingstepid"]
    images = tuple(
        Image(image["entityalias"], image["imagetype"], tuple(sorted(_names(image.get("attributes")))))
        for image in registers["sdkmessageprocessingstepimages"].rows.values()
        if image["_sdkmessageprocessingstepid_value"] == step_id
    )
    return Step(
        step_id,
        row["name"] or "",
        endpoint["url"],
        endpoint["authtype"],
        endpoint.get("authvalue") or "",
        bool(row["asyncautodelete"]),
        images,
    )


def _message_of(step: Record, registers: Registers) -> str:
    row = registers["sdkmessages"].rows.get(str(_get(step, "sdkmessageid")))
    if row is None:
        raise Refusal(Problem.INVALID_ARGUMENT, "The step names no known sdkmessage.")
    return str(row["name"])


def _get(record: Record, lookup: str) -> object:
    # Values on their way in carry the column's own name, stored rows the wire name.
    return record.get(lookup) or record.get(f"_{lookup}_value")


def _with_status(values: Record) -> Record:
    if "statecode" in values and "statuscode" not in values:
        return values | {"statuscode": int(values["statecode"] or 0) + 1}
    return values


def _names(text: object) -> frozenset[str]:
    return frozenset(name.strip() for name in str(text or "").split(",") if name.strip())


def _check_names(text: str, columns: Iterable[str]) -> None:
    if unknown := _names(text) - frozenset(columns):
        raise Refusal(
            Problem.INVALID_ARGUMENT,
            f"'contact' entity doesn't contain attribute with Name = '{min(unknown)}'.",
        )
