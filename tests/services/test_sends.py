"""Sends as people prepare them: drafts, previews, the table of states, and who may do what."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from assent.errors import Conflict, Invalid, NotAllowed, Unknown
from assent.policy.audience import Audience
from assent.policy.gate import Reason
from assent.policy.permission import LegalBasis
from assent.policy.sending import NEXT, RecipientState, SendState, Step
from assent.services import scheduling, sends
from assent.services.access import RIGHTS, Right, Role, caller, operator
from assent.services.drafts import checked
from assent.services.sends import Draft, SendView, Wanted
from assent.store import handing
from assent.store import sends as stored
from tests.app.world import ADMIN, account

from .mailroom import EVENTS, NEWS, Mailroom, mailroom

DRAFT = Draft("May", "Hello {{ first_name }}", "News for {{ email }}", category=NEWS)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Mailroom]:
    """An account that can send."""
    async with mailroom(tmp_path) as found:
        yield found


async def in_state(at: Mailroom, state: SendState) -> int:
    """A send that stands in a state."""
    send_id = (await sends.create(at.app, at.admin, DRAFT)).send_id
    await at.app.store.database.write(
        lambda c: stored.move(c, at.account_id, send_id, {SendState.DRAFT}, state=state)
    )
    return send_id


async def start(at: Mailroom, send_id: int) -> SendView:
    """Start a send as it stands."""
    revision = (await sends.read(at.app, at.admin, send_id)).revision
    return await sends.start(at.app, at.admin, send_id, revision)


async def plan(at: Mailroom, send_id: int) -> SendView:
    """Plan a send as it stands for an hour from now."""
    view, soon = await sends.read(at.app, at.admin, send_id), at.clock.now() + timedelta(hours=1)
    return await scheduling.plan(at.app, at.admin, send_id, view.revision, soon)


def by(step: Step, at: Mailroom, send_id: int) -> Awaitable[object]:
    """Do a step, as whoever does it."""
    now, database = at.app.clock.now(), at.app.store.database

    def ended() -> Awaitable[object]:
        return database.write(lambda c: handing.end(c, at.account_id, send_id, step, "", now))

    async def checked() -> bool:
        send = await database.read(lambda c: stored.read(c, at.account_id, send_id))
        return await at.errands._begin_sending(at.account_id, send)

    steps: dict[Step, Callable[[], Awaitable[object]]] = {
        Step.EDIT: lambda: sends.edit(at.app, at.admin, send_id, replace(DRAFT, name="June")),
        Step.DISCARD: lambda: sends.discard(at.app, at.admin, send_id),
        Step.START: lambda: start(at, send_id),
        Step.PLAN: lambda: plan(at, send_id),
        Step.CANCEL: lambda: scheduling.cancel(at.app, at.admin, send_id),
        Step.PAUSE: lambda: scheduling.pause(at.app, at.admin, send_id),
        Step.RESUME: lambda: scheduling.resume(at.app, at.admin, send_id),
        Step.STOP: lambda: sends.stop(at.app, at.admin, send_id),
        Step.CHECKED: checked,
        Step.FINISH: ended,
        Step.FAIL: ended,
    }
    return steps[step]()


async def test_every_step_from_every_state_is_decided(at: Mailroom) -> None:
    """Each cell of the table: it leads where it says, or it is refused and nothing changes."""
    await at.people("a@x.example")
    assert set(NEXT) == set(SendState)
    for state, step in itertools.product(SendState, Step):
        expected, send_id = NEXT[state][step], await in_state(at, state)
        try:
            done = (await by(step, at, send_id)) is not False
        except Conflict:
            done = False
        assert (expected is not None) == done, (state, step)
        if step is Step.DISCARD and done:
            with pytest.raises(Unknown):
                await sends.read(at.app, at.admin, send_id)
        else:
            assert (expected or state) is (await sends.read(at.app, at.admin, send_id)).state, (state, step)


async def test_a_started_send_asks_for_its_errand_once(at: Mailroom) -> None:
    """Two clicks on start are one send."""
    await at.people("a@x.example")
    send_id = await at.started()
    with pytest.raises(Conflict, match="started before"):
        await start(at, send_id)
    assert [f"send-{at.account_id}-{send_id}-1"] == [name for name in at.woken if name.startswith("send")]
    assert [(at.account_id, send_id)] == await at.errands.owed()


@pytest.mark.parametrize(
    ("draft", "told"),
    [
        (replace(DRAFT, name=" "), "needs a name"),
        (replace(DRAFT, name="x" * 201), "at most 200"),
        (replace(DRAFT, subject=""), "needs a subject"),
        (replace(DRAFT, subject="a\nb"), "one line"),
        (replace(DRAFT, body=" "), "The mail is empty"),
        (
            replace(DRAFT, body="one\ntwo {{ frist_name }}"),
            "The text, line 2: there is nothing called 'frist_name'",
        ),
        (replace(DRAFT, subject="{{ first_name"), "The subject, line 1"),
        (replace(DRAFT, html="<p>\n\n{% if %}</p>"), "The HTML, line 3"),
        (replace(DRAFT, body="a\0b"), "NUL"),
        (replace(DRAFT, category=1 << 40), "no such category"),
        (replace(DRAFT, category=NEWS | EVENTS), "no such category"),
        (replace(DRAFT, body="x" * 500_001), "more than 500,000 characters"),
    ],
)
async def test_a_draft_that_cannot_be_sent_is_told_what_is_wrong(
    at: Mailroom, draft: Draft, told: str
) -> None:
    """When it is stored, and not when a thousand people wait for it."""
    with pytest.raises(Invalid, match=told.replace("(", r"\(")):
        await sends.create(at.app, at.admin, draft)
    send_id = (await sends.create(at.app, at.admin, DRAFT)).send_id
    with pytest.raises(Invalid):
        await sends.edit(at.app, at.admin, send_id, draft)
    assert DRAFT == (await sends.read(at.app, at.admin, send_id)).draft


async def test_what_keeps_a_send_from_starting_is_told(at: Mailroom) -> None:
    """No mail server, nobody in the audience, an archived category: an error each, and it stays a draft."""
    made = await sends.create(at.app, at.admin, DRAFT)
    send_id = made.send_id
    with pytest.raises(Invalid, match="Nobody is in this audience"):
        await start(at, send_id)
    await at.people("a@x.example")
    unset = replace(at.app, settings=at.app.settings.model_copy(update={"smtp_host": ""}))
    with pytest.raises(Invalid, match="No mail server is set"):
        await sends.start(unset, at.admin, send_id, made.revision)
    assert "No mail server is set" in (await sends.preview(unset, at.admin, send_id)).obstacles[0]
    await at.app.store.accounts.set_category_active(at.account_id, NEWS, active=False)
    with pytest.raises(Invalid, match="“News” is archived"):
        await start(at, send_id)
    assert ["archived" in text for text in (await sends.preview(at.app, at.admin, send_id)).obstacles] == [
        True
    ]
    assert SendState.DRAFT is (await sends.read(at.app, at.admin, send_id)).state


async def test_a_preview_tells_what_a_start_would_do_and_writes_to_nobody(at: Mailroom) -> None:
    """Counts by reason, a few people of each, and the mail as one of them would get it."""
    await at.people("a@x.example", "b@x.example")
    await at.people("no@x.example", basis=LegalBasis.WITHDRAWN)
    await at.people(*[f"none{n}@x.example" for n in range(9)], basis=LegalBasis.NONE)
    send_id = (await sends.create(at.app, at.admin, DRAFT)).send_id
    seen = await sends.preview(at.app, at.admin, send_id)
    assert (12, 2, {Reason.NO_BASIS: 9, Reason.WITHDRAWN: 1}) == (seen.matched, seen.may, seen.left_out)
    assert (5, 1, 2) == tuple(
        sum(one.reason is reason for one in seen.sample)
        for reason in (Reason.NO_BASIS, Reason.WITHDRAWN, Reason.MAY)
    )
    assert "Hello Alice" == seen.mail.subject
    assert seen.mail_to in seen.mail.text
    assert seen.mail_to in ("a@x.example", "b@x.example")
    assert ((), False) == (seen.obstacles, seen.unreachable)
    assert ([], SendState.DRAFT) == (at.arrived(), (await sends.read(at.app, at.admin, send_id)).state)


async def test_a_preview_for_nobody_still_shows_the_mail(at: Mailroom) -> None:
    """With sample names, and told that nobody would get it."""
    send_id = (await sends.create(at.app, at.admin, DRAFT)).send_id
    seen = await sends.preview(at.app, at.admin, send_id)
    assert (0, "Hello Anna") == (seen.matched, seen.mail.subject)
    assert "Nobody is in this audience" in seen.obstacles[0]


async def test_an_audience_chooses_who_a_send_is_for(at: Mailroom) -> None:
    """By hand or by filter, as in every list."""
    first, *_ = await at.people("a@x.example", "b@x.example")
    send_id = await at.started(audience=Audience(contact_ids=frozenset({first})))
    await at.ended(send_id)
    assert ["a@x.example"] == at.arrived()
    again = await at.started(audience=Audience(text="b@x"))
    await at.ended(again)
    assert ["a@x.example", "b@x.example"] == at.arrived()


async def test_recipients_are_listed_by_state_and_reason_in_pages(at: Mailroom) -> None:
    """Who was left out and why, page by page, each once."""
    await at.people(*[f"p{n}@x.example" for n in range(5)])
    await at.people(*[f"no{n}@x.example" for n in range(7)], basis=LegalBasis.WITHDRAWN)
    send_id = await at.started()
    await at.ended(send_id)
    wanted = Wanted(frozenset({RecipientState.LEFT_OUT}), Reason.WITHDRAWN, limit=3)
    found, after = [], ""
    while True:
        page = await sends.recipients(at.app, at.admin, send_id, wanted, after=after)
        found += [one.email for one in page.items]
        assert {"Withdrawn: this person said no, here or in Dynamics."} == {one.why for one in page.items}
        if not (after := page.next):
            break
    assert [f"no{n}@x.example" for n in range(7)] == sorted(found)
    with pytest.raises(Invalid, match="no cursor"):
        await sends.recipients(at.app, at.admin, send_id, after="x")


async def test_sends_are_listed_the_newest_first(at: Mailroom) -> None:
    """In pages, with their counts."""
    made = [(await sends.create(at.app, at.admin, replace(DRAFT, name=f"n{n}"))).send_id for n in range(5)]
    first = await sends.sends(at.app, at.admin, limit=3)
    rest = await sends.sends(at.app, at.admin, after=first.next, limit=3)
    assert made[::-1] == [view.send_id for view in first.items + rest.items]
    assert "" == rest.next


CALLS: dict[str, tuple[Right, Callable[..., Awaitable[object]]]] = {
    "sends": (Right.READ, lambda app, who, number: sends.sends(app, who)),
    "read": (Right.READ, sends.read),
    "result": (Right.READ, sends.result),
    "recipients": (Right.READ, sends.recipients),
    "create": (Right.SEND, lambda app, who, number: sends.create(app, who, DRAFT)),
    "edit": (Right.SEND, lambda app, who, number: sends.edit(app, who, number, DRAFT)),
    "preview": (Right.SEND, sends.preview),
    "start": (Right.SEND, lambda app, who, number: sends.start(app, who, number, "")),
    "stop": (Right.SEND, sends.stop),
    "discard": (Right.SEND, sends.discard),
}


async def test_a_draft_changed_while_it_is_started_is_not_sent(
    at: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was looked through and whom it goes to belong together: neither old readers nor unread text."""
    (few, _) = await at.people("few@x.example", "many@x.example")
    made = await sends.create(
        at.app, at.admin, replace(DRAFT, audience=Audience(contact_ids=frozenset({few})))
    )

    async def meanwhile(*given: Any) -> Any:
        content = await checked(*given)
        monkeypatch.undo()
        await sends.edit(at.app, at.admin, made.send_id, DRAFT)
        return content

    monkeypatch.setattr("assent.services.sends.checked", meanwhile)
    with pytest.raises(Conflict, match="changed"):
        await sends.start(at.app, at.admin, made.send_id, made.revision)
    assert SendState.DRAFT is (await sends.read(at.app, at.admin, made.send_id)).state


