"""Sends in the console: written, looked at before they go out, started, watched, stopped, accounted for."""

from assent.mail.conduct import Conduct
from assent.policy.audience import Audience
from assent.policy.permission import LegalBasis
from assent.policy.sending import RecipientState, SendState
from assent.services import categories, contacts, sends
from assent.services.access import Role
from assent.services.drafts import Draft

from .counter import NEWS, Counter, Shown, id_in

HELLO = Draft("May", "Hello {{ first_name }}", "News for {{ first_name }}", "", NEWS)

#: What may be wrong with a draft, and what is said then.
WRONG_DRAFTS: tuple[tuple[dict[str, str], str], ...] = (
    ({"subject": ""}, "needs a"),
    ({"subject": "Hi", "body": ""}, "empty"),
    ({"subject": "Hi", "body": "{{ nobody }}"}, "nobody"),
    ({"subject": "Hi", "body": "{% for %}"}, "line 1"),
    ({"subject": "x" * 401}, "one line of at most"),
    ({"subject": "Hi", "category": "2"}, "archived"),
    ({"subject": "Hi", "basis": "whim"}, "legal bas"),
)


def figures(page: Shown) -> dict[str, str]:
    """The figures of a page, by their words."""
    names = [
        " ".join(one.text_content().split()) for one in page.find("//dl[contains(@class,'figures')]//dt")
    ]
    numbers = [one.text_content().strip() for one in page.find("//dl[contains(@class,'figures')]//dd")]
    return dict(zip(names, numbers, strict=True))


def reasons(page: Shown) -> dict[str, str]:
    """How many were left out, by reason."""
    rows = page.find("//ul[@class='reasons']/li")
    return {
        row.xpath(".//a/text() | .//b/text()")[0]: row.xpath(".//*[@class='num']/text()")[0] for row in rows
    }


async def crowd(at: Counter) -> None:
    """Two who agreed, two who withdrew, one who was never asked, one who said No to News."""
    await at.room.people("ada@example.com", "bea@example.com")
    await at.room.people("cia@example.com", "dan@example.com", basis=LegalBasis.WITHDRAWN)
    await at.room.people("eva@example.com", basis=LegalBasis.NONE)
    await at.room.people("fia@example.com", refused=NEWS)


async def started(at: Counter, draft: Draft = HELLO) -> int:
    """Store a send and start it; nothing is carried out yet."""
    send = await sends.create(at.app, at.operator, draft)
    await sends.start(at.app, at.operator, send.send_id, send.revision)
    return send.send_id


async def test_from_an_empty_page_to_mails_that_arrived(at: Counter) -> None:
    """Written, previewed by reason, started, sent: the two who agreed, and nobody else (G1, G2)."""
    await crowd(at)
    marketer = await at.as_(Role.MARKETER)
    assert "Nothing sent yet" in (await marketer.get("/sends")).words
    page = await marketer.post(
        "/sends/new", subject="Hello {{ first_name }}", body="News for you", category="1", name=""
    )
    send_id = id_in(page.url)
    assert "Draft" in page.words
    looked = await marketer.get(f"/sends/{send_id}?look=yes")
    assert {"would get it now": "2", "would be left out": "4", "in the audience": "6"} == figures(looked)
    assert {"Withdrawn": "2", "No legal basis": "1", "Unsubscribed": "1"} == reasons(looked)
    assert "Subject Hello Alice" in looked.words
    (seen,) = looked.find("//form[contains(@action, '/start')]//input[@name='revision']/@value")
    begun = await marketer.post(f"/sends/{send_id}/start", revision=seen)
    assert f"/sends/{send_id}?done=started" == begun.url
    await at.room.ended(send_id)
    done = await marketer.get(f"/sends/{send_id}")
    assert {"in the audience": "6", "sent": "2", "left out": "4"} == figures(done)
    assert ["ada@example.com", "bea@example.com"] == at.room.arrived()


async def test_a_manifest_is_taken_away_once_everybody_was_checked(at: Counter) -> None:
    """A button for each form, for whoever may export; the ledger's page counts it."""
    await crowd(at)
    send_id, marketer, reader = await started(at), await at.as_(Role.MARKETER), await at.as_(Role.READER)
    link = f"//a[contains(@href, '/sends/{send_id}/manifest')]/@href"
    assert [] == (await marketer.get(f"/sends/{send_id}")).find(link)
    await at.room.ended(send_id)
    assert [] == (await reader.get(f"/sends/{send_id}")).find(link)
    as_csv, as_json = (await marketer.get(f"/sends/{send_id}")).find(link)
    assert "eva@example.com,left_out,no_basis" in (await marketer.get(as_csv)).body
    assert '"outcomes":{"left_out":4,"may":2}' in (await marketer.get(as_json)).body
    assert "So is 1 manifest of sends" in (await (await at.as_()).get("/ledger/verified")).words


