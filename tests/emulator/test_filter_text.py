"""The $filter parser, as properties."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataverse_emulator import create_organization
from dataverse_emulator.query import filter_text
from dataverse_emulator.query.conditions import compiled
from dataverse_emulator.query.executor import indexed_values
from dataverse_emulator.query.model import (
    All,
    Compare,
    Condition,
    Like,
    Literal,
    Match,
    Not,
    Op,
    Path,
    Some,
    Within,
)
from dataverse_emulator.query.scope import Scope
from dataverse_emulator.state.columns import Kind
from dataverse_emulator.state.events import Values
from dataverse_emulator.state.problems import Refusal

TOKENS = ["(", ")", "and", "or", "not", "eq", "ne", "true", "null", "'x'", ","]
TOKENS += ["lastname", "contains", "5", "[", '"a"', "]", "@p"]
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
FLAG = st.sampled_from(["donotbulkemail", "donotemail"]).map(Path)
WORD = st.sampled_from(["firstname", "lastname", "emailaddress1"]).map(Path)

LOGICAL = WORD.map(lambda path: Path(path.name, logical=True))


def leaves() -> st.SearchStrategy[Condition]:
    """Conditions on one property."""
    boolean = st.builds(
        Compare,
        FLAG,
        st.sampled_from([Op.EQ, Op.NE]),
        st.sampled_from([Literal(Kind.BOOLEAN, True), Literal(Kind.BOOLEAN, False), Literal(None, None)]),
    )
    text = st.builds(Compare, WORD, st.sampled_from(Op), TEXTS.map(lambda found: Literal(Kind.TEXT, found)))
    number = st.builds(
        Compare,
        st.just(Path("statecode")),
        st.sampled_from(Op),
        st.integers(-5, 5).map(lambda n: Literal(Kind.INTEGER, n)),
    )
    like = st.builds(Like, WORD, st.sampled_from(Match), TEXTS)
    within = st.builds(Within, LOGICAL, st.lists(TEXTS, max_size=3).map(tuple), st.booleans())
    return boolean | text | number | like | within


def conditions() -> st.SearchStrategy[Condition]:
    """Whole conditions; joints have two or more parts, none of their own kind, as the parser makes them."""

    def joined(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        several = st.lists(parts, min_size=2, max_size=3).map(tuple)
        return st.builds(All, several) | st.builds(Some, several) | st.builds(Not, parts)

    return st.recursive(leaves(), joined, max_leaves=8)


def written(condition: Condition) -> str:
    """The condition as $filter text, every part in parentheses."""
    match condition:
        case Compare(name, op, literal):
            return f"{name} {op.value} {spelled(literal)}"
        case Like(name, match, text):
            return f"{match.value}({name},{spelled(Literal(Kind.TEXT, text))})"
        case Within(name, values, negated):
            import msgspec

            listed = msgspec.json.encode(values).decode()
            word = "NotIn" if negated else "In"
            return f"Microsoft.Dynamics.CRM.{word}(PropertyName='{name}',PropertyValues={listed})"
        case Not(part):
            return f"not ({written(part)})"
        case All(parts):
            return " and ".join(f"({written(part)})" for part in parts)
        case Some(parts):
            return " or ".join(f"({written(part)})" for part in parts)
    raise AssertionError(condition)


def spelled(literal: Literal) -> str:
    """A literal as text."""
    if literal.kind is None:
        return "null"
    if isinstance(literal.value, bool):
        return str(literal.value).lower()
    if isinstance(literal.value, str):
        return "'" + literal.value.replace("'", "''") + "'"
    return str(literal.value)


@given(conditions())
def test_what_is_written_is_read(condition: Condition) -> None:
    """Parsing the text of a condition gives the condition back."""
    assert filter_text.parsed(written(condition)) == condition


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the parser fail otherwise than by a refusal."""
    try:
        filter_text.parsed(text)
    except Refusal:
        return


@given(st.lists(st.sampled_from(TOKENS)))
def test_any_tokens_are_read_or_refused(tokens: list[str]) -> None:
    """Nor does any order of its own tokens."""
    try:
        filter_text.parsed(" ".join(tokens))
    except Refusal:
        return


ROWS = st.fixed_dictionaries(
    {
        "donotbulkemail": st.sampled_from([True, False, None]),
        "donotemail": st.sampled_from([True, False, None]),
        "firstname": st.none() | TEXTS,
        "lastname": st.none() | TEXTS,
        "emailaddress1": st.none() | st.sampled_from(["a@x.com", "B@x.com"]),
        "statecode": st.sampled_from([0, 1]),
    }
)


ORGANIZATION = create_organization()
SCOPE = Scope(ORGANIZATION, ORGANIZATION.identity.system)


def holding(condition: Condition, values: Values) -> bool:
    """Whether a contact with these values satisfies the condition."""
    contacts = ORGANIZATION.table("contact")
    row: Values = {"contactid": "1", **values, "versionnumber": ORGANIZATION.next_version()}
    position = contacts.insert(row, 0.0)
    found = compiled(condition, SCOPE, "contact")(position)
    contacts.undo_insert(position)
    return found


@settings(max_examples=200)
@given(conditions(), ROWS)
def test_no_row_satisfies_a_condition_and_its_negation(condition: Condition, values: Values) -> None:
    """SQL's third value: a row may satisfy neither, but never both."""
    holds, opposite = holding(condition, values), holding(Not(condition), values)
    assert not (holds and opposite)
    if None not in values.values():
        assert holds != opposite


@given(conditions(), ROWS)
def test_index_never_hides_a_row(condition: Condition, values: Values) -> None:
    """Where a condition confines an address, every row it accepts has one of those addresses."""
    hit = indexed_values(condition, ORGANIZATION.model.tables["contact"])
    if hit is not None and holding(condition, values):
        assert str(values[hit[0]]).lower() in hit[1]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-01-31T10:00:00Z", datetime(2025, 1, 31, 10, tzinfo=UTC)),
        ("2025-01-31T10:00:00.25+01:00", datetime(2025, 1, 31, 9, 0, 0, 250_000, tzinfo=UTC)),
        ("2025-01-31", datetime(2025, 1, 31, tzinfo=UTC)),
    ],
)
def test_moments(text: str, moment: datetime) -> None:
    """Dates are ISO and unquoted (dataverse.md 2.3)."""
    expected = Compare(Path("modifiedon"), Op.GE, Literal(Kind.WHEN, moment.timestamp()))
    assert filter_text.parsed(f"modifiedon ge {text}") == expected


@pytest.mark.parametrize("text", ["(" * 5000, "not " * 5000, "a eq 1 and " * 5000, "[" * 5000, "'" * 4999])
def test_deep_and_long_texts(text: str) -> None:
    """Nesting and length end in a refusal, not in a crash or a hang."""
    with pytest.raises(Refusal):
        filter_text.parsed(text)


def test_hostile_wildcards_do_not_hang() -> None:
    """A pattern that would take a naive matcher for ever is quick."""
    condition = Like(Path("lastname"), Match.CONTAINS, "%a" * 40 + "b")
    assert holding(condition, {"lastname": "a" * 50}) is False
