"""Hands mail over to a mail server, over a few connections used again, and says what became of it."""

import asyncio
import email.policy
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from functools import lru_cache
from types import TracebackType

from aiosmtplib import SMTP, SMTPException
from aiosmtplib.protocol import PERIOD_REGEX, normalize_message_line_endings

from assent.errors import Invalid, Refused, Unreachable
from assent.mail.addresses import wire_address
from assent.mail.headers import POLICY
from assent.mail.opening import SmtpSettings, open_connection, trust_for
from assent.mail.outcome import Handed, Outcome, anonymous, verdict

_IDLE_S = 15.0
_GOODBYE_S = 2.0
_GO_ON = 354
_CLOSING = 421
_FOREIGN = email.policy.SMTP.clone(cte_type="7bit")  # for messages not made by `compose`

#: Asked once the server would take a mail, just before it gets it; what it raises ends the hand-over.
LastLook = Callable[[], Awaitable[None]]


async def _content() -> None:
    """Nothing speaks against the mail."""


@dataclass(frozen=True, slots=True)
class _Envelope:
    sender: str
    recipient: str
    data: bytes = field(repr=False)
    last_look: LastLook = _content


class Mailer:
    """Mail to one server, over up to `connections` connections; `async with` it.

    Connections are opened when first needed, used again, and opened anew after failures.
    """

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._trusted: ssl.SSLContext | None = None
        self._lines: list[_Line] = []
        # The last one used is the first one taken, so that few connections stay warm and the rest rest.
        self._free: asyncio.LifoQueue[_Line] = asyncio.LifoQueue()

    @property
    def connections(self) -> int:
        """How many mails can be on their way at the same time."""
        return self._settings.connections

    async def __aenter__(self) -> "Mailer":
        """Raises Invalid where the certificates to trust cannot be read."""
        self._trusted = await trust_for(self._settings)
        self._lines = [_Line(self._settings, self._trusted) for _ in range(self._settings.connections)]
        for line in self._lines:
            self._free.put_nowait(line)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(line.leave() for line in self._lines))

    async def verify(self) -> None:
        """Connect and sign in once. Raises Unreachable or Invalid, saying what to change."""
        client = await open_connection(self._settings, self._trusted)
        with suppress(SMTPException, OSError):
            await client.quit(timeout=_GOODBYE_S)
        client.close()

    async def hand_over(
        self, message: EmailMessage, recipient: str, last_look: LastLook = _content, return_path: str = ""
    ) -> Outcome:
        """Give one message to the server for one recipient; it returns to `return_path`, else to From.

        What `last_look` raises is raised, and nothing was handed over: servers may take their time.

        Raises Invalid where an address cannot be mailed or the settings no longer work (TLS, sign-in),
        and Refused where the server wants no mail from this sender: in both cases nothing was handed
        over, and other recipients would fare the same. When the call is cancelled, the mail may have
        been taken.
        """
        envelope = _Envelope(
            return_path or _sender(message), wire_address(recipient), _data(message), last_look
        )
        line = await self._free.get()
        try:
            return await line.hand_over(envelope)
        finally:
            self._free.put_nowait(line)