async def test_what_was_changed_since_the_page_was_drawn_is_not_started(at: Counter) -> None:
    """The page that was open says so, and the draft is still there to be looked at."""
    await crowd(at)
    admin = await at.as_()
    send = await sends.create(at.app, at.operator, HELLO)
    looked = await admin.get(f"/sends/{send.send_id}?look=yes")
    (seen,) = looked.find("//form[contains(@action, '/start')]//input[@name='revision']/@value")
    await admin.post(f"/sends/{send.send_id}/edit", subject="Other", body="Other")
    for given in (seen, ""):
        told = await admin.post(f"/sends/{send.send_id}/start", revision=given)
        assert (409, True) == (told.status, "changed after you looked at it" in told.words)
    assert SendState.DRAFT is (await sends.read(at.app, at.operator, send.send_id)).state


async def test_who_was_left_out_is_found_by_reason(at: Counter) -> None:
    """Each reason leads to the people it kept out, and says in words what it means."""
    await crowd(at)
    send_id = await started(at)
    await at.room.ended(send_id)
    admin = await at.as_()
    page = await admin.get(f"/sends/{send_id}?reason=no_basis")
    assert ["eva@example.com"] == page.find("//table//a/text()")
    assert "No legal basis is recorded." in page.words
    page = await admin.get(f"/sends/{send_id}?state=sent")
    assert {"ada@example.com", "bea@example.com"} == set(page.find("//table//a/text()"))
    for nothing in ("state=never", "reason=because", "reason=may_mail"):
        assert 6 == len((await admin.get(f"/sends/{send_id}?{nothing}")).find("//table//a"))


async def test_recipients_come_in_pages_and_none_is_lost(at: Counter) -> None:
    """From the first page to the last, each of them once."""
    await at.room.people(*(f"p{number}@example.com" for number in range(60)))
    send_id, admin = await started(at), await at.as_()
    address, seen = f"/sends/{send_id}", list[str]()
    while address:
        page = await admin.get(address)
        seen += page.find("//table//a/text()")
        address = next(iter(page.find("//a[@rel='next']/@href")), "").partition("#")[0]
    assert sorted(f"p{number}@example.com" for number in range(60)) == sorted(seen)


async def test_stopping_keeps_everybody_who_is_left(at: Counter) -> None:
    """A stopped send says so, writes to nobody more, and cannot be stopped twice."""
    await crowd(at)
    send_id, admin = await started(at), await at.as_()
    assert "Stop…" in (await admin.get(f"/sends/{send_id}")).words
    page = await admin.post(f"/sends/{send_id}/stop")
    assert "It was stopped" in page.words
    assert SendState.STOPPED is (await at.room.carry_out(send_id)).state
    assert [] == at.room.arrived()
    assert 409 == (await admin.post(f"/sends/{send_id}/stop")).status


async def test_what_the_mail_server_said_no_to_is_told(at: Counter) -> None:
    """A refused mail is neither sent nor left out."""
    await at.room.people("ada@example.com")
    at.room.sink.next(Conduct.REFUSE)
    send_id = await started(at)
    await at.room.ended(send_id)
    page = await (await at.as_()).get(f"/sends/{send_id}?state=refused")
    assert "1" == figures(page)["refused by the mail server"]
    assert ["ada@example.com"] == page.find("//table//a/text()")
    assert {RecipientState.REFUSED} == set((await at.room.states(send_id)).values())


async def test_a_draft_that_cannot_be_is_told_with_what_was_typed(at: Counter) -> None:
    """Nothing typed is lost, and nothing is stored."""
    await categories.archive(at.app, at.operator, 2)
    admin = await at.as_()
    for fields, said in WRONG_DRAFTS:
        page = await admin.post("/sends/new", **{"subject": "", "body": "Kept", **fields})
        assert 400 == page.status
        assert said in " ".join(page.find("//*[@role='alert']//text()"))
        shown = [one.text or "" for one in page.find("//textarea[@name='body']")]
        assert [fields.get("body", "Kept")] == shown
    assert () == (await sends.sends(at.app, at.operator)).items


async def test_an_audience_is_counted_while_it_is_chosen(at: Counter) -> None:
    """The number is that of the list of contacts with the same filters."""
    await crowd(at)
    admin = await at.as_()
    for fields, many in (
        ((), "6"),
        ((("basis", "consent"),), "3"),
        ((("basis", "consent"), ("yes", "1")), "2"),
    ):
        counted = await admin.post("/sends/count", *fields)
        assert [many] == counted.find("//b/text()")
    page = await admin.post("/sends/new", ("basis", "consent"), ("yes", "1"), subject="Hi", body="You")
    looked = await admin.get(f"{page.url.partition('?')[0]}?look=yes")
    assert "2" == figures(looked)["in the audience"]
    assert "legal basis Consent; Yes to News" in looked.words


