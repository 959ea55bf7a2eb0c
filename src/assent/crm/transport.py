"""The small port between requests as values and whatever carries them (dataverse.md 2.1)."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol


class Lane(IntEnum):
    """Who goes first when the organisation's budget is short (design section 3); lower goes first."""

    REFUSAL = 0  # refusals and pre-send, which also have a reserved share
    ORDINARY = 1
    BACKFILL = 2


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as a value; `what` says in words what it is for, and names nobody.

    `path` is relative to the Web API root, or a whole link given by the organisation. `repeatable`
    says that sending it twice does no more than sending it once. Address and body may hold personal
    data and are never printed.
    """

    what: str
    method: str
    path: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    repeatable: bool = True
    lane: Lane = Lane.ORDINARY


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: status, headers by lower-case name, and the whole body, which is never printed."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


#: One HTTP exchange: method, whole address, headers, body, and in words what it is for. Raises Retry or
#: Refused when no answer came.
Exchange = Callable[[str, str, Mapping[str, str], bytes, str], Awaitable[Response]]


class Transport(Protocol):
    """Carries requests to one organisation."""

    async def send(self, request: Request) -> Response:
        """Send and give the answer, whatever its status; raises Retry or Refused when none came."""
