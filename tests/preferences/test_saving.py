"""What people do on their own page, and what it leads to (S2, S3)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORIES
from assent.ports import Act
from tests.app.world import ADMIN, FORM

from .desk import EVENTS, NEWS, Desk, desk


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Desk]:
    """Somebody who agreed to mail."""
    async with desk(tmp_path) as found:
        yield found


@pytest.fixture
async def out(tmp_path: Path) -> AsyncIterator[Desk]:
    """Somebody who said no to all mail."""
    async with desk(tmp_path, LegalBasis.WITHDRAWN) as found:
        yield found


async def test_the_page_tells_who_it_is_for_and_what_is_held(at: Desk) -> None:
    """Name, masked address, basis in words and since when, choices: without a login."""
    page = await at.get(await at.link())
    assert 200 == page.status
    for text in (
        "Hello Alice Ek",
        "A•••@Example.com",
        "you agreed to get mail from Meadow Ltd",
        "Since",
        "News",
    ):
        assert text in page.plain
    assert "alice@" not in page.text.lower()
    assert 2 == page.text.count(" checked")


async def test_only_the_moved_control_is_touched(at: Desk) -> None:
    """S3: News is turned off; Events, which a rep may have changed meanwhile, is left alone."""
    page = await at.get(await at.link())
    saved = await at.choose(page, EVENTS)
    (entry,) = await at.recorded()
    assert (NEWS, CATEGORIES & ~NEWS) == (entry.entry.field, (await at.contact()).value)
    assert "News: no, you will not get it any more." in saved.plain
    assert "Events: yes" not in saved.plain
    assert ["drain-1-1"] == at.woken
    assert LegalBasis.CONSENT is (await at.contact()).basis


async def test_a_choice_changed_elsewhere_stays_when_another_is_moved(at: Desk) -> None:
    """S3: the form was open while Events was turned off elsewhere; turning News off leaves that alone."""
    page = await at.get(await at.link())
    await at.app.act(at.account_id, ADMIN, [Act(at.contact_id, answered=EVENTS)], FORM)
    await at.choose(page, EVENTS)
    assert CATEGORIES & ~NEWS & ~EVENTS == (await at.contact()).value


async def test_saving_nothing_is_no_act(at: Desk) -> None:
    """S3: a form sent as it came writes nothing."""
    saved = await at.choose(await at.get(await at.link()), NEWS, EVENTS)
    assert [] == await at.recorded()
    assert "Nothing was changed" in saved.plain


async def test_the_evidence_holds_what_was_shown_and_answered(at: Desk) -> None:
    """P7: the ledger keeps the words, the place and the way."""
    await at.choose(await at.get(await at.link()), EVENTS)
    (entry,) = await at.recorded()
    assert "contact" == entry.entry.actor_kind
    assert {
        "text": "What we may write about\nNews: Yes → No\nEvents: Yes\n[Save my choices]",
        "source": "preference page (English)",
        "ip": "127.0.0.1",
    } == dict(entry.entry.personal)


async def test_the_full_opt_out_is_always_an_act(at: Desk) -> None:
    """S3: said twice, it is written down twice, and the toggles stay as they were (S2)."""
    page = await at.get(await at.link())
    for _ in range(2):
        saved = await at.post(await at.link(), ("revision", page.revision), ("stop", "all"))
        assert "All marketing mail is stopped." in saved.plain
    found = await at.contact()
    assert (LegalBasis.WITHDRAWN, CATEGORIES, True) == (found.basis, found.value, found.refused_personally)
    assert 2 == len(await at.recorded())


async def test_turning_a_category_on_asks_a_withdrawn_person_in_words(out: Desk) -> None:
    """S2: the toggle is saved and changes no basis; only the answer yes is Consent."""
    await out.choose(await out.get(await out.link()), EVENTS)
    question = await out.choose(await out.get(await out.link()), NEWS, EVENTS, were_on=(EVENTS,))
    assert "May Meadow Ltd write to you again?" in question.plain
    assert LegalBasis.WITHDRAWN is (await out.contact()).basis
    assert CATEGORIES == (await out.contact()).value
    answered = await out.post(await out.link(), ("revision", question.revision), ("resume", "yes"))
    assert "We may write to you again." in answered.plain
    assert LegalBasis.CONSENT is (await out.contact()).basis
    newest = (await out.recorded())[-1].entry
    assert (
        "May Meadow Ltd write to you again? [Yes, Meadow Ltd may write to me again]"
        == newest.personal["text"]
    )


async def test_the_answer_no_changes_nothing(out: Desk) -> None:
    """S2: whoever answers no, or nothing, stays Withdrawn."""
    page = await out.get(await out.link())
    saved = await out.post(await out.link(), ("revision", page.revision), ("resume", "no"))
    assert LegalBasis.WITHDRAWN is (await out.contact()).basis
    assert [] == await out.recorded()
    assert "Nothing is sent to you, as before." in saved.plain


async def test_an_old_yes_cannot_undo_a_later_no(out: Desk) -> None:
    """P2: a form sent again from the browser's history, after a refusal, gives no permission."""
    page = await out.get(await out.link())
    yes = (("revision", page.revision), ("resume", "yes"))
    await out.post(await out.link(), *yes)
    again = await out.get(await out.link())
    await out.post(await out.link(), ("revision", again.revision), ("stop", "all"))
    replayed = await out.post(await out.link(), *yes)
    assert LegalBasis.WITHDRAWN is (await out.contact()).basis
    assert "Something had changed since you opened the page" in replayed.plain


async def test_a_form_sent_twice_says_the_same_twice(out: Desk) -> None:
    """A double click on yes is one Consent, and the second answer is the first one's."""
    page = await out.get(await out.link())
    yes = (("revision", page.revision), ("resume", "yes"))
    first, second = await out.post(await out.link(), *yes), await out.post(await out.link(), *yes)
    assert 1 == len(await out.recorded())
    assert 200 == first.status == second.status
    assert "Something had changed" not in second.plain


async def test_a_positive_basis_keeps_its_nuance(tmp_path: Path) -> None:
    """P5: yes said on top of Legitimate interest changes nothing."""
    async with desk(tmp_path, LegalBasis.LEGITIMATE_INTEREST) as at:
        page = await at.get(await at.link())
        await at.post(await at.link(), ("revision", page.revision), ("resume", "yes"))
        assert LegalBasis.LEGITIMATE_INTEREST is (await at.contact()).basis
        assert [] == await at.recorded()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "on=1",
        "shown=99&on=99",
        "shown=x&were_on=-1&on=1",
        "revision=" + "9" * 40,
        "stop=everything",
        "\0=%ff",
        "shown=1&" * 900,
    ],
)
async def test_rubbish_in_a_form_changes_nothing(at: Desk, body: str) -> None:
    """P8: a bad form, a hostile one or one that is too large leads back to the page."""
    url = await at.link()
    reply = await at.call("POST", url, body, {"content-type": "application/x-www-form-urlencoded"})
    assert 200 == reply.status
    assert [] == await at.recorded()


async def test_nothing_personal_is_confirmed_that_is_not_so(at: Desk) -> None:
    """A forged address cannot make the page claim a change: it tells what is true now."""
    page = await at.get(f"{await at.link()}?done=stop.1.resume.kept")
    assert "All marketing mail is stopped." not in page.plain
    assert "Nothing is sent to you" not in page.plain
    assert "News: yes, you may get it." in page.plain
