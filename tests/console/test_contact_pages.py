"""Contacts in the console: found, made, changed with evidence, many at once, and out of a file."""

from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from aiohttp import FormData

from assent.policy.audience import EVERYBODY
from assent.policy.permission import LegalBasis
from assent.policy.sides import Hold
from assent.services import contacts, history
from assent.services.access import Role
from assent.services.contact_views import ContactView
from assent.web.sessions import csrf_token

from .counter import Counter, Shown, Visitor

CONSENT, NONE, WITHDRAWN = LegalBasis.CONSENT, LegalBasis.NONE, LegalBasis.WITHDRAWN
PROOF = {"evidence": "Yes, write to me", "source": "fair 2026"}


@pytest_asyncio.fixture(loop_scope="session")
async def admin(at: Counter) -> Visitor:
    """An admin who is signed in."""
    return await at.as_()


async def one(at: Counter, email: str = "bo@example.com", basis: LegalBasis = CONSENT) -> UUID:
    """A contact."""
    (made,) = await at.room.people(email, basis=basis)
    return made


async def view(at: Counter, contact_id: UUID) -> ContactView:
    """The contact as it stands."""
    return await contacts.read(at.app, at.operator, contact_id)


def rows(page: Shown) -> list[str]:
    """The contacts a list shows."""
    return [str(text).strip() for text in page.find("//a[contains(@class, 'cell-main')]/text()")]


async def test_search_and_filters_narrow_the_list_and_say_so(at: Counter, admin: Visitor) -> None:
    """Everything given must hold; the words and the count are beside it."""
    await at.room.people("bo@example.com", "cia@example.com")
    await at.room.people("dan@other.example", basis=NONE)
    assert 3 == len(rows(await admin.get("/contacts")))
    found = await admin.get("/contacts?text=example.com&basis=consent&no=")
    assert "2 contacts" in found.words
    assert "“example.com” in the address or name, legal basis Consent." in found.words
    nobody = await admin.get("/contacts?text=nobody")
    assert [] == rows(nobody)
    assert "Nobody matches" in nobody.words


@pytest.mark.parametrize("query", ["yes=x", "yes=99", "basis=maybe", "after=zzz", "pick=1", "connection=-1"])
async def test_filters_that_cannot_be_get_a_page_in_words(admin: Visitor, query: str) -> None:
    """Never a failure, whatever somebody types into the address."""
    page = await admin.get(f"/contacts?{query}")
    assert 400 == page.status
    assert ["That did not work"] == page.find("//h1/text()")


async def test_lists_go_on_page_by_page(at: Counter, admin: Visitor) -> None:
    """Fifty at a time; every contact once."""
    await at.room.people(*(f"p{number:03}@example.com" for number in range(60)))
    first = await admin.get("/contacts")
    (more,) = first.find("//a[@rel='next']/@href")
    rest = await admin.get(str(more))
    assert (50, 10) == (len(rows(first)), len(rows(rest)))
    assert not first.find("//a[@rel='prev']")


async def test_a_contact_is_made_and_shown(at: Counter, admin: Visitor) -> None:
    """With its basis, its evidence, and No to what was not ticked."""
    made = await admin.post(
        "/contacts/new", email="Bo@Example.com", first_name="Bo", basis="consent", yes="1", **PROOF
    )
    assert "Bo" in made.find("//h1/text()")
    assert "Yes, write to me from fair 2026" in " ".join(made.words.split())
    found = await contacts.find(at.app, at.operator, "bo@example.com")
    assert (CONSENT, [True, False]) == (found.basis, [x.subscribed for x in found.subscriptions])


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({"email": "nonsense"}, 400, "not an email address"),
        ({"email": "new@example.com", "basis": "consent"}, 400, "needs evidence"),
        ({"email": "bo@example.com"}, 409, ""),
    ],
)
async def test_what_is_wrong_stands_beside_what_was_typed(
    at: Counter, admin: Visitor, given: dict[str, str], status: int, said: str
) -> None:
    """Nothing typed is lost, nothing is made."""
    await one(at)
    page = await admin.post("/contacts/new", first_name="Kept", yes="1", **given)
    assert status == page.status
    assert said in " ".join(page.find("//*[@role='alert']//text()"))
    assert [given["email"]] == page.find("//input[@name='email']/@value")
    assert ["Kept"] == page.find("//input[@name='first_name']/@value")
    assert 1 == await contacts.count(at.app, at.operator, EVERYBODY)


