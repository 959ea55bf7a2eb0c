"""FetchXML over the wire: fetchXml, savedQuery and userQuery of a table or a collection."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from dataverse_emulator.query import executor, fetchxml, joins
from dataverse_emulator.query.fetchxml import Fetch
from dataverse_emulator.query.joined import JoinedQuery
from dataverse_emulator.query.model import Place
from dataverse_emulator.query.odata import check_options, truth
from dataverse_emulator.query.scope import Scope
from dataverse_emulator.state import security
from dataverse_emulator.state.columns import NUMERIC, Kind, guid, utc_seconds, utc_text
from dataverse_emulator.state.identity import User
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_syntax, row_missing
from dataverse_emulator.state.table import Table
from dataverse_emulator.wire import paging, requests
from dataverse_emulator.wire.answers import Answer, Call, json_answer
from dataverse_emulator.wire.joined_rows import JoinedWriter

#: The options that bring a FetchXML text, and the tables that the latter two are found in.
SOURCES: Final[Mapping[str, str]] = {"fetchXml": "", "savedQuery": "savedquery", "userQuery": "userquery"}
_ALLOWED: Final = frozenset({*SOURCES, "$count", "$skiptoken"})
_CRM: Final = "Microsoft.Dynamics.CRM."


def collection(
    organization: Organization, call: Call, table: Table, among: Iterable[int] | None = None
) -> Answer:
    """GET with one of the options: a page of rows, or groups and their figures."""
    given = requests.options(call.query)
    check_options(given, _ALLOWED)
    named = [name for name in SOURCES if name in given]
    if len(named) > 1:
        raise bad_syntax(f"The query parameters {' and '.join(named)} do not go together.")
    fetch = fetchxml.parsed(organization, _text(organization, call.user, table, named[0], given))
    name = table.definition.name
    if fetch.query.table != name:
        raise bad_syntax(f"The FetchXML asks for '{fetch.query.table}', but was sent to '{name}'.")
    wanted = requests.preferences(call.headers.get("prefer"))
    scope = Scope(organization, call.user)
    if fetch.query.aggregation is not None:
        return _groups(scope, call, table, fetch, wanted, among)
    return _Page(scope, call, table, fetch, wanted, given, named[0] != "fetchXml").answer(among)


def _text(organization: Organization, user: User, table: Table, option: str, given: Mapping[str, str]) -> str:
    """The FetchXML itself, or that of a view (Retrieve and execute predefined queries)."""
    if not SOURCES[option]:
        return given[option]
    views = organization.table(SOURCES[option])
    row_id = guid(given[option].strip())
    if row_id is None:
        raise bad_syntax(f"Unrecognized 'Edm.Guid' literal '{given[option][:60]}'.")
    position = views.position(row_id)
    if position is None:
        raise row_missing(views.definition.name, row_id)
    security.require_row(organization, user, "Read", views, position)
    kind = views.cell(position, "returnedtypecode")
    if kind != table.definition.name:
        raise bad_syntax(f"The query {row_id} is for '{kind}', not for '{table.definition.name}'.")
    return str(views.cell(position, "fetchxml") or "")


def _groups(
    scope: Scope,
    call: Call,
    table: Table,
    fetch: Fetch,
    wanted: requests.Preferences,
    among: Iterable[int] | None,
) -> Answer:
    assert fetch.query.aggregation is not None
    found = joins.groups(scope, fetch.query, fetch.query.aggregation, among)
    size = min(fetch.top or fetch.count or executor.MAX_PAGE, executor.MAX_PAGE)
    start = (fetch.page - 1) * size
    kept = joins.Groups(found.values[start : start + size], found.examples[start : start + size])
    write = JoinedWriter(scope, fetch.query, wanted, nulls=False)
    body: dict[str, Any] = {"@odata.context": f"{call.root}/$metadata#{table.definition.set_name}"}
    if wanted.wants(f"{_CRM}morerecords"):
        body[f"@{_CRM}morerecords"] = fetch.top is None and len(found.values) > start + size
    body["value"] = write.groups(fetch.query.aggregation.parts, kept)
    return json_answer(body, wanted.applied(), operations=len(kept.values))


class _Page:
    """One page of rows, and how the next one is asked for."""

    def __init__(
        self,
        scope: Scope,
        call: Call,
        table: Table,
        fetch: Fetch,
        wanted: requests.Preferences,
        given: Mapping[str, str],
        predefined: bool,
    ) -> None:
        self._scope, self._call, self._table, self._wanted = scope, call, table, wanted
        self._query, self._top = fetch.query, fetch.top
        self._count = fetch.total or truth(given.get("$count"))
        self._predefined = predefined
        size = fetch.top or fetch.count or wanted.page_size
        self._size = min(size, executor.MAX_PAGE)
        self._number, self._cookies = fetch.page, Cookies(scope, fetch.query)
        self._place = self._cookies.place(paging.elements(fetch.cookie)) if fetch.cookie else None
        if "$skiptoken" in given:
            held = paging.parsed(given["$skiptoken"])
            self._number = held.page
            self._place = self._cookies.place(held.elements) if held.elements else None

    def answer(self, among: Iterable[int] | None) -> Answer:
        skip = 0 if self._place else (self._number - 1) * self._size
        if skip + self._size > joins.MAX_SIMPLE_PAGING and skip:
            raise Refusal(
                Problem.INVALID_ARGUMENT,
                f"Paging without a cookie reaches {joins.MAX_SIMPLE_PAGING:,} rows. Use the paging cookie.",
            )
        found = joins.page(
            self._scope, self._query, self._size, skip=skip, after=self._place, count=self._count, among=among
        )
        more = found.more and self._top is None
        cookie = self._cookies.after(found.rows, self._number) if more else None
        root, definition = self._call.root, self._table.definition
        names = ",".join(o.name for o in self._query.outputs if o.field.source == 0)
        body: dict[str, Any] = {"@odata.context": f"{root}/$metadata#{definition.set_name}({names})"}
        if found.total is not None:
            body["@odata.count"] = found.total
        body |= self._annotations(found.total, cookie, more=more)
        write = JoinedWriter(self._scope, self._query, self._wanted, nulls=False)
        body["value"] = write.rows(self._query.outputs, found.rows, etag=not self._query.distinct)
        return json_answer(body, self._wanted.applied(), operations=len(found.rows))

    def _annotations(self, total: int | None, cookie: paging.Cookie | None, *, more: bool) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self._wanted.wants(f"{_CRM}totalrecordcount"):
            found[f"@{_CRM}totalrecordcount"] = -1 if total is None else total
        if self._wanted.wants(f"{_CRM}totalrecordcountlimitexceeded"):
            found[f"@{_CRM}totalrecordcountlimitexceeded"] = total == executor.COUNT_CAP
        if cookie and self._wanted.wants(f"{_CRM}fetchxmlpagingcookie"):
            found[f"@{_CRM}fetchxmlpagingcookie"] = cookie.text()
        if self._wanted.wants(f"{_CRM}morerecords"):
            found[f"@{_CRM}morerecords"] = more
        if more and self._predefined:
            # A view has no text in the address in which a page could be asked for.
            following = cookie or paging.Cookie(self._number + 1, tracking=False, elements={})
            url = f"{self._call.root}/{self._call.path}"
            found["@odata.nextLink"] = paging.link(url, self._call.query, "$skiptoken", following.encoded())
        return found


class Cookies:
    """Paging cookies of one query: the sort columns and the key of a page's first and last rows."""

    def __init__(self, scope: Scope, query: JoinedQuery) -> None:
        self._had = joins.has_cookie(scope, query)
        self._table = scope.organization.table(query.table)
        self._key = self._table.definition.key
        self._sorts = [joins.sort_value(scope, query.tables, sort) for sort in query.order]
        taken, self._names = {self._key}, list[str]()
        for sort in query.order:
            name = sort.field.path.name
            self._names.append(name if name not in taken else f"{name}{len(taken)}")
            taken.add(self._names[-1])

    def after(self, rows: list[joins.Row], page: int) -> paging.Cookie | None:
        """The cookie of the page after these rows; nothing where cookies are not to be had."""
        if not self._had:
            return None
        elements: dict[str, dict[str, str]] = {}
        for name, (get, kind) in zip(self._names, self._sorts, strict=True):
            elements[name] = _end("last", get(rows[-1]), kind) | _end("first", get(rows[0]), kind)
        ids = (f"{{{self._table.row_id(row[0] or 0).upper()}}}" for row in (rows[-1], rows[0]))
        elements[self._key] = dict(zip(("last", "first"), ids, strict=True))
        return paging.Cookie(page + 1, tracking=False, elements=elements)

    def place(self, elements: Mapping[str, Mapping[str, str]]) -> Place:
        """Where the page before ended."""
        last = guid(elements.get(self._key, {}).get("last", ""))
        if last is None or not self._had:
            raise paging.malformed()
        values = [
            _value_of(elements.get(name, {}), kind)
            for name, (_, kind) in zip(self._names, self._sorts, strict=True)
        ]
        return Place(last, tuple(values))


def _end(name: str, value: Any, kind: Kind) -> dict[str, str]:
    if value is None:
        return {f"{name}null": "1"}
    if kind is Kind.WHEN:
        return {name: utc_text(value)}
    return {name: str(int(value)) if isinstance(value, bool) else str(value)}


def _value_of(element: Mapping[str, str], kind: Kind) -> object:
    if "lastnull" in element:
        return None
    text = element.get("last")
    value: object = text
    if text is not None and kind is Kind.WHEN:
        value = utc_seconds(text)
    elif text is not None and kind in NUMERIC | {Kind.BOOLEAN}:
        value = paging.decimal_of(text)
    if value is None:
        raise paging.malformed()
    return value
