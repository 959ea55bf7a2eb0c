"""Categories: created here only, named once for Dynamics, and spread to every live connection."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.errors import Conflict, Invalid, NotAllowed, Unknown
from assent.ports import NewPerson
from assent.services import categories, contacts
from assent.services.access import Role, caller
from assent.services.categories import COLUMN_LIMIT, column_name
from tests.app.world import office

from .hub import EVENTS, NEWS, Desk, desk


@pytest.fixture
async def at(tmp_path: Path, database_url: str) -> AsyncIterator[Desk]:
    """A desk on each kind of database in turn."""
    given = "" if database_url.startswith("sqlite") else database_url
    async with office(tmp_path, database_url=given) as opened:
        yield await desk(opened.app, opened.woken)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("Newsletters", "asn_newsletters"),
        ("  Product news & offers! ", "asn_product_news_offers"),
        ("Évènements à Zürich", "asn_evenements_a_zurich"),
        ("Straße", "asn_strasse"),
        ("2026", "asn_2026"),
    ],
)
def test_a_column_is_named_after_its_category(name: str, column: str) -> None:
    """People in Dynamics recognise it."""
    assert column == column_name(name, [])


@pytest.mark.parametrize("name", ["نشرات", "🎉", "新聞", "---", "Новости"])
def test_a_name_without_latin_letters_gets_a_column_of_its_own(name: str) -> None:
    """Always the same one, and another for another name."""
    assert column_name(name, []) == column_name(name, [])
    assert column_name(name, []).startswith("asn_category_")
    assert column_name(name, []) != column_name(f"{name}{name}", [])


@given(st.lists(st.text(min_size=1, max_size=120), min_size=1, max_size=8))
def test_no_two_categories_share_a_column(names: list[str]) -> None:
    """Whatever people call them; and Dynamics takes every name."""
    taken: list[str] = []
    for name in names:
        column = column_name(name, [other.upper() for other in taken])
        assert column not in taken
        assert len(column) <= COLUMN_LIMIT
        assert column.startswith("asn_")
        assert all(letter in "abcdefghijklmnopqrstuvwxyz0123456789_" for letter in column)
        taken.append(column)


async def test_a_new_category_is_spread_to_live_connections_only(at: Desk) -> None:
    """Setup is asked for by itself, once for each; contacts old and new start at Yes (S1)."""
    (ann,) = await at.add(NewPerson("ann@x.example"))
    live, paused = await at.connect("Live"), await at.connect("Paused", live=False)
    at.woken.clear()
    made = await categories.create(at.app, at.marketer, "Offers", "Now and then")
    assert any(f"setup-{at.account_id}-{live}" in ident for ident in at.woken)
    assert not any(f"setup-{at.account_id}-{paused}" in ident for ident in at.woken)
    assert ("Offers", 2, True, 3) == (made.name, made.position, made.active, made.number)
    view = await contacts.read(at.app, at.marketer, ann)
    assert [True, True, True] == [s.subscribed for s in view.subscriptions]
    assert {NEWS: 1, EVENTS: 1, made.bit: 1} == await categories.counts(at.app, at.marketer)


async def test_a_renamed_category_keeps_its_column(at: Desk) -> None:
    """Its label changes in Dynamics, its data stays."""
    made = await categories.create(at.app, at.marketer, "Offers")
    changed = await categories.change(at.app, at.marketer, made.bit, name="Deals", description="Weekly")
    assert ("Deals", "Weekly", made.column) == (changed.name, changed.description, changed.column)
    again = await categories.create(at.app, at.marketer, "Offers")
    assert again.column == f"{made.column}_2"


async def test_an_archived_category_keeps_answers_and_comes_back(at: Desk) -> None:
    """Nothing is lost by a mistake."""
    (ann,) = await at.add(NewPerson("ann@x.example", refused=NEWS))
    assert not (await categories.archive(at.app, at.marketer, NEWS)).active
    assert (await categories.restore(at.app, at.marketer, NEWS)).active
    view = await contacts.read(at.app, at.marketer, ann)
    assert [False, True] == [s.subscribed for s in view.subscriptions]


async def test_the_order_is_peoples(at: Desk) -> None:
    """Each category once, or nothing moves."""
    turned = await categories.reorder(at.app, at.marketer, [EVENTS, NEWS])
    assert ["Events", "News"] == [view.name for view in turned]
    for wrong in ([EVENTS], [EVENTS, EVENTS], [EVENTS, NEWS, 4], []):
        with pytest.raises(Invalid):
            await categories.reorder(at.app, at.marketer, wrong)
    assert turned == await categories.all(at.app, at.marketer)


async def test_names_are_checked_and_belong_to_one_category(at: Desk) -> None:
    """Without case; blank, too long and many-lined names are refused in words."""
    with pytest.raises(Conflict):
        await categories.create(at.app, at.marketer, " nEWS ")
    with pytest.raises(Conflict):
        await categories.change(at.app, at.marketer, EVENTS, name="News")
    for name in ("", "  ", "x" * 101, "a\nb", "a\0b"):
        with pytest.raises(Invalid):
            await categories.create(at.app, at.marketer, name)
    assert "Events" == (await categories.change(at.app, at.marketer, EVENTS, name="Events")).name


async def test_the_sixty_first_category_is_refused(at: Desk) -> None:
    """There are sixty at a time."""
    for number in range(58):
        await categories.create(at.app, at.marketer, f"Category {number}")
    with pytest.raises(Invalid, match="sixty"):
        await categories.create(at.app, at.marketer, "One more")


async def test_rights_and_foreign_categories(at: Desk) -> None:
    """Support and readers look; another account's categories do not exist."""
    for role in (Role.SUPPORT, Role.PRIVACY, Role.READER):
        assert 2 == len(await categories.all(at.app, at.as_(role)))
        with pytest.raises(NotAllowed):
            await categories.create(at.app, at.as_(role), "Offers")
    stranger = caller(await at.app.store.accounts.create("Other"), at.admin.actor, Role.ADMIN)
    for refused in (
        categories.read(at.app, stranger, NEWS),
        categories.archive(at.app, stranger, NEWS),
        categories.change(at.app, stranger, NEWS, name="Mine"),
    ):
        with pytest.raises(Unknown):
            await refused
    assert {} == await categories.counts(at.app, stranger)
