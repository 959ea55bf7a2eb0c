"""A sales rep at work in Dynamics: acts through the Web API as any other program would."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import aiohttp

ROWS = "contactid,emailaddress1,donotbulkemail,statecode,firstname,lastname"


class Rep:
    """Reads and edits contacts of the emulator under a rep's own name, never the sync's.

    What scenes look at again and again is read under another name: limits are per user.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str, name: str) -> None:
        self._session = session
        self._url = url
        odata = {"OData-MaxVersion": "4.0", "OData-Version": "4.0"}
        self._headers = {"Authorization": f"Bearer {name}", **odata}
        self._looking = {"Authorization": f"Bearer {name}-looking", **odata}

    async def rows(self, columns: str = ROWS) -> list[dict[str, Any]]:
        """Every contact row, page by page."""
        url = f"{self._url}/api/data/v9.2/contacts?$select={columns}"
        rows: list[dict[str, Any]] = []
        while url:
            async with self._session.get(url, headers=self._headers) as answer:
                answer.raise_for_status()
                page = await answer.json(content_type=None)
            rows += page["value"]
            url = page.get("@odata.nextLink", "")
        return rows

    async def row(self, row_id: UUID | str) -> dict[str, Any] | None:
        """One row as it is now, or None where there is none."""
        async with self._session.get(self._contact(row_id), headers=self._looking) as answer:
            if answer.status == 404:
                return None
            answer.raise_for_status()
            return dict(await answer.json(content_type=None))

    async def bearing(self, email: str) -> list[dict[str, Any]]:
        """The rows with this address."""
        url = f"{self._url}/api/data/v9.2/contacts"
        query = {"$filter": f"emailaddress1 eq '{email}'"}
        async with self._session.get(url, params=query, headers=self._looking) as answer:
            answer.raise_for_status()
            return list((await answer.json(content_type=None))["value"])

    async def save(self, row_id: UUID | str, values: Mapping[str, Any]) -> None:
        """Save a form: only the columns given."""
        headers = {**self._headers, "If-Match": "*"}
        async with self._session.patch(self._contact(row_id), json=dict(values), headers=headers) as answer:
            answer.raise_for_status()

    async def create(self, values: Mapping[str, Any]) -> str:
        """Create a contact; gives its id."""
        url = f"{self._url}/api/data/v9.2/contacts"
        headers = {**self._headers, "Prefer": "return=representation"}
        async with self._session.post(url, json=dict(values), headers=headers) as answer:
            answer.raise_for_status()
            return str((await answer.json(content_type=None))["contactid"])

    def _contact(self, row_id: UUID | str) -> str:
        return f"{self._url}/api/data/v9.2/contacts({row_id})"


class Emulator:
    """The emulator's own controls, which no Dynamics has."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self.url = url

    async def webhooks(self, *, enabled: bool) -> None:
        """Deliver notices, or drop them: an outage."""
        url = f"{self.url}/emulator/webhooks"
        async with self._session.put(url, json={"enabled": enabled}) as answer:
            answer.raise_for_status()

    async def requests(self) -> int:
        """How many requests the organisation and its sign-in have answered so far."""
        async with self._session.get(f"{self.url}/emulator/requests") as answer:
            answer.raise_for_status()
            return int((await answer.json())["total"])

    async def now(self) -> float:
        """The organisation's clock in seconds, which need not be ours."""
        async with self._session.get(f"{self.url}/emulator") as answer:
            answer.raise_for_status()
            return float((await answer.json())["now"])


@asynccontextmanager
async def at_work(url: str, name: str) -> AsyncIterator[tuple[Rep, Emulator]]:
    """A rep and the emulator's controls, sharing one HTTP session."""
    async with aiohttp.ClientSession() as session:
        yield Rep(session, url, name), Emulator(session, url)
