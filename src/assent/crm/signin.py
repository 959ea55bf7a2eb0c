"""Access tokens for the application user (dataverse.md 1.1)."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec

from assent.crm.transport import Response
from assent.errors import AssentError, Invalid, SignInRefused, Unreachable
from assent.ports import Clock

MICROSOFT = "https://login.microsoftonline.com"

#: A token is renewed this long before it ends, so that none ends on its way.
_MARGIN = timedelta(minutes=5)
_AADSTS = re.compile(r"AADSTS(\d{4,7})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,127}")

#: What the commonest answers of Entra ID mean, by their AADSTS number.
_MEANINGS = {
    "7000215": "the client secret is wrong: paste the secret's value, not its id",
    "7000222": "the client secret has expired: make a new one in the app registration and enter it here",
    "700016": "the application id is not known in that tenant: check both ids",
    "90002": "the tenant is not known: check the tenant id",
    "900023": "the tenant is not known: check the tenant id",
    "500011": "the organisation is not known in that tenant: check its address and the tenant id",
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """An app registration that may sign in; the secret is never printed."""

    tenant: str
    client_id: str
    secret: str = field(repr=False)
    authority: str = MICROSOFT

    def __post_init__(self) -> None:
        """Raises Invalid where the ids cannot be ids."""
        if not _NAME.fullmatch(self.tenant) or not _NAME.fullmatch(self.client_id):
            raise Invalid("Expected the tenant's and the application's id as Entra ID shows them.")
        if not self.secret:
            raise Invalid("Expected the client secret's value, or a certificate; it is empty.")
        if self.certified:
            _check_certificate(self.secret)
        if not re.match(r"https?://", self.authority):
            raise Invalid(f"Expected an authority such as {MICROSOFT}.")

    @property
    def certified(self) -> bool:
        """Whether the secret is a certificate with its private key, as PEM."""
        return self.secret.lstrip().startswith("-----BEGIN")


def _check_certificate(pem: str) -> None:
    """Raises Invalid where a PEM text does not hold a certificate and its private key, unencrypted."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        load_pem_private_key(pem.encode(), None)
        x509.load_pem_x509_certificate(pem.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Invalid(
            "Expected a PEM file with both the certificate and its private key, the key without a passphrase."
        ) from None


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token and the moment it ends; never printed."""

    value: str = field(repr=False)
    ends_at: datetime


class TokenSource(Protocol):
    """Gives bearer tokens."""

    async def token(self, scope: str) -> str:
        """A token that is good for some minutes; raises SignInRefused or Unreachable."""

    def forget(self, token: str) -> None:
        """Drop a token the organisation refused; a newer one stays."""


class KeptTokens:
    """Keeps a token until shortly before it ends and asks for a new one once, however many wait."""

    def __init__(self, fetch: Callable[[str], Awaitable[Token]], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._kept: dict[str, Token] = {}
        self._one_at_a_time = asyncio.Lock()

    async def token(self, scope: str) -> str:
        """Give the kept token, or a new one."""
        async with self._one_at_a_time:
            kept = self._kept.get(scope)
            if kept is None or kept.ends_at - _MARGIN <= self._clock.now():
                kept = self._kept[scope] = await self._fetch(scope)
            return kept.value

    def forget(self, token: str) -> None:
        """Drop a token wherever it is kept."""
        self._kept = {scope: kept for scope, kept in self._kept.items() if kept.value != token}


Post = Callable[[str, Mapping[str, str]], Awaitable[Response]]


def plain_tokens(credentials: Credentials, post: Post, clock: Clock) -> KeptTokens:
    """Sign in with one form post, without discovery; for authorities azure-identity will not talk to."""
    if credentials.certified:
        raise Invalid(
            "A certificate is used with Microsoft's sign-in servers only; give a client secret here."
        )
    url = f"{credentials.authority.rstrip('/')}/{credentials.tenant}/oauth2/v2.0/token"

    async def fetch(scope: str) -> Token:
        form = {
            "grant_type": "client_credentials",
            "client_id": credentials.client_id,
            "client_secret": credentials.secret,
            "scope": scope,
        }
        return parse_token(await post(url, form), clock.now())

    return KeptTokens(fetch, clock)


def entra_tokens(credentials: Credentials, clock: Clock, *, verify: bool | str = True) -> KeptTokens:
    """Sign in through azure-identity; `verify` may name a file of certificate authorities."""
    # Loaded here: the package takes half a second, and the emulator never needs it.
    from azure.core.exceptions import AzureError, ClientAuthenticationError
    from azure.identity.aio import CertificateCredential, ClientSecretCredential

    def new() -> CertificateCredential | ClientSecretCredential:
        tenant, client_id, secret = credentials.tenant, credentials.client_id, credentials.secret
        options: dict[str, Any] = {
            "authority": credentials.authority,
            # The operator configured the authority; asking Microsoft about it would be one call more.
            "disable_instance_discovery": True,
            "connection_verify": verify,
            "retry_total": 0,  # the client repeats, and knows how often
        }
        if credentials.certified:
            return CertificateCredential(tenant, client_id, certificate_data=secret.encode(), **options)
        return ClientSecretCredential(tenant, client_id, secret, **options)

    async def fetch(scope: str) -> Token:
        # A new credential each time: it keeps tokens of its own, and would repeat one that was refused.
        try:
            async with new() as credential:
                found = await credential.get_token(scope)
        except ClientAuthenticationError as error:
            raise _refused(str(error.message)) from None
        except AzureError:
            raise _no_answer() from None
        return Token(found.token, datetime.fromtimestamp(found.expires_on, UTC))

    return KeptTokens(fetch, clock)


class _TokenAnswer(msgspec.Struct):
    access_token: str
    expires_in: float = 3599


def parse_token(response: Response, now: datetime) -> Token:
    """Read the token endpoint's answer; raises SignInRefused with what to do, or Unreachable."""
    if response.status != 200:
        if response.status in (400, 401, 403):
            raise _refused(response.body[:4000].decode("utf-8", "replace"))
        raise _no_answer()
    try:
        found = msgspec.json.decode(response.body, type=_TokenAnswer, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _no_answer() from None
    return Token(found.access_token, now + timedelta(seconds=min(found.expires_in, 86_400)))


def _refused(said: str) -> AssentError:
    number = _AADSTS.search(said)
    code = number[1] if number else ""
    meaning = _MEANINGS.get(code, "check the tenant id, the application id and the client secret")
    named = f" (AADSTS{code})" if code else ""
    return SignInRefused(f"Entra ID refused to sign the application in{named}: {meaning}.", code=code)


def _no_answer() -> Unreachable:
    return Unreachable(
        "No usable answer came from the sign-in authority. Check that this machine reaches it "
        "(login.microsoftonline.com unless another was named) and that its address is right; "
        "work that waits for it is tried again by itself."
    )
