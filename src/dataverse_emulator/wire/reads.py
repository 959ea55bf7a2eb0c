"""Reading over the wire: pages, single rows, properties, counts, references (dataverse.md 2)."""

from collections.abc import Iterable, Mapping
from typing import Any

from dataverse_emulator.query import executor, odata
from dataverse_emulator.query.model import Place, Query
from dataverse_emulator.query.scope import Scope, property_of, resolved
from dataverse_emulator.state import tracking
from dataverse_emulator.state.columns import NUMERIC, Column, Kind, guid, utc_text
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import not_implemented
from dataverse_emulator.state.table import VERSION, Table
from dataverse_emulator.wire import apply, deltas, fetch, paging, requests, rows, sql
from dataverse_emulator.wire.answers import Answer, Call, json_answer

_STORED_AS_NUMBER = NUMERIC | {Kind.WHEN, Kind.BOOLEAN}
_REFERENCES = frozenset({"$filter", "$orderby", "$top", "$count", "$skiptoken"})
_CRM = "Microsoft.Dynamics.CRM."


def collection(
    organization: Organization, call: Call, table: Table, among: Iterable[int] | None = None
) -> Answer:
    """GET of a table, or of some of its rows: a page, a tracked page, or a delta."""
    given = requests.options(call.query)
    if not fetch.SOURCES.keys().isdisjoint(given):
        return fetch.collection(organization, call, table, among)
    if apply.OPTION in given:
        return apply.collection(organization, call, table, among)
    if sql.OPTION in given:
        return sql.collection(organization, call, table, among)
    wanted = requests.preferences(call.headers.get("prefer"))
    if "$deltatoken" in given:
        return deltas.delta(organization, call, table, given, wanted)
    cookie = paging.parsed(given["$skiptoken"]) if "$skiptoken" in given else None
    tracked = wanted.track_changes or bool(cookie and cookie.tracking)
    if tracked:
        if among is not None:
            raise not_implemented("change tracking on a related collection", "tables have it.")
        deltas.check(table, given)
    return _page(organization, call, table, given, wanted, cookie, among, tracked=tracked)


def _page(
    organization: Organization,
    call: Call,
    table: Table,
    given: Mapping[str, str],
    wanted: requests.Preferences,
    cookie: paging.Cookie | None,
    among: Iterable[int] | None,
    *,
    tracked: bool,
) -> Answer:
    definition, scope = table.definition, Scope(organization, call.user)
    query = odata.query_of(organization, definition.name, given)
    # "$top together with Prefer: odata.maxpagesize -> $top is ignored" (2.3)
    top = None if wanted.max_page else query.top
    size = wanted.page_size if top is None else min(top, executor.MAX_PAGE)
    page = _found(scope, table, query, size, cookie, among)
    write = rows.Writer(scope, table, query, wanted, call.root, single=False)
    body: dict[str, Any] = {"@odata.context": rows.context(call.root, definition, query)}
    if page.total is not None:
        body["@odata.count"] = page.total
    body |= _totals(organization, page, wanted)
    # The token is that of the first page, so that nothing changed while paging can be missed.
    until = tracking.watermark(organization, table) if tracked else 0
    if cookie and tracked:
        until = paging.number(cookie, VERSION, "until")
    url = f"{call.root}/{call.path}"
    if page.more and top is None:
        following = _next(scope, table, query, page.rows, cookie, until if tracked else None)
        body["@odata.nextLink"] = paging.link(url, call.query, "$skiptoken", following.encoded())
    elif tracked:
        token = tracking.Token(until, organization.sources.now())
        body["@odata.deltaLink"] = deltas.link(url, call.query, token)
    body["value"] = write.page(page.rows)
    return json_answer(body, wanted.applied(), operations=len(page.rows))


def _found(
    scope: Scope,
    table: Table,
    query: Query,
    size: int,
    cookie: paging.Cookie | None,
    among: Iterable[int] | None,
) -> executor.Page:
    if cookie and not cookie.elements:
        found = executor.page(scope, table, query, size * cookie.page, None, among)
        return executor.Page(found.rows[size * (cookie.page - 1) :], found.more, found.total)
    place = _place(scope, table, cookie, query) if cookie else None
    return executor.page(scope, table, query, size, place, among)


def _totals(organization: Organization, page: executor.Page, wanted: requests.Preferences) -> dict[str, Any]:
    """The annotations of a collection as a whole (2.2, 2.3)."""
    found: dict[str, Any] = {}
    if wanted.wants(f"{_CRM}totalrecordcount"):
        found[f"@{_CRM}totalrecordcount"] = -1 if page.total is None else page.total
    if wanted.wants(f"{_CRM}totalrecordcountlimitexceeded"):
        found[f"@{_CRM}totalrecordcountlimitexceeded"] = page.total == executor.COUNT_CAP
    if wanted.wants(f"{_CRM}globalmetadataversion"):
        found[f"@{_CRM}globalmetadataversion"] = str(organization.model_version())
    return found


