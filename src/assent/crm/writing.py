"""Row writes: refusals in bulk, everything else on condition, and a read-back of each (rules M6, I5)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from assent.crm.columns import Columns
from assent.crm.faults import DUPLICATE_RECORD, TookTooLong, check
from assent.crm.reading import Reader
from assent.crm.requests import contacts as calls
from assent.crm.requests.batch import LIMIT, Operation, answers, batch
from assent.crm.transport import Lane, Request, Response, Transport
from assent.errors import (
    AssentError,
    NotDataverse,
    Retry,
    RowRefused,
    SignInRefused,
    Unreachable,
    VersionChanged,
)
from assent.policy.plan import RowWrite
from assent.policy.sides import Row

T = TypeVar("T")

Outcome = dict[UUID, Row | AssentError]

#: How often a piece that took too long is halved before its rows are given back as unknown.
HALVINGS = 4


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes rows over a transport; `chunk` rows to a request at most.

    What concerns some rows is in the outcome of those rows, so that nothing another request achieved
    is lost. What concerns the whole connection (sign-in) is raised.
    """

    transport: Transport
    columns: Columns
    chunk: int
    lane: Lane

    async def refuse(self, writes: Sequence[RowWrite]) -> Outcome:
        """Write refusals in bulk; a request that one bad row failed is replayed row by row (4.2)."""
        done: Outcome = {}
        for piece in _pieces(writes, self.chunk):
            done |= await self._bulk(piece, HALVINGS)
        return done

    async def _bulk(self, writes: Sequence[RowWrite], halvings: int) -> Outcome:
        request = calls.update_multiple(writes, self.columns, Lane.REFUSAL)
        try:
            check(await self.transport.send(request), calls.WRITING)
        except TookTooLong as error:
            if halvings == 0 or len(writes) == 1:
                return {write.key.row_id: error for write in writes}
            done: Outcome = {}
            for half in _pieces(writes, (len(writes) + 1) // 2):
                done |= await self._bulk(half, halvings - 1)
            return done
        except (SignInRefused, NotDataverse):
            raise
        except Retry as error:
            return {write.key.row_id: error for write in writes}
        except AssentError:
            return await self._each(writes, Lane.REFUSAL)
        return await self._read_back([write.key.row_id for write in writes], Lane.REFUSAL)

    async def conditionally(self, writes: Sequence[RowWrite]) -> Outcome:
        """Write each row at the version it was read at; another version gives VersionChanged."""
        return await self._each(writes, self.lane)

    async def _each(self, writes: Sequence[RowWrite], lane: Lane) -> Outcome:
        done: Outcome = {}
        for piece in _pieces(writes, min(self.chunk, LIMIT)):
            operations = {write.key.row_id: calls.update_one(write, self.columns) for write in piece}
            done |= await self._batch(calls.WRITING, operations, lane, HALVINGS)
        return done

    async def create(self, rows: Sequence[Row]) -> Outcome:
        """Create rows under their ids; one that exists already is read back as it is."""
        done: Outcome = {}
        for piece in _pieces(rows, min(self.chunk, LIMIT)):
            operations = {row.row_id: calls.create_one(row, self.columns) for row in piece}
            done |= await self._batch(calls.CREATING, operations, self.lane, HALVINGS)
        there = [row_id for row_id, found in done.items() if _exists_already(found)]
        met = await self._read_back(there, self.lane) if there else {}
        # A row that "exists" and cannot be read keeps the refusal it met.
        return done | {row_id: found for row_id, found in met.items() if not isinstance(found, RowRefused)}

    async def _batch(
        self, what: str, operations: dict[UUID, Operation], lane: Lane, halvings: int
    ) -> Outcome:
        try:
            request = batch(what, list(operations.values()), lane=lane)
            parts = await self._answers(request, len(operations))
        except TookTooLong as error:
            if halvings == 0 or len(operations) == 1:
                return dict.fromkeys(operations, error)
            done: Outcome = {}
            for half in _pieces(list(operations), (len(operations) + 1) // 2):
                done |= await self._batch(what, {key: operations[key] for key in half}, lane, halvings - 1)
            return done
        except Retry as error:
            return dict.fromkeys(operations, error)
        return await self._outcome(what, dict(zip(operations, parts, strict=True)), lane)

    async def _answers(self, request: Request, expected: int) -> list[Response | None]:
        response = check(await self.transport.send(request), request.what)
        return answers(response, expected, request.what)

    async def _outcome(self, what: str, parts: dict[UUID, Response | None], lane: Lane) -> Outcome:
        done: Outcome = {}
        unseen: list[UUID] = []
        for row_id, part in parts.items():
            if part is None:
                done[row_id] = _no_answer(what)
                continue
            try:
                row = calls.parse_written(part, self.columns, what)
            except AssentError as error:
                done[row_id] = error
                continue
            if row is None:
                unseen.append(row_id)
            else:
                done[row_id] = row
        return done | (await self._read_back(unseen, lane) if unseen else {})

    async def _read_back(self, row_ids: Sequence[UUID], lane: Lane) -> Outcome:
        """Read what stands now; the base takes versions from here, not from hope (M6)."""
        try:
            rows = await Reader(self.transport, self.columns, lane).read(row_ids)
        except Retry as error:
            return dict.fromkeys(row_ids, error)
        return {row_id: rows.get(row_id) or _gone() for row_id in row_ids}


def _pieces(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _exists_already(found: Row | AssentError) -> bool:
    """Tell whether a create met its own row: 412, with or without the documented code (2.6)."""
    return isinstance(found, VersionChanged) or (
        isinstance(found, RowRefused) and found.code == DUPLICATE_RECORD
    )


def _no_answer(what: str) -> Unreachable:
    return Unreachable(
        f"Dynamics left a row without an answer while {what}. Whether it was written is not known; "
        "it will be read and tried again."
    )


def _gone() -> RowRefused:
    return RowRefused(
        "The row was written but cannot be read any more: it was deleted in Dynamics meanwhile."
    )
