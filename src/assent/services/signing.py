"""Signs outgoing webhooks as Standard Webhooks lay down, so that any verifier of theirs takes them."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

PREFIX = "whsec_"

#: How long the secret before the present one still signs along.
OVERLAP = timedelta(hours=24)


class Secrets(msgspec.Struct, frozen=True):
    """An endpoint's secret, and the one before it until receivers have changed over."""

    current: bytes
    previous: bytes = b""
    until: datetime | None = None

    def at(self, now: datetime) -> tuple[bytes, ...]:
        """The secrets that sign at a moment."""
        both = self.previous and self.until is not None and now < self.until
        return (self.current, self.previous) if both else (self.current,)

    def rotated(self, fresh: bytes, now: datetime) -> "Secrets":
        """The same with a fresh secret; the present one signs along for a while."""
        return Secrets(fresh, self.current, now + OVERLAP)

    @property
    def shown(self) -> str:
        """The present secret as receivers are given it."""
        return PREFIX + base64.b64encode(self.current).decode()


def write_secrets(secrets: Secrets) -> bytes:
    """Secrets in the form they are sealed in."""
    return msgspec.json.encode(secrets)


def read_secrets(data: bytes) -> Secrets:
    """Read secrets back."""
    return msgspec.json.decode(data, type=Secrets)


def headers(secrets: Sequence[bytes], message_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a signed webhook; one signature per secret."""
    timestamp = str(int(now.timestamp()))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    signatures = [hmac.digest(secret, signed, hashlib.sha256) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join("v1," + base64.b64encode(one).decode() for one in signatures),
    }
