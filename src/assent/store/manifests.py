"""The manifests of sends: written in parts once everybody was checked, signed, and named in the ledger."""

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import Connection, delete, func, select, update

from assent.errors import Unknown
from assent.ledger import entries as ledger
from assent.ledger.entries import Entry, Scalar, read_entry
from assent.ledger.manifest import (
    AskedOf,
    Header,
    Line,
    digest,
    header_bytes,
    holds,
    part_bytes,
    read_header,
    read_part,
    sign,
)
from assent.policy.sending import RecipientState, SendState, Step, may_happen
from assent.ports import SYSTEM
from assent.store import sends as stored
from assent.store.columns import microseconds
from assent.store.counters import lock_account
from assent.store.desk_schema import manifest_parts, manifests, recipients, sends
from assent.store.dialects import insert
from assent.store.journal import Journal
from assent.store.marks import Marks
from assent.store.recipients import of_send
from assent.store.schema import ledger_entries

#: Recipients to a part.
PART = 5_000

MAY, LEFT_OUT, WAITING = "may", "left_out", "waiting"
_OUTCOMES = {RecipientState.CHECKED: MAY, RecipientState.LEFT_OUT: LEFT_OUT}
_ASKED = msgspec.json.Decoder(list[AskedOf])

NONE_YET = "This send has no manifest: it is written once everybody was checked."


@dataclass(frozen=True, slots=True)
class Manifest:
    """A closed manifest without its lines."""

    header: Header
    digest: bytes
    signature: bytes


def note_asked(connection: Connection, account_id: int, send_id: int, asked: Sequence[AskedOf]) -> None:
    """Remember how connections were asked for a send; of several times the earliest counts."""
    theirs = (sends.c.account_id == account_id, sends.c.send_id == send_id)
    before = connection.execute(select(sends.c.asked).where(*theirs)).scalar_one()
    found = {one.connection: one for one in _ASKED.decode(before)}
    for one in asked:
        known = found.get(one.connection)
        if known is None or one.since < known.since:
            found[one.connection] = one
    kept = msgspec.json.encode([found[key] for key in sorted(found)]).decode()
    if kept != before:
        connection.execute(update(sends).where(*theirs).values(asked=kept))


def begin(connection: Connection, account_id: int, send_id: int) -> None:
    """Begin to write anew, whatever an earlier attempt left; what was closed stays."""
    if _open(connection, account_id, send_id):
        p = manifest_parts.c
        connection.execute(delete(manifest_parts).where(p.account_id == account_id, p.send_id == send_id))


def write_part(
    connection: Connection, account_id: int, send_id: int, number: int, after: UUID | None
) -> UUID | None:
    """Write what was decided about the next recipients; gives the last of them, or None where all are.

    Two who do this at the same time write the same.
    """
    if not _open(connection, account_id, send_id):
        return None
    lines = _lines(connection, account_id, send_id, after)
    if not lines:
        return None
    values = {"account_id": account_id, "send_id": send_id, "part": number, "lines": part_bytes(lines)}
    statement = insert(manifest_parts).values(values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "send_id", "part"], set_={"lines": statement.excluded.lines}
        )
    )
    return lines[-1].contact_id


def _open(connection: Connection, account_id: int, send_id: int) -> bool:
    """Whether a send is being checked for the first time; it stays so until the transaction ends."""
    lock_account(connection, account_id)
    checking = stored.read(connection, account_id, send_id).state is SendState.CHECKING
    return checking and not _closed(connection, account_id, send_id)


def _closed(connection: Connection, account_id: int, send_id: int) -> bool:
    """Whether there is a manifest: of a send that was paused, that of its first check stays."""
    m = manifests.c
    found = select(m.send_id).where(m.account_id == account_id, m.send_id == send_id)
    return connection.execute(found).first() is not None


