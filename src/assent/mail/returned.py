"""Reads what mail servers and mailbox providers send back: DSN (RFC 3464) and ARF (RFC 5965)."""

import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser

from assent.mail.outcome import anonymous
from assent.policy.address import normalise
from assent.policy.returning import Return, nobody_there

#: Reports repeat the mail they are about; what is larger is none.
LARGEST = 2_000_000

_ENVELOPE = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "Return-Path")
_ABUSE = frozenset({"abuse", "fraud", "other", "opt-out", "opt-out-list", "virus"})


@dataclass(frozen=True, slots=True)
class Returned:
    """One report: how a mail came back, whom it was for, and what says which mail it was.

    `addresses` are those the report names as recipients, normalised. `envelopes` are addresses that may
    be a signed return address of ours, `links` the addresses in the mail's List-Unsubscribe. Whoever
    wrote the report may have made all of it up. `detail` holds no address.
    """

    kind: Return
    addresses: tuple[str, ...]
    envelopes: tuple[str, ...]
    links: tuple[str, ...]
    detail: str


def read_report(raw: bytes) -> Returned | None:
    """Read a report; None for any other mail: an answer, a notice of delay, a report that all went well."""
    if len(raw) > LARGEST:
        return None
    try:
        message = email.message_from_bytes(raw, policy=email.policy.compat32)
        if message.get_content_type() != "multipart/report":
            return None
        parts = list(message.walk())
        found = _complaint(parts) or _bounce(parts)
        if found is None:
            return None
        kind, addresses, detail = found
        original = _original(parts)
    except (RecursionError, LookupError, ValueError, TypeError, AttributeError):
        return None  # broken beyond what the standard library reads
    near = [value for name in _ENVELOPE for one in (message, original) for value in _all(one, name)]
    near += [value for part in parts for value in _all(part, "Original-Mail-From")]
    return Returned(
        kind,
        tuple(dict.fromkeys(filter(None, map(normalise, addresses)))),
        tuple(dict.fromkeys(near)),
        tuple(_links(original)),
        anonymous(detail),
    )


def _bounce(parts: list[Message]) -> tuple[Return, list[str], str] | None:
    """The recipients whose mail failed for good; it is hard as soon as one server says nobody is there."""
    failed = [
        block
        for part in parts
        if part.get_content_type() == "message/delivery-status"
        for block in _blocks(part)
        if _word(block, "Action") == "failed"
    ]
    if not failed:
        return None
    told = " ".join(
        f"{_text(block, 'Status')} {_typed(_text(block, 'Diagnostic-Code'))}".strip() for block in failed
    )
    named = [
        _typed(value)
        for block in failed
        for name in ("Original-Recipient", "Final-Recipient")
        for value in _all(block, name)
    ]
    statuses = " ".join(_text(block, "Status") for block in failed)
    hard = nobody_there(statuses) or nobody_there(told)
    return Return.HARD if hard else Return.SOFT, named, told


def _complaint(parts: list[Message]) -> tuple[Return, list[str], str] | None:
    for part in parts:
        if part.get_content_type() == "message/feedback-report":
            for block in _blocks(part):
                kind = _word(block, "Feedback-Type")
                if kind in _ABUSE:
                    named = _all(block, "Original-Rcpt-To") + _all(block, "Removal-Recipient")
                    return Return.COMPLAINT, named, f"feedback report: {kind}"
    return None


def _original(parts: list[Message]) -> Message | None:
    """The head of the mail the report is about."""
    for part in parts:
        if part.get_content_type() == "message/rfc822" and part.is_multipart():
            return next(_blocks(part))
        if part.get_content_type() == "text/rfc822-headers":
            return HeaderParser().parsestr(str(part.get_payload()))
    return None


def _blocks(part: Message) -> Iterator[Message]:
    payload = part.get_payload()
    yield from (block for block in payload if isinstance(block, Message)) if isinstance(payload, list) else ()


def _links(original: Message | None) -> Iterator[str]:
    for value in _all(original, "List-Unsubscribe"):
        for piece in value.split(","):
            if piece.strip("<>").startswith("http"):
                yield piece.strip("<>")


def _all(message: Message | None, name: str) -> list[str]:
    if message is None:
        return []
    return ["".join(str(value).split()).strip("<>") for value in message.get_all(name, [])]


def _text(message: Message, name: str) -> str:
    return " ".join(str(message.get(name, "")).split())


def _word(message: Message, name: str) -> str:
    return next(iter(_text(message, name).lower().split()), "")


def _typed(value: str) -> str:
    """Without the type in front: `rfc822; a@x.example`, `smtp; 550 no such user`."""
    return value.partition(";")[2].strip() if ";" in value else value
