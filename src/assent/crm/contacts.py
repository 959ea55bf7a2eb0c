"""The contacts of one connected organisation: the `Crm` port over a transport."""

from collections.abc import AsyncIterator, Collection, Sequence
from functools import partial
from itertools import chain
from uuid import UUID

from assent.crm.columns import Columns
from assent.crm.faults import check, refusal
from assent.crm.reading import LinkGuard, Reader
from assent.crm.requests import contacts as calls
from assent.crm.transport import Lane, Request, Response, Transport
from assent.crm.writing import Writer
from assent.errors import (
    AssentError,
    Bug,
    NotDataverse,
    PrivilegeMissing,
    Refused,
    TokenExpired,
    TokenFromFuture,
)
from assent.policy.plan import RowWrite
from assent.policy.sides import Row
from assent.ports import ChangePage, Organisation, Refusal

#: Answers to a delta link that may mean "no longer honoured", whatever code they carry (3.4).
_MAYBE_EXPIRED = frozenset({400, 404, 410, 412})


class DataverseContacts:
    """Reads and writes the contact table of one organisation.

    `page_size` rows to a page (5,000 at most, 2.4) and `chunk` rows to a write request; `lane` says
    who goes first where several of these share a transport.
    """

    def __init__(
        self,
        transport: Transport,
        columns: Columns,
        *,
        connection_id: int,
        page_size: int = 5000,
        chunk: int = 1000,
        lane: Lane = Lane.ORDINARY,
    ) -> None:
        self._transport = transport
        self._columns = columns
        self._connection_id = connection_id
        self._page_size = page_size
        self._chunk = chunk
        self._lane = lane
        self._reader = Reader(transport, columns, lane)
        self._writer = Writer(transport, columns, chunk, lane)
        self._facts: dict[UUID, calls.OrganisationFacts] = {}

    def in_lane(self, lane: Lane) -> "DataverseContacts":
        """Give the same contacts in another lane: pre-send and refusals overtake backfills."""
        return DataverseContacts(
            self._transport,
            self._columns,
            connection_id=self._connection_id,
            page_size=self._page_size,
            chunk=self._chunk,
            lane=lane,
        )

    async def organisation(self) -> Organisation:
        """Who and where we are: WhoAmI each time, the rest read once.

        Where the application user may not read the organisation table, the name is empty, the
        language 0 and the token life the documented seven days.
        """
        organisation_id, user_id = calls.parse_who_am_i(await self._transport.send(calls.who_am_i()))
        if organisation_id not in self._facts:
            self._facts[organisation_id] = await self._read_facts(organisation_id)
        facts = self._facts[organisation_id]
        return Organisation(organisation_id, user_id, facts.name, facts.language, facts.token_days)

    async def _read_facts(self, organisation_id: UUID) -> calls.OrganisationFacts:
        try:
            return calls.parse_organisation(await self._transport.send(calls.organisation(organisation_id)))
        except PrivilegeMissing:
            return calls.OrganisationFacts(name="", language=0, token_days=7)

    async def changes(self, token: str | None) -> AsyncIterator[ChangePage]:
        """Give the change feed page by page; the token is the whole delta link (3.2).

        Raises TokenExpired also for a link made for other columns, or for another address of the
        organisation: in each case only a full compare tells the truth.
        """
        if token is not None and calls.outlived(token, self._columns):
            raise TokenExpired(
                "The columns that are synced changed since the last sweep: a full compare is due."
            )
        lane = max(self._lane, Lane.BACKFILL) if token is None and self._lane else self._lane
        request = calls.changes(self._columns, token, self._page_size, lane)
        guard = LinkGuard()
        while True:
            page, following = calls.parse_changes(await self._feed(request, token), self._columns)
            if calls.went_back(token, page.token):
                raise TokenFromFuture(
                    "The organisation is older than its last sweep: it was restored. A full compare is due."
                )
            yield page
            if following is None:
                return
            request = calls.next_page(request, guard.pass_once(following))

    async def _feed(self, request: Request, token: str | None) -> Response:
        try:
            response = await self._transport.send(request)
        except NotDataverse:
            if token is None:
                raise
            raise _unusable() from None
        if token is not None and response.status in _MAYBE_EXPIRED:
            error = refusal(response, request.what)
            raise _unusable() if isinstance(error, Refused) else error
        return check(response, request.what)

    async def read(self, row_ids: Collection[UUID]) -> dict[UUID, Row]:
        """Give the named rows that exist, a thousand to a question and several questions to a request."""
        return await self._reader.read(row_ids)

    async def bearing(self, addresses: Collection[str]) -> list[Row]:
        """Give every row that bears one of the addresses, however the CRM spells it (G4, I1)."""
        found = await self._reader.find(calls.rows_bearing(addresses, self._columns))
        return list(found.values())

    async def around(self, row_ids: Collection[UUID], addresses: Collection[str]) -> list[Row]:
        """Give the named rows and every row that bears one of the addresses, asked for together (G4)."""
        questions = chain(
            calls.rows_by_id(row_ids, self._columns), calls.rows_bearing(addresses, self._columns)
        )
        return list((await self._reader.find(questions)).values())

    async def refusing(self, fields: int) -> AsyncIterator[tuple[Refusal, ...]]:
        """Give every active row that refuses any of the fields, page by page (G4)."""
        answers = self._columns.refusals(fields)
        request = calls.refusing(answers, self._page_size, self._lane)
        async for refusals in self._reader.pages(request, partial(calls.parse_refusals, answers=answers)):
            yield refusals

    async def write(self, writes: Sequence[RowWrite]) -> dict[UUID, Row | AssentError]:
        """Carry out row writes, refusals first and in bulk; the rest on condition of the version read.

        Raises Bug for a grant without a version (M6), for two writes to one row, or for a row of
        another connection; SignInRefused and NotDataverse concern every row and are raised too.
        """
        if len({write.key.row_id for write in writes}) != len(writes):
            raise Bug("Two writes to one row in one call: which of them would win is not known.")
        if any(write.key.connection_id != self._connection_id for write in writes):
            raise Bug("A row write was given to another connection than its row's.")
        if any(write.granted and write.if_version is None for write in writes):
            raise Bug("A write that could lift a refusal must be conditional on the version read (M6).")
        done = await self._writer.refuse([write for write in writes if write.if_version is None])
        return done | await self._writer.conditionally([w for w in writes if w.if_version is not None])

    async def create(self, rows: Sequence[Row]) -> dict[UUID, Row | AssentError]:
        """Create rows under their given ids; existing ones are read back, never changed (I5)."""
        return await self._writer.create(rows)


def _unusable() -> TokenExpired:
    return TokenExpired(
        "Dynamics does not take the change token of the last sweep any more: a full compare is due. "
        "A restore, a copied environment or a changed table can be the reason."
    )
