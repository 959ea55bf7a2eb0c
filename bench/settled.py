"""An account as a long-running sync leaves it: every contact linked, both sides agreed, nothing pending."""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
from sqlalchemy import Connection, update

from assent.app.application import open_application
from assent.app.system import RandomIds
from assent.demo.stage import CATEGORIES, connection_to
from assent.policy.address import normalise
from assent.policy.identity import Origin
from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.plan import settle
from assent.policy.sides import CATEGORIES as EVERY
from assent.policy.sides import Contact, Link, LinkKey, Row
from assent.services import categories
from assent.services.access import operator
from assent.services.application import Application
from assent.services.settings import Settings
from assent.store.link_rows import base_values, sighting_values
from assent.store.schema import accounts, contacts, links

#: Of a hundred generated rows so many bear an address of their own.
OWN_ADDRESS = 0.92
CHANGED = 0.01


def settings_for(data: Path) -> Settings:
    """The settings of the account's process."""
    return Settings(data=data, allow_other_hosts=True)


class Crowd:
    """Turns rows into contacts that agree with them; rows that contradict an earlier one stay strangers."""

    def __init__(self, app: Application, account_id: int, connection_id: int, wanted: int) -> None:
        self.ids, self.chance = RandomIds(), Random(1)  # noqa: S311 - a crowd, not a secret
        self.app, self.wanted = app, wanted
        self.account_id, self.connection_id = account_id, connection_id
        self.taken: set[str] = set()
        self.allowing: list[str] = []
        self.refusing: list[str] = []

    def store(self, connection: Connection, rows: Iterable[Row]) -> None:
        """Store the contacts and links of a page."""
        now = self.app.clock.now()
        new_contacts: list[dict[str, Any]] = []
        new_links: list[dict[str, Any]] = []
        for row in rows:
            email = normalise(row.email)
            if email is None or email in self.taken or not row.active or len(self.taken) == self.wanted:
                continue
            self.taken.add(email)
            contact = self._contact(row, email)
            link = Link(LinkKey(self.connection_id, row.row_id), row)
            new_contacts.append(self._contact_values(contact, row) | {"updated_at": now, "created_at": now})
            new_links.append(
                {
                    "account_id": self.account_id,
                    "contact_id": contact.contact_id,
                    "connection_id": self.connection_id,
                    "row_id": row.row_id,
                    "read_at": now,
                    "read_revision": contact.revision,
                    **sighting_values(row),
                    **base_values(settle(contact, link, 0)),
                }
            )
        if new_contacts:
            connection.execute(contacts.insert(), new_contacts)
            connection.execute(links.insert(), new_links)

    def _contact(self, row: Row, email: str) -> Contact:
        refuses = row.toggle is BulkEmail.DO_NOT_ALLOW
        (self.refusing if refuses else self.allowing).append(str(row.row_id))
        basis = LegalBasis.WITHDRAWN if refuses else self.chance.choice(POSITIVE)
        return Contact(self.ids.new(), email, len(self.taken), basis, EVERY)

    def _contact_values(self, contact: Contact, row: Row) -> dict[str, Any]:
        return {
            "account_id": self.account_id,
            "contact_id": contact.contact_id,
            "email": contact.email,
            "revision": contact.revision,
            "basis": contact.basis,
            "value": contact.value,
            "last_positive": None,
            "refused_personally": False,
            "hold": None,
            "synced": 0,
            "shown_email": contact.email,
            "addressed": contact.revision,
            "first_name": row.first_name,
            "last_name": row.last_name,
            "named": "",
            "origin": Origin.PERSON.value,
        }


POSITIVE = [basis for basis in LegalBasis if basis.positive]


async def settle_account(data: Path, url: str, wanted: int) -> dict[str, int]:
    """Make the account, fill the organisation, and then let 1 % of its rows change."""
    async with open_application(settings_for(data), worker=False) as app:
        account_id = await app.store.accounts.create("Fjord & Co")
        for name, description in CATEGORIES:
            await categories.create(app, operator(account_id), name, description)
        connection_id = (await app.connect(account_id, connection_to(url))).connection_id
        nowhere = "http://127.0.0.1:9"
        await app.set_up(
            account_id, connection_id, public_url=nowhere, progress=lambda *_: None, approve=True
        )
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
            rows = round(wanted / OWN_ADDRESS / 0.95) + 10
            await _told(session.put(f"{url}/emulator/webhooks", json={"enabled": False}))
            await _told(session.post(f"{url}/emulator/contacts", json={"count": rows, "seed": 7}))
            crowd = Crowd(app, account_id, connection_id, wanted)
            await _meet(app, crowd)
            changed = await _change(session, url, crowd, round(wanted * CHANGED))
        return {"account": account_id, "rows": rows, "contacts": len(crowd.taken), "changed": changed}


async def _meet(app: Application, crowd: Crowd) -> None:
    """Read the whole feed and store what it gives, with the token to go on from."""
    account_id, connection_id = crowd.account_id, crowd.connection_id
    run = await app.jobs.run(account_id)
    token: str | None = None
    async for page in run.crms[connection_id].changes(None):
        await app.store.database.write(lambda c, rows=page.rows: crowd.store(c, rows))  # type: ignore[misc]
        token = page.token
    await app.store.memory.move_token(account_id, connection_id, token)
    last = len(crowd.taken)
    raised = update(accounts).where(accounts.c.account_id == account_id).values(revision=last)
    await app.store.database.write(lambda c: c.execute(raised))
    await app.store.memory.hub_cursor(account_id, connection_id, last)


async def _change(session: aiohttp.ClientSession, url: str, crowd: Crowd, wanted: int) -> int:
    """Let reps edit: seven in ten now refuse, two say No to a category, one changes a name; few allow."""
    edits: list[dict[str, Any]] = []
    grants = wanted // 100
    kinds: tuple[dict[str, Any], ...] = (
        *[{"donotbulkemail": True}] * 7,
        *[{"asn_newsletters": False}] * 2,
        {"firstname": "Edited"},
    )
    step = max(1, len(crowd.allowing) // max(1, wanted))
    for number, row_id in enumerate(crowd.allowing[::step][: wanted - grants]):
        edits.append({"contactid": row_id, **kinds[number % len(kinds)]})
    edits += [{"contactid": row_id, "donotbulkemail": False} for row_id in crowd.refusing[:grants]]
    call = f"{url}/api/data/v9.2/contacts/Microsoft.Dynamics.CRM.UpdateMultiple"
    for start in range(0, len(edits), 1000):
        targets = [
            {"@odata.type": "Microsoft.Dynamics.CRM.contact", **edit} for edit in edits[start : start + 1000]
        ]
        await _told(
            session.post(call, json={"Targets": targets}, headers={"Authorization": "Bearer rep-anna"})
        )
    return len(edits)


async def _told(request: Any) -> None:
    async with request as answer:
        answer.raise_for_status()


def main() -> None:
    """Settle one account in a process of its own, so that what measures starts small."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("url")
    parser.add_argument("contacts", type=int)
    given = parser.parse_args()
    sys.stdout.write(json.dumps(asyncio.run(settle_account(given.data, given.url, given.contacts))) + "\n")


if __name__ == "__main__":
    main()
