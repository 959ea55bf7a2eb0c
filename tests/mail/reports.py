"""Reports as mail servers write them, about a mail of ours."""

BOUNCE = """\
From: MAILER-DAEMON@mx.example
To: {return_path}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
Arrival-Date: Mon, 4 May 2026 09:00:00 +0000

Final-Recipient: rfc822; {address}
Original-Recipient: rfc822;{address}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.far.example
Diagnostic-Code: smtp; {said}

--b
Content-Type: message/rfc822

{original}
--b--
"""

COMPLAINT = """\
From: <feedback@provider.example>
To: <complaints@meadow.example>
Subject: FW: May
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an email abuse report.

--b
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Rcpt-To: <{address}>

--b
Content-Type: message/rfc822

{original}
--b--
"""


def bounce(
    return_path: str,
    address: str = "gone@x.example",
    *,
    status: str = "5.1.1",
    said: str = "550 5.1.1 <gone@x.example>: user unknown",
    action: str = "failed",
    original: str = "Subject: May\n\nHello\n",
) -> bytes:
    """A delivery status notification (RFC 3464)."""
    filled = BOUNCE.format(
        return_path=return_path, address=address, status=status, said=said, action=action, original=original
    )
    return filled.replace("\n", "\r\n").encode()


def complaint(original: str, address: str = "gone@x.example", *, kind: str = "abuse") -> bytes:
    """An abuse report (RFC 5965)."""
    return COMPLAINT.format(original=original, address=address, kind=kind).encode()
