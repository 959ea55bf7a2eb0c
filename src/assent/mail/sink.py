"""A mail server that delivers nothing and keeps the newest mails to be read: for the demo and for tests."""

import asyncio
import logging
import ssl
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session, syntax

from assent.errors import Unknown
from assent.mail.arrived import Arrived, Kept, read
from assent.mail.conduct import Behaviour, Conduct, well

SIZE_LIMIT = 10_000_000


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """How a sink listens: port 0 takes a free one; `accounts` are user names and passwords that may sign in.

    With `tls` the sink offers STARTTLS, or speaks TLS from the start where `implicit` is set.
    """

    host: str = "127.0.0.1"
    port: int = 0
    keep: int = 1000
    keep_bytes: int = 64_000_000
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    accounts: Mapping[str, str] = field(default_factory=dict)


class Sink:
    """Listens inside the running loop while it is open (`async with`), and keeps the newest mails.

    `behave` decides how each recipient's mail is treated; `next` overrides it for the mails to come.
    """

    def __init__(self, settings: SinkSettings | None = None, behave: Behaviour = well) -> None:
        self.settings = settings or SinkSettings()
        self.behave = behave
        self.port = self.settings.port
        self.count = 0  # of all mails that arrived, kept or no longer
        self.connections = 0  # of all that were ever opened
        self._kept: OrderedDict[int, Kept] = OrderedDict()
        self._bytes = 0
        self._ahead: deque[Conduct] = deque()
        self._greylisted: set[str] = set()
        self._arrival = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._open: set[_Conversation] = set()
        # It logs every address at INFO; whoever turns logs on must not get personal data with them.
        logging.getLogger("mail.log").setLevel(logging.ERROR)

    async def start(self) -> None:
        """Begin to listen; `port` tells where. Raises OSError where the port is taken."""
        settings = self.settings
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Conversation(self),
            settings.host,
            settings.port,
            ssl=settings.tls if settings.implicit else None,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and hang up on everybody."""
        if self._server is not None:
            self._server.close()
            for conversation in list(self._open):
                conversation.hang_up()
            await self._server.wait_closed()
            self._server = None

    async def __aenter__(self) -> "Sink":
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def next(self, *conducts: Conduct) -> None:
        """Treat the next mails so, one each, whatever `behave` says."""
        self._ahead.extend(conducts)

    def messages(self, recipient: str | None = None, limit: int = 50) -> list[Arrived]:
        """The newest mails, newest first, to one recipient or to anybody."""
        chosen = [
            number
            for number, kept in reversed(self._kept.items())
            if recipient is None or kept.recipient.lower() == recipient.lower()
        ]
        return [self.message(number) for number in chosen[:limit]]

    def newest(self, *, to: str = "", before: int | None = None) -> Iterator[Arrived]:
        """The kept mails, newest first, each read when it is asked for.

        Only those whose recipient has `to` in the address, and that arrived before the mail `before`.
        """
        for number, kept in reversed(list(self._kept.items())):
            if to.lower() in kept.recipient.lower() and (before is None or number < before):
                yield read(number, kept)

    def message(self, number: int) -> Arrived:
        """One mail by its id. Raises Unknown where it never arrived or is no longer kept."""
        kept = self._kept.get(number)
        if kept is None:
            raise Unknown("There is no such mail, or it is no longer kept.")
        return read(number, kept)

    async def wait_for(self, predicate: Callable[[Arrived], bool], *, timeout_s: float = 5.0) -> Arrived:
        """Give the first kept mail the predicate accepts, now or within the time. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            seen = 0
            while True:
                for number in [number for number in self._kept if number > seen]:
                    seen = number
                    arrived = self.message(number)
                    if predicate(arrived):
                        return arrived
                self._arrival.clear()
                await self._arrival.wait()

    def conduct_towards(self, recipient: str) -> Conduct:
        """Decide how this mail is treated; greylisting lets through who came before."""
        conduct = self._ahead.popleft() if self._ahead else self.behave(recipient)
        if conduct is Conduct.GREYLIST:
            if recipient in self._greylisted:
                return Conduct.ACCEPT
            self._greylisted.add(recipient)
        return conduct

    def refuses_senders(self) -> bool:
        """Whether the next mail's sender is refused; the recipient is not known yet."""
        if self._ahead:
            return self._ahead[0] is Conduct.REFUSE_SENDER and bool(self._ahead.popleft())
        return self.behave("") is Conduct.REFUSE_SENDER

    def keep(self, envelope: Envelope) -> None:
        """Keep an envelope's mail, once per recipient, and let go of the oldest."""
        assert isinstance(envelope.content, bytes)
        for recipient in envelope.rcpt_tos:
            self.count += 1
            self._kept[self.count] = Kept(envelope.mail_from or "", recipient, envelope.content)
            self._bytes += len(envelope.content)
        while len(self._kept) > self.settings.keep or self._bytes > self.settings.keep_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= len(oldest.raw)
        self._arrival.set()

    def opened(self, conversation: "_Conversation") -> None:
        """A client connected."""
        self.connections += 1
        self._open.add(conversation)

    def closed(self, conversation: "_Conversation") -> None:
        """A client is gone."""
        self._open.discard(conversation)


