"""Categories in the console: made, named, put in order, archived, and where they stand in Dynamics."""

from assent.services import categories
from assent.services.access import Role
from assent.services.categories import NAME_LIMIT
from assent.store.organisations import NewConnection

from .counter import EVENTS, NEWS, Counter


async def order(at: Counter) -> list[str]:
    """The names in their order."""
    return [one.name for one in await categories.all(at.app, at.operator)]


async def test_a_category_is_made_and_shown_with_everybody_at_yes(at: Counter) -> None:
    """S1: everybody starts at Yes, and the page says how many that is."""
    await at.room.people("bo@example.com", "cia@example.com")
    admin = await at.as_()
    made = await admin.post("/categories", name=" Offers ", description="Now and then")
    assert (200, "/categories?done=category") == (made.status, made.url)
    assert "Offers Now and then 2 contacts at Yes" in made.words


async def test_a_name_that_cannot_be_is_told_with_what_was_typed(at: Counter) -> None:
    """Nothing typed is lost, and nothing is made."""
    admin = await at.as_()
    wrong = (("", "needs a name"), ("x" * (NAME_LIMIT + 1), "needs a name"), ("News", "already"))
    for name, said in wrong:
        page = await admin.post("/categories", name=name, description="Kept as typed")
        assert page.status in (400, 409)
        assert said in " ".join(page.find("//*[@role='alert']//text()"))
        assert ["Kept as typed"] == page.find("//textarea[@name='description']/text()")
    assert ["News", "Events"] == await order(at)


async def test_order_changes_by_button_and_as_a_whole(at: Counter) -> None:
    """The buttons do what dragging does; the ends stay ends; a list that is too old changes nothing."""
    admin = await at.as_()
    assert "/categories?done=reordered" == (await admin.post("/categories/order", move="2:up")).url
    assert ["Events", "News"] == await order(at)
    await admin.post("/categories/order", move="2:up")
    assert ["Events", "News"] == await order(at)
    await admin.post("/categories/order", order="1 2")
    assert ["News", "Events"] == await order(at)
    for wrong in ("1", "1 2 3", "2 2", "x"):
        assert 409 == (await admin.post("/categories/order", order=wrong)).status
    assert 404 == (await admin.post("/categories/order", move="77:up")).status
    assert ["News", "Events"] == await order(at)


async def test_archived_ones_step_aside_and_come_back(at: Counter) -> None:
    """The answers are kept; the order of those in use does not notice them."""
    admin = await at.as_()
    await categories.create(at.app, at.operator, "Offers")
    archived = await admin.post("/categories/1/archive")
    assert ["News"] == archived.find("//section[@aria-labelledby='archived-title']//b/a/text()")
    await admin.post("/categories/order", order="3 2")
    assert ["Offers", "Events", "News"] == await order(at)
    restored = await admin.post("/categories/1/restore")
    assert [] == restored.find("//section[@aria-labelledby='archived-title']")


async def test_a_new_name_shows_everywhere_and_its_column_keeps_its_own(at: Counter) -> None:
    """Only the label follows in Dynamics."""
    admin = await at.as_()
    page = await admin.post("/categories/1", name="Newsletter", description="Monthly")
    assert "/categories/1?done=renamed" == page.url
    assert "Newsletter" in page.find("//h1/text()")
    assert ["asn_News"] == page.find("//dd/code/text()")
    assert 409 == (await admin.post("/categories/1", name="Events", description="")).status


async def test_each_connection_tells_how_far_it_is(at: Counter) -> None:
    """A connection that was never set up gets its columns with setup; a live one that lacks one, now."""
    accounts, admin = at.app.store.accounts, await at.as_()
    new = NewConnection("Contoso", "https://contoso.crm.example", "tenant", "client", "secret")
    added = await accounts.connect(at.room.account_id, new)
    assert "Follows with setup" in (await admin.get("/categories/1")).words
    await accounts.set_live(at.room.account_id, added.connection_id, live=True)
    journal = at.app.store.setup_journal(at.room.account_id)
    await journal.made(added.connection_id, NEWS)
    assert "Contoso In Dynamics" in (await admin.get("/categories/1")).words
    assert "Contoso On its way" in (await admin.get("/categories/2")).words
    await categories.archive(at.app, at.operator, NEWS)
    assert "Answers kept, hidden" in (await admin.get("/categories/1")).words


async def test_who_may_not_change_them_sees_them_without_controls(at: Counter) -> None:
    """The page hides what the role may not do, and the service refuses it anyway."""
    reader = await at.as_(Role.READER)
    for path in ("/categories", "/categories/1"):
        page = await reader.get(path)
        assert 200 == page.status
        assert [] == page.find("//main//form")
    assert 403 == (await reader.post("/categories", name="Mine")).status
    assert 403 == (await reader.post("/categories/1/archive")).status
    assert {NEWS, EVENTS} == {one.bit for one in await categories.all(at.app, at.operator) if one.active}


async def test_what_is_no_category_says_so(at: Counter) -> None:
    """A page in words, never an error of ours."""
    admin = await at.as_()
    for path in ("/categories/0", "/categories/3", "/categories/61", "/categories/x", "/categories/-1"):
        assert 404 == (await admin.get(path)).status, path


async def test_no_form_works_without_the_sessions_token(at: Counter) -> None:
    """Another site cannot have a browser send one."""
    page = await (await at.as_()).post("/categories", csrf="", name="Theirs")
    assert 403 == page.status
    assert ["News", "Events"] == await order(at)
