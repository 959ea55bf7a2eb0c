"""Every answer that says no becomes one error of the tree, and no text names anybody."""

import pytest

from assent.crm.faults import TookTooLong, refusal
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

from .samples import NOON, WHAT, refused

PRIVILEGE = (
    "Principal user (Id=1, type=8) is missing prvWriteContact privilege (Id=2) on OTC=2 for ann@x.example"
)
GONE = "contact With Id = a Does Not Exist"
UNKNOWN = "Could not find a property named 'asn_sub_news' on type 'Microsoft.Dynamics.CRM.contact'."


@pytest.mark.parametrize(
    ("status", "code", "message", "expected"),
    [
        (429, "0x80072322", "Number of requests exceeded", Throttled),
        (429, "0x80072321", "Combined execution time", Throttled),
        (429, "-2147015898", "Number of concurrent requests", Throttled),
        (429, "", "", Throttled),
        (429, "0x80071151", "Cannot start another [EntityCustomization]", Locked),
        (400, "0x80071151", "Cannot start the requested operation [Publish]", Locked),
        (502, "", "", Unreachable),
        (503, "0x0", "", Unreachable),
        (504, "", "<html>", Unreachable),
        (408, "", "", TookTooLong),
        (413, "", "", TookTooLong),
        (500, "0x80044151", "SQL timeout", TookTooLong),
        (400, "0x80044150", "Generic SQL error. Sql Number: 1205", Retry),
        (500, "-2147204784", "Generic SQL error.", Retry),
        (400, "0x80040216", "An unexpected error occurred.", Retry),
        (500, "", "", Retry),
        (410, "0x80044352", "Version stamp associated with the client has expired.", TokenExpired),
        (400, "-2147204270", "", TokenExpired),
        (
            500,
            "",
            "Version stamp associated with the client has expired. Please perform a full sync.",
            TokenExpired,
        ),
        (404, "0x80044352", "", TokenExpired),
        (412, "0x80060882", "The version of the existing record doesn't match", VersionChanged),
        (412, "", "", VersionChanged),
        (412, "0x80040237", "A record with matching key values already exists.", RowRefused),
        (412, "0x80040333", "Duplicate rule", RowRefused),
        (401, "", "", SignInRefused),
        (403, "0x80072560", "The user is not a member of the organization.", SignInRefused),
        (403, "0x80040225", "The specified user is either disabled", SignInRefused),
        (403, "0x80040220", PRIVILEGE, PrivilegeMissing),
        (403, "", "", PrivilegeMissing),
        (404, "0x80040217", GONE, RowRefused),
        (400, "0x80040265", "Plug-in says no to ann@x.example", RowRefused),
        (400, "0x80044331", "A validation error occurred.", RowRefused),
        (400, "0x80060888", UNKNOWN, ColumnMissing),
        (501, "NotImplemented", "", Refused),
        (400, "0x8006088a", "", Refused),
        (404, "", "", NotDataverse),
        (302, "", "", NotDataverse),
    ],
)
def test_every_answer_has_its_place_in_the_tree(
    status: int, code: str, message: str, expected: type[AssentError]
) -> None:
    """The tables of 1.4, 2.8, 3.4, 5.1 and 7.7, row by row; none is taken for its neighbour (H4)."""
    error = refusal(refused(status, code, message), WHAT)
    assert type(error) is expected
    assert "ann@" not in str(error)
    assert len(str(error)) > 40


def test_the_missing_privilege_is_named() -> None:
    """Whatever the wording, the privilege is what begins with prv (1.4)."""
    error = refusal(refused(403, "0x80040220", PRIVILEGE), WHAT)
    assert isinstance(error, PrivilegeMissing)
    assert error.privilege == "prvWriteContact"
    assert "prvWriteContact" in str(error)


def test_a_missing_column_is_named() -> None:
    """A column deleted in Dynamics is reported, with what to do (design section 4)."""
    assert "asn_sub_news" in str(refusal(refused(400, "0x80060888", UNKNOWN), WHAT))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("17", 17.0), ("2.5", 2.5), ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0), ("soon", None), ("", None)],
)
def test_the_pause_asked_for_is_kept(header: str, seconds: float | None) -> None:
    """Retry-After comes in seconds, or as a date from a gateway (5.1)."""
    error = refusal(refused(429, "0x80072322", retry_after=header), WHAT, NOON)
    assert isinstance(error, Throttled)
    assert error.after_s == seconds


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'"x"', b'{"error":"no"}', b'{"error":{"code":5}}', b"\xff"]
)
def test_any_error_body_is_survived(body: bytes) -> None:
    """Gateways answer with whatever they have (2.8)."""
    assert isinstance(refusal(Response(500, {}, body), WHAT), Retry)
