"""What an import would do, and its errors by line and column."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.errors import Invalid
from assent.policy.permission import LegalBasis
from assent.ports import Evidence
from assent.services.tables.mapping import suggest
from assent.services.tables.plan import ImportRow, plan_import
from assent.services.tables.reading import read_table

from .samples import CATEGORIES, EVENTS, NEWS, TINY, errors, planned, quick, thorough


def test_a_row_is_planned_with_all_it_says() -> None:
    """Addresses are matched by their normalised form and shown as written (I1)."""
    plan = planned(
        "E-post;Förnamn;Efternamn;Rättslig grund;Bevis;Källa;Newsletters;Event invitations\r\n"
        ' Anna.Berg@EXAMPLE.com ;Anna;Berg;Samtycke;"Form 7,\r\nticked";Mässan;ja;nej\r\n'
    )
    expected = ImportRow(
        line=2,
        email="anna.berg@example.com",
        shown_email="Anna.Berg@EXAMPLE.com",
        first_name="Anna",
        last_name="Berg",
        basis=LegalBasis.CONSENT,
        evidence=Evidence("Form 7,\r\nticked", "Mässan"),
        answered=NEWS | EVENTS,
        value=NEWS,
    )
    assert (expected,) == plan.rows
    assert (True, 1, 0, 0, ()) == (plan.ok, plan.row_count, plan.excluded, plan.error_count, plan.errors)


@pytest.mark.parametrize("blank", ["", " ", "\t", "\u00a0"])
def test_a_blank_asks_for_nothing(blank: str) -> None:
    """I7: a blank never turns into anything."""
    head = "Email,First name,Last name,Legal basis,Evidence,Source,Newsletters\n"
    plan = planned(head + ",".join(["a@example.com", *[blank] * 6]))
    assert (ImportRow(2, "a@example.com", "a@example.com"),) == plan.rows


def test_none_asks_for_nothing() -> None:
    """T7: None is the absence of an opinion, so that an export's None changes nothing when it comes back."""
    assert planned("Email,Legal basis\na@example.com,None\n").rows[0].basis is None


def test_withdrawn_is_a_refusal() -> None:
    """An import may bring refusals."""
    plan = planned("Email,Legal basis\na@example.com,Widerrufen\n")
    assert LegalBasis.WITHDRAWN is plan.rows[0].basis


