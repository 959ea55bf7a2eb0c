"""Keeps personal data readable only as long as its person's key exists (I6)."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from assent.errors import Bug, Invalid

_NONCE = 12
_KEY = 32


@dataclass(frozen=True, slots=True)
class Position:
    """Where an entry stands; a sealed part moved elsewhere does not open."""

    account_id: int
    seq: int
    index: int

    @property
    def associated(self) -> bytes:
        """The position as bytes, authenticated with the sealed part."""
        return struct.pack(">qqq", self.account_id, self.seq, self.index)


def seal(key: bytes, position: Position, data: bytes, nonce: bytes) -> bytes:
    """Encrypt data for one position under one person's key; the nonce must be used once only."""
    return nonce + AESGCM(key).encrypt(nonce, data, position.associated)


def unseal(key: bytes, position: Position, sealed: bytes) -> bytes:
    """Decrypt; raises Bug where the bytes were altered, moved, or sealed under another key."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], position.associated)
    except (InvalidTag, ValueError):
        raise Bug("a sealed ledger entry does not open; verify the ledger") from None


class Vault:
    """The installation's key: wraps the keys of people, of address marks, and connections' secrets.

    The first key given wraps; all of them unwrap, so that keys can be rotated: put the new one
    first, rewrap everything, then drop the old. `entropy` gives unpredictable bytes.
    """

    def __init__(self, keys: Sequence[str | bytes], entropy: Callable[[int], bytes]) -> None:
        if not keys:
            raise Invalid("no secret key was given; one is needed to keep secrets")
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise Invalid("a secret key must be 32 bytes in url-safe base64, 44 characters") from None
        self.entropy = entropy

    def new_key(self) -> bytes:
        """Make a fresh 256-bit key."""
        return self.entropy(_KEY)

    def wrap(self, data: bytes) -> bytes:
        """Encrypt under the newest key. The time of wrapping is not kept."""
        return self._fernet.encrypt_at_time(data, 0)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Decrypt; raises Invalid when none of the keys fits."""
        try:
            return self._fernet.decrypt(wrapped)
        except InvalidToken:
            raise Invalid("none of the secret keys opens this; was the key file replaced?") from None

    def rewrap(self, wrapped: bytes) -> bytes:
        """Decrypt with whichever key fits and encrypt under the newest."""
        return self.wrap(self.unwrap(wrapped))

    def seal(self, key: bytes, position: Position, data: bytes) -> bytes:
        """Seal under a person's key with a fresh nonce."""
        return seal(key, position, data, self.entropy(_NONCE))
