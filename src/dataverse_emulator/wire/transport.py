"""Bodies in and answers out, over ASGI; neither size nor slowness of a sender may hold anything up."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

from dataverse_emulator.state.problems import Problem, Refusal
from dataverse_emulator.wire.answers import Answer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

#: "message-size 116.85 MB" (4.2); beyond it 413 (2.8).
MAX_BODY: Final = int(116.85 * 1024 * 1024)
#: As long as IIS waits by default. That the answer is 408 is HTTP's word, not a document's on Dataverse.
BODY_TIMEOUT_S: Final = 120.0


class Gone(Exception):
    """The sender went away before its request was complete; nothing of it may be done."""


async def body(receive: Receive, headers: Mapping[str, str], timeout_s: float) -> bytes:
    """The whole body; a Refusal when it is too large or too slow."""
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced) > MAX_BODY:
        raise _too_large()
    try:
        return await asyncio.wait_for(_pieces(receive), timeout_s)
    except TimeoutError:
        text = f"The request did not arrive within {timeout_s:g} seconds."
        raise Refusal(Problem.REQUEST_TIMEOUT, text) from None


async def _pieces(receive: Receive) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > MAX_BODY:
            raise _too_large()
        if not message.get("more_body", False):
            return b"".join(pieces)


def _too_large() -> Refusal:
    return Refusal(Problem.TOO_LARGE, "The request is larger than 116.85 MB.")


class _Spelled(bytes):
    """The name of a header as documents spell it.

    HTTP does not mind the case, but clients that make a plain dict of headers look for `OData-EntityId`;
    servers make every name lower-case before they write it.
    """

    def lower(self) -> bytes:
        """Itself."""
        return self


#: What servers must recognise by its lower-case name.
_FRAMING: Final = frozenset({b"connection", b"content-length", b"transfer-encoding"})


def _name(text: str) -> bytes:
    lower = text.lower().encode("latin-1")
    return lower if lower in _FRAMING else _Spelled(text.encode("latin-1"))


async def reply(send: Send, answer: Answer, method: str) -> None:
    """Send an answer."""
    headers = [(_name(name), value.encode("latin-1", "replace")) for name, value in answer.headers.items()]
    if answer.status not in (204, 304):
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})


async def cut(receive: Receive) -> None:
    """Close the connection instead of answering, so that the caller cannot know what was done (a fault)."""
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
        # The server hears of it in its next turn, and then does not complain that there was no answer.
        await asyncio.sleep(0)
