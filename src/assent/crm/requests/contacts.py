"""The calls on the contact table: sign of life, change feed, reads, writes (dataverse.md 1.3, 2-4)."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from assent.crm import odata
from assent.crm.columns import EMAIL, Columns
from assent.crm.faults import check
from assent.crm.requests.batch import Operation
from assent.crm.rows import create_body, parse_row, write_body
from assent.crm.spellings import spellings
from assent.crm.transport import Lane, Request, Response
from assent.errors import NotDataverse, Refused, Unreachable
from assent.policy.plan import RowWrite
from assent.policy.sides import Row
from assent.ports import ChangePage, Refusal

READING = "reading contacts"
CHANGES = "reading the change feed"
REFUSALS = "reading who refuses"
WRITING = "writing contacts"
CREATING = "creating contacts"

_REPRESENTATION = "return=representation"


def who_am_i() -> Request:
    """Ask who we are and where (1.3)."""
    return Request("asking who we are", "GET", "WhoAmI", {"Accept": "application/json"})


def parse_who_am_i(response: Response) -> tuple[UUID, UUID]:
    """Give the organisation's id and ours; raises NotDataverse for any other kind of page."""
    check(response, "asking who we are")
    try:
        body = odata.decode(response.body, "asking who we are")
        return UUID(str(body["OrganizationId"])), UUID(str(body["UserId"]))
    except (Unreachable, KeyError, ValueError):
        raise NotDataverse(
            "The address answers, but not as the Dataverse Web API does. Check the organisation's address, "
            "such as https://contoso.crm4.dynamics.com."
        ) from None


def organisation(organisation_id: UUID) -> Request:
    """Ask for the organisation's name, base language and how long change tokens live (3.4, 7.2)."""
    query = odata.query(select="name,languagecode,expirechangetrackingindays")
    return Request("reading the organisation", "GET", f"organizations({organisation_id}){query}")


@dataclass(frozen=True, slots=True)
class OrganisationFacts:
    """What rarely changes about an organisation."""

    name: str
    language: int
    token_days: int


def parse_organisation(response: Response) -> OrganisationFacts:
    """Read the facts; a missing token life counts as seven days, the documented default (3.4)."""
    body = odata.decode(check(response, "reading the organisation").body, "reading the organisation")
    days, language = body.get("expirechangetrackingindays"), body.get("languagecode")
    if not isinstance(language, int):
        raise odata.broken("reading the organisation")
    return OrganisationFacts(str(body.get("name") or ""), language, days if isinstance(days, int) else 7)


def changes(columns: Columns, token: str | None, page_size: int, lane: Lane) -> Request:
    """Ask for everything with tracking on, or for what a delta link covers (3.2)."""
    if token is not None:
        return Request(CHANGES, "GET", token, {"Prefer": f"odata.maxpagesize={page_size}"}, lane=lane)
    prefer = f"odata.track-changes,odata.maxpagesize={page_size}"
    path = "contacts" + odata.query(select=columns.select)
    return Request(CHANGES, "GET", path, {"Prefer": prefer}, lane=lane)


def parse_changes(response: Response, columns: Columns) -> tuple[ChangePage, str | None]:
    """Give a page of the feed and the link to the next; deleted rows come by id alone (3.3)."""
    page = odata.decode(check(response, CHANGES).body, CHANGES)
    rows, deleted = [], []
    for record in odata.listed(page, CHANGES):
        if "$deletedEntity" in str(record.get("@odata.context", "")) or "reason" in record:
            deleted.append(_deleted(record))
        else:
            rows.append(parse_row(record, columns, CHANGES))
    following, token = odata.link(page, odata.NEXT), odata.link(page, odata.DELTA)
    if following is None and token is None:
        raise Refused(
            "Dynamics gave contacts without a change token: change tracking is off for the contact table. "
            "Run setup again, which switches it on."
        )
    return ChangePage(tuple(rows), tuple(deleted), token if following is None else None), following


def _deleted(record: dict[str, object]) -> UUID:
    try:
        return UUID(str(record["id"]))
    except (KeyError, ValueError):
        raise odata.broken(CHANGES) from None


#: A delta link's token begins with the version it was issued at (3.2).
_TOKEN_VERSION = re.compile(r"[?&]\$deltatoken=(\d{1,18})(?!\d)")


def went_back(token: str | None, following: str | None) -> bool:
    """Tell whether a change token is of a lower version than the one before it (M7, 3.2).

    A token is opaque, so that only two that both begin with a number say anything.
    """
    versions = [_TOKEN_VERSION.search(link) for link in (token, following) if link is not None]
    if len(versions) < 2 or not all(versions):
        return False
    before, after = (int(found[1]) for found in versions if found is not None)
    return after < before


def outlived(token: str, columns: Columns) -> bool:
    """Tell whether a delta link was made for other columns than those we read now.

    Its rows would lack the newer columns, and a missing column looks like column security (T6).
    """
    selected = odata.select_of(token)
    return selected is not None and selected != frozenset(columns.select.split(","))


