"""Reading contacts over the wire: pages, tracked pages, deltas, single rows (dataverse.md 2 and 3)."""

from collections.abc import Mapping
from typing import Any

from dataverse_emulator.state import contact_writes, queries, tracking
from dataverse_emulator.state.columns import guid
from dataverse_emulator.state.contacts import ID, VERSION, Row
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import bad_syntax, not_implemented
from dataverse_emulator.wire import odata, paging, rows
from dataverse_emulator.wire.answers import Answer, Call, json_answer

SELECT_ONLY = frozenset({"$select"})


def row_id(key: str) -> str:
    """The guid in `contacts(<guid>)`; other keys do not exist on contact out of the box (9.1)."""
    found = guid(key.strip())
    if found is None:
        if "=" in key:
            raise not_implemented("alternate keys on contact", "out of the box it has none.")
        raise bad_syntax(f"Unrecognized 'Edm.Guid' literal '{key[:60]}'.")
    return found


def collection(organization: Organization, call: Call) -> Answer:
    """GET contacts: a page, a tracked page, or a delta."""
    given = odata.options(call.query)
    wanted = odata.preferences(call.headers.get("prefer"))
    if "$deltatoken" in given:
        return _delta(organization, call, given, wanted)
    cookie = paging.parsed(given["$skiptoken"]) if "$skiptoken" in given else None
    tracking_on = wanted.track_changes or bool(cookie and cookie.tracking)
    if tracking_on:
        _refuse_while_tracking(given)
    return _page(organization, call, given, wanted, cookie, tracking_on=tracking_on)


def _page(
    organization: Organization,
    call: Call,
    given: Mapping[str, str],
    wanted: odata.Preferences,
    cookie: paging.Cookie | None,
    *,
    tracking_on: bool,
) -> Answer:
    shape = organization.contacts.shape
    query = odata.query_of(given, shape)
    # "$top together with Prefer: odata.maxpagesize -> $top is ignored" (2.3)
    top = None if wanted.max_page else query.top
    size = wanted.page_size if top is None else min(top, queries.MAX_PAGE)
    place = _place(cookie, query, shape) if cookie else None
    choice = organization.choices.null_is_different
    page = queries.contact_page(organization.contacts, query, size, place, null_is_different=choice)
    write = rows.writer(organization, shape, query.select, wanted)
    body: dict[str, Any] = {"@odata.context": rows.context(call.root, shape, query.select)}
    if page.total is not None:
        body["@odata.count"] = page.total
    # The token is that of the first page, so that nothing changed while paging can be missed.
    until = tracking.watermark(organization) if tracking_on else 0
    if cookie and tracking_on:
        until = paging.number(cookie, "versionnumber", "until")
    url = f"{call.root}/{call.path}"
    if page.more and top is None:
        following = _next_cookie(query, shape, page.rows, cookie, until if tracking_on else None)
        body["@odata.nextLink"] = paging.link(url, call.query, "$skiptoken", following.encoded())
    elif tracking_on:
        token = tracking.Token(until, organization.sources.now())
        body["@odata.deltaLink"] = _delta_link(url, call.query, token)
    body["value"] = [write(row) for row in page.rows]
    return json_answer(body, wanted.applied())


def _next_cookie(
    query: queries.Query, shape: Any, page: list[Row], before: paging.Cookie | None, until: int | None
) -> paging.Cookie:
    first, last = page[0], page[-1]
    elements: dict[str, dict[str, str]] = {}
    values = queries.sort_values(query, shape, last)
    for at, value in enumerate(values):
        elements[f"sort{at}"] = {"null": "1"} if value is None else {"last": _cookie_text(value)}
    elements["contactid"] = {
        "last": f"{{{str(last[ID]).upper()}}}",
        "first": f"{{{str(first[ID]).upper()}}}",
    }
    if until is not None:
        elements["versionnumber"] = {"until": str(until)}
    return paging.Cookie((before.page if before else 1) + 1, until is not None, elements)


