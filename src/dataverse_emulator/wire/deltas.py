"""Change tracking over the wire: deltaLinks, deltas and their pages (dataverse.md section 3)."""

from collections.abc import Mapping
from typing import Any

from dataverse_emulator.query import odata
from dataverse_emulator.query.scope import Scope
from dataverse_emulator.state import tracking
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Refusal, bad_syntax, not_implemented
from dataverse_emulator.state.table import VERSION, Table
from dataverse_emulator.wire import paging, rows
from dataverse_emulator.wire.answers import Answer, Call, json_answer
from dataverse_emulator.wire.requests import Preferences


def check(table: Table, given: Mapping[str, str]) -> None:
    """Refuse what change tracking does not go with (3.3), and tables without it (3.1)."""
    for name in ("$filter", "$orderby", "$expand", "$top"):
        if name in given:
            raise bad_syntax(
                f'The "{name}" query parameter isn\'t supported when Change Tracking is enabled.'
            )
    if not table.definition.tracked:
        raise _untracked(table)


def _untracked(table: Table) -> Refusal:
    return not_implemented(
        f"change tracking on {table.definition.set_name}", "it is off, and the error is not documented."
    )


def link(url: str, query: str, token: tracking.Token) -> str:
    """A deltaLink: the same query with a token (3.2)."""
    encoded = token.text().replace("!", "%21").replace(" ", "%20").replace("/", "%2f").replace(":", "%3a")
    return paging.link(url, query, "$deltatoken", encoded)


def size(organization: Organization, table: Table, given: Mapping[str, str]) -> int:
    """How many changes there are since a token (3.3)."""
    token = tracking.parsed(given["$deltatoken"])
    tracking.check_fresh(organization, table, token)
    return tracking.changes(organization, table, token)


def delta(
    organization: Organization, call: Call, table: Table, given: Mapping[str, str], wanted: Preferences
) -> Answer:
    """GET of a deltaLink: changed rows, then deletions, then the next deltaLink (3.3)."""
    check(table, given)
    token = tracking.parsed(given["$deltatoken"])
    tracking.check_fresh(organization, table, token)
    definition = table.definition
    query = odata.query_of(organization, definition.name, given)
    cookie = paging.parsed(given["$skiptoken"]) if "$skiptoken" in given else None
    reach = _reach(cookie) if cookie else None
    until = reach.until if reach else tracking.watermark(organization, table)
    found = tracking.delta_page(organization, table, token, reach, wanted.page_size)
    write = rows.Writer(Scope(organization, call.user), table, query, wanted, call.root, single=False)
    url = f"{call.root}/{call.path}"
    body: dict[str, Any] = {"@odata.context": rows.context(call.root, definition, query, "/$delta")}
    if found.rest:
        number = (cookie.page if cookie else 1) + 1
        following = _reach_cookie(found.rest, number)
        body["@odata.nextLink"] = paging.link(url, call.query, "$skiptoken", following.encoded())
    else:
        body["@odata.deltaLink"] = link(url, call.query, tracking.Token(until, organization.sources.now()))
    removed = f"{call.root}/$metadata#{definition.set_name}/$deletedEntity"
    body["value"] = write(found.rows) + [
        {"@odata.context": removed, "id": gone.row_id, "reason": "deleted"} for gone in found.gone
    ]
    return json_answer(body, wanted.applied(), operations=len(found.rows) + len(found.gone))


def _reach(cookie: paging.Cookie) -> tracking.Reach:
    return tracking.Reach(
        paging.number(cookie, VERSION, "last"),
        paging.number(cookie, VERSION, "until"),
        in_deletions=paging.number(cookie, VERSION, "deleted") == 1,
    )


def _reach_cookie(reach: tracking.Reach, page: int) -> paging.Cookie:
    held = {"last": str(reach.after), "until": str(reach.until), "deleted": str(int(reach.in_deletions))}
    return paging.Cookie(page, tracking=True, elements={VERSION: held})
