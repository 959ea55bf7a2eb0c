"""Answers that say no, mapped once to the error tree (dataverse.md 1.4, 2.8, 3.4, 5.1, 7.7)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

import msgspec

from assent.crm.transport import Response
from assent.errors import (
    AssentError,
    ColumnMissing,
    Locked,
    NotDataverse,
    PrivilegeMissing,
    Refused,
    Retry,
    RowRefused,
    SignInRefused,
    Throttled,
    TokenExpired,
    Unreachable,
    VersionChanged,
)

EXPIRED_VERSION_STAMP = "0x80044352"
DUPLICATE_COLUMN = "0x80047013"
DUPLICATE_RECORD = "0x80040237"
NOT_FOUND = "0x80040217"
_LOCK = "0x80071151"
_NOT_A_MEMBER = frozenset({"0x80072560", "0x80040225"})
_SERVICE_PROTECTION = frozenset({"0x80072321", "0x80072322", "0x80072326"})
_SQL_TIMEOUT = "0x80044151"
_SQL = "0x80044150"
_UNEXPECTED = "0x80040216"  # sometimes passing, after quick metadata writes
_GATEWAY = frozenset({502, 503, 504})

_PRIVILEGE = re.compile(r"\bprv\w{1,80}")
_COLUMN = re.compile(r"property named '(\w{1,100})'")
_CODE = re.compile(r"0x[0-9a-fA-F]{8}")


class TookTooLong(Unreachable):
    """No answer in time; asking for less may help. Whether a write took effect is not known."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What an error body said; `text` may hold a row's data and goes into no message."""

    status: int
    code: str
    text: str
    retry_after_s: float | None = None


def read_fault(response: Response, now: datetime | None = None) -> Fault:
    """Read an error answer, whatever its body is (empty, HTML, another shape; 2.8)."""
    code, text = "", ""
    try:
        body = msgspec.json.decode(response.body.removeprefix(b"\xef\xbb\xbf"))
        error = body.get("error", {})
        code, text = str(error.get("code", "")), str(error.get("message", ""))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, AttributeError):
        pass
    if not _CODE.fullmatch(code):
        code = _hexadecimal(code) or code
    return Fault(response.status, code.lower(), text, _retry_after(response, now))


def _hexadecimal(code: str) -> str:
    """Turn the signed decimal some answers carry into the usual form (2.8)."""
    return f"0x{int(code) & 0xFFFFFFFF:08x}" if re.fullmatch(r"-\d{1,10}", code) else ""


def _retry_after(response: Response, now: datetime | None) -> float | None:
    value = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", value):
        return float(value)
    if not value or now is None:
        return None
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def refusal(response: Response, what: str, now: datetime | None = None) -> AssentError:
    """Turn an answer that is not a success into an error of the tree; `what` says what we were doing."""
    fault = read_fault(response, now)
    for applies, make in _TABLE:
        if applies(fault):
            return make(fault, what)
    return _refused(fault, what)


def check(response: Response, what: str) -> Response:
    """Give the answer back when it is a success; raises the error it stands for otherwise."""
    if 200 <= response.status < 300:
        return response
    raise refusal(response, what)


def _throttled(fault: Fault, what: str) -> AssentError:
    return Throttled(
        f"Dynamics asked for a pause while {what}: its service protection limit was met. "
        "It will be asked again after the time it named.",
        after_s=fault.retry_after_s,
    )


def _locked(fault: Fault, what: str) -> AssentError:
    return Locked(
        f"Dynamics would not start {what}: another customisation or solution import is running there. "
        "This is not throttling; it will be tried again when that one has ended.",
        after_s=fault.retry_after_s,
    )


def _unreachable(fault: Fault, what: str) -> AssentError:
    return Unreachable(
        f"Dynamics was not available while {what} (HTTP {fault.status}). Whether a write took effect is "
        "not known; it will be read and tried again.",
        after_s=fault.retry_after_s,
    )


def _timed_out(fault: Fault, what: str) -> AssentError:
    return TookTooLong(f"Dynamics ran out of time while {what}. A smaller piece will be tried.")


def _busy(fault: Fault, what: str) -> AssentError:
    return Retry(
        f"Dynamics met a deadlock or a passing fault of its database while {what}; it is tried again."
    )


def _expired(fault: Fault, what: str) -> AssentError:
    return TokenExpired(
        f"Dynamics no longer honours the change token ({what}): it is too old, or the contact table was "
        "changed since. A full compare is due.",
    )


