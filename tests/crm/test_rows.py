"""Rows in and out: what null, missing and odd columns mean, and what a write names."""

import pytest

from assent.crm.columns import Columns
from assent.crm.rows import create_body, parse_row, write_body
from assent.errors import Bug, Unreachable
from assent.policy.permission import BulkEmail
from assent.policy.plan import RowWrite
from assent.policy.sides import ADDRESS, LinkKey, Row
from assent.ports.setup import CategoryColumn

from .samples import ANN, BEN, COLUMNS, EVENTS, NEWS, WHAT, record


def test_a_full_row_is_read_whole() -> None:
    """Every selected column ends up in the sighting, the etag's digits as its version (2.6)."""
    row = parse_row(record(_masterid_value=str(BEN), statecode=1), COLUMNS, WHAT)
    assert (row.row_id, row.version, row.email) == (ANN, 10, "ann@x.example")
    assert (row.active, row.merged_into, row.modified_by) == (False, BEN, BEN)
    assert (row.first_name, row.last_name) == ("Ann", "")
    assert row.modified_at is not None
    assert row.modified_at.isoformat() == "2026-11-23T11:59:58+00:00"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, BulkEmail.DO_NOT_ALLOW),
        (False, BulkEmail.ALLOW),
        (None, BulkEmail.NULL),
        (..., BulkEmail.UNREAD),
    ],
)
def test_null_is_not_missing(value: object, expected: BulkEmail) -> None:
    """A null toggle says nothing and a missing one was not read: never the same as cleared (T6)."""
    assert parse_row(record(donotbulkemail=value), COLUMNS, WHAT).toggle is expected


def test_categories_are_known_silent_or_unread() -> None:
    """Yes and No are known, null is silent, and a missing column has its bit in `unread` (T6)."""
    row = parse_row(record(asn_sub_news=False, asn_sub_events=...), COLUMNS, WHAT)
    assert (row.known, row.value, row.unread) == (NEWS.bit, 0, EVENTS.bit)
    row = parse_row(record(), COLUMNS, WHAT)
    assert (row.known, row.value, row.unread) == (NEWS.bit, NEWS.bit, 0)


def test_a_secured_address_is_unread() -> None:
    """emailaddress1 can be hidden by column security (9.2); that is not a cleared address (T6)."""
    row = parse_row(record(emailaddress1=...), COLUMNS, WHAT)
    assert (row.email, row.unread) == (None, ADDRESS)
    assert parse_row(record(emailaddress1=None), COLUMNS, WHAT).unread == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"contactid": "nobody"},
        {"@odata.etag": "10"},
        {"@odata.etag": 'W/"99999999999999999999"'},
        {"@odata.etag": ...},
        {"donotbulkemail": "true"},
        {"asn_sub_news": 1},
        {"emailaddress1": 7},
        {"modifiedon": "yesterday"},
        {"statecode": ...},
    ],
)
def test_a_row_without_sense_is_no_answer(changes: dict[str, object]) -> None:
    """A broken row is a broken answer, asked again; its data is not in the text (style 3.4)."""
    changed = {name: value for name, value in (record() | changes).items() if value is not ...}
    with pytest.raises(Unreachable) as caught:
        parse_row(changed, COLUMNS, WHAT)
    assert "ann@" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_write_names_only_what_it_changes() -> None:
    """The body holds the columns of the write and nothing else (M6)."""
    key = LinkKey(1, ANN)
    write = RowWrite(key, BulkEmail.DO_NOT_ALLOW, NEWS.bit | EVENTS.bit, EVENTS.bit, "new@x.example")
    assert write_body(write, COLUMNS) == {
        "donotbulkemail": True,
        "asn_sub_news": False,
        "asn_sub_events": True,
        "emailaddress1": "new@x.example",
    }
    assert write_body(RowWrite(key, fields=NEWS.bit), COLUMNS) == {"asn_sub_news": False}


@pytest.mark.parametrize(
    "write",
    [
        RowWrite(LinkKey(1, ANN)),
        RowWrite(LinkKey(1, ANN), BulkEmail.NULL),
        RowWrite(LinkKey(1, ANN), fields=4),
        RowWrite(LinkKey(1, ANN), fields=1, value=2),
    ],
)
def test_a_write_that_cannot_be_meant_is_a_bug(write: RowWrite) -> None:
    """Nothing to write, null, a category without a column, a value without a field: ours to mend."""
    with pytest.raises(Bug):
        write_body(write, COLUMNS)


def test_a_new_row_says_what_the_contact_says() -> None:
    """A created row holds the toggle and the known categories; what is open stays with the CRM (I5)."""
    row = Row(ANN, 0, "ann@x.example", BulkEmail.DO_NOT_ALLOW, known=NEWS.bit, first_name="Ann")
    assert create_body(row, COLUMNS) == {
        "asn_sub_news": False,
        "donotbulkemail": True,
        "emailaddress1": "ann@x.example",
        "firstname": "Ann",
    }
    assert "donotbulkemail" not in create_body(Row(ANN, 0, "ann@x.example"), COLUMNS)


@pytest.mark.parametrize(
    "columns",
    [
        (CategoryColumn(3, "asn_a", "A"),),
        (CategoryColumn(1 << 60, "asn_a", "A"),),
        (CategoryColumn(1, "asn_a", "A"), CategoryColumn(1, "asn_b", "B")),
        (CategoryColumn(1, "asn_a", "A"), CategoryColumn(2, "ASN_A", "B")),
    ],
)
def test_columns_and_bits_are_one_to_one(columns: tuple[CategoryColumn, ...]) -> None:
    """A category's bit is a mask with one category bit, and no two columns share bit or name."""
    with pytest.raises(Bug):
        Columns(columns)
