"""What somebody writes and for whom, checked before it is stored and again before it is sent."""

from dataclasses import dataclass

import msgspec

from assent.errors import Invalid
from assent.mail.template import Template
from assent.policy.audience import EVERYBODY, Audience, read_audience
from assent.policy.gate import Message
from assent.services.application import Application
from assent.store.categories import Category
from assent.store.sends import StoredDraft

NAME_LIMIT = 200
SUBJECT_LIMIT = 400


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody writes: the mail, its category's bit or 0, and for whom it is.

    Texts may name {{ first_name }}, {{ last_name }}, {{ email }}, {{ category }}, {{ preferences_url }} and
    {{ unsubscribe_url }}. Transactional mail is no marketing: only suppressed addresses are left out (G3).
    """

    name: str
    subject: str
    body: str
    html: str = ""
    category: int = 0
    transactional: bool = False
    audience: Audience = EVERYBODY

    @property
    def message(self) -> Message:
        """What the gate is asked about."""
        return Message(self.category, self.transactional)


def plain_audience(audience: Audience) -> str:
    """An audience as it is stored."""
    return msgspec.json.encode(audience.plain()).decode()


def draft_of(content: StoredDraft) -> Draft:
    """What was stored, as it was written."""
    return Draft(
        content.name,
        content.subject,
        content.body,
        content.html,
        content.category,
        content.transactional,
        read_audience(msgspec.json.decode(content.audience)),
    )


async def checked(app: Application, account_id: int, draft: Draft) -> StoredDraft:
    """Check a draft and give what is stored of it; raises Invalid, naming what is wrong."""
    name, subject = draft.name.strip(), draft.subject.strip()
    if not name or len(name) > NAME_LIMIT:
        raise Invalid(f"A send needs a name of at most {NAME_LIMIT} characters.")
    if not subject or len(subject) > SUBJECT_LIMIT or "\n" in subject or "\r" in subject:
        raise Invalid(f"A send needs a subject: one line of at most {SUBJECT_LIMIT} characters.")
    if "\0" in name + subject + draft.body + draft.html:
        raise Invalid("There is a character in the mail that no text has (NUL). Remove it.")
    Template.compile(subject, draft.body, draft.html or None).check()
    await check_category(app, account_id, draft)
    audience = plain_audience(draft.audience)
    return StoredDraft(name, subject, draft.body, draft.html, draft.category, draft.transactional, audience)


async def check_category(app: Application, account_id: int, draft: Draft) -> None:
    """Raise Invalid unless the draft names no category, or one that is in use."""
    if not draft.category:
        return
    known = await categories_of(app, account_id)
    found = known.get(draft.category)
    if found is None:
        raise Invalid("This account has no such category. Choose one of its categories, or none.")
    if not found.active:
        raise Invalid(
            f"The category “{found.name}” is archived: nobody can say yes or no to it. "
            "Choose another one, or restore it first."
        )


async def categories_of(app: Application, account_id: int) -> dict[int, Category]:
    """The account's categories by bit, archived ones too."""
    return {category.bit: category for category in await app.store.accounts.categories(account_id)}