def next_page(request: Request, link: str) -> Request:
    """Follow a next link verbatim, with the same preferences: the page size is not in it (2.4)."""
    return replace(request, path=link)


def rows_by_id(row_ids: Collection[UUID], columns: Columns) -> Iterator[Operation]:
    """Ask for the named rows, up to 1,000 to an operation (2.3, 4.1)."""
    for piece in odata.chunks([str(row_id) for row_id in row_ids]):
        yield _find("contactid", piece, columns)


def rows_bearing(addresses: Collection[str], columns: Columns) -> Iterator[Operation]:
    """Ask for every row that bears one of the addresses in any spelling the CRM would keep (I1)."""
    spelt = dict.fromkeys(spelling for address in addresses for spelling in spellings(address))
    for piece in odata.chunks(spelt):
        yield _find(EMAIL, piece, columns)


def _find(column: str, values: Sequence[str], columns: Columns) -> Operation:
    query = odata.query(select=columns.select, filter=odata.within(column, values))
    return Operation("GET", f"contacts{query}")


#: Which columns refuse: name, the value that does, and the field's bit.
Refusing = tuple[tuple[str, bool, int], ...]


def refusing(answers: Refusing, page_size: int, lane: Lane) -> Request:
    """Ask for every active row that gives one of these answers (G4); nulls refuse nothing (T6)."""
    refusals = [f"{name} eq {'true' if value else 'false'}" for name, value, _ in answers]
    query = odata.query(
        select=",".join(("contactid", EMAIL, *(name for name, _, _ in answers))),
        filter=f"statecode eq 0 and ({' or '.join(refusals)})",
        orderby="contactid",  # without a unique order rows repeat or vanish between pages (2.4)
    )
    prefer = {"Prefer": f"odata.maxpagesize={page_size}"}
    return Request(REFUSALS, "GET", f"contacts{query}", prefer, lane=lane)


def parse_refusals(response: Response, answers: Refusing) -> tuple[tuple[Refusal, ...], str | None]:
    """Give what the rows of such a page refuse, and the link to the next.

    A row was given because it refuses something: where no column shown says so, those withheld do (T6).
    """
    page = odata.decode(check(response, REFUSALS).body, REFUSALS)
    found = []
    for record in odata.listed(page, REFUSALS):
        said = sum(bit for name, refusal, bit in answers if record.get(name) is refusal)
        withheld = 0 if said else sum(bit for name, _, bit in answers if name not in record)
        try:
            row_id, email = UUID(str(record["contactid"])), record.get(EMAIL)
        except (KeyError, ValueError):
            raise odata.broken(REFUSALS) from None
        if email is not None and not isinstance(email, str):
            raise odata.broken(REFUSALS)
        found.append(Refusal(row_id, email, said | withheld))
    return tuple(found), odata.link(page, odata.NEXT)


def parse_page(response: Response, columns: Columns, what: str) -> tuple[tuple[Row, ...], str | None]:
    """Give the rows of a page and the link to the next."""
    page = odata.decode(check(response, what).body, what)
    rows = tuple(parse_row(record, columns, what) for record in odata.listed(page, what))
    return rows, odata.link(page, odata.NEXT)


def update_multiple(writes: Sequence[RowWrite], columns: Columns, lane: Lane) -> Request:
    """Write many rows as one transaction; it updates only, so nothing deleted comes back (4.2).

    Only refusals may go this way: there is no version check (M6), and repeating one is harmless.
    """
    targets = [
        {"@odata.type": "Microsoft.Dynamics.CRM.contact", "contactid": str(write.key.row_id)}
        | write_body(write, columns)
        for write in writes
    ]
    return Request(
        WRITING,
        "POST",
        "contacts/Microsoft.Dynamics.CRM.UpdateMultiple",
        odata.JSON_HEADERS,
        odata.encode({"Targets": targets}),
        lane=lane,
    )


def update_one(write: RowWrite, columns: Columns) -> Operation:
    """Write one row at the version read, or at any version but never anew (2.6), and read it back."""
    condition = "*" if write.if_version is None else odata.etag(write.if_version)
    return Operation(
        "PATCH",
        odata.contact(write.key.row_id) + odata.query(select=columns.select),
        {"If-Match": condition, "Prefer": _REPRESENTATION},
        write_body(write, columns),
    )


def create_one(row: Row, columns: Columns) -> Operation:
    """Create one row under its given id unless it exists (2.6, I5), and read it back."""
    return Operation(
        "PATCH",
        odata.contact(row.row_id) + odata.query(select=columns.select),
        {"If-None-Match": "*", "Prefer": _REPRESENTATION},
        create_body(row, columns),
    )


def parse_written(response: Response, columns: Columns, what: str) -> Row | None:
    """Give the row a write answered with, or None where it must be read back; raises what went wrong."""
    check(response, what)
    if not response.body.strip():
        return None
    record = odata.decode(response.body, what)
    if odata.ETAG not in record and "etag" in response.headers:
        record[odata.ETAG] = response.headers["etag"]
    return parse_row(record, columns, what)
