"""The demo's mails: what its mail server kept of one account's sends, to be read instead of delivered."""

from assent.errors import Unknown
from assent.mail.arrived import Arrived
from assent.mail.sink import Sink
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.letters import message_prefix

__all__ = ["Arrived", "message", "messages"]

NO_SUCH_MAIL = "There is no such mail, or it is no longer kept."


async def messages(app: Application, caller: Caller, *, limit: int = 50) -> tuple[Arrived, ...]:
    """The newest mails, newest first; none where the mails go to a real mail server.

    Whoever reads them could follow a person's own links, so only those who may send may read them.
    """
    caller.require(Right.SEND)
    if app.sink is None:
        return ()
    mine = (mail for mail in app.sink.messages(limit=_kept(app.sink)) if _belongs(mail, caller))
    return tuple(mail for mail, _ in zip(mine, range(limit), strict=False))


async def message(app: Application, caller: Caller, number: int) -> Arrived:
    """One mail; raises Unknown where it is another account's, or no longer kept."""
    caller.require(Right.SEND)
    if app.sink is None:
        raise Unknown(NO_SUCH_MAIL)
    mail = app.sink.message(number)
    if not _belongs(mail, caller):
        raise Unknown(NO_SUCH_MAIL)
    return mail


def _kept(sink: Sink) -> int:
    return sink.settings.keep


def _belongs(mail: Arrived, caller: Caller) -> bool:
    return (mail.header("Message-ID") or "").startswith(message_prefix(caller.account_id))
