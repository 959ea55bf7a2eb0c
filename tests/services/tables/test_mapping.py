"""Which column means what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.errors import Invalid
from assent.services.tables.mapping import (
    HELD,
    IGNORED,
    Meaning,
    category_heads,
    choose,
    suggest,
)
from assent.services.tables.words import Field

from .samples import quick

NAMES = ("Newsletters", "Event invitations", "Månadsbrev")

USUAL = {
    Field.EMAIL: (
        "Email|E-mail|EMAIL ADDRESS|e_mail|E-post|E-postadress|Mejl|E-Mail-Adresse|Adresse e-mail|Courriel"
    ),
    Field.FIRST_NAME: "First name|FirstName|first_name|Förnamn|fornamn|Vorname|Prénom|PRENOM",
    Field.LAST_NAME: "Last name|Surname|Efternamn|Nachname|Nom|Nom de famille",
    Field.BASIS: "Legal basis|Rättslig grund|Rechtsgrundlage|Base légale",
    Field.EVIDENCE: "Evidence|Bevis|Nachweis|Preuve",
    Field.SOURCE: "Evidence source|Source|Källa|Quelle|Origine",
    Field.IGNORE: "Phone|Company|Category|Held|Created|Updated||Name|Email 2|日本",
}


@pytest.mark.parametrize("field", list(USUAL))
def test_usual_names_are_guessed(field: Field) -> None:
    """English, Swedish, German and French spellings, whatever their case, accents and punctuation."""
    for name in USUAL[field].split("|"):
        assert Meaning(field) == suggest([name], NAMES).columns[0].meaning, name


@pytest.mark.parametrize("name", ["Newsletters", "newsletters", "NEWS LETTERS", "Category: Newsletters"])
def test_a_category_is_guessed_by_its_name(name: str) -> None:
    """A column per category, by the category's name."""
    assert Meaning(Field.CATEGORY, "Newsletters") == suggest([name], NAMES).columns[0].meaning


def test_a_spelling_that_two_categories_share_is_not_guessed() -> None:
    """Only the exact name tells two such categories apart."""
    mapping = suggest(["News!", "NEWS"], ["News", "News!"])
    assert [Meaning(Field.CATEGORY, "News!"), IGNORED] == [column.meaning for column in mapping.columns]


def test_ignored_columns_are_named() -> None:
    """A preview tells what will not be imported, also for a column without a name."""
    mapping = suggest(["Email", "Phone", "", "Newsletters"], NAMES)
    assert ("Phone", "column 3") == mapping.ignored
    assert () == mapping.problems


def test_two_columns_for_one_field_are_a_problem_in_words() -> None:
    """A guess never chooses between two columns."""
    mapping = suggest(["Email", "E-post", "Förnamn"], NAMES)
    with pytest.raises(Invalid, match="Columns “Email” and “E-post” both mean the email address"):
        mapping.check()


def test_two_columns_for_one_category_are_a_problem() -> None:
    """Answers must come from one column."""
    mapping = suggest(["Email", "Newsletters", "News-letters"], NAMES)
    assert "both mean the category “Newsletters”" in mapping.problems[0]


def test_no_email_column_is_a_problem() -> None:
    """Contacts are matched by their address (I1)."""
    with pytest.raises(Invalid, match="No column holds the email address"):
        suggest(["Phone", "Förnamn"], NAMES).check()


def test_a_person_may_choose_otherwise() -> None:
    """Choices replace the guess; columns without one are ignored."""
    header = ["Email", "Email 2", "Stadt", ""]
    choices = {
        "Email 2": "email",
        "Stadt": "category:Newsletters",
        "column 4": "first_name",
        "Email": "ignore",
    }
    mapping = choose(header, choices, NAMES)
    expected = ["ignore", "email", "category:Newsletters", "first_name"]
    assert expected == [column.meaning.spelled for column in mapping.columns]


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ({"Mail": "email"}, "no column “Mail”"),
        ({"Email": "e-mail"}, "cannot mean “e-mail”"),
        ({"Email": "category:Golf"}, "no category “Golf”"),
        ({"Email": "first_name"}, "No column holds the email address"),
        ({"Email": "email", "Name": "email"}, "both mean the email address"),
        ({"Email": "email", "Name": "category:"}, "no category “”"),
    ],
)
def test_impossible_choices_are_refused(choices: dict[str, str], expected: str) -> None:
    """A choice names a column, a field and a category that there are."""
    with pytest.raises(Invalid, match=expected):
        choose(["Email", "Name"], choices, NAMES)


#: Names that could be confused with columns of their own, with each other, or with formulas.
CONFUSING = st.sampled_from(
    [
        "Email",
        "E-post",
        "Held",
        "held",
        "Created",
        "Firstname",
        "Källa",
        "News",
        "news",
        "News!",
        "=1+1",
        "'=1+1",
        "★",
        "☆",
        "a;b",
        "a,b",
    ]
)
NAME = CONFUSING | CONFUSING.map("Category: {}".format) | st.text('NEWSnews åÅ!"', min_size=1).map(str.strip)


@quick
@given(names=st.lists(NAME, unique=True, max_size=8))
def test_the_names_an_export_gives_to_categories_are_read_back(names: list[str]) -> None:
    """Whatever categories are called, their columns are one each and no other column's."""
    names = [name for name in names if name]
    heads = category_heads(names)
    fixed = ["Email", "First name", "Last name", "Legal basis", HELD]
    assert len({*fixed, *heads}) == len(fixed) + len(heads)
    mapping = suggest([*fixed, *heads], names)
    assert names == [column.meaning.category for column in mapping.columns[len(fixed) :]]
    assert () == mapping.problems
