"""Answers questions about contacts: the act it comes to and the end of the question, in one transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from assent.errors import Conflict, Unknown
from assent.policy.permission import LegalBasis
from assent.policy.plan import Request
from assent.policy.sides import PERMISSION, Contact
from assent.ports import Act
from assent.store.acts import Acting
from assent.store.contact_rows import acts_of, contacts_at
from assent.store.counters import lock_account
from assent.store.questions import Question, close
from assent.store.schema import requests


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
        up: whoever answers was asked about an older refusal (P2).
        """
        lock_account(connection, account_id)
        if act is not None:
            _not_refused_since(connection, account_id, question(connection, account_id, request_id), act)
        close(connection, account_id, request_id, self.now)
        if act is not None:
            self.acting.run(connection, account_id, [act])


def _not_refused_since(connection: Connection, account_id: int, asked: Question, act: Act) -> None:
    contact = contacts_at(connection, account_id, [act.contact_id]).get(act.contact_id)
    acted = acts_of(connection, account_id, [act.contact_id]).get(act.contact_id, {})
    if contact is not None and any(
        at > asked.opened_at for field, at in acted.items() if _lifts(act, contact, field)
    ):
        raise Conflict(
            "Somebody refused after this question came up, so a grant is no answer to it any more. Let the "
            "refusal stand. Where the person has agreed since, say so on the contact's page, with evidence."
        )


def _lifts(act: Act, contact: Contact, field: int) -> bool:
    """Whether an act turns a refusal that stands on a field into a permission."""
    if field == PERMISSION:
        return act.basis is not None and contact.basis is LegalBasis.WITHDRAWN
    return bool(act.value & field and not contact.value & field)
