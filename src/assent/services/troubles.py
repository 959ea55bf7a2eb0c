"""What went wrong, in words, with what to do about it: retried, or put aside by a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from assent.errors import Invalid, Unknown
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.jobs import on_demand
from assent.services.paging import Page, within_limit
from assent.store import troubles as stored
from assent.store.troubles import CONNECTION_ITSELF

#: Error class → title and what to do; the message beside them says what happened.
_WORDS: Mapping[str, tuple[str, str]] = {
    "RowRefused": (
        "Dynamics refused one contact",
        "Open the contact in Dynamics and see what its rules ask for; then try again.",
    ),
    "PrivilegeMissing": (
        "A privilege is missing",
        "Give the application user the named privilege in Dynamics; then try again.",
    ),
    "SignInRefused": (
        "Sign-in was refused",
        "Check the application user and the client secret, which may have expired; then try again.",
    ),
    "WrongOrganisation": (
        "Another organisation answers",
        "Correct the address, or connect the copied environment under its own name. Nothing was written.",
    ),
    "NotDataverse": (
        "The address does not answer as Dynamics",
        "Check the organisation's address and what stands between; then try again.",
    ),
    "Unreachable": (
        "Dynamics could not be reached",
        "Nothing is lost: it is tried again by itself. If it lasts, see the service health of Microsoft 365.",
    ),
    "Throttled": (
        "Dynamics asked for a pause",
        "Nothing to do: the work goes on by itself after the time Dynamics named.",
    ),
    "Locked": (
        "A customisation is running in Dynamics",
        "Nothing to do: the work goes on by itself when it has ended.",
    ),
}
_OTHER = ("Something went wrong", "Read the message; then try again.")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that was refused or not reached, and did not go well since.

    Without `row_id` it concerns the whole connection. `row_url` opens the row in Dynamics. `cursor`
    names the trouble.
    """

    cursor: str
    connection_id: int
    connection_name: str
    row_id: UUID | None
    row_url: str
    contact_id: UUID | None
    kind: str
    title: str
    message: str
    to_do: str
    first_at: datetime
    last_at: datetime
    times: int
    aside: bool


async def troubles(
    app: Application, caller: Caller, *, after: str = "", limit: int = 100, aside: bool = False
) -> Page[Trouble]:
    """What went wrong and still stands, connection by connection; `aside` gives what was put aside."""
    caller.require(Right.READ)
    limit = within_limit(limit)
    place = _place(after) if after else None
    found = await app.store.database.read(
        lambda c: stored.page(c, caller.account_id, place, limit + 1, aside=aside)
    )
    items = tuple(_view(one) for one in found[:limit])
    return Page(items, items[-1].cursor if len(found) > limit else "")


async def retry(app: Application, caller: Caller, cursor: str) -> None:
    """Try again what one trouble concerns, right away; raises Unknown.

    A contact that was refused stays due until it settles, so that another drain tries it again.
    """
    caller.require(Right.OPERATE)
    connection_id, row_id = await _known(app, caller, cursor)
    await _again(app, caller, connection_id, row_id)
    if row_id == CONNECTION_ITSELF:
        await app.work.sweep(caller.account_id, on_demand(app.clock.now()))
    else:
        await app.work.wake(caller.account_id)


async def retry_all(app: Application, caller: Caller) -> None:
    """Try everything again: a sweep looks at every connection and at every contact that is still due."""
    caller.require(Right.OPERATE)
    counted = await app.store.database.read(lambda c: stored.counts(c, caller.account_id))
    for connection_id in counted:
        await _again(app, caller, connection_id, CONNECTION_ITSELF)
    await app.work.sweep(caller.account_id, on_demand(app.clock.now()))


async def put_aside(app: Application, caller: Caller, cursor: str, *, aside: bool = True) -> None:
    """Tell nobody of a trouble any more, or tell again. It comes back when it changes. Raises Unknown."""
    caller.require(Right.OPERATE)
    connection_id, row_id = await _known(app, caller, cursor)
    now = app.clock.now() if aside else None
    await app.store.database.write(
        lambda c: stored.put_aside(c, caller.account_id, connection_id, row_id, now)
    )


async def _again(app: Application, caller: Caller, connection_id: int, row_id: UUID) -> None:
    row = None if row_id == CONNECTION_ITSELF else row_id
    await app.store.database.write(lambda c: stored.try_again(c, caller.account_id, connection_id, row))


async def _known(app: Application, caller: Caller, cursor: str) -> tuple[int, UUID]:
    try:
        place = _place(cursor)
    except Invalid:
        place = (0, CONNECTION_ITSELF)
    if await app.store.database.read(lambda c: stored.one(c, caller.account_id, *place)) is None:
        raise Unknown("this account has no such trouble; it may have gone well meanwhile")
    return place


def _place(cursor: str) -> tuple[int, UUID]:
    number, _, row = cursor.partition("_")
    try:
        if not (number.isascii() and number.isdigit() and len(number) <= 18):
            raise ValueError
        return int(number), UUID(row)
    except ValueError:
        raise Invalid("This is not a place in the list of troubles; begin without one.") from None


def _view(one: stored.Trouble) -> Trouble:
    title, to_do = _WORDS.get(one.kind, _OTHER)
    itself = one.row_id == CONNECTION_ITSELF
    page = f"{one.connection_url.rstrip('/')}/main.aspx?pagetype=entityrecord&etn=contact&id={one.row_id}"
    return Trouble(
        cursor=f"{one.connection_id}_{one.row_id}",
        connection_id=one.connection_id,
        connection_name=one.connection_name,
        row_id=None if itself else one.row_id,
        row_url="" if itself else page,
        contact_id=one.contact_id,
        kind=one.kind,
        title=title,
        message=one.message,
        to_do=to_do,
        first_at=one.first_at,
        last_at=one.last_at,
        times=one.times,
        aside=one.aside_at is not None,
    )
