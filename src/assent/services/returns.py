"""Takes in what comes back of mail: bounces suppress the address, complaints are refusals too (G3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from assent.errors import Erased, Unknown
from assent.mail.returned import Returned, read_report
from assent.policy.permission import LegalBasis
from assent.policy.returning import Return
from assent.ports import SYSTEM, Act, Actor, ActorKind, Evidence
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.links import read_token
from assent.services.return_paths import PURPOSE, checked, read_path
from assent.store import returns as stored
from assent.store import search
from assent.store.marks import address_of
from assent.store.returns import NOBODY, Came, Returning

#: Whoever complains to their mail provider; what they said of which mail stands in the evidence.
COMPLAINER = Actor(ActorKind.CONTACT, "complaint")

COMPLAINED = "The person called the mail spam; their mail provider reported it."


class Taken(Enum):
    """What became of something that came back."""

    TAKEN = "taken"
    REPEATED = "repeated"  # it was told before
    UNKNOWN = "unknown"  # nothing says which mail of ours it was
    NOTHING = "nothing"  # no report of a bounce or complaint


@dataclass(frozen=True, slots=True)
class Event:
    """What a mail provider tells of one mail; `return_path` names the mail, where the provider keeps it.

    `event_id` tells two events about one address apart where there is no return path.
    """

    kind: Return
    email: str
    return_path: str = ""
    event_id: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Whose:
    """Whose mail it was, as something signed by us says; no check where it says nothing of the address."""

    account_id: int
    contact_id: UUID
    send_id: int
    check: bytes = b""


async def take_message(app: Application, raw: bytes, caller: Caller | None = None) -> Taken:
    """Take in a mail that came to the return address: a report (RFC 3464, RFC 5965), or anything else.

    It counts where a return address or unsubscribe link signed by us is in it, whoever wrote it; with a
    caller, only for their account. Raises NotAllowed.
    """
    if caller is not None:
        caller.require(Right.RETURNS)
    report = read_report(raw)
    if report is None:
        return Taken.NOTHING
    whose = await _whose(app, report)
    if whose is None or (caller is not None and whose.account_id != caller.account_id):
        return Taken.UNKNOWN
    came = await _came(app, whose, report.kind, report.addresses, report.detail)
    return await _take(app, whose.account_id, came, "report by mail")


async def take_events(app: Application, caller: Caller, events: Sequence[Event]) -> list[Taken]:
    """Take in what a mail provider tells, one after the other; gives what became of each.

    Raises NotAllowed, and Invalid, before anything is done, for an address that is none.
    """
    caller.require(Right.RETURNS)
    addresses = [address_of(event.email) for event in events]
    return [
        await _take(app, caller.account_id, await _told(app, caller, event, address), "mail provider")
        for event, address in zip(events, addresses, strict=True)
    ]


async def _told(app: Application, caller: Caller, event: Event, address: str) -> Came:
    """By its return path where there is one of ours; else by the address alone, which the provider knows."""
    account_id = caller.account_id
    try:
        path = await read_path(app.store.accounts, event.return_path)
    except Unknown:
        path = None
    if path is not None and path.account_id == account_id:
        whose = _Whose(account_id, path.contact_id, path.send_id, path.check)
        return await _came(app, whose, event.kind, [address], event.detail)
    holder = await app.store.database.read(lambda c: search.holder(c, account_id, address))
    return Came(event.kind, holder or NOBODY, 0, event.event_id[:64], address, event.detail)


async def _whose(app: Application, report: Returned) -> _Whose | None:
    for envelope in report.envelopes:
        try:
            path = await read_path(app.store.accounts, envelope)
        except Unknown:
            continue
        return _Whose(path.account_id, path.contact_id, path.send_id, path.check)
    for link in report.links:
        try:
            invited = await read_token(app, link.rpartition("/")[2])
        except Unknown:
            continue
        return _Whose(invited.account_id, invited.contact_id, invited.send_id)
    return None


async def _came(app: Application, whose: _Whose, kind: Return, named: Sequence[str], detail: str) -> Came:
    """Find the address that takes no mail any more: bounces stay with the address, not the person (I3)."""
    account_id, contact_id = whose.account_id, whose.contact_id
    present = await app.store.database.read(lambda c: stored.contact_of(c, account_id, contact_id))
    key = await app.store.accounts.derived_key(account_id, PURPOSE)
    known = [present, *named] if present else list(named)
    if whose.check:
        fits = [one for one in known if checked(key, one) == whose.check]
    else:
        fits = [present] if present and (not named or present in named) else []
    suppress = next(iter(fits), "")
    return Came(kind, contact_id if present else NOBODY, whose.send_id, "", suppress, detail)


async def _take(app: Application, account_id: int, came: Came, source: str) -> Taken:
    """Write it down once. A complaint refuses first, so that a crash in between refuses twice, not never."""
    database = app.store.database
    if await database.read(lambda c: stored.told_before(c, account_id, came)):
        return Taken.REPEATED
    if came.kind is Return.COMPLAINT and came.contact_id != NOBODY:
        where = f"{source}, send {came.send_id}" if came.send_id else source
        act = Act(came.contact_id, basis=LegalBasis.WITHDRAWN)
        try:
            await app.act(account_id, COMPLAINER, [act], Evidence(COMPLAINED, where))
        except (Erased, Unknown):
            return Taken.UNKNOWN
    accounts = app.store.accounts
    returning = Returning(app.store.memory.journal, accounts.marking, SYSTEM, source, app.clock.now())
    added = await database.write(lambda c: returning.run(c, account_id, [came]))
    return Taken.TAKEN if added else Taken.REPEATED
