"""Previews a send: asks the gate about everybody it is for, and writes the mail for one of them."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from assent.errors import Invalid
from assent.mail.template import Rendered
from assent.policy.gate import Reason, Verdict
from assent.policy.sending import RecipientState
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.delivering import can_send
from assent.services.drafts import Draft, categories_of, check_category, draft_of
from assent.services.handing import NO_SERVER
from assent.services.letters import Sender, Writer, sender_of, writer
from assent.services.links import links
from assent.services.send_views import Preview, Recipient, recipient_of
from assent.store import recipients as listed
from assent.store import sends as stored
from assent.store.handing import NOBODY_IN_IT
from assent.store.recipients import ListedRecipient, Taken

#: How many people of each reason are shown.
SHOWN_OF_EACH = 5

#: Whoever the mail is shown to where the audience is empty.
NOBODY = Taken(UUID(int=0), "anna.lind@example.com", "Anna", "Lind", 0)


async def preview(app: Application, caller: Caller, send_id: int) -> Preview:
    """What a send would do now. Raises Unknown, and Invalid for a text that cannot be filled in."""
    caller.require(Right.SEND)
    account_id = caller.account_id
    send = await app.store.database.read(lambda c: stored.read(c, account_id, send_id))
    draft = draft_of(send.draft)
    asked = await _ask(app, account_id, draft)
    shown = [contact_id for ids in asked.examples.values() for contact_id in ids]
    people = await app.store.database.read(lambda c: listed.named(c, account_id, shown))
    example = next((people[key] for key in asked.examples[Reason.MAY] if key in people), None)
    written_to = example or next(iter(people.values()), NOBODY)
    letters = await _writer(app, account_id, send_id, draft)
    matched, now = asked.counts.total(), app.clock.now()
    return Preview(
        revision=send.draft.revision,
        matched=matched,
        may=asked.counts[Reason.MAY],
        left_out={reason: n for reason, n in asked.counts.most_common() if reason is not Reason.MAY},
        sample=tuple(_sample(people[key], asked.verdicts[key], now) for key in shown if key in people),
        mail=letters.rendered(_without_links(written_to)),
        mail_to=written_to.email,
        obstacles=await _obstacles(app, account_id, draft, matched),
        unreachable=asked.unreachable,
    )


async def rendered(
    app: Application, caller: Caller, send_id: int, contact_id: UUID | None = None
) -> Rendered:
    """The mail of a send as a contact, or somebody, would get it; the gate is not asked. Raises Unknown."""
    caller.require(Right.READ)
    account_id, shown = caller.account_id, [contact_id] if contact_id else []
    send = await app.store.database.read(lambda c: stored.read(c, account_id, send_id))
    people = await app.store.database.read(lambda c: listed.named(c, account_id, shown))
    letters = await _writer(app, account_id, send_id, draft_of(send.draft))
    return letters.rendered(_without_links(next(iter(people.values()), NOBODY)))


def _without_links(person: Taken) -> Taken:
    """Somebody of that name: whoever follows a person's own links speaks for the person."""
    return replace(person, contact_id=NOBODY.contact_id)


class _Asked:
    """What the gate said: counts by reason, and a few people of each."""

    def __init__(self) -> None:
        self.counts: Counter[Reason] = Counter()
        self.examples: defaultdict[Reason, list[UUID]] = defaultdict(list)
        self.verdicts: dict[UUID, Verdict] = {}
        self.unreachable = False

    def add(self, contact_id: UUID, verdict: Verdict) -> None:
        self.counts[verdict.reason] += 1
        if len(self.examples[verdict.reason]) < SHOWN_OF_EACH:
            self.examples[verdict.reason].append(contact_id)
            self.verdicts[contact_id] = verdict


async def _ask(app: Application, account_id: int, draft: Draft) -> _Asked:
    asked = _Asked()
    checked = await app.begin_check(account_id, draft.audience, draft.message)
    asked.unreachable = bool(checked.proof.unreachable)
    async for judged in checked.verdicts():
        for one in judged:
            asked.add(one.contact_id, one.verdict)
    return asked


def _sample(person: Taken, verdict: Verdict, now: datetime) -> Recipient:
    state = RecipientState.CHECKED if verdict.may else RecipientState.LEFT_OUT
    names = (person.first_name, person.last_name)
    return recipient_of(
        ListedRecipient(person.contact_id, person.email, *names, state, verdict.reason, verdict.detail, now)
    )


async def _writer(app: Application, account_id: int, send_id: int, draft: Draft) -> Writer:
    """The send's letters, from whoever will write them; the account, while no sender is set."""
    known = await categories_of(app, account_id)
    category = known[draft.category].name if draft.category in known else ""
    name = dict(await app.store.accounts.all())[account_id]
    mail_from = app.settings.mail_from
    sender = sender_of(mail_from, name) if mail_from else Sender(name, "nobody@example.com")
    return writer(send_id, draft, category, sender, await links(app, account_id))


async def _obstacles(app: Application, account_id: int, draft: Draft, matched: int) -> tuple[str, ...]:
    """What keeps it from being started, in words."""
    found = [] if can_send(app.settings) else [NO_SERVER]
    if not matched:
        found.append(NOBODY_IN_IT)
    try:
        await check_category(app, account_id, draft)
    except Invalid as error:
        found.append(str(error))
    return tuple(found)
