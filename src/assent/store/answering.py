"""Answers questions about contacts: the act it comes to and the end of the question, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, select

from assent.errors import Conflict, Unknown
from assent.ledger.entries import Entry, read_entry
from assent.policy.permission import LegalBasis
from assent.policy.plan import Request
from assent.policy.sides import CATEGORIES, PERMISSION, Contact
from assent.ports import Act
from assent.store.acts import Acting
from assent.store.columns import microseconds
from assent.store.contact_rows import acts_of, contacts_at
from assent.store.counters import lock_account
from assent.store.link_rows import links_of
from assent.store.questions import Question, close
from assent.store.schema import connections, ledger_entries, ledger_links, requests


def question(connection: Connection, account_id: int, request_id: int) -> Question:
    """Read an open question; raises Unknown for one that is not open."""
    t = requests.c
    row = connection.execute(
        select(t.contact_id, t.kind, t.opened_at).where(
            t.account_id == account_id, t.request_id == request_id, t.closed_at.is_(None)
        )
    ).first()
    if row is None:
        raise Unknown("this account has no such open question")
    return Question(request_id, row[0], Request(row[1]), row[2])


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers for one person."""

    acting: Acting
    now: datetime

    def run(self, connection: Connection, account_id: int, request_id: int, act: Act | None) -> None:
        """Act, where the answer is one, and close the question.

        Raises Unknown where it is not open, and Conflict for a grant where somebody refused since it came
        up, in the hub or in the CRM, or may have: whoever answers was asked about an older refusal (P2).
        """
        lock_account(connection, account_id)
        if act is not None:
            _not_refused_since(connection, account_id, question(connection, account_id, request_id), act)
        close(connection, account_id, request_id, self.now)
        if act is not None:
            self.acting.run(connection, account_id, [act])


_INSTEAD = (
    "so a grant is no answer to it any more. Let the refusal stand. Where the person has agreed since, say "
    "so on the contact's page, with evidence."
)


def _not_refused_since(connection: Connection, account_id: int, asked: Question, act: Act) -> None:
    contact = contacts_at(connection, account_id, [act.contact_id]).get(act.contact_id)
    lifted = 0 if contact is None else _lifted(act, contact)
    acted = acts_of(connection, account_id, [act.contact_id]).get(act.contact_id, {})
    if any(at > asked.opened_at for field, at in acted.items() if field & lifted) or any(
        _refused(entry) & lifted for entry in _entries_since(connection, account_id, asked)
    ):
        raise Conflict(f"Somebody refused after this question came up, {_INSTEAD}")
    if _changed_rows(connection, account_id, asked) & lifted:
        raise Conflict(
            "A row in Dynamics that refuses was changed after this question came up, and whoever changed it "
            f"may have refused anew, {_INSTEAD}"
        )


def _lifted(act: Act, contact: Contact) -> int:
    """The fields on which an act turns a refusal that stands into a permission."""
    permission = act.basis is not None and contact.basis is LegalBasis.WITHDRAWN
    return (act.value & ~contact.value) | (PERMISSION if permission else 0)


def _entries_since(connection: Connection, account_id: int, asked: Question) -> list[Entry]:
    """What was written down about the contact after the question came up."""
    t, links_at = ledger_entries.c, ledger_links.c
    joined = and_(links_at.account_id == t.account_id, links_at.seq == t.seq)
    statement = (
        select(t.plain)
        .select_from(ledger_entries.join(ledger_links, joined))
        .where(t.account_id == account_id, t.contact_id == asked.contact_id)
        .where(links_at.at > microseconds(asked.opened_at))
    )
    return [read_entry(plain) for plain in connection.execute(statement).scalars()]


def _refused(entry: Entry) -> int:
    """The fields an entry says the hub was brought to refuse."""
    value, basis = entry.new.get("value"), entry.new.get("basis")
    categories = entry.field & CATEGORIES & ~value if isinstance(value, int) else 0
    return categories | (PERMISSION if basis == LegalBasis.WITHDRAWN else 0)


def _changed_rows(connection: Connection, account_id: int, asked: Question) -> int:
    """The fields refused by rows which somebody but us changed since: maybe those fields (M3)."""
    c = connections.c
    statement = select(c.connection_id, c.user_id).where(c.account_id == account_id)
    found: Sequence[Any] = connection.execute(statement).all()
    ours: dict[int, UUID | None] = dict(found)
    refused = 0
    for key, link in links_of(connection, account_id, [asked.contact_id]).get(asked.contact_id, {}).items():
        row = link.row
        if row is None or row.modified_at is None or row.modified_at <= asked.opened_at:
            continue
        if row.modified_by is None or row.modified_by != ours.get(key.connection_id):
            refused |= row.refused
    return refused
