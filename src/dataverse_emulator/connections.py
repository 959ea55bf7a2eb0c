"""One connection of the emulator's server: a request must begin soon, and its head must end."""

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from dataverse_emulator.state.problems import Problem, Refusal
from dataverse_emulator.wire.answers import refused
from dataverse_emulator.wire.transport import BODY_TIMEOUT_S


class Connection(HttpToolsProtocol):
    """As uvicorn has it, with a time within which the head of a request must have arrived, and a length.

    Slow bodies are the application's to refuse; before the head is complete there is no application.
    """

    #: As long as IIS waits by default; the next request may begin as late as the server keeps connections.
    head_timeout_s = BODY_TIMEOUT_S
    #: Room for an address that is refused for its own length (2.1), and for more headers than anybody sends.
    max_head = 256 * 1024

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._awaited: asyncio.TimerHandle | None = None
        self._head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A caller is there, who may not only stand there."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller is gone."""
        self._head_is_here()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Something of a request."""
        if not self._busy():
            self._await_head()
            self._head += len(data)
        super().data_received(data)
        if self._awaited is not None and self._head > self.max_head:
            self._refuse(Problem.BAD_SYNTAX, f"The request's headers are longer than {self.max_head} bytes.")

    def on_headers_complete(self) -> None:
        """The head of a request is there."""
        self._head_is_here()
        super().on_headers_complete()

    def _busy(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _await_head(self) -> None:
        if self._awaited is None:
            self._awaited = self.loop.call_later(self.head_timeout_s, self._too_late)

    def _head_is_here(self) -> None:
        if self._awaited is not None:
            self._awaited.cancel()
            self._awaited = None
        self._head = 0

    def _too_late(self) -> None:
        text = f"The request's headers did not arrive within {self.head_timeout_s:g} seconds."
        self._refuse(Problem.REQUEST_TIMEOUT, text)

    def _refuse(self, problem: Problem, text: str) -> None:
        self._head_is_here()
        answer = refused(Refusal(problem, text))
        head = [
            f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
            *(f"{name}: {value}" for name, value in answer.headers.items()),
            f"Content-Length: {len(answer.body)}",
            "Connection: close",
        ]
        self.transport.write("\r\n".join([*head, "", ""]).encode("latin-1") + answer.body)
        self.transport.close()
