"""$batch: a multipart body of operations, change sets among them (dataverse.md 4.1)."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from dataverse_emulator.state.identity import User
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_syntax
from dataverse_emulator.wire import dispatch, requests
from dataverse_emulator.wire.answers import Answer, Call, refused
from dataverse_emulator.wire.costs import Work

MAX_OPERATIONS: Final = 1000
_BOUNDARY: Final = re.compile(r'boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
# Microsoft's Python client leaves spaces in the address of a part as they are.
_REQUEST_LINE: Final = re.compile(r"([A-Z]+) (\S(?:.*\S)?) HTTP/1\.1")
_BARE: Final = re.compile(rb"(?<!\r)\n")
_REFERENCE: Final = re.compile(r"/?\$(\w{1,40})(?=$|[/?(])")
_SERVICE: Final = re.compile(r"/api/data/v9\.[0-2]/")


@dataclass(frozen=True, slots=True)
class Operation:
    """One part: its Content-ID and the request inside."""

    content_id: str | None
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Parts that succeed or fail together."""

    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    organization: Organization
    user: User
    root: str
    headers: Mapping[str, str]
    response_id: str
    work: Counter[Work] = field(default_factory=Counter)


def perform(organization: Organization, call: Call) -> Answer:
    """Run every part in turn; stop at the first error unless told to go on."""
    try:
        body = _with_returns(call.body) if organization.choices.batch_takes_newlines else call.body
        items = parsed(call.headers.get("content-type", ""), body)
        go_on = requests.preferences(call.headers.get("prefer")).continue_on_error
    except Refusal as refusal:
        return refused(refusal)
    shared = {k: v for k, v in call.headers.items() if k.startswith(("mscrm", "callerobjectid"))}
    run = _Run(organization, call.user, call.root, shared, organization.sources.new_id())
    parts: list[bytes] = []
    status = 200
    for item in items:
        failed, rendered = _item(run, item)
        if failed and not go_on:
            status = failed
            kept = parts if organization.choices.batch_keeps_earlier_parts else []
            parts = [*kept, rendered]
            break
        parts.append(rendered)
    mark = f"batchresponse_{run.response_id}"
    body = _join(mark, parts)
    return Answer(status, {"Content-Type": f"multipart/mixed; boundary={mark}"}, body, work=run.work)


def _item(run: _Run, item: Operation | ChangeSet) -> tuple[int, bytes]:
    """The error status (0 when fine) and the response part."""
    if isinstance(item, Operation):
        answer = _operate(run, item, {}, in_change_set=False)
        failed = answer.status if answer.status >= 400 else 0
        return failed, _http_part(run, answer, item.content_id)
    return _change_set(run, item)


class _Aborted(Exception):
    def __init__(self, answer: Answer, content_id: str | None) -> None:
        self.answer = answer
        self.content_id = content_id


def _change_set(run: _Run, item: ChangeSet) -> tuple[int, bytes]:
    done: list[bytes] = []
    made: dict[str, str] = {}
    try:
        with run.organization.transaction():
            for operation in item.operations:
                answer = _operate(run, operation, made, in_change_set=True)
                if answer.status >= 400:
                    raise _Aborted(answer, operation.content_id)
                if operation.content_id and "OData-EntityId" in answer.headers:
                    made[operation.content_id] = answer.headers["OData-EntityId"]
                done.append(_http_part(run, answer, operation.content_id))
    except _Aborted as aborted:
        # One error part stands for the whole set (4.1).
        return aborted.answer.status, _http_part(run, aborted.answer, aborted.content_id)
    mark = f"changesetresponse_{run.organization.sources.new_id()}"
    head = f"Content-Type: multipart/mixed; boundary={mark}\r\n\r\n".encode()
    return 0, head + _join(mark, done)


def _operate(run: _Run, operation: Operation, made: Mapping[str, str], *, in_change_set: bool) -> Answer:
    try:
        path, query = _address(operation.url, made)
        if path.startswith("$batch"):
            raise bad_syntax("Batch requests cannot be nested.")
    except Refusal as refusal:
        return refused(refusal)
    call = Call(
        operation.method,
        path,
        query,
        {**run.headers, **operation.headers},
        operation.body,
        run.user,
        run.root,
        in_batch=True,
        in_change_set=in_change_set,
        made=made,
    )
    answer = dispatch.perform(run.organization, call)
    run.work.update(answer.work)
    return answer


