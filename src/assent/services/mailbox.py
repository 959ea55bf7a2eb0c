"""The demo's mails: what its mail server kept of one account's sends, to be read instead of delivered."""

from itertools import islice

from assent.errors import Invalid, Unknown
from assent.mail.arrived import Arrived
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.letters import message_prefix
from assent.services.paging import Page, within_limit

__all__ = ["Arrived", "message", "messages"]

NO_SUCH_MAIL = "There is no such mail, or it is no longer kept."


async def messages(
    app: Application, caller: Caller, *, to: str = "", after: str = "", limit: int = 25
) -> Page[Arrived]:
    """The mails kept, newest first, all or those to an address; none where a real mail server takes them.

    Whoever reads them could follow a person's own links, so only those who may send may read them.
    Raises Invalid for a cursor that is none.
    """
    caller.require(Right.SEND)
    limit, before = within_limit(limit), _number(after)
    if app.sink is None:
        return Page(())
    mine = (mail for mail in app.sink.newest(to=to, before=before) if _belongs(mail, caller))
    found = tuple(islice(mine, limit + 1))
    return Page(found[:limit], str(found[limit - 1].id) if len(found) > limit else "")


async def message(app: Application, caller: Caller, number: int) -> Arrived:
    """One mail; raises Unknown where it is another account's, or no longer kept."""
    caller.require(Right.SEND)
    if app.sink is None:
        raise Unknown(NO_SUCH_MAIL)
    mail = app.sink.message(number)
    if not _belongs(mail, caller):
        raise Unknown(NO_SUCH_MAIL)
    return mail


def _number(after: str) -> int | None:
    if not after:
        return None
    if not (after.isascii() and after.isdigit() and len(after) <= 18):
        raise Invalid("This is no cursor of this list; begin again without one.")
    return int(after)


def _belongs(mail: Arrived, caller: Caller) -> bool:
    return (mail.header("Message-ID") or "").startswith(message_prefix(caller.account_id))
