"""The body and headers of a webhook, composed from an event (dataverse.md 6.1, 6.4)."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from lxml import etree

from dataverse_emulator.state.columns import LOOKUPS, OPTIONS, Column, Kind
from dataverse_emulator.state.definitions import Definition
from dataverse_emulator.state.events import Event, Message, Values
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.registrations import Image, Step
from dataverse_emulator.state.table import VERSION
from dataverse_emulator.wire.answers import encode

MAX_BODY: Final = 256 * 1024
_CONTRACTS: Final = "http://schemas.microsoft.com/xrm/2011/Contracts"
_STRIPPED: Final = ("ParentContext", "InputParameters", "PreEntityImages", "PostEntityImages")
_KEY, _HEADER, _QUERY = 4, 5, 6


@dataclass(frozen=True, slots=True)
class Notice:
    """One delivery: where, with which headers, and what."""

    url: str
    headers: dict[str, str]
    body: bytes


def composed(organization: Organization, event: Event, step: Step, host: str) -> Notice:
    """What the asynchronous service posts for one event and one step."""
    url, secret = _address(step)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "x-ms-dynamics-organization": host,
        "x-ms-dynamics-entity-name": event.table.name,
        "x-ms-dynamics-request-name": event.message.value,
        "x-ms-correlation-request-id": event.correlation,
        **secret,
    }
    context = _context(organization, event, step)
    body = encode(context)
    if len(body) > MAX_BODY:
        body = encode({name: value for name, value in context.items() if name not in _STRIPPED})
        headers["x-ms-dynamics-msg-size-exceeded"] = "true"
    return Notice(url, headers, body)


def _address(step: Step) -> tuple[str, dict[str, str]]:
    joint = "&" if "?" in step.url else "?"
    if step.auth_type == _KEY:
        return (
            f"{step.url}{joint}code={quote(step.auth_value, safe='')}" if step.auth_value else step.url
        ), {}
    settings = _settings(step.auth_value)
    if step.auth_type == _HEADER:
        return step.url, settings
    pairs = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in settings.items())
    return (f"{step.url}{joint}{pairs}" if pairs else step.url), {}


def _settings(text: str) -> dict[str, str]:
    """`<settings><setting name=… value=…/></settings>`; a text that is none gives nothing."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(text.encode("utf-8", "surrogatepass"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return {}
    return {str(found.get("name")): str(found.get("value")) for found in root.iter("setting")}


def _context(organization: Organization, event: Event, step: Step) -> dict[str, Any]:
    created = f"/Date({int(event.at) * 1000}+0000)/"
    before, after = _images(event, step)
    return {
        "BusinessUnitId": organization.business_unit_id,
        "CorrelationId": event.correlation,
        "Depth": event.depth,
        "InitiatingUserAzureActiveDirectoryObjectId": "00000000-0000-0000-0000-000000000000",
        "InitiatingUserId": event.user_id,
        "InputParameters": _inputs(event),
        "IsExecutingOffline": False,
        "IsInTransaction": False,
        "IsOfflinePlayback": False,
        "IsolationMode": 1,
        "MessageName": event.message.value,
        "Mode": 1,
        "OperationCreatedOn": created,
        "OperationId": event.operation,
        "OrganizationId": organization.organization_id,
        "OrganizationName": organization.settings.name,
        "OutputParameters": [_pair("id", event.row_id)] if event.message is Message.CREATE else [],
        "OwningExtension": _owner(step),
        "ParentContext": None,
        "PostEntityImages": after,
        "PreEntityImages": before,
        "PrimaryEntityId": event.row_id,
        "PrimaryEntityName": event.table.name,
        "RequestId": event.operation,
        "SecondaryEntityName": "none",
        "SharedVariables": [_pair("IsAutoTransact", value=True), _pair("AcceptLang", "en-US")],
        "Stage": 40,
        "UserAzureActiveDirectoryObjectId": "00000000-0000-0000-0000-000000000000",
        "UserId": event.user_id,
    }


