"""What must hold once everybody is still, judged from what people did, not from what the sync believes."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from .acting import Actors
from .people import FIELDS, PERMISSION, Sent, Somebody

SWEEP_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that arrived, and when."""

    recipient: str
    subject: str
    at: float


@dataclass(eq=False)
class Judge:
    """Reads both systems through their APIs, and says what is wrong."""

    actors: Actors
    connection_id: int
    mails: list[Mail] = field(default_factory=list)

    async def verdict(self) -> list[str]:
        """Sweep three times, then look at everything; a fourth sweep must find nothing to do."""
        for _ in range(3):
            await self._sweep()
        contacts, rows = await self._contacts(), await self.actors.dynamics.rows()
        found = [*self._people(contacts, rows), *self._doubled(contacts, rows)]
        counts = await self._sweep()
        if counts.get("written") or counts.get("changed") or counts.get("created"):
            found.append(f"P4 one more sweep found something to do: {counts}")
        if _versions(rows) != _versions(await self.actors.dynamics.rows()):
            found.append("P4 one more sweep wrote rows")
        if _revisions(contacts) != _revisions(await self._contacts()):
            found.append("P4 one more sweep changed contacts")
        found += await self._ledger(contacts)
        return found + list(self._sends())

    async def _sweep(self) -> dict[str, int]:
        """Ask for a sweep and wait for its end; gives what it did."""
        asked = datetime.now(UTC) - timedelta(seconds=0.1)
        async with asyncio.timeout(SWEEP_WITHIN_S):
            while (answer := await self.actors.call("POST", "/sweeps")).status == 409:
                await asyncio.sleep(0.5)  # the half hour's own is running
                asked = datetime.now(UTC) - timedelta(seconds=0.1)
        assert answer.status == 204, answer.text
        for _ in range(int(SWEEP_WITHIN_S / 0.2)):
            listed = await self.actors.call("GET", f"/connections/{self.connection_id}/sweeps?limit=5")
            for one in listed.data["items"]:
                began = datetime.fromisoformat(one["started_at"])
                if one["on_demand"] and one["finished_at"] and began >= asked:
                    await asyncio.sleep(1.1)  # sweeps asked for within one second are one
                    return dict(one["counts"])
            await asyncio.sleep(0.2)
        raise AssertionError("a sweep on demand did not end")

    async def _contacts(self) -> dict[str, dict[str, Any]]:
        """Every contact by its address, whole."""
        found: dict[str, dict[str, Any]] = {}
        for who in self.actors.crowd.people:
            answer = await self.actors.call("POST", "/contacts/find", {"email": who.email})
            if answer.done:
                found[who.email] = answer.data
        return found

    def _people(self, contacts: dict[str, dict[str, Any]], rows: list[dict[str, Any]]) -> Iterator[str]:
        by_email = {row["emailaddress1"]: row for row in rows}
        for who in self.actors.crowd.people:
            contact, row = contacts.get(who.email), by_email.get(who.email)
            if contact is None or row is None:
                if who.row_id or who.contact_id:
                    yield f"P4 {who.email} is only in {'Dynamics' if row else 'the hub'}"
                continue
            if row["contactid"] not in {link["row_id"] for link in contact["links"]}:
                yield f"P4 {who.email} is not linked"
            for what in FIELDS:
                hub, crm = _hub_says(contact, what), self._crm_says(row, what)
                if hub is not crm:
                    yield f"P4 {who.email} {what}: the hub says {hub}, Dynamics {crm}; {_story(who, what)}"
                for system, says in (("hub", hub), ("Dynamics", crm)):
                    if reason := wrong(who, what, says):
                        yield f"{reason}: {who.email} {what} in {system}; {_story(who, what)}"

    def _crm_says(self, row: dict[str, Any], what: str) -> bool:
        return row[self.actors.dynamics.columns[what]] is not (what == PERMISSION)

    def _doubled(self, contacts: dict[str, dict[str, Any]], rows: list[dict[str, Any]]) -> Iterator[str]:
        times = Counter(row["emailaddress1"] for row in rows)
        yield from (f"P6 {email} has {number} rows" for email, number in times.items() if number > 1)
        ids = Counter(contact["contact_id"] for contact in contacts.values())
        yield from (
            f"P6 {one} is found under {number} addresses" for one, number in ids.items() if number > 1
        )

    async def _ledger(self, contacts: dict[str, dict[str, Any]]) -> list[str]:
        """The chain verifies and replays; every act that was answered is in it once, others at most once."""
        verified = (await self.actors.call("GET", "/ledger/verification")).data
        found = [] if verified["holds"] else [f"P7 the chain is broken: {verified['broken']}"]
        for email, contact in contacts.items():
            told = (await self.actors.call("GET", f"/ledger/contacts/{contact['contact_id']}")).data
            said_no = sorted(one["name"] for one in contact["subscriptions"] if not one["subscribed"])
            replayed = (told["basis"], sorted(told["unsubscribed"]), told["hold"])
            if replayed != (contact["basis"], said_no, contact["hold"]):
                found.append(f"P7 {email} replays as {replayed}, not {(contact['basis'], said_no)}")
        return found + self._entries(await self._markers())

    async def _markers(self) -> Counter[str]:
        """How many entries bear each marker, as a source or as the machine a click came from."""
        exported = await self.actors.request(
            "GET", "/api/v1/ledger/export", headers={"authorization": f"Bearer {self.actors.key}"}
        )
        times: Counter[str] = Counter()
        for line in exported.text.splitlines():
            entries = json.loads(line)
            for entry in entries.get("entries", [entries]):
                personal = entry.get("personal") or {}
                times.update({personal.get("source", ""), personal.get("ip", "")} - {""})
        return times

    def _entries(self, times: Counter[str]) -> list[str]:
        found = []
        for who in self.actors.crowd.people:
            acts = [act for what in FIELDS for act in who.acts[what] if act.marker]
            wanted = [(act.marker, act.certain) for act in acts]
            wanted += [(who.born_in, who.contact_id is not None)] if who.born_in else []
            for marker, certain in wanted:
                if times[marker] > 1 or (certain and times[marker] == 0):
                    found.append(f"P7 {marker} by {who.email} is in the ledger {times[marker]} times")
        return found

    def _sends(self) -> Iterator[str]:
        """Nobody got a mail twice from one send, nobody who had refused before its check began got one."""
        people = {who.email: who for who in self.actors.crowd.people}
        sends = {sent.subject: sent for sent in self.actors.crowd.sends}
        arrived: dict[tuple[str, str], list[float]] = defaultdict(list)
        for mail in self.mails:
            arrived[mail.recipient, mail.subject].append(mail.at)
        for (recipient, subject), times in arrived.items():
            if len(times) > 1:
                yield f"P6 {recipient} got {subject!r} {len(times)} times"
            who, sent = people[recipient], sends[subject]
            yield from (
                f"P1 {recipient} got {subject!r} after a refusal of {what}; {_story(who, what)}"
                for what in _fields_of(sent)
                if who.refused_before(what, sent.asked, times[0])
            )