async def test_the_page_says_whether_mail_may_go_out_and_why(at: Counter, admin: Visitor) -> None:
    """In words, per category, with the facts it rests on."""
    contact = await one(at)
    await contacts.change(at.app, at.operator, contact, contacts.ContactChange(subscriptions={1: False}))
    page = await admin.get(f"/contacts/{contact}")
    assert "May be mailed" in page.words
    assert "Legal basis in the hub: Consent." in page.words
    assert "News No Unsubscribed from News. Events Yes" in page.words
    asked = await admin.get(f"/contacts/{contact}/verdict?category=1")
    assert "Unsubscribed from News." in asked.words


async def test_a_grant_needs_evidence_and_what_was_shown(at: Counter, admin: Visitor) -> None:
    """Without evidence, or if the contact moved since, nothing is granted and the form says why."""
    contact = await one(at, basis=NONE)
    base, shown = f"/contacts/{contact}", str((await view(at, contact)).revision)
    missing = await admin.post(f"{base}/basis", basis="consent", revision=shown)
    assert 400 == missing.status
    assert "needs evidence" in missing.words
    await contacts.change(at.app, at.operator, contact, contacts.ContactChange(basis=WITHDRAWN))
    late = await admin.post(f"{base}/basis", basis="consent", revision=shown, **PROOF)
    assert 409 == late.status
    assert ["Yes, write to me"] == late.find("//textarea[@name='evidence']/text()")
    assert WITHDRAWN is (await view(at, contact)).basis
    fresh = str((await view(at, contact)).revision)
    done = await admin.post(f"{base}/basis", basis="consent", revision=fresh, **PROOF)
    assert f"{base}?done=basis" == done.url
    newest = (await history.history(at.app, at.operator, contact)).items[0]
    assert "Yes, write to me" == (newest.evidence or {})["text"]


async def test_a_refusal_is_taken_however_old_the_page_is(at: Counter, admin: Visitor) -> None:
    """Nobody has to say no twice."""
    contact = await one(at)
    await admin.post(f"/contacts/{contact}/basis", basis="withdrawn", revision="1")
    assert WITHDRAWN is (await view(at, contact)).basis


async def test_a_toggle_touches_its_category_alone(at: Counter, admin: Visitor) -> None:
    """S3: the other answers and the legal basis are not acts."""
    contact = await one(at)
    page = await admin.post(f"/contacts/{contact}/subscription", category="2", answer="no")
    assert "unsubscribed from Events" in page.words
    found = await view(at, contact)
    assert (CONSENT, [True, False]) == (found.basis, [x.subscribed for x in found.subscriptions])
    assert 404 == (await admin.post(f"/contacts/{contact}/subscription", category="9", answer="no")).status


async def test_only_what_was_changed_in_the_details_is_an_act(at: Counter, admin: Visitor) -> None:
    """The same form sent back says that nothing was changed; a bad address is told beside it."""
    contact = await one(at)
    base = f"/contacts/{contact}/details"
    same = await admin.post(base, email="bo@example.com", first_name="Alice", last_name="Ek")
    assert "Nothing was changed." in same.words
    bad = await admin.post(base, email="bo@", first_name="Bo", last_name="Ek")
    assert (400, ["bo@"]) == (bad.status, bad.find("//input[@name='email']/@value"))
    await admin.post(base, email="bo@example.com", first_name="Bo", last_name="Ek")
    assert "Bo Ek" == (await view(at, contact)).name