@pytest.mark.parametrize(
    "changed",
    [{"subject": "Other"}, {"body": "Other"}, {"category": EVENTS}, {"audience": Audience(text="bea")}],
)
async def test_only_the_draft_that_was_looked_at_is_started(at: Mailroom, changed: dict[str, Any]) -> None:
    """One looks at the preview, another edits, the first starts: what goes out is what was looked at (I7)."""
    await at.people("ada@x.example", "bea@x.example")
    made = await sends.create(at.app, at.admin, DRAFT)
    looked_at = (await sends.preview(at.app, at.admin, made.send_id)).revision
    edited = await sends.edit(at.app, at.admin, made.send_id, replace(DRAFT, **changed))
    with pytest.raises(Conflict, match="changed after you looked at it"):
        await sends.start(at.app, at.admin, made.send_id, looked_at)
    assert SendState.DRAFT is (await sends.read(at.app, at.admin, made.send_id)).state
    begun = await sends.start(at.app, at.admin, made.send_id, edited.revision)
    assert SendState.CHECKING is begun.state


@pytest.mark.parametrize("many", [0, 1, 2, 3, 4, 5])
async def test_a_preview_asks_about_everybody_once_in_pieces(
    at: Mailroom, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    """Memory does not grow with the audience: nobody is left out or counted twice where pieces meet."""
    monkeypatch.setattr("assent.services.gate.TOGETHER", 2)
    if many:
        await at.people(*(f"p{number}@x.example" for number in range(many)))
    made = await sends.create(at.app, at.admin, DRAFT)
    seen = await sends.preview(at.app, at.admin, made.send_id)
    assert (many, many) == (seen.matched, seen.may)


@pytest.mark.parametrize("name", CALLS)
async def test_every_call_asks_for_its_right_and_stays_in_its_account(at: Mailroom, name: str) -> None:
    """Roles without the right are refused; a send of another account does not exist."""
    right, call = CALLS[name]
    send_id = (await sends.create(at.app, at.admin, DRAFT)).send_id
    for role in set(Role) - RIGHTS[right]:
        with pytest.raises(NotAllowed):
            await call(at.app, caller(at.account_id, ADMIN, role), send_id)
    if name not in ("sends", "create"):
        stranger = operator(await account(at.app, "Brook Ltd"))
        for number in (send_id, 0, -1, 2**62, 2**70):
            with pytest.raises(Unknown):
                await call(at.app, stranger, number)
    assert SendState.DRAFT is (await sends.read(at.app, at.admin, send_id)).state
