"""Secrets people and programs carry: made once, shown once, kept as digests only."""

import base64
import hashlib

from assent.services.application import Application

#: Longer than any secret of ours; what is longer is not read.
LONGEST = 200


def new_secret(app: Application, prefix: str = "") -> str:
    """A secret of 256 bits that goes into addresses, headers and cookies as it is."""
    drawn = app.store.accounts.vault.entropy(32)
    return prefix + base64.urlsafe_b64encode(drawn).rstrip(b"=").decode()


def digest(purpose: str, secret: str) -> bytes:
    """What is kept of a secret; one made for another purpose has another digest."""
    return hashlib.sha256(f"{purpose}:{secret}".encode("utf-8", "replace")).digest()