async def test_held_contacts_say_why_and_are_released_by_a_person(at: Counter, admin: Visitor) -> None:
    """The button is there while it is needed."""
    contact = await one(at)
    await hold(at, contact)
    page = await admin.get(f"/contacts/{contact}")
    assert "Held: kept out of every send" in page.words
    assert 1 == len(rows(await admin.get("/contacts?held=yes")))
    released = await admin.post(f"/contacts/{contact}/release")
    assert "no longer held" in released.words
    again = await admin.post(f"/contacts/{contact}/release")
    assert (409, ["It changed meanwhile"]) == (again.status, again.find("//h1/text()"))


async def test_a_bounced_address_is_let_back_with_a_reason(at: Counter, admin: Visitor) -> None:
    """Without a reason the page says so beside the form; with one the address takes mail again."""
    contact = await one(at, "bounced@example.com")
    await at.app.store.accounts.suppress(at.room.account_id, ["bounced@example.com"])
    assert "This address takes no mail" in (await admin.get(f"/contacts/{contact}")).words
    refused = await admin.post(f"/contacts/{contact}/lift", reason="")
    assert "Say why mail may go there again" in refused.words
    lifted = await admin.post(f"/contacts/{contact}/lift", reason="They rang: the mailbox was full")
    assert "Mail may go to this address again." in lifted.words
    assert "This address takes no mail" not in lifted.words


async def hold(at: Counter, contact: UUID) -> None:
    """Hold a contact, as a deleted row does."""
    from sqlalchemy import update

    from assent.store.schema import contacts as table

    account = (table.c.account_id == at.room.account_id) & (table.c.contact_id == contact)
    await at.app.store.database.write(
        lambda c: c.execute(update(table).where(account).values(hold=Hold.CRM_DELETED.value))
    )


async def test_bulk_does_exactly_what_was_looked_at(at: Counter, admin: Visitor) -> None:
    """Looked at by outcome first; refusals stay (I7); whatever moved in between means looking again."""
    await at.room.people("a@example.com", "b@example.com", basis=NONE)
    gone = await one(at, "w@example.com", WITHDRAWN)
    chosen = await admin.get("/contacts/bulk?text=example.com")
    (audience,) = chosen.find("//input[@name='audience']/@value")
    action = {"audience": str(audience), "kind": "set_basis", "basis": "consent", **PROOF}
    looked = await admin.post("/contacts/bulk/preview", **action)
    assert "2 changed 1 withdrawn: stays Withdrawn" in looked.words
    (token,) = looked.find("//input[@name='token']/@value")
    await one(at, "late@example.com", NONE)
    stale = await admin.post("/contacts/bulk", **action, token=str(token))
    assert 409 == stale.status
    assert "look again" in stale.words
    looked = await admin.post("/contacts/bulk/preview", **action)
    (token,) = looked.find("//input[@name='token']/@value")
    assert "/contacts?done=bulk" == (await admin.post("/contacts/bulk", **action, token=str(token))).url
    assert 3 == len(rows(await admin.get("/contacts?basis=consent")))
    assert WITHDRAWN is (await view(at, gone)).basis


async def test_bulk_on_picked_contacts_leaves_the_others_alone(at: Counter, admin: Visitor) -> None:
    """What was picked on the page is what it is about; an action that cannot be is told in words."""
    picked, other = await at.room.people("a@example.com", "b@example.com")
    page = await admin.get(f"/contacts/bulk?pick={picked}")
    (audience,) = page.find("//input[@name='audience']/@value")
    action = {"audience": str(audience), "kind": "unsubscribe"}
    assert 400 == (await admin.post("/contacts/bulk/preview", **action)).status
    looked = await admin.post("/contacts/bulk/preview", **action, category="1")
    (token,) = looked.find("//input[@name='token']/@value")
    await admin.post("/contacts/bulk", **action, category="1", token=str(token))
    assert [False, True] == [x.subscribed for x in (await view(at, picked)).subscriptions]
    assert [True, True] == [x.subscribed for x in (await view(at, other)).subscriptions]
    assert 400 == (await admin.post("/contacts/bulk", kind="unsubscribe", audience="{")).status


