"""One call and one answer, as values, and how a refusal is put on the wire (dataverse.md 2.8)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import msgspec

from dataverse_emulator.state.identity import User
from dataverse_emulator.state.problems import Problem, Refusal
from dataverse_emulator.wire.costs import Work

JSON_TYPE: Final = "application/json; odata.metadata=minimal"

STATUS: Final[Mapping[Problem, int]] = MappingProxyType(
    {
        Problem.OBJECT_DOES_NOT_EXIST: 404,
        Problem.UNKNOWN_RESOURCE: 404,
        Problem.KEY_ROW_MISSING: 404,
        **dict.fromkeys(
            (
                Problem.PRIVILEGE_DENIED,
                Problem.CANNOT_ACT_ON_BEHALF,
                Problem.USER_DISABLED,
                Problem.NO_ROLES,
                Problem.NOT_A_MEMBER,
                Problem.SECURED_READ,
                Problem.SECURED_CREATE,
                Problem.SECURED_UPDATE,
            ),
            403,
        ),
        Problem.DUPLICATE_RECORD: 412,
        Problem.DUPLICATE_KEY: 412,
        Problem.DUPLICATES_FOUND: 412,
        Problem.VERSION_MISMATCH: 412,
        Problem.CANNOT_DELETE_ASSOCIATED: 405,
        Problem.METHOD_NOT_ALLOWED: 405,
        Problem.REQUEST_TIMEOUT: 408,
        Problem.TOO_LARGE: 413,
        Problem.CUSTOMIZATION_LOCK: 429,
        Problem.TOO_MANY_REQUESTS: 429,
        Problem.TOO_MUCH_TIME: 429,
        Problem.TOO_MANY_AT_ONCE: 429,
        Problem.NOT_IMPLEMENTED: 501,
        Problem.UNAVAILABLE: 503,
    }
)

encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Call:
    """One operation, alone or a part of a batch; `path` and `query` are still percent-encoded.

    `made` holds the addresses of rows that earlier parts of a change set made, by Content-ID.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    user: User
    root: str
    in_batch: bool = False
    in_change_set: bool = False
    made: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body; `operations` is how many rows it took, `work` how much of what."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    operations: int = 1
    work: Mapping[Work, int] = field(default_factory=dict)


def json_answer(
    value: object, headers: Mapping[str, str] | None = None, status: int = 200, *, operations: int = 1
) -> Answer:
    """A JSON body with the documented content type (1.3)."""
    return Answer(status, {"Content-Type": JSON_TYPE, **(headers or {})}, encode(value), operations)


def refused(refusal: Refusal, expired_delta_status: int = 410) -> Answer:
    """The error body of section 2.8 with the status that goes with the code."""
    status = STATUS.get(refusal.problem, 400)
    if refusal.problem is Problem.EXPIRED_VERSION_STAMP:
        status = expired_delta_status
    return json_answer({"error": {"code": refusal.code, "message": refusal.message}}, status=status)


def json_object(call: Call) -> dict[str, Any]:
    """The body as a JSON object, or the documented 400 (2.5)."""
    # A byte-order mark cannot occur in a well-formed request, and msgspec refuses it like other noise.
    try:
        value = msgspec.json.decode(call.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(
            Problem.BAD_PAYLOAD, f"Error identified in Payload provided by the user: {error}"
        ) from None
    if not isinstance(value, dict):
        raise Refusal(
            Problem.BAD_PAYLOAD, "Error identified in Payload provided by the user: an object was expected."
        )
    return value
