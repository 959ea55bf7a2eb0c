"""Bulk reads: many questions in few requests, every page followed."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar
from uuid import UUID

from assent.crm.columns import Columns
from assent.crm.faults import check
from assent.crm.odata import broken
from assent.crm.requests import contacts as calls
from assent.crm.requests.batch import Operation, answers, batch
from assent.crm.transport import Lane, Request, Response, Transport
from assent.errors import Unreachable
from assent.policy.sides import Row

T = TypeVar("T")

#: Questions to a batch: each answers with up to 1,000 rows, some 0.4 MB.
PARTS = 10


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads rows over a transport in one lane."""

    transport: Transport
    columns: Columns
    lane: Lane

    async def read(self, row_ids: Collection[UUID]) -> dict[UUID, Row]:
        """Give the named rows that exist."""
        return await self.find(calls.rows_by_id(row_ids, self.columns))

    async def find(self, questions: Iterable[Operation]) -> dict[UUID, Row]:
        """Ask questions in batches and give every row of every page of every answer.

        A question that fails fails the read: half an answer would pass for a whole one.
        """
        found: dict[UUID, Row] = {}
        waiting = iter(questions)
        guard = LinkGuard()
        following: list[Operation] = []
        while operations := [*following, *islice(waiting, max(0, PARTS - len(following)))]:
            following = []
            request = batch(calls.READING, operations, lane=self.lane)
            response = check(await self.transport.send(request), calls.READING)
            for answer in answers(response, len(operations), calls.READING):
                if answer is None:
                    raise broken(calls.READING)
                rows, link = calls.parse_page(answer, self.columns, calls.READING)
                found |= {row.row_id: row for row in rows}
                if link is not None:
                    following.append(Operation("GET", guard.pass_once(link)))
        return found

    async def pages(
        self, request: Request, parse: Callable[[Response], tuple[tuple[T, ...], str | None]]
    ) -> AsyncIterator[tuple[T, ...]]:
        """Give the pages of a query one by one, so that memory stays flat."""
        guard = LinkGuard()
        while True:
            rows, link = parse(await self.transport.send(request))
            yield rows
            if link is None:
                return
            request = calls.next_page(request, guard.pass_once(link))


class LinkGuard:
    """Stops a read whose next link leads in a circle (dataverse.md section 11)."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def pass_once(self, link: str) -> str:
        """Give the link back the first time; raises Unreachable the second."""
        if link in self._seen:
            raise Unreachable(
                "Dynamics named the same next page twice: its answer has no end. Nothing of it is taken "
                "for complete; it will be asked again."
            )
        self._seen.add(link)
        return link
