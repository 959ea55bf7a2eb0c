"""Signed return addresses (VERP): a bounce says by the address it comes to whose mail it was."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

from assent.errors import Invalid, Unknown
from assent.mail.addresses import wire_address
from assent.policy.address import normalise
from assent.store.accounts import Accounts

PURPOSE = "return-path"
_MAC, _CHECK = 10, 3
#: What a local part may have (RFC 5321, 4.5.3.1.1).
_LONGEST_LOCAL = 64

NO_SUCH_PATH = "This is no return address of ours."


@dataclass(frozen=True, slots=True)
class Path:
    """Whose mail it was; `check` tells whether an address is the one it went to."""

    account_id: int
    contact_id: UUID
    send_id: int
    check: bytes


@dataclass(frozen=True, slots=True)
class ReturnPaths:
    """Makes the return addresses of one account's mails, below one mailbox: `bounces+...@example.com`."""

    mailbox: str
    account_id: int
    key: bytes

    def path(self, contact_id: UUID, send_id: int, email: str) -> str:
        """The return address of one mail. Letters are small and digits: servers on the way may fold case."""
        local, _, domain = self.mailbox.rpartition("@")
        plain = _packed(self.account_id, contact_id, send_id) + checked(self.key, email)
        token = base64.b32encode(plain + _mac(self.key, plain)).decode().rstrip("=").lower()
        if len(local) + 1 + len(token) > _LONGEST_LOCAL:
            raise Invalid(
                "ASSENT_RETURN_PATH has too long a name before the @. Use one of at most 8 letters."
            )
        return f"{local}+{token}@{domain}"


async def return_paths(accounts: Accounts, mailbox: str, account_id: int) -> ReturnPaths | None:
    """The return addresses of an account, None where no mailbox is set; raises Invalid for a wrong one."""
    if not mailbox:
        return None
    return ReturnPaths(wire_address(mailbox), account_id, await accounts.derived_key(account_id, PURPOSE))


async def read_path(accounts: Accounts, address: str) -> Path:
    """Whose return address this is; raises Unknown for one that is cut short, altered or not ours."""
    token = address.partition("@")[0].rpartition("+")[2].upper()
    try:
        octets = base64.b32decode(token + "=" * (-len(token) % 8))
        plain, mac = octets[:-_MAC], octets[-_MAC:]
        account_id, contact_id, send_id = _unpacked(plain[:-_CHECK])
        key = await accounts.derived_key(account_id, PURPOSE)
    except (ValueError, IndexError, Unknown):
        raise Unknown(NO_SUCH_PATH) from None
    if not hmac.compare_digest(mac, _mac(key, plain)):
        raise Unknown(NO_SUCH_PATH)
    return Path(account_id, contact_id, send_id, plain[-_CHECK:])


def checked(key: bytes, email: str) -> bytes:
    """What a return address keeps of the address its mail went to."""
    return hmac.digest(key, b"address " + (normalise(email) or email).encode(), hashlib.sha256)[:_CHECK]


def _mac(key: bytes, plain: bytes) -> bytes:
    return hmac.digest(key, b"path " + plain, hashlib.sha256)[:_MAC]


def _packed(account_id: int, contact_id: UUID, send_id: int) -> bytes:
    account, send = _octets(account_id), _octets(send_id)
    return bytes([len(account) << 4 | len(send)]) + account + send + contact_id.bytes


def _unpacked(octets: bytes) -> tuple[int, UUID, int]:
    end = 1 + (octets[0] >> 4)
    contact = end + (octets[0] & 15)
    return (
        int.from_bytes(octets[1:end], "big"),
        UUID(bytes=octets[contact:]),
        int.from_bytes(octets[end:contact], "big"),
    )


def _octets(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