def _fields_of(sent: Sent) -> list[str]:
    return [PERMISSION] if sent.category is None else [PERMISSION, sent.category]


def _hub_says(contact: dict[str, Any], what: str) -> bool:
    if what == PERMISSION:
        return bool(contact["basis"] != "withdrawn")
    return bool(next(one["subscribed"] for one in contact["subscriptions"] if str(one["number"]) == what))


def wrong(who: Somebody, what: str, says_yes: bool) -> str:
    """Why an end cannot be right: the last word was a refusal, or nobody ever said what it says (P2, P3)."""
    acts, started_yes = who.acts[what], who.started_yes or what != PERMISSION
    if says_yes and who.latest(what) is False:
        return "P2 the last word was a refusal"
    if says_yes and not started_yes and not any(act.grant for act in acts):
        return "P3 nobody granted it"
    if not says_yes and started_yes and all(act.grant for act in acts):
        return "P3 nobody refused it"
    return ""


def _story(who: Somebody, what: str) -> str:
    told = [
        f"{act.side} {'yes' if act.grant else 'no'}{'' if act.certain else ' maybe'} at {act.sent:.2f}"
        for act in who.acts[what]
    ]
    return f"began with {'yes' if who.started_yes else 'no'}: {', '.join(told) or 'nobody said anything'}"


def _versions(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {row["contactid"]: row["versionnumber"] for row in rows}


def _revisions(contacts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {email: contact["revision"] for email, contact in contacts.items()}
