"""Whatever is sent, the answer is never an error of the server's own (P8)."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .room import ORGANISATION, ROW, Room, body, raw

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
ENTITIES = st.fixed_dictionaries(
    {},
    optional={
        "Attributes": VALUES | st.lists(st.fixed_dictionaries({"key": LEAVES, "value": VALUES}), max_size=3),
        "RowVersion": VALUES | st.just("9" * 19) | st.just(str(2**63)),
    },
)
PAIRS = st.lists(
    st.fixed_dictionaries(
        {"key": st.sampled_from(["Target", "SubordinateId", "UpdateContent", ""]), "value": VALUES | ENTITIES}
    ),
    max_size=3,
)
#: Notices that are good but for one to three members.
ALMOST = st.fixed_dictionaries(
    {"MessageName": st.sampled_from(["Create", "Update", "Delete", "Merge"])},
    optional={
        "PrimaryEntityId": VALUES | st.just("{" + str(ROW) + "}"),
        "OrganizationId": VALUES | st.just(str(ORGANISATION)),
        "InputParameters": PAIRS | VALUES,
        "PreEntityImages": PAIRS | VALUES,
        "\ud800": st.none(),
    },
).map(lambda found: json.dumps({**body(), **found}).encode())


def _bodies() -> st.SearchStrategy[bytes]:
    cut = st.tuples(ALMOST, st.integers(0, 400)).map(lambda pair: pair[0][: pair[1]])
    return st.binary(max_size=200) | VALUES.map(lambda v: json.dumps(v).encode()) | ALMOST | cut


@QUICK
@given(sent=_bodies())
async def test_any_body_gets_an_answer_that_blames_nobody_but_the_sender(served: Room, sent: bytes) -> None:
    """204 and stored, or 400 as a problem document and nothing stored; never 500 (P8)."""
    before = len(served.stored())
    answer = await served.post(sent)
    assert answer.status in (204, 400)
    stored = len(served.stored()) - before
    assert (answer.status == 204) == (stored > 0)
    if answer.status == 400:
        answer.problem()


@QUICK
@given(key=st.binary(max_size=60).filter(lambda key: not re.search(rb"[\x00\r\n]", key)))
async def test_any_key_but_the_right_one_is_wrong(served: Room, key: bytes) -> None:
    """No bytes in the key header crash the comparison or pass it (P8)."""
    path = f"/webhooks/dynamics/{served.connection_id}".encode()
    head = b"POST " + path + b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-assent-key: " + key
    answer = await raw(served.url, head + b"\r\ncontent-length: 2\r\n\r\n{}")
    assert _status(answer) in (400, 401)
    assert [] == served.stored()


TARGETS: Any = (
    st.binary(max_size=40)
    | st.integers(0, 2**62).map(lambda n: f"/webhooks/dynamics/{n}".encode())
    | st.text(max_size=12).map(lambda t: b"/webhooks/dynamics/" + t.encode("utf-8", "surrogatepass"))
    | st.sampled_from([b"/healthz/", b"/readyz?x=%ff", b"//", b"/%00", b"*", b"http://a/healthz", b"/\xff"])
)


@QUICK
@given(target=TARGETS.filter(lambda target: not re.search(rb"[\x00\r\n]", target)))
async def test_any_path_gets_an_answer(served: Room, target: bytes) -> None:
    """Paths of any bytes end in an answer below 500; numbers no column holds are in test_refusals (P8)."""
    head = b"POST " + target + b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    answer = await raw(served.url, head)
    assert _status(answer) < 500


def _status(answer: bytes) -> int:
    found = re.match(rb"HTTP/1\.1 (\d{3})", answer)
    return int(found[1]) if found else 0
