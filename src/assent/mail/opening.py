"""Opens a connection to the mail server, and says in words why it cannot be opened."""

import asyncio
import re
import socket
import ssl
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPConnectResponseError,
    SMTPConnectTimeoutError,
    SMTPException,
    SMTPHeloError,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from assent.errors import Invalid, Unreachable
from assent.mail.outcome import anonymous


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Which server takes our mail, and how it is spoken to.

    `timeout_s` bounds each answer but the last: a server may take its time over a mail it has
    received (RFC 5321, 4.5.3.2.6 asks for ten minutes), and giving up then leaves it uncertain.
    `ca_file` names certificates to trust instead of the system's, for a server of one's own.
    """

    host: str
    port: int = 587
    tls: Literal["none", "starttls", "implicit"] = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    connections: int = 8
    timeout_s: float = 30.0
    last_answer_timeout_s: float = 600.0
    ca_file: str = ""

    def __post_init__(self) -> None:
        """Raises Invalid for settings that cannot work."""
        if not self.host or not self.host.isprintable() or " " in self.host:
            raise Invalid("The mail server needs a host name, such as smtp.example.com.")
        if not 1 <= self.port <= 65535:
            raise Invalid("The mail server's port is a number from 1 to 65535; 587 is the usual one.")
        if not 1 <= self.connections <= 64:
            raise Invalid("Use 1 to 64 connections to the mail server.")
        if self.timeout_s <= 0 or self.last_answer_timeout_s <= 0:
            raise Invalid("How long to wait for the mail server must be more than 0 seconds.")
        if self.username and self.tls == "none" and self.host not in ("localhost", "127.0.0.1", "::1"):
            raise Invalid(
                "Signing in to the mail server without TLS would send the password in the open. "
                "Choose STARTTLS or implicit TLS."
            )

    @property
    def where(self) -> str:
        """Host and port, for errors."""
        return f"{self.host}:{self.port}"


def trust(settings: SmtpSettings) -> ssl.SSLContext:
    """The certificates to trust; reads files. Raises Invalid where they cannot be read."""
    try:
        return ssl.create_default_context(cafile=settings.ca_file or None)
    except (OSError, ssl.SSLError):
        raise Invalid("The file with certificates to trust for the mail server cannot be read.") from None


@lru_cache(maxsize=1)
def own_name() -> str:
    """How this machine greets a server; asks the name service, so not in the loop."""
    name = socket.getfqdn()
    return name if re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", name) else "localhost"


async def open_connection(settings: SmtpSettings, trusted: ssl.SSLContext | None) -> SMTP:
    """Connect, encrypt and sign in; `trusted` is None where TLS is off.

    Raises Unreachable where nobody answers or the server has no time, Invalid where TLS or the sign-in
    fails: somebody must change the settings.
    """
    client = SMTP(
        hostname=settings.host,
        port=settings.port,
        local_hostname=await asyncio.to_thread(own_name),
        timeout=settings.timeout_s,
        use_tls=settings.tls == "implicit",
        start_tls=False,  # done below, where it can be told from the other steps
        tls_context=trusted,
    )
    try:
        await _connect(client, settings)
        if settings.tls == "starttls":
            await _encrypt(client, settings)
        await _greet(client, settings)
        if settings.username:
            await _sign_in(client, settings)
    except BaseException:
        client.close()
        raise
    return client


async def _connect(client: SMTP, settings: SmtpSettings) -> None:
    try:
        await client.connect()
    except SMTPConnectResponseError as error:
        raise Unreachable(
            f"The mail server at {settings.where} takes no mail now: {error.code} {anonymous(error.message)}"
        ) from None
    except SMTPConnectTimeoutError:
        raise Unreachable(
            f"The mail server at {settings.where} did not greet within {settings.timeout_s:g} seconds. Check "
            "host and port, and whether the port wants TLS from the start (465 usually does)."
        ) from None
    except SMTPConnectError as error:
        if isinstance(error.__cause__, ssl.SSLError):
            raise _no_tls(settings, error.__cause__) from None
        raise Unreachable(
            f"Nobody answers at {settings.where}. Check the mail server's host name and port, and whether "
            "it runs."
        ) from None
    except SMTPException:
        raise Unreachable(f"What answers at {settings.where} does not speak SMTP. Check the port.") from None


async def _encrypt(client: SMTP, settings: SmtpSettings) -> None:
    try:
        await client.starttls()
    except ssl.SSLError as error:
        raise _no_tls(settings, error) from None
    except (SMTPServerDisconnected, SMTPTimeoutError, OSError):
        raise _lost(settings, "while TLS was being set up") from None
    except SMTPResponseException as error:
        text = f"{error.code} {anonymous(error.message)}"
        if 400 <= error.code < 500:
            raise Unreachable(f"The mail server at {settings.where} has no TLS right now: {text}") from None
        raise Invalid(f"The mail server at {settings.where} refuses STARTTLS: {text}") from None
    except SMTPException:
        raise Invalid(
            f"The mail server at {settings.where} offers no STARTTLS, so mail and password would travel in "
            "the open. Use a port that does (usually 587), or implicit TLS (usually 465)."
        ) from None


async def _greet(client: SMTP, settings: SmtpSettings) -> None:
    try:
        if client.is_ehlo_or_helo_needed:
            try:
                await client.ehlo()
            except SMTPHeloError:
                await client.helo()
    except SMTPResponseException as error:
        raise Unreachable(
            f"The mail server at {settings.where} wants no talk: {error.code} {anonymous(error.message)}"
        ) from None
    except (SMTPException, OSError):
        raise _lost(settings, "after its greeting") from None


async def _sign_in(client: SMTP, settings: SmtpSettings) -> None:
    try:
        await client.login(settings.username, settings.password)
    except SMTPAuthenticationError as error:
        text = f"{error.code} {anonymous(error.message, settings.username)}"
        if 400 <= error.code < 500:
            raise Unreachable(f"The mail server at {settings.where} has no sign-in now: {text}") from None
        raise Invalid(
            f"The mail server at {settings.where} refused the sign-in: {text}. Check user name and password."
        ) from None
    except (SMTPServerDisconnected, SMTPTimeoutError, OSError):
        raise _lost(settings, "during sign-in") from None
    except SMTPException:
        raise Invalid(
            f"The mail server at {settings.where} offers no sign-in that we know. Remove user name and "
            "password, or use a port with TLS."
        ) from None


def _no_tls(settings: SmtpSettings, error: ssl.SSLError) -> Invalid:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Invalid(
            f"The certificate of the mail server at {settings.where} is not trusted: {error.verify_message}. "
            "Use the host name the certificate is for, or name the file with the certificates to trust."
        )
    return Invalid(
        f"The mail server at {settings.where} does not speak TLS this way ({error.reason}). Port 465 usually "
        "wants implicit TLS, 587 STARTTLS."
    )


def _lost(settings: SmtpSettings, when: str) -> Unreachable:
    return Unreachable(f"The mail server at {settings.where} hung up or fell silent {when}.")


async def trust_for(settings: SmtpSettings) -> ssl.SSLContext | None:
    """The certificates to trust, read beside the loop; None where TLS is off. Raises Invalid."""
    return None if settings.tls == "none" else await asyncio.to_thread(trust, settings)
