"""`?sql=` over the wire, as Microsoft's Python client uses it: rows of one SELECT, all columns by name."""

from collections.abc import Iterable
from typing import Any, Final

from dataverse_emulator.query import executor, joins, sql_text
from dataverse_emulator.query.odata import check_options
from dataverse_emulator.query.scope import Scope
from dataverse_emulator.query.sql_text import Statement
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import bad_syntax, not_implemented
from dataverse_emulator.state.table import Table
from dataverse_emulator.wire import paging, requests
from dataverse_emulator.wire.answers import Answer, Call, json_answer
from dataverse_emulator.wire.joined_rows import JoinedWriter

OPTION: Final = "sql"
_ALLOWED: Final = frozenset({OPTION, "$skiptoken"})
_READ: Final = "rows"


def collection(
    organization: Organization, call: Call, table: Table, among: Iterable[int] | None = None
) -> Answer:
    """GET of a table with ?sql=: a page of rows, with a nextLink when there are more."""
    if "/" in call.path.strip("/"):
        raise not_implemented("?sql= on a related collection", "tables have it.")
    given = requests.options(call.query)
    check_options(given, _ALLOWED)
    statement = sql_text.parsed(organization, given[OPTION])
    if statement.query.table != table.definition.name:
        raise bad_syntax(
            f"The SQL asks for '{statement.query.table}', but was sent to '{table.definition.name}'."
        )
    wanted = requests.preferences(call.headers.get("prefer"))
    cookie = paging.parsed(given["$skiptoken"]) if "$skiptoken" in given else None
    read = paging.number(cookie, _READ, "last") if cookie else 0
    size = wanted.page_size
    if statement.limit is not None:
        size = min(size, max(statement.limit - read, 0))
    values, more = _rows(Scope(organization, call.user), statement, wanted, read, size, among)
    context = f"{call.root}/$metadata#{table.definition.set_name}"
    body: dict[str, Any] = {"@odata.context": context}
    if more and (statement.limit is None or read + size < statement.limit):
        number = (cookie.page if cookie else 1) + 1
        following = paging.Cookie(number, tracking=False, elements={_READ: {"last": str(read + size)}})
        url = f"{call.root}/{call.path}"
        body["@odata.nextLink"] = paging.link(url, call.query, "$skiptoken", following.encoded())
    body["value"] = values
    return json_answer(body, wanted.applied(), operations=len(values))


def _rows(
    scope: Scope,
    statement: Statement,
    wanted: requests.Preferences,
    read: int,
    size: int,
    among: Iterable[int] | None,
) -> tuple[list[dict[str, Any]], bool]:
    query, start = statement.query, statement.skip + read
    write = JoinedWriter(scope, query, wanted, nulls=scope.organization.choices.sql_shows_nulls)
    if query.aggregation is None:
        found = joins.page(scope, query, size, skip=start, among=among)
        return write.rows(query.outputs, found.rows, etag=False), found.more
    groups = joins.groups(scope, query, query.aggregation, among)
    end = start + min(size, executor.MAX_PAGE)
    kept = joins.Groups(groups.values[start:end], groups.examples[start:end])
    return write.groups(statement.parts, kept), len(groups.values) > end