def _next(
    scope: Scope,
    table: Table,
    query: Query,
    page: list[int],
    before: paging.Cookie | None,
    until: int | None,
) -> paging.Cookie:
    elements: dict[str, dict[str, str]] = {}
    for at, value in enumerate(executor.sort_values(scope, table, query, page[-1])):
        elements[f"sort{at}"] = {"null": "1"} if value is None else {"last": _cookie_text(value)}
    number = (before.page if before else 1) + 1
    simple = paging.after(table.definition.key, table.row_id(page[0]), table.row_id(page[-1]), number)
    elements |= simple.elements  # type: ignore[arg-type]
    if until is not None:
        elements[VERSION] = {"until": str(until)}
    return paging.Cookie(number, until is not None, elements)


def _cookie_text(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _place(scope: Scope, table: Table, cookie: paging.Cookie, query: Query) -> Place:
    last = guid(paging.attribute(cookie, table.definition.key, "last"))
    if last is None:
        raise paging.malformed()
    values: list[object] = []
    for at, part in enumerate(query.order):
        name = f"sort{at}"
        if "null" in cookie.elements.get(name, {}):
            values.append(None)
            continue
        kind = resolved(scope.organization, table.definition.name, part.path)[1].kind
        if kind in _STORED_AS_NUMBER:
            values.append(paging.decimal(cookie, name, "last"))
        else:
            values.append(paging.attribute(cookie, name, "last"))
    return Place(last, tuple(values))


def count(organization: Organization, call: Call, table: Table, among: Iterable[int] | None = None) -> Answer:
    """GET contacts/$count, capped at 5000, or the size of a delta (2.3, 3.3)."""
    given = requests.options(call.query)
    if "$deltatoken" in given:
        return _plain(str(deltas.size(organization, table, given)))
    query = odata.query_of(organization, table.definition.name, given, frozenset({"$filter"}))
    return _plain(str(executor.count(Scope(organization, call.user), table, query, among)))


def _plain(text: str) -> Answer:
    return Answer(200, {"Content-Type": "text/plain"}, text.encode("utf-8", "surrogatepass"))


def one(organization: Organization, call: Call, table: Table, position: int) -> Answer:
    """GET contacts(id), 304 when the caller's version is the present one (2.6)."""
    known = requests.condition_header(call.headers, "if-none-match")
    if known is not None and known != "*" and requests.etag_version(known) == table.cell(position, VERSION):
        return Answer(304, {"ETag": known})
    return show(organization, call, table, position)


def show(organization: Organization, call: Call, table: Table, position: int, status: int = 200) -> Answer:
    """One row with its ETag, as read or as just written."""
    given = requests.options(call.query)
    query = odata.query_of(organization, table.definition.name, given, odata.SHOW_OPTIONS)
    wanted = requests.preferences(call.headers.get("prefer"))
    write = rows.Writer(Scope(organization, call.user), table, query, wanted, call.root, single=True)
    head = {"@odata.context": rows.context(call.root, table.definition, query, "/$entity")}
    body = head | write.one(position)
    headers = {"ETag": str(body["@odata.etag"]), **wanted.applied()}
    if status == 201:
        headers |= entity_headers(call, table, position)
    return json_answer(body, headers, status)


def entity_headers(call: Call, table: Table, position: int) -> dict[str, str]:
    """Where a written row is to be found."""
    address = rows.address(call.root, table, position)
    headers = {"OData-EntityId": address}
    if call.in_batch:
        headers["Location"] = address  # "in a batch part, Location" (2.5)
    return headers


def property_value(
    organization: Organization, call: Call, table: Table, position: int, name: str, *, raw: bool
) -> Answer:
    """GET of one property, or of its bare text with /$value; 204 when it is null."""
    odata.check_options(requests.options(call.query), frozenset())
    column = property_of(table.definition, name)
    value = table.cell(position, column.name)
    if value is None:
        return Answer(204)
    value = _shown(column, value)
    if raw:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return _plain(text)
    address = rows.address(f"{call.root}/$metadata#", table, position).replace("#/", "#")
    return json_answer({"@odata.context": f"{address}/{name}", "value": value})


def _shown(column: Column, value: Any) -> Any:
    if column.kind is Kind.WHEN:
        return utc_text(value)[:10] if column.date_only else utc_text(value)
    return value


def reference(call: Call, table: Table, position: int) -> Answer:
    """GET of a single-valued navigation property's /$ref."""
    context = f"{call.root}/$metadata#$ref"
    return json_answer({"@odata.context": context, "@odata.id": rows.address(call.root, table, position)})


def references(organization: Organization, call: Call, table: Table, among: Iterable[int]) -> Answer:
    """GET of a collection's /$ref: addresses only (Retrieve navigation property values)."""
    given = requests.options(call.query)
    wanted = requests.preferences(call.headers.get("prefer"))
    query = odata.query_of(organization, table.definition.name, given, _REFERENCES)
    size = wanted.page_size if query.top is None else min(query.top, executor.MAX_PAGE)
    page = executor.page(Scope(organization, call.user), table, query, size, None, among)
    if page.more and query.top is None:
        raise not_implemented("paging through references", f"up to {size} come at once.")
    addresses = [{"@odata.id": rows.address(call.root, table, p)} for p in page.rows]
    context = f"{call.root}/$metadata#Collection($ref)"
    return json_answer({"@odata.context": context, "value": addresses}, wanted.applied())
