"""Signing up by a form: nothing happens until the person confirms by the mail they get (double opt-in)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection

from assent.errors import Invalid, TooMany, Unknown
from assent.mail.addresses import wire_address
from assent.mail.compose import Letter, compose
from assent.mail.outcome import Handed
from assent.mail.smtp import Mailer
from assent.ports import Actor, ActorKind, Clock, Evidence, Ids
from assent.services.application import Application
from assent.services.given import checked_email, checked_name
from assent.services.letters import message_prefix, sender_of
from assent.services.links import confirmation, form_of, links, read_confirmation
from assent.services.people import attempts
from assent.services.people.attempts import Limit
from assent.services.people.secrets import digest
from assent.services.settings import Settings
from assent.store import sign_ups as stored
from assent.store.brands import Brand, brand_of
from assent.store.categories import Category
from assent.store.marks import NOTHING, address_of
from assent.store.opening import Store
from assent.store.sign_ups import Confirming, Filled, Waiting
from assent.work.durable import Errand, Kind

HERSELF = Actor(ActorKind.CONTACT, "sign-up")

#: How long a confirmation mail is good for: what grants may run out.
GOOD_FOR = timedelta(days=7)

#: So many sign-ups from one place, and so many mails to one address, before waits begin.
FROM_A_PLACE, TO_AN_ADDRESS = 20, 3

AT_ONCE = 50

TOO_OFTEN = "Too many sign-ups came from where you are. Wait a while, then try again."


@dataclass(frozen=True, slots=True)
class SignUpForm:
    """A form as the person who fills it in sees it."""

    brand: Brand
    name: str
    text: str
    categories: tuple[Category, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody wrote into a form; `ticked` is the mask of categories."""

    email: str
    first_name: str = ""
    last_name: str = ""
    ticked: int = 0


@dataclass(frozen=True, slots=True)
class From:
    """Where and in which language a form was filled in; `mail` holds the words of the confirmation mail."""

    ip: str
    language: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What confirming would do, shown before it is done."""

    brand: Brand
    text: str


async def shown(app: Application, token: str) -> SignUpForm:
    """The form of a token; raises Unknown for one that is not ours, or was closed."""
    account_id, form_id = await form_of(app, token)
    form = await app.store.database.read(lambda c: stored.form(c, account_id, form_id))
    if not form.active:
        raise Unknown("This sign-up form was closed.")
    known = await app.store.accounts.categories(account_id)
    offered = tuple(one for one in known if one.active and one.bit & form.categories)
    return SignUpForm(await _brand(app, account_id), form.name, form.text, offered)


async def sign_up(app: Application, token: str, given: Given, origin: From) -> None:
    """Keep what somebody wrote, and let a confirmation mail go out to the address.

    Nothing tells whether the address is known, refused, erased or suppressed: the same happens, at the
    same time, whoever it is. Raises Unknown for a form that is none, Invalid for what cannot be an
    address or a name, and TooMany for the place it came from.
    """
    account_id, _ = await form_of(app, token)
    form = await shown(app, token)
    email, offered = checked_email(given.email), sum(one.bit for one in form.categories)
    secret = app.store.accounts.vault.entropy(16)
    names = [one.name for one in form.categories if one.bit & given.ticked]
    now = app.clock.now()
    filled = Filled(
        email=email,
        first_name=checked_name(given.first_name),
        last_name=checked_name(given.last_name),
        shown=offered,
        ticked=given.ticked & offered,
        text="\n".join([form.text, *(f"[x] {name}" for name in names)]),
        source=f"sign-up form “{form.name}” ({origin.language})",
        ip=origin.ip,
        language=origin.language,
        at=now,
        token=await confirmation(app, account_id, secret),
        subject=origin.subject,
        body=origin.body,
    )
    vault = app.store.accounts.vault
    waiting = Waiting(digest("sign-up", filled.token), vault.wrap(msgspec.json.encode(filled)))

    def work(connection: Connection) -> None:
        _limit(connection, account_id, origin.ip, now)
        stored.keep(connection, account_id, waiting, now=now, until=now + GOOD_FOR)

    await app.store.database.write(work)
    await app.work.ask(Errand(Kind.SIGN_UP, account_id))


def _limit(connection: Connection, account_id: int, place: str, now: datetime) -> None:
    """Raise TooMany for a place that floods; what floods one address is not told, and not mailed."""
    try:
        key = digest("sign-up-place", f"{account_id} {attempts.network(place)}")
        attempts.begin(connection, (Limit(key, FROM_A_PLACE),), now)
    except TooMany as error:
        raise TooMany(TOO_OFTEN, after_s=error.after_s) from None


async def look(app: Application, token: str) -> Confirmation:
    """What confirming would do; changes nothing. Raises Unknown for a token that is not ours, or used up."""
    account_id, filled = await _filled(app, token)
    return Confirmation(await _brand(app, account_id), filled.text)


async def confirm(app: Application, token: str, ip: str) -> str:
    """Do what was signed up for, once; gives the address of the person's own page. Raises as `look`."""
    account_id, filled = await _filled(app, token)
    now, memory = app.clock.now(), app.store.memory
    text = (
        f"{filled.text}\n[filled in {filled.at:%Y-%m-%d %H:%M:%S} UTC, confirmed by mail "
        f"{now:%Y-%m-%d %H:%M:%S} UTC from {ip or 'an unknown place'}]"
    )
    evidence = Evidence(text, filled.source, filled.ip)
    confirming = Confirming(memory.journal, memory.marking, HERSELF, evidence, now)
    used, fresh = digest("sign-up", token), app.ids.new()
    contact_id = await app.store.database.write(lambda c: confirming.run(c, account_id, used, filled, fresh))
    await app.work.wake(account_id)
    return (await links(app, account_id)).ways(contact_id).preferences_url


