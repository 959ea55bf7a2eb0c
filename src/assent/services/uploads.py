"""Whom a send is for, by a file of addresses: those who are contacts, and nobody else."""

from dataclasses import dataclass, replace

from assent.errors import Invalid
from assent.policy.audience import IDS_LIMIT, Audience
from assent.services import sends
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.send_views import SendView
from assent.services.tables.addresses import WrongLine, read_addresses
from assent.store.contact_rows import holders


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What a file came to: the send, now for `found` contacts, and what of the file was left out.

    `unknown` are addresses no contact has: they are named, never mailed, and not made contacts.
    """

    send: SendView
    found: int
    unknown: tuple[str, ...]
    wrong: tuple[WrongLine, ...]
    repeated: int


async def aim(app: Application, caller: Caller, send_id: int, data: bytes) -> Uploaded:
    """Let a draft be for the contacts whose addresses are in a file, instead of whom it was for.

    Raises Unknown, Conflict where it is no draft, and Invalid for a file that cannot be read or in which
    nobody is known: nothing is changed then.
    """
    caller.require(Right.SEND)
    view = await sends.read(app, caller, send_id)
    listed = read_addresses(data, IDS_LIMIT)
    known = await app.store.database.read(lambda c: holders(c, caller.account_id, listed.addresses))
    unknown = tuple(address for address in listed.addresses if address not in known)
    if not known:
        raise Invalid(
            f"Nobody in this file is a contact: {len(unknown):,} addresses are unknown, and "
            f"{len(listed.wrong):,} lines hold none. Import them first, with the permission they gave."
        )
    audience = Audience(contact_ids=frozenset(known.values()))
    changed = await sends.edit(app, caller, send_id, replace(view.draft, audience=audience))
    return Uploaded(changed, len(known), unknown, listed.wrong, listed.repeated)