def _cookie_text(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _place(cookie: paging.Cookie, query: queries.Query, shape: Any) -> queries.Place:
    last = guid(paging.attribute(cookie, "contactid", "last"))
    if last is None:
        raise bad_syntax("The paging cookie in $skiptoken is malformed. Use the nextLink verbatim.")
    values: list[Any] = []
    for at, part in enumerate(query.order):
        name = f"sort{at}"
        if "null" in cookie.elements.get(name, {}):
            values.append(None)
            continue
        text = paging.attribute(cookie, name, "last")
        stored = shape.properties[part.name].column.kind in queries.STORED_AS_NUMBER
        values.append(paging.number(cookie, name, "last") if stored else text)
    return queries.Place(last, tuple(values))


def _refuse_while_tracking(given: Mapping[str, str]) -> None:
    for name in ("$filter", "$orderby", "$expand", "$top"):
        if name in given:
            raise bad_syntax(
                f'The "{name}" query parameter isn\'t supported when Change Tracking is enabled.'
            )


def _delta_link(url: str, query: str, token: tracking.Token) -> str:
    encoded = token.text().replace("!", "%21").replace(" ", "%20").replace("/", "%2f").replace(":", "%3a")
    return paging.link(url, query, "$deltatoken", encoded)


def _delta(
    organization: Organization, call: Call, given: Mapping[str, str], wanted: odata.Preferences
) -> Answer:
    _refuse_while_tracking(given)
    token = tracking.parsed(given["$deltatoken"])
    tracking.check_fresh(organization, token)
    shape = organization.contacts.shape
    query = odata.query_of(given, shape)
    cookie = paging.parsed(given["$skiptoken"]) if "$skiptoken" in given else None
    reach = _reach(cookie) if cookie else None
    until = reach.until if reach else tracking.watermark(organization)
    delta = tracking.delta_page(organization, token, reach, wanted.page_size)
    write = rows.writer(organization, shape, query.select, wanted)
    url = f"{call.root}/{call.path}"
    body: dict[str, Any] = {"@odata.context": rows.context(call.root, shape, query.select, "/$delta")}
    if delta.rest:
        number = (cookie.page if cookie else 1) + 1
        body["@odata.nextLink"] = paging.link(
            url, call.query, "$skiptoken", _reach_cookie(delta.rest, number).encoded()
        )
    else:
        body["@odata.deltaLink"] = _delta_link(
            url, call.query, tracking.Token(until, organization.sources.now())
        )
    removed = f"{call.root}/$metadata#contacts/$deletedEntity"
    body["value"] = [write(row) for row in delta.rows] + [
        {"@odata.context": removed, "id": gone.row_id, "reason": "deleted"} for gone in delta.gone
    ]
    return json_answer(body, wanted.applied())


def _reach(cookie: paging.Cookie) -> tracking.Reach:
    return tracking.Reach(
        paging.number(cookie, "versionnumber", "last"),
        paging.number(cookie, "versionnumber", "until"),
        in_deletions=paging.number(cookie, "versionnumber", "deleted") == 1,
    )


def _reach_cookie(reach: tracking.Reach, page: int) -> paging.Cookie:
    held = {"last": str(reach.after), "until": str(reach.until), "deleted": str(int(reach.in_deletions))}
    return paging.Cookie(page, tracking=True, elements={"versionnumber": held})


def count(organization: Organization, call: Call) -> Answer:
    """GET contacts/$count, capped at 5000, or the size of a delta (2.3, 3.3)."""
    given = odata.options(call.query)
    if "$deltatoken" in given:
        token = tracking.parsed(given["$deltatoken"])
        tracking.check_fresh(organization, token)
        return _plain(tracking.changes(organization, token))
    odata.check_options(given, frozenset({"$filter"}))
    query = odata.query_of({**given, "$count": "true"}, organization.contacts.shape)
    choice = organization.choices.null_is_different
    page = queries.contact_page(organization.contacts, query, 0, None, null_is_different=choice)
    return _plain(page.total or 0)


def _plain(number: int) -> Answer:
    return Answer(200, {"Content-Type": "text/plain"}, str(number).encode())


def one(organization: Organization, call: Call, key: str) -> Answer:
    """GET contacts(id), 304 when the caller's version is the present one (2.6)."""
    given = odata.options(call.query)
    odata.check_options(given, SELECT_ONLY)
    row = contact_writes.need(organization, row_id(key))
    known = odata.condition_header(call.headers, "if-none-match")
    if known is not None and known != "*" and odata.etag_version(known) == row[VERSION]:
        return Answer(304, {"ETag": known})
    return single(organization, call, given, row, 200)


def single(organization: Organization, call: Call, given: Mapping[str, str], row: Row, status: int) -> Answer:
    """One row with its ETag, as read or as just written."""
    shape = organization.contacts.shape
    select = odata.selected(given, shape)
    wanted = odata.preferences(call.headers.get("prefer"))
    head = {"@odata.context": rows.context(call.root, shape, select, "/$entity")}
    body = head | rows.writer(organization, shape, select, wanted)(row)
    headers = {"ETag": str(body["@odata.etag"]), **wanted.applied()}
    if status == 201:
        headers |= entity_headers(call, row)
    return json_answer(body, headers, status)


def entity_headers(call: Call, row: Row) -> dict[str, str]:
    """Where a written row is to be found."""
    address = f"{call.root}/contacts({row[ID]})"
    headers = {"OData-EntityId": address}
    if call.in_batch:
        headers["Location"] = address  # "in a batch part, Location" (2.5)
    return headers
