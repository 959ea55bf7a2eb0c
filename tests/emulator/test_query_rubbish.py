"""Query texts of every kind of nonsense: the documented error or 501, never a 500, never a hang."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataverse_emulator import Organization, Sources, create_organization, seeded_ids
from dataverse_emulator.wire import dispatch
from dataverse_emulator.wire.answers import Answer, Call

from .api import Clock

FINE = {200, 400, 404, 501}


#: Few examples where every commit waits for them; CI plays more.
FEW, MANY = (
    settings(max_examples=count, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    for count in (25, 400)
)


@pytest.fixture(scope="module")
def ask() -> Callable[[str, str], Answer]:
    """Ask an organisation of a few contacts, without a network."""
    organization = create_organization(sources=Sources(Clock(), seeded_ids(7)), contacts=20, seed=3)
    return lambda option, text: asked(organization, option, text)


def asked(organization: Organization, option: str, text: str) -> Answer:
    """The answer to a query of contacts."""
    query = f"{quote(option)}={quote(text, safe='', errors='surrogatepass')}"
    headers = {"prefer": 'odata.include-annotations="*"'}
    call = Call(
        "GET", "contacts", query, headers, b"", organization.identity.system, "http://x/api/data/v9.2"
    )
    return dispatch.perform(organization, call)


def one_of(words: str) -> st.SearchStrategy[str]:
    """One of these words."""
    return st.sampled_from(words.split())


COLUMNS = one_of("""
    fullname contactid statecode createdon _ownerid_value ownerid parentcustomerid donotbulkemail creditlimit
    nonsense parentcustomerid_account entityimage birthdate
    """)
VALUES = st.sampled_from(["1", "-1", "0", "x", "", "true", "2026-01-02", "%a%", "[", "null", "9" * 30, "é"])
SQL_WORDS = """
    SELECT DISTINCT TOP 5 0 FROM contact account c AS a JOIN LEFT INNER ON WHERE AND OR NOT ( ) , . = < > <>
    LIKE IN BETWEEN IS NULL GROUP BY ORDER ASC DESC OFFSET ROWS FETCH NEXT ONLY COUNT(*) COUNT SUM MIN MAX AVG
    * contactid fullname parentcustomerid accountid c.fullname a.name 'x' 'a%' 1 -1 1.5 statecode ; -- [ ]