def _address(url: str, made: Mapping[str, str]) -> tuple[str, str]:
    """The path below the service root, and the query; `$1` means an earlier part's row."""
    reference = _REFERENCE.match(url)
    if reference is not None and reference[1] not in ("batch", "metadata"):
        if reference[1] not in made:
            raise Refusal(
                Problem.BAD_SYNTAX,
                f"Content-ID Reference: '${reference[1]}' does not exist in the batch context.",
            )
        url = made[reference[1]] + url[reference.end() :]
    try:
        split = urlsplit(url)
    except ValueError:
        raise bad_syntax(f"The request URI '{url[:80]}' is not valid.") from None
    hit = _SERVICE.match(split.path)
    if hit is not None:
        return split.path[hit.end() :], split.query
    if split.path.startswith("/"):
        raise bad_syntax(f"The request URI '{url[:80]}' is not below the service root.")
    return split.path, split.query


# -- reading ------------------------------------------------------------------------------------------


def parsed(content_type: str, body: bytes) -> list[Operation | ChangeSet]:
    """The operations of a batch body, or the refusal it earns."""
    items: list[Operation | ChangeSet] = []
    seen: set[str] = set()
    total = 0
    for headers, content in _parts(content_type, body):
        inner = headers.get("content-type", "")
        if inner.lower().startswith("multipart/mixed"):
            operations = tuple(
                _operation(head, held, seen, in_change_set=True) for head, held in _parts(inner, content)
            )
            items.append(ChangeSet(operations))
            total += len(operations)
        else:
            items.append(_operation(headers, content, seen, in_change_set=False))
            total += 1
        if total > MAX_OPERATIONS:
            raise bad_syntax(f"The batch holds more than {MAX_OPERATIONS} operations.")
    if not items:
        raise _unreadable("the batch has no parts")
    return items


def _with_returns(body: bytes) -> bytes:
    """The body with CRLF where a client ended all lines in LF, from the first boundary on."""
    first, newline, _ = body.lstrip(b"\r\n").partition(b"\n")
    return _BARE.sub(b"\r\n", body) if newline and not first.endswith(b"\r") else body


def _parts(content_type: str, body: bytes) -> list[tuple[dict[str, str], bytes]]:
    hit = _BOUNDARY.search(content_type)
    if hit is None or not content_type.lower().startswith("multipart/mixed"):
        raise _unreadable("Content-Type must be multipart/mixed with a boundary")
    mark = b"\r\n--" + (hit[1] or hit[2]).encode("latin-1", "replace")
    pieces = (b"\r\n" + body).split(mark)
    closed = [at for at, piece in enumerate(pieces) if at and piece.startswith(b"--")]
    if not closed:
        raise _unreadable("the closing boundary is missing; lines must end in CRLF")
    found = []
    for piece in pieces[1 : closed[0]]:
        if not piece.startswith(b"\r\n"):
            raise _unreadable("a boundary line does not end in CRLF")
        head, separator, content = piece[2:].partition(b"\r\n\r\n")
        if not separator:
            raise _unreadable("a part has no empty line after its headers")
        found.append((_headers(head), content))
    return found


def _headers(text: bytes) -> dict[str, str]:
    found = {}
    for line in text.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if line and not colon:
            raise _unreadable("a header line has no colon")
        if line:
            found[name.strip().decode("latin-1").lower()] = value.strip().decode("latin-1")
    return found


def _operation(headers: dict[str, str], content: bytes, seen: set[str], *, in_change_set: bool) -> Operation:
    if not headers.get("content-type", "").lower().startswith("application/http"):
        raise _unreadable("a part must be application/http")
    content_id = headers.get("content-id")
    if in_change_set and not content_id:
        raise Refusal(Problem.MISSING_CONTENT_ID, "Content-ID header not present")
    if content_id:
        if content_id in seen:
            raise bad_syntax(f"The Content-ID '{content_id[:40]}' is used more than once.")
        seen.add(content_id)
    head, _, body = content.partition(b"\r\n\r\n")
    first, _, rest = head.partition(b"\r\n")
    line = _REQUEST_LINE.fullmatch(first.decode("utf-8", "replace"))
    if line is None:
        raise _unreadable("a part does not begin with a request line")
    return Operation(content_id, line[1], line[2], _headers(rest), body)


def _unreadable(detail: str) -> Refusal:
    return Refusal(
        Problem.BAD_PAYLOAD,
        f"Error identified in Payload provided by the user: the stream was not readable ({detail}).",
    )


# -- writing ------------------------------------------------------------------------------------------


def _http_part(run: _Run, answer: Answer, content_id: str | None) -> bytes:
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    if content_id:
        lines.append(f"Content-ID: {content_id}")
    phrase = HTTPStatus(answer.status).phrase
    lines += ["", f"HTTP/1.1 {answer.status} {phrase}", "OData-Version: 4.0", f"REQ_ID: {run.response_id}"]
    for name, value in answer.headers.items():
        shown = f"{value}; odata.streaming=true" if name == "Content-Type" and "odata" in value else value
        lines.append(f"{name}: {shown}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + answer.body


def _join(mark: str, parts: list[bytes]) -> bytes:
    line = f"--{mark}".encode()
    return b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"