async def test_filters_without_a_field_stay_when_a_draft_is_edited(at: Counter) -> None:
    """Contacts picked by hand, and filters of the list of contacts, are not dropped by saving the form."""
    await crowd(at)
    admin, everybody = await at.as_(), (await contacts.search(at.app, at.operator, Audience())).items
    one, two = everybody[0].contact_id, everybody[1].contact_id
    page = await admin.get(f"/sends/new?pick={one}&pick={two}&held=no&no=2")
    hidden = [
        (e.get("name"), e.get("value")) for e in page.find("//main//input[@type='hidden'][@name!='csrf']")
    ]
    assert sorted([("pick", str(one)), ("pick", str(two)), ("held", "no"), ("no", "2")]) == sorted(hidden)
    made = await admin.post("/sends/new", *hidden, subject="Hi", body="You", picked="yes")
    send_id = id_in(made.url)
    edit = await admin.get(f"/sends/{send_id}/edit")
    again = [
        (e.get("name"), e.get("value")) for e in edit.find("//main//input[@type='hidden'][@name!='csrf']")
    ]
    assert sorted([("held", "no"), ("no", "2")]) == sorted(again)
    await admin.post(f"/sends/{send_id}/edit", *again, subject="Hi", body="You", picked="yes")
    kept = (await sends.read(at.app, at.operator, send_id)).draft.audience
    assert Audience(contact_ids=frozenset({one, two}), held=False, unsubscribed=2) == kept
    await admin.post(f"/sends/{send_id}/edit", subject="Hi", body="You")
    assert Audience() == (await sends.read(at.app, at.operator, send_id)).draft.audience


async def test_a_send_is_written_once_more_as_a_draft(at: Counter) -> None:
    """The copy says the same, for the same people, and goes nowhere by itself."""
    await crowd(at)
    send_id, admin = await started(at), await at.as_()
    page = await admin.post(f"/sends/{send_id}/copy")
    assert page.url.endswith("/edit")
    copied = await sends.read(at.app, at.operator, send_id + 1)
    assert (SendState.DRAFT, HELLO) == (copied.state, copied.draft)


async def test_a_started_send_can_neither_be_edited_nor_removed(at: Counter) -> None:
    """What was sent stays on record, as it was sent."""
    await crowd(at)
    send_id, admin = await started(at), await at.as_()
    assert 409 == (await admin.post(f"/sends/{send_id}/edit", subject="Other", body="Other")).status
    assert 409 == (await admin.post(f"/sends/{send_id}/discard")).status
    assert 409 == (await admin.post(f"/sends/{send_id}/start")).status


async def test_the_mails_own_html_can_do_nothing_on_our_pages(at: Counter) -> None:
    """It is shown in a frame without scripts, and its links are not those of a person."""
    await at.room.people("ada@example.com")
    html = (
        "<html><head></head><body><script>alert(1)</script><p>{{ first_name }} {{ email }}</p></body></html>"
    )
    send = await sends.create(at.app, at.operator, Draft("May", "Hi", "", html, NEWS))
    reader = await at.as_(Role.READER)
    shown = await reader.get(f"/sends/{send.send_id}/mail")
    policy = shown.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "allow-scripts" not in policy
    page = await reader.get(f"/sends/{send.send_id}")
    assert page.headers["Content-Security-Policy"].endswith("; frame-src 'self'")


async def test_roles_see_what_they_may_do(at: Counter) -> None:
    """Who may not send reads the results, sees no control, and is refused by the service."""
    await crowd(at)
    send = await sends.create(at.app, at.operator, HELLO)
    reader = await at.as_(Role.READER)
    for path in ("/sends", f"/sends/{send.send_id}"):
        assert [] == (await reader.get(path)).find("//main//form")
    refused = (
        "/sends/new",
        "/sends/1/start",
        "/sends/1/stop",
        "/sends/1/copy",
        "/sends/1/edit",
        "/sends/count",
    )
    for path in refused:
        assert 403 == (await reader.post(path, subject="Hi", body="You")).status, path
    assert 403 == (await reader.get("/sends/new")).status


async def test_what_is_no_send_says_so(at: Counter) -> None:
    """A page in words, never an error of ours."""
    admin = await at.as_()
    for path in ("/sends/0", "/sends/999", "/sends/x", "/sends/999/edit", "/sends/999/mail"):
        assert 404 == (await admin.get(path)).status, path