class _Line:
    """One connection, opened when needed; used by one hand-over at a time."""

    def __init__(self, settings: SmtpSettings, trusted: ssl.SSLContext | None) -> None:
        self._settings = settings
        self._trusted = trusted
        self._client: SMTP | None = None
        self._used_at = 0.0
        self._unfinished = False  # the server still holds an envelope that was refused

    async def hand_over(self, envelope: _Envelope) -> Outcome:
        try:
            fresh = not await self._still_there()
            if fresh:
                await self._open()
            outcome = await self._transact(envelope)
            if outcome.handed is Handed.UNREACHABLE and not fresh:
                # Servers hang up after so many mails or minutes. Nothing was handed over, so it may be
                # tried on a new connection.
                await self._open()
                outcome = await self._transact(envelope)
        except Unreachable as error:
            return Outcome(Handed.UNREACHABLE, 0, str(error))
        except BaseException:
            self._close()  # whatever stands unread on the connection must not answer the next mail
            raise
        self._used_at = asyncio.get_running_loop().time()
        return outcome

    async def leave(self) -> None:
        """Say goodbye and hang up."""
        if self._client is not None:
            with suppress(SMTPException, OSError):
                await self._client.quit(timeout=_GOODBYE_S)
        self._close()

    async def _open(self) -> None:
        self._close()
        self._client = await open_connection(self._settings, self._trusted)

    def _close(self) -> None:
        client, self._client, self._unfinished = self._client, None, False
        if client is not None:
            client.close()

    async def _still_there(self) -> bool:
        """Whether the connection can be used again; asks where it has rested for a while."""
        client = self._client
        if client is None or not client.is_connected:
            return False
        try:
            if self._unfinished:
                await client.rset()
            elif asyncio.get_running_loop().time() - self._used_at > _IDLE_S:
                await client.noop()
        except (SMTPException, OSError):
            return False
        self._unfinished = False
        return True

    async def _transact(self, envelope: _Envelope) -> Outcome:
        client = self._client
        assert client is not None
        try:
            refusal = await self._address(client, envelope)
            if refusal is not None:
                return refusal
            protocol = client.protocol
            if protocol is None:
                return self._nothing_given("The mail server hung up before it was given the mail.")
            protocol.write(envelope.data)
        except (SMTPException, OSError) as error:
            did = "fell silent" if isinstance(error, TimeoutError) else "hung up"
            return self._nothing_given(f"The mail server {did} before it was given the mail.")
        # From here on the mail may have arrived, whatever happens, until the server says otherwise.
        try:
            answer = await protocol.read_response(timeout=self._settings.last_answer_timeout_s)
        except (SMTPException, OSError):
            self._close()
            return Outcome(Handed.UNCERTAIN, 0, "The mail server did not say whether it took the mail.")
        handed = verdict(answer.code)
        if handed is None or answer.code == _CLOSING:
            self._close()
        text = anonymous(answer.message, envelope.recipient)
        return Outcome(handed or Handed.UNCERTAIN, answer.code, text)

    async def _address(self, client: SMTP, envelope: _Envelope) -> Outcome | None:
        """Say MAIL, RCPT and DATA; None when the server waits for the data."""
        answer = await client.execute_command(b"MAIL", f"FROM:<{envelope.sender}>".encode("ascii"))
        if 500 <= answer.code < 600:
            self._unfinished = True
            raise Refused(
                "The mail server takes no mail from the sender's address: "
                f"{answer.code} {anonymous(answer.message, envelope.sender)}. Use an address it knows, or "
                "ask its operator to allow this one.",
                code=str(answer.code),
            )
        if verdict(answer.code) is Handed.ACCEPTED:
            answer = await client.execute_command(b"RCPT", f"TO:<{envelope.recipient}>".encode("ascii"))
            if verdict(answer.code) is Handed.ACCEPTED:
                await envelope.last_look()
                answer = await client.execute_command(b"DATA")
                if answer.code == _GO_ON:
                    return None
        text = anonymous(answer.message, envelope.recipient)
        handed = verdict(answer.code)
        if answer.code == _CLOSING or handed not in (Handed.REFUSED, Handed.DEFERRED):
            return self._nothing_given(text, answer.code)
        self._unfinished = True
        return Outcome(handed, answer.code, text)

    def _nothing_given(self, text: str, code: int = 0) -> Outcome:
        self._close()
        return Outcome(Handed.UNREACHABLE, code, text)


def _data(message: EmailMessage) -> bytes:
    """The message as it travels: CRLF, dots doubled, and the dot that ends it."""
    octets = message.as_bytes(policy=None if message.policy is POLICY else _FOREIGN)
    return PERIOD_REGEX.sub(b"..", normalize_message_line_endings(octets)) + b".\r\n"


def _sender(message: EmailMessage) -> str:
    written = next((str(value) for name, value in message.raw_items() if name.lower() == "from"), "")
    return _sender_in(written)


@lru_cache(maxsize=256)
def _sender_in(written: str) -> str:
    """The one address in a From header. Raises Invalid where there is none, or more than one."""
    probe = EmailMessage()
    probe["From"] = "".join(written.splitlines())
    addresses = probe["From"].addresses
    if len(addresses) != 1:
        raise Invalid("A mail needs exactly one sender in From.")
    return wire_address(addresses[0].addr_spec)
