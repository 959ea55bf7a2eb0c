"""Webhook bodies: what they name, what they report refused, and that nothing can break the reader."""

from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assent.crm.notices import LARGEST, parse_notices
from assent.errors import Invalid
from assent.policy.sides import PERMISSION
from assent.ports import Notice

from .samples import ANN, BEN, COLUMNS, EVENTS, NEWS, NOON

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "webhooks"
ORGANISATION = UUID("0e000000-0000-4000-8000-00000000000e")
ENTITY = "Entity:http://schemas.microsoft.com/xrm/2011/Contracts"


def entity(version: object = None, **attributes: object) -> dict[str, object]:
    """An entity as webhooks hold it (6.4)."""
    pairs = [{"key": name, "value": value} for name, value in attributes.items()]
    return {
        "__type": ENTITY,
        "Attributes": pairs,
        "Id": str(ANN),
        "LogicalName": "contact",
        "RowVersion": version,
    }


def body(message: str, inputs: Mapping[str, object] | None = None, **members: object) -> dict[str, object]:
    """A webhook body (6.4)."""
    given = [{"key": name, "value": value} for name, value in (inputs or {}).items()]
    return {
        "MessageName": message,
        "PrimaryEntityName": "contact",
        "PrimaryEntityId": str(ANN),
        "OrganizationId": str(ORGANISATION),
        "InputParameters": given,
        "PreEntityImages": [],
        **members,
    }


def parse(value: object) -> tuple[Notice, ...]:
    """Read a body as connection 1 would."""
    raw = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return parse_notices(raw, COLUMNS, connection_id=1, received_at=NOON, organisation_id=ORGANISATION)


@pytest.mark.parametrize("message", ["Create", "Update"])
def test_refusals_are_told_by_the_body(message: str) -> None:
    """Do not allow and a No block sends at once (M8); an Allow, a Yes and a null are only hints."""
    target = entity(
        "41", donotbulkemail=True, asn_sub_news=False, asn_sub_events=True, emailaddress1="a@x.example"
    )
    assert parse(body(message, {"Target": target})) == (
        Notice(1, ANN, message.lower(), 41, PERMISSION | NEWS.bit, NOON),
    )
    target = entity("42", donotbulkemail=False, asn_sub_news=True, asn_sub_events=None)
    assert parse(body(message, {"Target": target}))[0].refused == 0


@pytest.mark.parametrize(
    ("version", "expected"),
    [("7", 7), (7, 7), (None, 0), ("x", 0), ("-1", 0), (True, 0), ("9" * 19, 0), (1.5, 0), ("٣", 0), ([], 0)],
)
def test_a_version_is_a_number_or_nothing(version: object, expected: int) -> None:
    """RowVersion is null in some bodies, and only ever a hint (6.4, 6.5)."""
    assert parse(body("Update", {"Target": entity(version)}))[0].version == expected


def test_a_deleted_row_tells_what_it_refused() -> None:
    """A refusal in the pre-image of a delete is merged first (I4); the target is only a reference."""
    image = {"key": "before", "value": entity("50", donotbulkemail=True, asn_sub_events=False)}
    other = {"key": "AsynchronousStepPrimaryName", "value": entity("50", fullname="Ann Ek")}
    found = parse(body("Delete", {"Target": {"Id": str(ANN)}}, PreEntityImages=[image, other]))
    assert found == (Notice(1, ANN, "delete", 50, PERMISSION | EVENTS.bit, NOON),)


def test_a_merge_names_both_rows() -> None:
    """Both the surviving and the merged row must be read again (I4, 9.4)."""
    inputs = {
        "Target": {"Id": str(ANN)},
        "SubordinateId": str(BEN),
        "UpdateContent": entity(donotbulkemail=True),
    }
    assert parse(body("Merge", inputs)) == (
        Notice(1, ANN, "merge", 0, PERMISSION, NOON),
        Notice(1, BEN, "merge", 0, 0, NOON),
    )


@pytest.mark.parametrize("message", ["Create", "Update", "Delete", "Merge"])
def test_a_stripped_body_still_names_its_row(message: str) -> None:
    """Above 256 KB the inputs and images are gone; the row is fetched by its id (6.4)."""
    full = body(message)
    stripped = {
        name: full[name] for name in ("MessageName", "PrimaryEntityName", "PrimaryEntityId", "OrganizationId")
    }
    assert parse(stripped) == (Notice(1, ANN, message.lower(), 0, 0, NOON),)


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 500_000,
        b'{"InputParameters":[{"key":"Target","value":' + b"[" * 100_000,
        b" " * (LARGEST + 1),
        body("Assign"),
        body("Update", PrimaryEntityName="account"),
        body("Update", PrimaryEntityId="x"),
        body("Update", PrimaryEntityId=None),
        body("Update", PrimaryEntityId="0" * 32),
        body("Update", OrganizationId=str(ANN)),
        body("Update", OrganizationId=None),
        body("Update", InputParameters={"Target": 1}),
        body("Merge", {"SubordinateId": 5}),
    ],
)
def test_what_is_no_notice_is_refused_in_words(wrong: object) -> None:
    """Malformed, hostile, about another table or another organisation: Invalid, saying what is expected."""
    with pytest.raises(Invalid) as caught:
        parse(wrong)
    assert len(str(caught.value)) > 30


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(
    ["Target", "SubordinateId", "UpdateContent", "Attributes", "key", "value", "RowVersion"]
)
shaped = st.recursive(
    json, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4)
)


@pytest.mark.thorough
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["Create", "Update", "Delete", "Merge"]),
    st.dictionaries(names, shaped, max_size=4),
    shaped,
)
def test_no_shape_of_body_breaks_the_reader(message: str, inputs: dict[str, object], image: object) -> None:
    """Whatever sits where an entity should be, the only error is Invalid (P8)."""
    try:
        found = parse(body(message, inputs, PreEntityImages=[{"key": "before", "value": image}]))
    except Invalid:
        return
    assert all(0 <= notice.version < 1 << 63 for notice in found)


@settings(deadline=None)
@given(st.binary(max_size=200) | json.map(msgspec.json.encode))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    """Anything at all may be posted at the door; none of it is a notice (P8)."""
    with pytest.raises(Invalid):
        parse(raw)


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of real bodies is not part of the repository")
def test_published_bodies_are_read() -> None:
    """Bodies Microsoft printed are read whole; those of other tables are told apart (6.4)."""
    told = set()
    for path in sorted(CORPUS.glob("*.json")):
        try:
            found = parse_notices(path.read_bytes(), COLUMNS, connection_id=1, received_at=NOON)
        except Invalid as error:
            told.add(str(error))
        else:
            told.add(found[0].operation)
    assert told == {"update", "Expected a notice about creating, updating, deleting or merging a contact."}
