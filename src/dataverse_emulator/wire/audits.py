"""The change history over the wire: RetrieveAuditDetails and the histories of rows and columns (9.6)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import quoteattr

import msgspec

from dataverse_emulator.state import audit, security
from dataverse_emulator.state.columns import LOOKUPS, Column
from dataverse_emulator.state.definitions import Definition, Way
from dataverse_emulator.state.formatted import FORMATTED, named, spelled
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import bad_syntax, not_implemented
from dataverse_emulator.state.table import Table
from dataverse_emulator.wire import addressing, requests
from dataverse_emulator.wire.answers import Answer, Call, json_answer
from dataverse_emulator.wire.requests import Preferences, Segment
from dataverse_emulator.wire.rows import FORMATTED_VALUE, LOOKUP_TABLE, NAVIGATION

_CRM: Final = "Microsoft.Dynamics.CRM."
_TARGET: Final = frozenset({"Target", "PagingInfo"})
_MOST: Final = 5000
# JSON in addresses may have its texts in single quotes, as the documented samples do.
_QUOTED: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'((?:[^'\\]|\\.)*)'")


def details(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """RetrieveAuditDetails of one audit row."""
    table = organization.table(organization.model.by_set[path[0].name].name)
    if table.definition.name != "audit":
        raise not_implemented("RetrieveAuditDetails here", "on audits it is.")
    position = addressing.need(table, path[0].key or "")
    security.require_row(organization, call.user, "Read", table, position)
    wanted = requests.preferences(call.headers.get("prefer"))
    found = _detail(organization, table, position, wanted, None)
    context = f"{call.root}/$metadata#{_CRM}RetrieveAuditDetailsResponse"
    return json_answer({"@odata.context": context, "AuditDetail": found}, wanted.applied())


def record_history(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """RetrieveRecordChangeHistory: every audited change of a row, newest first."""
    given = _arguments(call, path[0].key or "", _TARGET)
    return _history(organization, call, given, None, "RetrieveRecordChangeHistoryResponse")


def attribute_history(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """RetrieveAttributeChangeHistory: every audited change of one column of a row, newest first."""
    given = _arguments(call, path[0].key or "", _TARGET | {"AttributeLogicalName"})
    column = given.get("AttributeLogicalName")
    if not isinstance(column, str):
        raise bad_syntax("AttributeLogicalName must be the name of a column.")
    return _history(organization, call, given, column, "RetrieveAttributeChangeHistoryResponse")


@dataclass(frozen=True, slots=True)
class _Paging:
    """What PagingInfo asks for."""

    page: int = 1
    count: int = _MOST
    total: bool = False


def _history(
    organization: Organization, call: Call, given: Mapping[str, Any], column: str | None, response: str
) -> Answer:
    target, paging = given.get("Target"), _paging(given.get("PagingInfo"))
    if not isinstance(target, dict):
        raise bad_syntax("Target must be a reference such as {'@odata.id':'contacts(…)'}.")
    table, row_id = addressing.reference(organization, target.get("@odata.id"))
    log = organization.table("audit")
    positions = [
        position
        for position in log.holding(("objectid",), (row_id,))
        if log.cell(position, "objecttypecode") == table
        and (column is None or any(c.column == column for c in audit.changes_of(log, position)))
    ]
    positions.sort(key=lambda p: (log.cell(p, "createdon"), log.cell(p, "versionnumber")), reverse=True)
    start = (paging.page - 1) * paging.count
    shown = positions[start : start + paging.count]
    more = len(positions) > start + paging.count
    wanted = requests.preferences(call.headers.get("prefer"))
    found = {
        "MoreRecords": more,
        "PagingCookie": _cookie(paging.page) if more else None,
        "TotalRecordCount": len(positions) if paging.total else -1,
        "AuditDetails": [_detail(organization, log, p, wanted, column) for p in shown],
    }
    context = f"{call.root}/$metadata#{_CRM}{response}"
    return json_answer(
        {"@odata.context": context, "AuditDetailCollection": found}, wanted.applied(), operations=len(shown)
    )


def _cookie(page: int) -> str:
    token = f'{{"pageNumber":{page + 1}}}'
    return f'<cookie page="{page}"><cookieExtensions ContinuationToken={quoteattr(token)} /></cookie>'


def _paging(info: object) -> _Paging:
    if info is None:
        return _Paging()
    if not isinstance(info, dict):
        raise bad_syntax("PagingInfo must be an object.")
    page, count = info.get("PageNumber", 1), info.get("Count") or _MOST
    for value in (page, count):
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 10**6:
            raise bad_syntax("PageNumber and Count of PagingInfo must be positive numbers.")
    return _Paging(page, min(count, _MOST), info.get("ReturnTotalRecordCount") is True)


# -- details ------------------------------------------------------------------------------------------


def _detail(
    organization: Organization, log: Table, position: int, wanted: Preferences, only: str | None
) -> dict[str, Any]:
    """An AttributeAuditDetail, which has neither author nor time, as documented."""
    name = str(log.cell(position, "objecttypecode"))
    definition = organization.model.tables.get(name)
    changes = [c for c in audit.changes_of(log, position) if only in (None, c.column)]
    columns = definition.columns if definition else {}
    gone = [c.column for c in changes if c.column not in columns]
    found: dict[str, Any] = {
        "@odata.type": f"#{_CRM}AttributeAuditDetail",
        "InvalidNewValueAttributes": [],
        "LocLabelLanguageCode": 0,
        "DeletedAttributes": {"Count": len(gone), "Keys": list(range(len(gone))), "Values": gone},
    }
    for part in ("OldValue", "NewValue"):
        found[part] = {"@odata.type": f"#{_CRM}{name}"}
        for change in changes:
            text = change.old if part == "OldValue" else change.new
            if definition is not None and change.column in columns and text is not None:
                found[part] |= _value(organization, definition, columns[change.column], text, wanted)
    return found


def _value(
    organization: Organization, definition: Definition, column: Column, text: str, wanted: Preferences
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    name, value = column.wire_name, audit.value_of(column, text)
    target = text.partition(",")[0]
    if wanted.wants(FORMATTED_VALUE) and column.kind in FORMATTED:
        words = named(organization, target, value) if column.kind in LOOKUPS else _words(column, value)
        if words is not None:
            found[f"{name}@{FORMATTED_VALUE}"] = words
    if column.kind in LOOKUPS:
        steps = organization.model.navigations[definition.name].values()
        ways = [s.name for s in steps if s.way is Way.ONE and s.column == column.name and target in s.targets]
        if wanted.wants(NAVIGATION) and ways:
            found[f"{name}@{NAVIGATION}"] = ways[0]
        if wanted.wants(LOOKUP_TABLE):
            found[f"{name}@{LOOKUP_TABLE}"] = target
    return found | {name: value}


def _words(column: Column, value: Any) -> str | None:
    if column.options and not isinstance(value, str):
        return column.options.get(int(value))
    return None if isinstance(value, str) else spelled(column, value)


# -- arguments ----------------------------------------------------------------------------------------


def _arguments(call: Call, text: str, names: frozenset[str]) -> dict[str, Any]:
    """The function's parameters by name, through their aliases in the query (Use Web API functions)."""
    options, found = requests.options(call.query), dict[str, Any]()
    for part in text.split(","):
        name, _, alias = (piece.strip() for piece in part.partition("="))
        if name not in names or name in found:
            raise bad_syntax(f"The parameter '{part[:60]}' cannot be read.")
        if not alias.startswith("@") or alias not in options:
            raise bad_syntax(f"The parameter '{name}' needs an alias that the query gives a value.")
        found[name] = _json(options[alias])
    return found


def _json(text: str) -> Any:
    plain = _QUOTED.sub(lambda hit: hit[0] if hit[1] is None else f'"{hit[1]}"', text)
    try:
        return msgspec.json.decode(plain)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise bad_syntax(f"The value '{text[:60]}' cannot be read.") from None