def _version(fault: Fault, what: str) -> AssentError:
    return VersionChanged(f"The row changed in Dynamics since it was read ({what}). Read it and decide anew.")


def _not_a_member(fault: Fault, what: str) -> AssentError:
    return SignInRefused(
        "Dynamics does not know the application user, or it is disabled. Add it under Power Platform admin "
        "centre > Environments > Settings > Application users, enabled and with the Assent role.",
        code=fault.code,
    )


def _token_refused(fault: Fault, what: str) -> AssentError:
    return SignInRefused(
        f"Dynamics refused the access token while {what}. Check that the tenant and the application belong "
        "to this organisation and that the address of the organisation is right.",
        code=fault.code,
    )


def _privilege(fault: Fault, what: str) -> AssentError:
    found = _PRIVILEGE.search(fault.text)
    name = found[0] if found else ""
    return PrivilegeMissing(
        f"The application user lacks {name or 'a privilege'} (while {what}). Add it to the Assent security "
        "role in Dynamics at organisation depth, or add a column security profile.",
        code=fault.code,
        privilege=name,
    )


def _row_gone(fault: Fault, what: str) -> AssentError:
    return RowRefused(f"The row does not exist in Dynamics any more ({what}).", code=fault.code)


def _row(fault: Fault, what: str) -> AssentError:
    return RowRefused(
        f"Dynamics refused what was sent while {what} (HTTP {fault.status}, {fault.code or 'no code'}): a "
        "validation, a duplicate rule or a plug-in of the organisation said no. Look at the row there.",
        code=fault.code,
    )


def _unknown_column(fault: Fault, what: str) -> AssentError:
    found = _COLUMN.search(fault.text)
    name = found[1] if found else "one of the columns"
    return ColumnMissing(
        f"Dynamics does not know {name} (while {what}): it was deleted there, or made a moment ago. "
        "The check for drift repairs it, or *Check and repair* on the connection's page.",
        code=fault.code,
    )


def _not_dataverse(fault: Fault, what: str) -> AssentError:
    return NotDataverse(
        f"The address answers (HTTP {fault.status}) but not as the Dataverse Web API does. Check the "
        "organisation's address, such as https://contoso.crm4.dynamics.com.",
        code=fault.code,
    )


def _refused(fault: Fault, what: str) -> AssentError:
    return Refused(
        f"Dynamics refused {what} (HTTP {fault.status}, {fault.code or 'no code'}). Repeating will not help.",
        code=fault.code,
    )


_ROW_CODES = frozenset(
    {
        "0x80040265",  # a plug-in threw
        "0x80040333",  # a duplicate-detection rule
        "0x80040237",  # duplicate key
        "0x80060892",  # duplicate alternate key
        "0x80044331",  # too long
        "0x80040203",  # invalid argument
        "0x80048408",  # state and status do not fit
        "0x80048405",  # a plug-in denied access
    }
)

#: First match wins; the order is the meaning.
_TABLE: tuple[tuple[Callable[[Fault], bool], Callable[[Fault, str], AssentError]], ...] = (
    (lambda f: f.code == EXPIRED_VERSION_STAMP or "Version stamp associated" in f.text, _expired),
    (lambda f: f.code == _LOCK, _locked),
    (lambda f: f.status == 429 or f.code in _SERVICE_PROTECTION, _throttled),
    (lambda f: f.status in _GATEWAY, _unreachable),
    (lambda f: f.status == 408 or f.code == _SQL_TIMEOUT, _timed_out),
    (lambda f: f.code in (_SQL, _UNEXPECTED) or "Sql Number: 1205" in f.text, _busy),
    (lambda f: f.code in _NOT_A_MEMBER, _not_a_member),
    (lambda f: f.status == 401, _token_refused),
    (lambda f: f.status == 412 and f.code not in _ROW_CODES, _version),
    (lambda f: f.code in _ROW_CODES, _row),
    (lambda f: f.status == 403, _privilege),
    (lambda f: f.code == NOT_FOUND and f.status == 404, _row_gone),
    (lambda f: bool(_COLUMN.search(f.text)) or f.code == "0x80041103", _unknown_column),
    (lambda f: f.status == 413, _timed_out),
    (lambda f: f.status >= 500 and f.status != 501, _busy),
    (lambda f: 300 <= f.status < 400 or (f.status == 404 and not f.code), _not_dataverse),
)
