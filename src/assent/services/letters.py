"""Writes the mail of a send to one person: texts filled in, their own links, and a way out in every mail."""

import html
import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from urllib.parse import urlsplit
from uuid import UUID

from assent.errors import Invalid
from assent.mail.addresses import wire_address
from assent.mail.compose import Letter
from assent.mail.template import Compiled, Rendered, Template, Variables
from assent.services.drafts import Draft
from assent.services.links import Links, Ways
from assent.services.return_paths import ReturnPaths
from assent.store.recipients import Taken

_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: the address all mail comes from, and the name it goes by."""

    name: str
    email: str


def sender_of(mail_from: str, account_name: str) -> Sender:
    """Read the operator's setting, `Name <address>` or an address; the account's name stands in for none."""
    name, email = parseaddr(mail_from)
    if "@" not in email:
        raise Invalid("ASSENT_MAIL_FROM is no address; expected something like Meadow <news@example.com>.")
    return Sender(name or account_name, wire_address(email))


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the letters of one send; made once, as its texts are compiled once."""

    send_id: int
    draft: Draft
    compiled: Compiled
    category_name: str
    sender: Sender
    links: Links
    paths: ReturnPaths | None = None

    def return_path(self, to: Taken) -> str:
        """Where this mail comes back to; empty: to the sender."""
        return self.paths.path(to.contact_id, self.send_id, to.email) if self.paths else ""

    def rendered(self, to: Taken) -> Rendered:
        """The mail as its recipient reads it; raises Invalid, naming the part and the line."""
        return self._filled(to, self.links.ways(to.contact_id, self.send_id))

    def _filled(self, to: Taken, ways: Ways) -> Rendered:
        filled = self.compiled.render(
            Variables(
                first_name=to.first_name,
                last_name=to.last_name,
                email=to.email,
                preferences_url=ways.preferences_url,
                unsubscribe_url=ways.unsubscribe_url,
                category=self.category_name,
            )
        )
        return filled if self.draft.transactional else _with_way_out(filled, ways)

    def letter(self, to: Taken, now: datetime) -> Letter:
        """The letter to one recipient; raises Invalid like `rendered`."""
        ways, marketing = self.links.ways(to.contact_id, self.send_id), not self.draft.transactional
        filled = self._filled(to, ways)
        return Letter(
            sender_name=self.sender.name,
            sender_email=self.sender.email,
            reply_to=None,
            recipient_email=to.email,
            recipient_name=f"{to.first_name} {to.last_name}".strip(),
            subject=filled.subject,
            text=filled.text,
            html=filled.html,
            unsubscribe_url=ways.unsubscribe_url if marketing else None,
            preferences_url=ways.preferences_url if marketing else None,
            list_id=self._list_id() if marketing else None,
            message_id=self._message_id(to.contact_id),
            date=now,
        )

    def _list_id(self) -> str:
        """One list per category, one for mail without; mail programs sort and unsubscribe by it."""
        number = self.draft.category.bit_length()
        host = urlsplit(self.links.reached_at).hostname or "localhost"
        return f"{f'category-{number}' if number else 'all'}.account-{self.links.account_id}.{host}"

    def _message_id(self, contact_id: UUID) -> str:
        """The same for every attempt, so that mail programs show a doubled one once."""
        domain = self.sender.email.rpartition("@")[2]
        return f"{message_prefix(self.links.account_id)}{self.send_id}.{contact_id.hex}@{domain}>"


def message_prefix(account_id: int) -> str:
    """How the Message-ID of every mail of an account begins."""
    return f"<{account_id}."


def writer(send_id: int, draft: Draft, category_name: str, sender: Sender, links: Links) -> Writer:
    """Compile a draft; raises Invalid, naming the part and the line."""
    compiled = Template.compile(draft.subject, draft.body, draft.html or None)
    return Writer(send_id, draft, compiled, category_name, sender, links)


def _with_way_out(filled: Rendered, ways: Ways) -> Rendered:
    """Add the link to the person's own page to whatever part has none: no marketing mail goes without."""
    text, page, url = filled.text, filled.html, ways.preferences_url
    if not _has(text, ways):
        text = f"{text.rstrip()}\n\n-- \nStop this mail, or choose what you get: {url}\n"
    if page is not None and not _has(page, ways):
        notice = f'<p><a href="{html.escape(url)}">Stop this mail, or choose what you get</a></p>'
        ends = list(_BODY_END.finditer(page))
        place = ends[-1].start() if ends else len(page)
        page = page[:place] + notice + page[place:]
    return Rendered(filled.subject, text, page)


def _has(part: str, ways: Ways) -> bool:
    """Whether a part has one of the links; they have no letter that HTML writes differently."""
    return ways.preferences_url in part or ways.unsubscribe_url in part
