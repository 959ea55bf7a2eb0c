"""`$batch` is written as servers demand and read however they answer."""

import contextlib
import re
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assent.crm import odata
from assent.crm.requests import contacts as calls
from assent.crm.requests.batch import Operation, answers, batch
from assent.crm.spellings import spellings
from assent.crm.transport import Response
from assent.errors import Bug, Unreachable

from .samples import ANN, COLUMNS, WHAT, answer, batch_answer, grant_of, ids, refusal_of, refused


def test_a_batch_is_written_with_crlf_and_content_ids() -> None:
    """Every line ends CRLF and every part has a Content-ID, or live servers refuse it (4.1)."""
    operations = [calls.update_one(grant_of(ANN, 7), COLUMNS), Operation("GET", "contacts?$select=x")]
    request = batch(WHAT, operations)
    assert request.headers["Prefer"] == "odata.continue-on-error"
    assert b"\n" not in request.body.replace(b"\r\n", b"")
    assert re.findall(rb"Content-ID: (\d+)", request.body) == [b"1", b"2"]
    assert f"PATCH /api/data/v9.2/contacts({ANN})?$select=".encode() in request.body
    assert b'If-Match: W/"7"\r\nPrefer: return=representation\r\n' in request.body
    assert b'\r\n\r\n{"donotbulkemail":false}\r\n--batch_assent\r\n' in request.body
    assert b"GET /api/data/v9.2/contacts?$select=x HTTP/1.1\r\n" in request.body
    assert request.body.endswith(b"--batch_assent--\r\n")


def test_an_unconditional_update_never_creates() -> None:
    """A write without a version still says If-Match: *, or a deleted contact would come back (2.6)."""
    assert calls.update_one(refusal_of(ANN), COLUMNS).headers["If-Match"] == "*"


@pytest.mark.parametrize("count", [0, 1001])
def test_a_batch_has_its_documented_size(count: int) -> None:
    """A batch holds at most 1,000 operations (4.1)."""
    with pytest.raises(Bug):
        batch(WHAT, [Operation("GET", "WhoAmI")] * count)


def test_an_address_cannot_break_out_of_its_part() -> None:
    """A space or a line end in an address is ours to encode, never sent."""
    with pytest.raises(Bug):
        batch(WHAT, [Operation("GET", "contacts?x=a\r\nDELETE /api")])


bodies = st.binary(max_size=60).filter(lambda body: b"--batchresponse_1" not in body)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(100, 599), bodies), max_size=8), st.integers(0, 3))
def test_what_a_server_wrote_is_read_back(parts: list[tuple[int, bytes]], missing: int) -> None:
    """Every status and body comes back in order, and operations without an answer are None (4.1)."""
    written = [Response(status, {}, body) for status, body in parts]
    found = answers(batch_answer(*written), len(parts) + missing, WHAT)
    assert [(r.status, r.body) for r in found if r is not None] == parts
    assert found[len(parts) :] == [None] * missing


def test_a_nested_change_set_is_read() -> None:
    """A change set's answer is nested (4.1); its parts count like any other."""
    inner = batch_answer(answer({"a": 1}), refused(412, "0x80060882")).body.replace(
        b"batchresponse_1", b"cs_1"
    )
    body = b"\r\n".join([b"--b_1", b'Content-Type: multipart/mixed; boundary="cs_1"', b"", inner, b"--b_1--"])
    found = answers(Response(200, {"content-type": "multipart/mixed;boundary=b_1"}, body), 2, WHAT)
    assert [part.status for part in found if part] == [200, 412]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", b"<html>"),
        ("multipart/mixed", b"--x"),
        ("multipart/mixed; boundary=x", b"--x\r\n\r\nnothing\r\n--x--"),
        (
            "multipart/mixed; boundary=x",
            b"--x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\r\n--x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\r\n--x--",
        ),
    ],
)
def test_what_is_no_batch_answer_is_no_answer(kind: str, body: bytes) -> None:
    """HTML, no boundary, no status, too many parts: asked again, nothing assumed."""
    with pytest.raises(Unreachable):
        answers(Response(200, {"content-type": kind}, body), 1, WHAT)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_answer_can_break_the_reader(body: bytes) -> None:
    """Whatever bytes come, the only error is Unreachable (P8)."""
    with contextlib.suppress(Unreachable):
        answers(Response(200, {"content-type": "multipart/mixed; boundary=x"}, b"--x" + body), 5, WHAT)


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)


@settings(deadline=None)
@given(st.lists(texts, min_size=1, max_size=20))
def test_a_filter_survives_its_journey(values: list[str]) -> None:
    """Apostrophes, plus signs, quotes and any letters arrive as they were (2.3)."""
    query = odata.query(filter=odata.within("emailaddress1", values))
    assert query.isascii()
    assert " " not in query
    sent = parse_qs(urlsplit("x" + query).query, strict_parsing=True)["$filter"][0]
    found = re.fullmatch(
        r"Microsoft\.Dynamics\.CRM\.In\(PropertyName='emailaddress1',PropertyValues=(.*)\)", sent
    )
    assert found is not None
    assert msgspec.json.decode(found[1]) == values


@settings(deadline=None)
@given(st.lists(texts, max_size=40), st.integers(1, 10))
def test_chunks_lose_nothing(values: list[str], most: int) -> None:
    """Cutting into pieces keeps every value, in order, within the limit."""
    pieces = list(odata.chunks(values, most))
    assert [value for piece in pieces for value in piece] == values
    assert all(0 < len(piece) <= most for piece in pieces)


@pytest.mark.thorough
def test_a_thousand_ids_fit_one_part() -> None:
    """A question for 1,000 ids stays within the 65,536 characters of a batched URL (2.1)."""
    operations = list(calls.rows_by_id(ids(2500), COLUMNS))
    assert len(operations) == 3
    assert all(len(one.path) < 65_000 for one in operations)
    long = [f"{'å' * 60}{number}@{'ö' * 50}.example" for number in range(3000)]
    assert all(len(one.path) < 65_000 for one in calls.rows_bearing(long, COLUMNS))


def test_an_address_is_asked_for_in_every_spelling() -> None:
    """Both forms of a domain, and a space typed before or after, are asked for (I1, G4)."""
    found = spellings("åsa@smörgås.example")
    assert "åsa@smörgås.example" in found
    assert "åsa@xn--smrgs-pra0j.example" in found
    assert " åsa@smörgås.example" in found
    assert "åsa@smörgås.example " in found
    assert set(found) == set(spellings("åsa@xn--smrgs-pra0j.example")) | {found[0]}


def test_a_link_is_followed_as_it_is() -> None:
    """A next link goes into a batch verbatim; decoding and encoding it again breaks it (2.4)."""
    link = "https://o.example/api/data/v9.2/contacts?$skiptoken=%3Ccookie%20pagenumber=%222%22%20/%3E"
    assert f"GET {link} HTTP/1.1\r\n".encode() in batch(WHAT, [Operation("GET", link)]).body
    assert "<cookie" in unquote(link)