class _Conversation(SMTP):
    """One connection; the server's side of SMTP is aiosmtpd's, its manners are the sink's."""

    def __init__(self, sink: Sink) -> None:
        settings = sink.settings
        self._sink = sink
        self._conduct = Conduct.ACCEPT
        self._encrypted = settings.implicit
        super().__init__(
            self,
            hostname="sink.invalid",
            ident="Assent sink: nothing is delivered",
            data_size_limit=SIZE_LIMIT,
            tls_context=None if settings.implicit else settings.tls,
            auth_require_tls=not settings.implicit,
            authenticator=self._sign_in if settings.accounts else None,
            auth_exclude_mechanism=() if settings.accounts else ("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._sink.opened(self)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._sink.closed(self)

    async def handle_exception(self, error: Exception) -> str:
        """Tell nothing of what went wrong: an error's text may hold what was sent."""
        return "451 4.3.0 Cannot do that now"

    def hang_up(self) -> None:
        """End the connection without a word."""
        transport = cast("asyncio.Transport | None", self.transport)  # uvloop's is no subclass of it
        if transport is not None:
            with suppress(AttributeError):  # of Python 3.11.2 and its like, for a TLS line that is gone
                transport.abort()

    async def _gone(self) -> str:
        """Hang up, and never answer."""
        self.hang_up()
        return await self._silence()

    async def _silence(self) -> str:
        await asyncio.get_running_loop().create_future()  # cancelled when the client hangs up
        raise AssertionError

    def _sign_in(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        known = isinstance(data, LoginPassword) and (
            self._sink.settings.accounts.get(data.login.decode()) == data.password.decode()
        )
        return AuthResult(success=known, handled=False)

    async def handle_MAIL(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._sink.refuses_senders():
            return f"550 5.7.1 <{address}>: sender not allowed"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._conduct = self._sink.conduct_towards(address)
        match self._conduct:
            case Conduct.REFUSE:
                return f"550 5.1.1 <{address}>: user unknown"
            case Conduct.GREYLIST:
                return f"451 4.7.1 <{address}>: greylisted, come again"
            case Conduct.BUSY:
                await self.push("421 4.3.2 Closing")
                return await self._gone()
            case Conduct.STALL:
                return await self._silence()
            case Conduct.DROP:
                return await self._gone()
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if self._conduct is Conduct.DROP_IN_DATA:
            await self.push("354 Go on")
            await self._reader.readline()
            await self._gone()
        await super().smtp_DATA(arg)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        match self._conduct:
            case Conduct.REFUSE_DATA:
                return "554 5.7.1 Content refused"
            case Conduct.DEFER_DATA:
                return "452 4.3.1 No room now"
        self._sink.keep(envelope)
        match self._conduct:
            case Conduct.DROP_AFTER_DATA:
                return await self._gone()
            case Conduct.STALL_AFTER_DATA:
                return await self._silence()
        return "250 2.0.0 Kept"