async def upload(at: Counter, who: Visitor, content: bytes) -> Shown:
    """Upload a file as the form does."""
    form = FormData()
    form.add_field("csrf", csrf_token(who.secret))
    form.add_field("file", content, filename="people.csv", content_type="text/csv")
    headers = {"cookie": f"{who.cookie}={who.secret}", "accept": "text/html"}
    async with at.http.post(f"{at.url}/contacts/imports", data=form, headers=headers) as answer:
        at_url = str(answer.url).removeprefix(at.url)
        return Shown(answer.status, at_url, dict(answer.headers), await answer.text())


FILE = b"Mail;Vorname;Legal basis;Newsletter?\na@example.com;Ada;Consent;1\nnonsense;Bo;Consent;2\n"


async def test_a_file_is_understood_looked_at_and_imported_whole(at: Counter, admin: Visitor) -> None:
    """Columns are guessed and can be chosen, errors stand by line and column, then all or nothing."""
    uploaded = await upload(at, admin, FILE)
    assert 200 == uploaded.status
    chosen = uploaded.find("//option[@selected]/@value")
    assert ["email", "first_name", "legal_basis"] == chosen
    columns = {"column-0": "email", "column-1": "first_name", "column-2": "legal_basis", "column-3": "ignore"}
    looked = await admin.post(f"{uploaded.url}/columns", **columns)
    assert "3 Mail This is not" in looked.words or "3 Mail" in looked.words
    (token,) = looked.find("//form[contains(@action, '/apply')]//input[@name='token']/@value")
    refused = await admin.post(f"{uploaded.url}/apply", token=str(token))
    assert 400 == refused.status
    options = {"evidence": "Signed up at the fair", "leave_out_errors": "yes"}
    looked = await admin.post(f"{uploaded.url}/preview", **options)
    assert "1 with errors: not imported 1 new" in looked.words
    (token,) = looked.find("//form[contains(@action, '/apply')]//input[@name='token']/@value")
    done = await admin.post(f"{uploaded.url}/apply", token=str(token), **options)
    assert f"{uploaded.url}?done=imported" == done.url
    assert CONSENT is (await contacts.find(at.app, at.operator, "a@example.com")).basis
    assert 409 == (await admin.post(f"{uploaded.url}/apply", token=str(token), **options)).status


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"\xff\xfe\x00", b'"never closed'])
async def test_files_that_are_none_are_told_in_words(at: Counter, admin: Visitor, content: bytes) -> None:
    """Nothing is kept, nothing fails."""
    page = await upload(at, admin, content)
    assert 400 == page.status
    assert page.find("//*[@role='alert']")
    assert "None yet." in page.words


async def test_an_export_reads_back(at: Counter, admin: Visitor) -> None:
    """The contacts of the filters, as a file."""
    await at.room.people("a@example.com")
    await at.room.people("b@example.com", basis=NONE)
    file = await admin.get("/contacts/export?basis=consent")
    assert "text/csv; charset=utf-8" == file.headers["Content-Type"]
    assert ("a@example.com" in file.body, "b@example.com" in file.body) == (True, False)


async def test_roles_see_what_they_may_do_and_nothing_else(at: Counter) -> None:
    """Hidden on the page, refused by the service, told in the frame."""
    contact, reader = await one(at), await at.as_(Role.READER)
    page = await reader.get(f"/contacts/{contact}")
    assert [] == page.find("//main//form[@method='post']")
    for path in ("/contacts/bulk", "/contacts/imports", "/contacts/export"):
        assert 403 == (await reader.get(path)).status
    refused = await reader.post(f"/contacts/{contact}/basis", basis="withdrawn")
    assert (403, CONSENT) == (refused.status, (await view(at, contact)).basis)
    assert "The role reader may not change a contact." in refused.words


async def test_what_is_not_of_this_account_does_not_exist(at: Counter, admin: Visitor) -> None:
    """Foreign, unknown and impossible ids are one and the same."""
    for ident in (uuid4(), "nothing", "1", "%00"):
        assert 404 == (await admin.get(f"/contacts/{ident}")).status
        assert 404 == (await admin.post(f"/contacts/{ident}/basis", basis="withdrawn")).status
    for path in ("/contacts/imports/7", "/contacts/imports/x", "/connections/7", "/questions/7"):
        assert 404 == (await admin.get(path)).status, path