async def _brand(app: Application, account_id: int) -> Brand:
    return await app.store.database.read(lambda c: brand_of(c, account_id))


async def _filled(app: Application, token: str) -> tuple[int, Filled]:
    account_id = await read_confirmation(app, token)
    now = app.clock.now()
    sealed = await app.store.database.read(
        lambda c: stored.peek(c, account_id, digest("sign-up", token), now)
    )
    return account_id, msgspec.json.decode(app.store.accounts.vault.unwrap(sealed), type=Filled)


@dataclass(frozen=True, slots=True)
class SignUpErrands:
    """Sends confirmation mails; one that could not go out is tried again at the next tick."""

    store: Store
    settings: Settings
    clock: Clock
    ids: Ids
    mailer: Mailer | None

    async def owed(self) -> list[tuple[int, int]]:
        """Accounts with confirmation mails to send, where this process can."""
        if self.mailer is None or not self.settings.mail_from:
            return []
        now = self.clock.now()
        found = await self.store.database.read(lambda c: stored.owing(c, now))
        return [(account_id, 0) for account_id in found]

    async def perform(self, account_id: int, number: int) -> Mapping[str, Any]:
        """Send what is to be sent now; a mail may go out twice after a crash, and confirms once."""
        sent, now = 0, self.clock.now()
        if self.mailer is None or not self.settings.mail_from:
            return {"sent": sent}
        while found := await self.store.database.read(lambda c: stored.unsent(c, account_id, now, AT_ONCE)):
            for waiting in found:
                if await self._send(account_id, waiting) is Handed.UNREACHABLE:
                    return {"sent": sent}
                sent += 1
        return {"sent": sent}

    async def _send(self, account_id: int, waiting: Waiting) -> Handed | None:
        vault, now = self.store.accounts.vault, self.clock.now()
        filled = msgspec.json.decode(vault.unwrap(waiting.sealed), type=Filled)
        handed = None
        if await self._may_get(account_id, filled):
            assert self.mailer is not None
            try:
                message = compose(await self._letter(account_id, filled))
                handed = (await self.mailer.hand_over(message, filled.email)).handed
            except Invalid:  # no mail can go to this address
                handed = Handed.REFUSED
        if handed is not Handed.UNREACHABLE:
            await self.store.database.write(lambda c: stored.mark_sent(c, account_id, [waiting.digest], now))
        return handed

    async def _may_get(self, account_id: int, filled: Filled) -> bool:
        """Not more than a few a day to one address, and none to one that takes no mail (G3)."""
        address, now, marking = address_of(filled.email), self.clock.now(), self.store.accounts.marking

        def work(connection: Connection) -> bool:
            known = marking.of(connection, account_id, [address]).get(address, NOTHING)
            try:
                key = digest("sign-up-address", f"{account_id} {address}")
                attempts.begin(connection, (Limit(key, TO_AN_ADDRESS),), now)
            except TooMany:
                return False
            return not known.suppressed

        return await self.store.database.write(work)

    async def _letter(self, account_id: int, filled: Filled) -> Letter:
        sender = sender_of(self.settings.mail_from, dict(await self.store.accounts.all())[account_id])
        url = f"{self.settings.reached_at}/c/{filled.token}"
        return Letter(
            sender_name=sender.name,
            sender_email=sender.email,
            reply_to=None,
            recipient_email=wire_address(filled.email),
            recipient_name="",  # a name anybody may have typed: no words of strangers in our mail
            subject=filled.subject,
            text=f"{filled.body}\n\n{url}\n",
            html=None,
            unsubscribe_url=None,
            preferences_url=None,
            list_id=None,
            message_id=(
                f"{message_prefix(account_id)}sign-up.{self.ids.new().hex}@{sender.email.rpartition('@')[2]}>"
            ),
            date=self.clock.now(),
        )