"""
APPLY_WORDS = """
    filter( groupby(( aggregate( ) )) , / fullname statecode creditlimit $count with as sum average min max
    total eq 'x' 1 parentcustomerid_account/name createdon countdistinct
"""


@pytest.mark.parametrize("option", ["fetchXml", "sql", "$apply", "savedQuery", "userQuery"])
@FEW
@given(text=st.text(max_size=40))
def test_any_text(ask: Callable[[str, str], Answer], option: str, text: str) -> None:
    """Characters of any kind."""
    assert ask(option, text).status in FINE


@pytest.mark.parametrize(("option", "words"), [("sql", SQL_WORDS), ("$apply", APPLY_WORDS)])
@FEW
@given(data=st.data())
def test_words_in_any_order(
    ask: Callable[[str, str], Answer], option: str, words: str, data: st.DataObject
) -> None:
    """The language's own words, shuffled."""
    held = data.draw(st.lists(st.sampled_from(words.split()), max_size=25))
    assert ask(option, data.draw(st.sampled_from(["", " "])).join(held)).status in FINE


@st.composite
def statements(draw: st.DrawFn) -> str:
    """SQL with everything in its place but anything in the places."""
    column = COLUMNS.map(lambda name: name.lstrip("_"))
    some = draw(st.lists(column, min_size=1, max_size=3))
    value = "'" + draw(VALUES).replace("'", "''") + "'"
    where = draw(st.sampled_from(["", " WHERE {} = {}", " WHERE NOT {} LIKE {}", " WHERE {} IN ({})"]))
    join = draw(st.sampled_from(["", " JOIN account b ON b.accountid = a.parentcustomerid"]))
    order = draw(st.sampled_from(["", " ORDER BY {} DESC", " GROUP BY {}"]))
    shown = ", ".join(f"a.{name}" for name in some)
    tail = where.format(f"a.{draw(column)}", value) + order.format(f"a.{draw(column)}")
    return f"SELECT {draw(st.sampled_from(['', 'DISTINCT ', 'TOP 3 ']))}{shown} FROM contact a{join}{tail}"


@FEW
@given(text=statements())
def test_statements(ask: Callable[[str, str], Answer], text: str) -> None:
    """Statements that parse, about columns of every type."""
    assert ask("sql", text).status in FINE


@FEW
@given(
    column=COLUMNS, other=COLUMNS, method=st.sampled_from(["sum", "average", "min", "max", "x"]), value=VALUES
)
def test_figures(ask: Callable[[str, str], Answer], column: str, other: str, method: str, value: str) -> None:
    """$apply about columns of every type."""
    figure = f"aggregate({column} with {method} as n)"
    assert ask("$apply", f"groupby(({other}),{figure})").status in FINE
    assert ask("$apply", f"filter({other} eq {value})/{figure}").status in FINE


TAGS = one_of("fetch entity attribute all-attributes order filter condition value link-entity x")
NAMES = one_of("""
    name from to alias link-type attribute operator value valueof entityname type top count page paging-cookie
    distinct aggregate groupby dategrouping descending returntotalrecordcount rowaggregate
    """)
ANY_VALUE = (VALUES | COLUMNS) | one_of("""
    contact account inner outer any all exists in and or eq ne like between not-in last-x-days eq-userid under
    week sum avg &lt;
    """)
ATTRIBUTES = st.dictionaries(NAMES, ANY_VALUE, max_size=4)


def element(tag: str, attributes: dict[str, str], inner: str) -> str:
    """An element as text."""
    held = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<{tag}{held}>{inner}</{tag}>"


TREES = st.recursive(
    st.builds(element, TAGS, ATTRIBUTES, VALUES),
    lambda inner: st.builds(element, TAGS, ATTRIBUTES, st.lists(inner, max_size=3).map("".join)),
    max_leaves=8,
)


@FEW
@given(inner=TREES, attributes=st.dictionaries(NAMES, ANY_VALUE, max_size=2))
def test_elements_in_any_order(
    ask: Callable[[str, str], Answer], inner: str, attributes: dict[str, str]
) -> None:
    """FetchXML's own elements and attributes, shuffled."""
    text = element("fetch", attributes, element("entity", {"name": "contact"}, inner))
    assert ask("fetchXml", text).status in FINE
    assert ask("fetchXml", inner).status in FINE


OPERATORS = one_of("""
    eq ne neq gt ge lt le like not-like in between not-between null not-null begins-with not-end-with
    contain-values today last-x-hours next-x-years olderthan-x-months on on-or-before eq-userid ne-businessid
    under this-fiscal-year x
    """)


@FEW
@given(column=COLUMNS, operator=OPERATORS, values=st.lists(VALUES, max_size=3), sort=COLUMNS, part=COLUMNS)
def test_conditions(
    ask: Callable[[str, str], Answer], column: str, operator: str, values: list[str], sort: str, part: str
) -> None:
    """Every operator about columns of every type, with orders and groups."""
    held = "".join(f"<value>{value}</value>" for value in values)
    condition = f"<filter><condition attribute='{column}' operator='{operator}'>{held}</condition></filter>"
    shown = f"<attribute name='{part}'/><order attribute='{sort}'/>{condition}"
    assert ask("fetchXml", f"<fetch><entity name='contact'>{shown}</entity></fetch>").status in FINE
    group = f"<attribute name='{part}' alias='a' groupby='true'/>"
    group += f"<attribute name='{sort}' alias='b' aggregate='max'/>{condition}"
    text = f"<fetch aggregate='true'><entity name='contact'>{group}</entity></fetch>"
    assert ask("fetchXml", text).status in FINE


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("fetchXml", "<fetch>" * 5000),
        ("fetchXml", f"<fetch><entity name='contact'>{'<filter>' * 200}{'</filter>' * 200}</entity></fetch>"),
        ("fetchXml", '<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><fetch>&c;</fetch>'),
        ("sql", f"SELECT fullname FROM contact WHERE {'(' * 5000}fullname = 'x'{')' * 5000}"),
        ("sql", f"SELECT fullname FROM contact WHERE {'NOT ' * 5000} fullname = 'x'"),
        ("sql", f"SELECT fullname FROM contact WHERE fullname LIKE '{'%a' * 60}'"),
        ("$apply", "filter(" * 2000),
        ("$apply", f"filter({'(' * 3000}fullname eq 'x'{')' * 3000})/aggregate($count as n)"),
    ],
)
def test_deep_and_hostile_texts(ask: Callable[[str, str], Answer], option: str, text: str) -> None:
    """Nesting without end, entities that grow, and patterns that backtrack."""
    assert ask(option, text[:30_000]).status in FINE


@pytest.mark.thorough
@MANY
@given(
    text=statements(), inner=TREES, column=COLUMNS, operator=OPERATORS, values=st.lists(VALUES, max_size=3)
)
def test_many_more(
    ask: Callable[[str, str], Answer], text: str, inner: str, column: str, operator: str, values: list[str]
) -> None:
    """The same again, longer."""
    assert ask("sql", text).status in FINE
    assert ask("fetchXml", element("fetch", {}, element("entity", {"name": "contact"}, inner))).status in FINE
    held = element(
        "condition", {"attribute": column, "operator": operator}, "".join(map(value_element, values))
    )
    entity = element("entity", {"name": "contact"}, element("filter", {}, held))
    assert ask("fetchXml", element("fetch", {}, entity)).status in FINE


def value_element(value: str) -> str:
    """A value of a condition."""
    return element("value", {}, value)