WRONG = {
    "no address": ("", "", "", "", "Email", "missing"),
    "no address, other cells": ("", "Anna", "", "", "Email", "missing"),
    "no at sign": ("anna.example.com", "", "", "", "Email", "not an email address"),
    "two addresses": ("a@example.com;b@example.com", "", "", "", "Email", "one address alone"),
    "name and address": ("Anna <anna@example.com>", "", "", "", "Email", "one address alone"),
    "no domain": ("anna@localhost", "", "", "", "Email", "not an email address"),
    "two dots": ("anna..berg@example.com", "", "", "", "Email", "not an email address"),
    "too long": ("a" * 300 + "@example.com", "", "", "", "Email", "not an email address"),
    "too long by invisible letters": (
        "a" + "\u200b" * 320 + "@example.com",
        *("", "", ""),
        "Email",
        "not an email address",
    ),
    "control character": ("an\u0001na@example.com", "", "", "", "Email", "not an email address"),
    "long name": ("a@example.com", "A" * 201, "", "", "First name", "201 characters long; at most 200"),
    "line break in a name": ("a@example.com", "A\nB", "", "", "First name", "line break"),
    "separator in a name": ("a@example.com", "A\u2028B", "", "", "First name", "line break"),
    "bell in a name": ("a@example.com", "A\u0007", "", "", "First name", "control character"),
    "no basis": ("a@example.com", "", "yes", "", "Legal basis", "Write one of: Consent, Legitimate"),
    "unclear answer": ("a@example.com", "", "", "maybe", "Newsletters", "neither Yes nor No"),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_a_bad_cell_is_an_error_with_line_and_column(name: str) -> None:
    """The row is left out, all others are planned, and what the cell holds is not repeated."""
    *cells, column, expected = WRONG[name]
    row = ",".join(f'"{cell}"' for cell in cells)
    text = (
        f"Email,First name,Legal basis,Newsletters,Phone\nb@example.com,,,,1\n{row},2\nc@example.com,,,,3\n"
    )
    plan = planned(text)
    assert [(3, column)] == [(error.line, error.column) for error in plan.errors]
    assert expected in plan.errors[0].message
    assert not any(cell in plan.errors[0].message for cell in cells if len(cell) > 3)
    assert ["b@example.com", "c@example.com"] == [row.email for row in plan.rows]
    assert (3, 1) == (plan.row_count, plan.excluded)


@pytest.mark.parametrize(
    "address",
    [
        "o'brien@example.com",
        "andré@example.com",
        "anna@bücher.example",
        '"a@b"@example.com',
        "x@mail.example.co.uk",
    ],
)
def test_unusual_addresses_are_addresses(address: str) -> None:
    """Apostrophes, accents, international domains and quoted local parts are allowed."""
    text = address.replace('"', '""')
    assert [address] == [row.email for row in planned(f'Email\n"{text}"\n').rows]


def test_evidence_may_have_lines_but_not_too_many() -> None:
    """Evidence is a text of up to 2,000 characters."""
    head = "Email,Evidence\na@example.com,"
    assert (
        "x\n" * 999 + "xx"
        == planned(f'{head}"{"x" + chr(10)}{("x" + chr(10)) * 998}xx"').rows[0].evidence.text
    )
    assert [(2, "Evidence")] == errors(head + "x" * 2001)


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_errors_name_the_line_a_row_begins_on(end: str) -> None:
    """Quoted line breaks and blank lines before a row count, whatever ends lines."""
    lines = ["Email,Evidence,Newsletters", 'a@example.com,"1', "", '3",yes', "", 'b@example.com,"1', '2",?']
    lines += ["c@example.com,x", "d@example.com,,no", "D@example.com,,yes"]
    expected = [(6, "Newsletters"), (8, ""), (10, "Email")]
    assert expected == errors(end.join(lines))


def test_the_second_row_of_an_address_is_an_error_that_names_the_first() -> None:
    """I1: spellings of one address are one; the first row stays."""
    plan = planned("Email\nanna@example.com\nb@example.com\n ANNA@Example.com\nanna@example.com.\n")
    assert [2, 3] == [row.line for row in plan.rows]
    assert [4, 5] == [error.line for error in plan.errors]
    assert all("Line 2 has the same address" in error.message for error in plan.errors)


def test_a_bad_first_row_still_holds_its_address() -> None:
    """Of two rows that contradict each other none is chosen because the other has an error."""
    plan = planned("Email,Legal basis\na@example.com,withdrawnn\na@example.com,Consent\n")
    assert () == plan.rows
    assert not plan.ok
    assert [(2, "Legal basis"), (3, "Email")] == [(error.line, error.column) for error in plan.errors]


def test_every_bad_cell_of_a_row_is_told() -> None:
    """Who corrects a file wants all of its errors at once."""
    assert [(2, "Email"), (2, "Newsletters")] == errors("Email,Newsletters\nanna,maybe\n")


def test_all_errors_are_counted_when_only_the_first_are_listed() -> None:
    """A wrong column must not make a list of a hundred thousand errors."""
    plan = planned("Email\nanna\nbert\ncarl\n", TINY)
    assert (2, 3, 3) == (len(plan.errors), plan.error_count, plan.excluded)


def test_a_guess_and_ignored_columns_are_told() -> None:
    """A preview shows what a person should look at."""
    table = read_table("Email,Ort\na@example.com,Malmö\n".encode("cp1252"))
    plan = plan_import(table, suggest(table.header, ()), {})
    assert ("Ort",) == plan.ignored
    assert "Windows-1252" in plan.notice


def test_a_mapping_of_another_file_is_refused() -> None:
    """Columns are never taken for others."""
    with pytest.raises(Invalid, match="chosen for another file"):
        plan_import(read_table(b"Email,Phone\n"), suggest(["Phone", "Email"], ()), {})


def test_a_category_that_went_away_is_refused() -> None:
    """Between choosing columns and importing, a category may be archived."""
    table = read_table(b"Email,Newsletters\n")
    with pytest.raises(Invalid, match="no category “Newsletters” any more"):
        plan_import(table, suggest(table.header, ["Newsletters"]), {})


@pytest.mark.parametrize("header", ["Phone,Name", "Email,E-post"])
def test_a_mapping_with_problems_is_refused(header: str) -> None:
    """Nothing is planned by a mapping that a person must look at first."""
    with pytest.raises(Invalid):
        planned(header + "\n1,2\n")


def test_a_file_without_rows_imports_nothing() -> None:
    """Column names alone are no error, and nothing to import."""
    assert not planned("Email\n").ok


@thorough
@given(data=st.binary(max_size=120) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_planned_or_refused_in_words(data: bytes) -> None:
    """Nothing but Invalid is raised by any file, whatever its rows."""
    try:
        table = read_table(b"Email,First name,Legal basis,Newsletters\n" + data)
    except Invalid:
        return
    plan = plan_import(table, suggest(table.header, CATEGORIES), CATEGORIES)
    assert plan.row_count == len(plan.rows) + plan.excluded
    assert plan.ok == bool(plan.rows)


@quick
@given(local=st.text(max_size=20), domain=st.text(max_size=20))
def test_any_address_is_planned_or_an_error(local: str, domain: str) -> None:
    """Whatever stands around an at sign is an address or an error of its cell."""
    cell = f"{local}@{domain}".encode("utf-8", "replace").decode().replace('"', '""').replace("\0", "")
    try:
        plan = planned(f'Email\n"{cell}"\n')
    except Invalid:
        return  # mostly control characters
    assert 1 == len(plan.rows) + plan.error_count
