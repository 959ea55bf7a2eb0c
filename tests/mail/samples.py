"""A letter that is right, and the settings of a mailer for a sink, to be varied by tests."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from assent.mail.compose import Letter
from assent.mail.opening import SmtpSettings
from assent.mail.sink import Sink

LETTER = Letter(
    sender_name="Acme News",
    sender_email="news@acme.example",
    reply_to="desk@acme.example",
    recipient_email="anna@example.com",
    recipient_name="Anna Lind",
    subject="Spring",
    text="Hello Anna\n",
    html="<p>Hello Anna</p>\n",
    unsubscribe_url="https://acme.example/u/token",
    preferences_url="https://acme.example/p/token",
    list_id="newsletters.acme.example",
    message_id="<1@acme.example>",
    date=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
)


def letter(**changes: Any) -> Letter:
    """The letter with some of its fields changed."""
    return replace(LETTER, **changes)


def settings(sink: Sink, **changes: Any) -> SmtpSettings:
    """How to reach a sink, in the open and impatiently."""
    fast = SmtpSettings(
        "127.0.0.1", sink.port, "none", connections=2, timeout_s=2.0, last_answer_timeout_s=0.3
    )
    return replace(fast, **changes)