@dataclass(frozen=True, slots=True)
class Closing:
    """Closes a manifest: sums, digest, signature, its entry in the ledger; the send goes on to be sent."""

    journal: Journal
    marks: Marks
    now: datetime

    def run(self, connection: Connection, account_id: int, send_id: int) -> bool:
        """Do it, unless the send was stopped or somebody else wrote at the same time; tells whether."""
        lock_account(connection, account_id)
        if _closed(connection, account_id, send_id):
            return self._go_on(connection, account_id, send_id)
        send = stored.read(connection, account_id, send_id)
        header = self._header(connection, account_id, send)
        everybody = select(func.count()).where(*of_send(account_id, send_id))
        if connection.execute(everybody).scalar_one() != header.lines:
            return False
        if not self._go_on(connection, account_id, send_id):
            return False
        written = header_bytes(header)
        digested = digest(written, _parts(connection, account_id, send_id))
        values = {
            "account_id": account_id,
            "send_id": send_id,
            "header": written,
            "digest": digested,
            "signature": sign(signing_key(connection, account_id, self.marks), digested),
        }
        connection.execute(manifests.insert(), [values])
        said: dict[str, Scalar] = {"send": send_id, "digest": digested.hex(), **header.outcomes}
        self.journal.append(
            connection,
            account_id,
            [Entry(ledger.CHECKED, SYSTEM.kind.value, SYSTEM.ident, new=said, rule="G4")],
        )
        return True

    def _go_on(self, connection: Connection, account_id: int, send_id: int) -> bool:
        states = may_happen(Step.CHECKED)
        return stored.move(connection, account_id, send_id, states, state=SendState.SENDING)

    def _header(self, connection: Connection, account_id: int, send: stored.StoredSend) -> Header:
        asked = connection.execute(
            select(sends.c.asked).where(sends.c.account_id == account_id, sends.c.send_id == send.send_id)
        ).scalar_one()
        outcomes, reasons = Counter[str](), Counter[str]()
        for written in _parts(connection, account_id, send.send_id):
            lines = read_part(written)
            outcomes.update(line.outcome for line in lines)
            reasons.update(line.reason for line in lines if line.outcome != MAY)
        return Header(
            account=account_id,
            send=send.send_id,
            revision=send.draft.revision,
            category=send.draft.category,
            transactional=send.draft.transactional,
            checked_at=microseconds(self.now),
            asked=tuple(_ASKED.decode(asked)),
            lines=outcomes.total(),
            outcomes=dict(sorted(outcomes.items())),
            reasons=dict(sorted(reasons.items())),
        )


def signing_key(connection: Connection, account_id: int, marks: Marks) -> bytes:
    """The account's own key for manifests; it stays when the installation's key is rotated."""
    return hmac.digest(marks.key(connection, account_id), b"manifest", hashlib.sha256)


def read(connection: Connection, account_id: int, send_id: int) -> Manifest:
    """A manifest without its lines; raises Unknown where there is none."""
    send = stored.read(connection, account_id, send_id)
    m = manifests.c
    found = connection.execute(
        select(m.header, m.digest, m.signature).where(m.account_id == account_id, m.send_id == send.send_id)
    ).first()
    if found is None:
        raise Unknown(NONE_YET)
    return Manifest(read_header(bytes(found[0])), bytes(found[1]), bytes(found[2]))


def part(connection: Connection, account_id: int, send_id: int, number: int) -> list[Line]:
    """The lines of one part, the first being 0; empty behind the last."""
    p = manifest_parts.c
    statement = select(p.lines).where(p.account_id == account_id, p.send_id == send_id, p.part == number)
    found = connection.execute(statement).scalar_one_or_none()
    return [] if found is None else read_part(bytes(found))


def altered(connection: Connection, account_id: int, marks: Marks) -> tuple[int, list[int]]:
    """How many manifests the ledger knows of, and the sends whose manifest is not as it was written."""
    key = signing_key(connection, account_id, marks)
    known = _known(connection, account_id)
    bad = [send for send, told in known.items() if not _intact(connection, account_id, send, told, key)]
    m = manifests.c
    present = connection.execute(select(m.send_id).where(m.account_id == account_id)).scalars()
    return len(known), sorted({*bad, *(send for send in present if send not in known)})


def _known(connection: Connection, account_id: int) -> Mapping[int, str]:
    """The digest of every manifest by the ledger's word."""
    e = ledger_entries.c
    statement = select(e.plain).where(e.account_id == account_id, e.contact_id.is_(None))
    found = {}
    for plain in connection.execute(statement).scalars():
        entry = read_entry(bytes(plain))
        if entry.kind == ledger.CHECKED:
            found[int(entry.new["send"] or 0)] = str(entry.new["digest"])
    return found


def _intact(connection: Connection, account_id: int, send_id: int, told: str, key: bytes) -> bool:
    m = manifests.c
    found = connection.execute(
        select(m.header, m.digest, m.signature).where(m.account_id == account_id, m.send_id == send_id)
    ).first()
    if found is None:
        return False
    header, kept, signature = map(bytes, found)
    digested = digest(header, _parts(connection, account_id, send_id))
    return kept == digested and digested.hex() == told and holds(key, digested, signature)


def _parts(connection: Connection, account_id: int, send_id: int) -> Iterator[bytes]:
    p = manifest_parts.c
    theirs = (p.account_id == account_id, p.send_id == send_id)
    for number in connection.execute(select(p.part).where(*theirs).order_by(p.part)).scalars().all():
        yield bytes(connection.execute(select(p.lines).where(*theirs, p.part == number)).scalar_one())


def _lines(connection: Connection, account_id: int, send_id: int, after: UUID | None) -> list[Line]:
    c = recipients.c
    statement = (
        select(c.contact_id, c.state, c.reason, c.detail, c.checked_at)
        .where(*of_send(account_id, send_id))
        .order_by(c.contact_id)
        .limit(PART)
    )
    if after is not None:
        statement = statement.where(c.contact_id > after)
    return [
        Line(
            contact_id,
            _OUTCOMES.get(RecipientState(state), WAITING),
            reason,
            detail,
            None if at is None else microseconds(at),
        )
        for contact_id, state, reason, detail, at in connection.execute(statement)
    ]
