"""Links to a person's own pages: signed under a key of the account, valid for as long as it exists."""

import hashlib
import struct
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from itsdangerous import BadData, Signer
from itsdangerous.encoding import base64_decode, base64_encode

from assent.errors import Unknown
from assent.services.application import Application
from assent.store.accounts import Accounts

PURPOSE = "preference-page"
FORM, CONFIRMATION = "sign-up-form", "sign-up-confirmation"

#: Longer than any link of ours; what is longer is not read.
LONGEST = 200

_PERSON = struct.Struct(">q16s")
_MAIL = struct.Struct(">q16sq")
_FORM = struct.Struct(">qq")

NO_SUCH_LINK = "This link is not complete, or it is not one of ours."


@dataclass(frozen=True, slots=True)
class Invited:
    """Whom a link belongs to, and the send whose mail carried it; 0 where none did."""

    account_id: int
    contact_id: UUID
    send_id: int = 0


@dataclass(frozen=True, slots=True)
class Ways:
    """Where a person sees and changes what we may send, and where one POST stops it (RFC 8058)."""

    preferences_url: str
    unsubscribe_url: str


@dataclass(frozen=True, slots=True)
class Links:
    """Makes the links of one account's people."""

    reached_at: str
    account_id: int
    signer: Signer

    def token(self, contact_id: UUID, send_id: int = 0) -> str:
        """The signed token of a person, or of one mail to them."""
        if send_id:
            plain = _MAIL.pack(self.account_id, contact_id.bytes, send_id)
        else:
            plain = _PERSON.pack(self.account_id, contact_id.bytes)
        return self.signer.sign(base64_encode(plain)).decode()

    def ways(self, contact_id: UUID, send_id: int = 0) -> Ways:
        """Both addresses of a person, or of one mail to them."""
        token = self.token(contact_id, send_id)
        return Ways(f"{self.reached_at}/p/{token}", f"{self.reached_at}/u/{token}")


async def links(app: Application, account_id: int) -> Links:
    """The links of an account; raises Unknown for no such account."""
    return await links_of(app.store.accounts, app.settings.reached_at, account_id)


async def links_of(accounts: Accounts, reached_at: str, account_id: int) -> Links:
    """The same for whoever has no whole application at hand."""
    return Links(reached_at, account_id, await _signer(accounts, account_id))


async def preferences_url(app: Application, account_id: int, contact_id: UUID) -> str:
    """The link to one person's page."""
    return (await links(app, account_id)).ways(contact_id).preferences_url


async def read_token(app: Application, token: str) -> Invited:
    """Whose link this is; raises Unknown for one that is cut short, altered or not ours."""
    invited = _read(token)
    try:
        signer = await _signer(app.store.accounts, invited.account_id)
        signer.unsign(token)
    except (BadData, Unknown):
        raise Unknown(NO_SUCH_LINK) from None
    return invited


async def form_token(app: Application, account_id: int, form_id: int) -> str:
    """The signed token of a sign-up form."""
    signer = await _signer(app.store.accounts, account_id, FORM)
    return signer.sign(base64_encode(_FORM.pack(account_id, form_id))).decode()


async def form_of(app: Application, token: str) -> tuple[int, int]:
    """Account and number of the form a token names; raises Unknown for one that is not ours."""
    account_id, form_id = await _opened(app, token, _FORM, FORM)
    return account_id, form_id


async def confirmation(app: Application, account_id: int, secret: bytes) -> str:
    """The signed token of a confirmation mail; `secret` are 16 unpredictable bytes."""
    signer = await _signer(app.store.accounts, account_id, CONFIRMATION)
    return signer.sign(base64_encode(_PERSON.pack(account_id, secret))).decode()


async def read_confirmation(app: Application, token: str) -> int:
    """The account a confirmation is for; raises Unknown for one that is not ours."""
    account_id: int = (await _opened(app, token, _PERSON, CONFIRMATION))[0]
    return account_id


async def _opened(app: Application, token: str, layout: struct.Struct, purpose: str) -> tuple[Any, ...]:
    try:
        if len(token) > LONGEST:
            raise Unknown(NO_SUCH_LINK)
        found = layout.unpack(base64_decode(token.partition(".")[0]))
        (await _signer(app.store.accounts, found[0], purpose)).unsign(token)
    except (BadData, struct.error, UnicodeError, Unknown):
        raise Unknown(NO_SUCH_LINK) from None
    return found


async def _signer(accounts: Accounts, account_id: int, purpose: str = PURPOSE) -> Signer:
    """From the account's own key: rotating the installation's key ends no link."""
    key = await accounts.derived_key(account_id, purpose)
    return Signer(key, salt=purpose, key_derivation="hmac", digest_method=hashlib.sha256)


def _read(token: str) -> Invited:
    """What a token says; who wrote it is not known yet."""
    try:
        if len(token) > LONGEST:
            raise Unknown(NO_SUCH_LINK)
        plain = base64_decode(token.partition(".")[0])
        account_id, contact, *send = (_PERSON if len(plain) == _PERSON.size else _MAIL).unpack(plain)
    except (BadData, struct.error, UnicodeError):
        raise Unknown(NO_SUCH_LINK) from None
    return Invited(account_id, UUID(bytes=contact), *send)
