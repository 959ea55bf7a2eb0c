"""`$batch`: many operations in one request, written and read as multipart (dataverse.md 4.1)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from assent.crm.odata import ROOT, broken
from assent.crm.transport import Lane, Request, Response
from assent.errors import Bug

LIMIT = 1000
CRLF = b"\r\n"

# No line of a batch can begin so: addresses and headers never do, and JSON is written on one line.
_BOUNDARY = "batch_assent"
_UNFIT = re.compile("[\0- \x7f]")
_STATUS = re.compile(rb"HTTP/1\.\d (\d{3})(?: |\r|\n|$)")
_BOUNDARY_PARAMETER = re.compile(r'boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;,]{1,200}))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a batch: method, address below the Web API root or a whole link, headers, body."""

    method: str
    path: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = field(default=None, repr=False)


def batch(
    what: str, operations: Sequence[Operation], *, repeatable: bool = True, lane: Lane = Lane.ORDINARY
) -> Request:
    """Write operations as one request in which each succeeds or fails alone (continue-on-error)."""
    if not 0 < len(operations) <= LIMIT:
        raise Bug(f"A batch holds 1 to {LIMIT} operations, not {len(operations)}.")
    parts = [part for number, one in enumerate(operations, 1) for part in _part(number, one)]
    parts.append(f"--{_BOUNDARY}--".encode())
    return Request(
        what=what,
        method="POST",
        path="$batch",
        headers={
            "Content-Type": f'multipart/mixed; boundary="{_BOUNDARY}"',
            "Prefer": "odata.continue-on-error",
        },
        body=CRLF.join(parts) + CRLF,
        repeatable=repeatable,
        lane=lane,
    )


def _part(number: int, one: Operation) -> list[bytes]:
    address = one.path if "://" in one.path.partition("?")[0] else ROOT + one.path
    if _UNFIT.search(one.method) or _UNFIT.search(address):
        raise Bug("An address inside a batch holds a space or a control character.")
    lines = [
        f"--{_BOUNDARY}",
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        f"Content-ID: {number}",
        "",
        f"{one.method} {address} HTTP/1.1",
        "Accept: application/json",
        *(f"{name}: {value}" for name, value in one.headers.items()),
    ]
    if one.body is None:
        return [line.encode() for line in lines] + [b"", b""]
    lines.append("Content-Type: application/json; type=entry")
    return [line.encode() for line in lines] + [b"", msgspec.json.encode(one.body)]


def answers(response: Response, expected: int, what: str) -> list[Response | None]:
    """Read a batch's answer: one response per operation in order, None where the answer stops short.

    Raises Unreachable for something that is not a batch answer, or has more parts than were asked.
    """
    found = _parts(response.headers.get("content-type", ""), response.body, what, depth=0)
    if len(found) > expected:
        raise broken(what)
    return [*found, *([None] * (expected - len(found)))]


def _parts(content_type: str, body: bytes, what: str, depth: int) -> list[Response]:
    named = _BOUNDARY_PARAMETER.search(content_type)
    if not named or depth > 1:
        raise broken(what)
    marker = b"--" + (named[1] or named[2]).encode("utf-8", "replace")
    found: list[Response] = []
    # A delimiter stands at the start of a line; the preamble before the first is no part.
    pieces = (b"\n" + body).split(b"\n" + marker)
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            return found
        headers, content = _head(piece.partition(b"\n")[2])
        inner = headers.get("content-type", "")
        if inner.lower().startswith("multipart/"):
            found += _parts(inner, content, what, depth + 1)
        else:
            found.append(_response(content, what))
    return found


def _response(content: bytes, what: str) -> Response:
    status = _STATUS.match(content.lstrip(b"\r\n"))
    if not status:
        raise broken(what)
    headers, body = _head(content.lstrip(b"\r\n").partition(b"\n")[2])
    return Response(int(status[1]), headers, body.removesuffix(b"\r"))


def _head(text: bytes) -> tuple[dict[str, str], bytes]:
    headers: dict[str, str] = {}
    rest = text
    while rest:
        line, _, rest = rest.partition(b"\n")
        if not line.strip():
            break
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    return headers, rest
