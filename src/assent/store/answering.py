"""Answers questions about contacts: the act it comes to and the end of the question, in one transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from assent.errors import Unknown
from assent.policy.plan import Request
from assent.ports import Act
from assent.store.acts import Acting
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
        """Act, where the answer is one, and close the question; raises Unknown where it is not open."""
        lock_account(connection, account_id)
        close(connection, account_id, request_id, self.now)
        if act is not None:
            self.acting.run(connection, account_id, [act])