def _owner(step: Step) -> dict[str, Any]:
    reference = _reference("sdkmessageprocessingstep", step.step_id) | {"Name": step.name}
    del reference["__type"]
    return reference


def _inputs(event: Event) -> list[dict[str, Any]]:
    target = _reference(event.table.name, event.row_id)
    if event.message is Message.DELETE:
        return [_pair("Target", target), _pair("ConcurrencyBehavior", 0)]
    if event.message is Message.MERGE:
        content = _entity(event.table, event.row_id, dict(event.submitted), None)
        return [
            _pair("Target", target),
            _pair("SubordinateId", event.subordinate),
            _pair("UpdateContent", content),
            _pair("PerformParentingChecks", value=False),
        ]
    held = {**event.submitted, **event.system_set}
    version = None
    if event.after is not None and event.message is Message.UPDATE:
        version = str(event.after[VERSION])
    found = [_pair("Target", _entity(event.table, event.row_id, held, version))]
    return [*found, _pair("ConcurrencyBehavior", 0)] if event.message is Message.UPDATE else found


def _images(event: Event, step: Step) -> tuple[list[Any], list[Any]]:
    table = event.table
    before = [_image(table, event.before, i) for i in step.images if i.kind in (0, 2) and event.before]
    after = [_image(table, event.after, i) for i in step.images if i.kind in (1, 2) and event.after]
    # Asynchronous steps add this one by themselves: Pre for Delete, Post otherwise (6.4).
    named = Image("AsynchronousStepPrimaryName", 0, (table.key, table.primary_name))
    if event.message is Message.DELETE:
        before.append(_image(table, event.before, named))
    else:
        after.append(_image(table, event.after, named))
    return before, after


def _image(table: Definition, row: Values | None, image: Image) -> dict[str, Any]:
    assert row is not None
    # Images leave nulls out, as entities do that were never given a value.
    names = image.columns or tuple(table.columns)
    present = {name: row[name] for name in names if name in row and name != VERSION}
    row_id = str(row[table.key])
    return _pair(image.alias, _entity(table, row_id, {**present, table.key: row_id}, str(row[VERSION])))


def _entity(table: Definition, row_id: str, cells: Values, version: str | None) -> dict[str, Any]:
    attributes = [
        _pair(name, _value(table, table.columns[name], cells))
        for name in cells
        if name in table.columns and table.columns[name].of is None
    ]
    return {
        "__type": f"Entity:{_CONTRACTS}",
        "Attributes": attributes,
        "EntityState": None,
        "FormattedValues": [],
        "Id": row_id,
        "KeyAttributes": [],
        "LogicalName": table.name,
        "RelatedEntities": [],
        "RowVersion": version,
    }


def _value(table: Definition, column: Column, cells: Values) -> Any:
    value: Any = cells[column.name]
    if value is None:
        return None
    if column.kind in OPTIONS:
        return {"__type": f"OptionSetValue:{_CONTRACTS}", "Value": value}
    if column.kind is Kind.CHOICES:
        held = [{"Value": int(part)} for part in str(value).split(",")]
        return {"__type": f"OptionSetValueCollection:{_CONTRACTS}", "Values": held}
    if column.kind is Kind.MONEY:
        return {"__type": f"Money:{_CONTRACTS}", "Value": value}
    if column.kind in LOOKUPS:
        target = cells.get(table.type_columns.get(column.name, "")) or column.targets[0]
        return _reference(str(target), str(value))
    if column.kind is Kind.WHEN:
        return f"/Date({int(value) * 1000})/"
    return value


def _reference(logical_name: str, row_id: str) -> dict[str, Any]:
    return {
        "__type": f"EntityReference:{_CONTRACTS}",
        "Id": row_id,
        "KeyAttributes": [],
        "LogicalName": logical_name,
        "Name": None,
        "RowVersion": None,
    }


def _pair(key: str, value: Any) -> dict[str, Any]:
    return {"key": key, "value": value}
