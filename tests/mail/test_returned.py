"""Reports are told from other mail, and hard bounces from those that say nothing about the address."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.mail.returned import LARGEST, read_report
from assent.policy.returning import Return

from .reports import bounce, complaint

PATH = "bounces+abc@meadow.example"


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        ("5.1.1", "550 5.1.1 user unknown", Return.HARD),
        ("5.1.10", "550 5.1.10 null MX", Return.HARD),
        ("5.2.1", "550 5.2.1 disabled", Return.HARD),
        ("5.0.0", "550 No such user here", Return.HARD),
        ("5.2.2", "552 5.2.2 mailbox full", Return.SOFT),
        ("5.7.1", "554 5.7.1 looks like spam", Return.SOFT),
        ("4.4.7", "450 4.4.7 delivery time expired", Return.SOFT),
    ],
)
def test_only_a_mailbox_that_does_not_exist_is_a_hard_bounce(status: str, said: str, kind: Return) -> None:
    """G3: a full mailbox, a policy or a time that ran out says nothing about the address."""
    found = read_report(bounce(PATH, status=status, said=said))
    assert found is not None
    assert (kind, ("gone@x.example",)) == (found.kind, found.addresses)
    assert PATH in found.envelopes
    assert "@" not in found.detail


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_a_notice_of_delay_or_success_is_no_bounce(action: str) -> None:
    """The mail may still arrive, or has."""
    assert None is read_report(bounce(PATH, action=action, status="4.4.1"))


def test_a_complaint_names_the_mail_by_its_own_links() -> None:
    """RFC 5965: providers blacken addresses, the head of the mail they got stays."""
    original = (
        "Return-Path: <bounces+abc@m.example>\nList-Unsubscribe: <https://m.example/u/token>\n\nHello\n"
    )
    found = read_report(complaint(original))
    assert found is not None
    assert (Return.COMPLAINT, ("https://m.example/u/token",)) == (found.kind, found.links)
    assert "bounces+abc@m.example" in found.envelopes


def test_a_report_that_it_is_no_spam_is_no_complaint() -> None:
    """Some providers tell that, too."""
    assert None is read_report(complaint("Subject: May\n\nHello\n", kind="not-spam"))


def test_an_answer_and_an_absence_notice_are_no_reports() -> None:
    """Whatever people and their programs write to the return address is passed over."""
    mail = EmailMessage()
    mail["Subject"], mail["To"] = "Out of office", PATH
    mail.set_content("550 5.1.1 user unknown, no such mailbox")
    assert None is read_report(mail.as_bytes())
    assert None is read_report(b"x" * (LARGEST + 1))


@given(st.binary(max_size=400), st.integers(0, 1500))
def test_no_rubbish_breaks_the_reading(rubbish: bytes, at: int) -> None:
    """Anybody can write to the return address: torn, mixed or nested, it is read or passed over."""
    whole = bounce(PATH)
    read_report(rubbish)
    read_report(whole[:at] + rubbish + whole[at:])
    read_report(whole[:at])
    read_report(
        b'Content-Type: multipart/report; boundary="b"\n\n' + b"--b\nContent-Type: message/rfc822\n\n" * 90
    )
