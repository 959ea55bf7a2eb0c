"""Watches organisations while a run works with them, so that what they refused is kept, not only passed."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from assent.errors import AssentError, ReadAgain, Retry, WrongOrganisation
from assent.policy.address import normalise
from assent.policy.plan import RowWrite
from assent.policy.sides import Row
from assent.ports import ChangePage, Connection, Crm, Organisation, Refusal
from assent.store.troubles import CONNECTION_ITSELF, Found

_WRONG = (
    "The address answers as another organisation than the one that was connected: a copied or exchanged "
    "environment. Nothing was written. Connect it under its own name, or correct the address."
)


@dataclass(slots=True)
class Watched:
    """`ports.Crm` as it is, and a note of what went wrong: with the organisation, and row by row."""

    crm: Crm
    connection: Connection
    error: AssentError | None = None
    rows: dict[UUID, tuple[AssentError, str | None]] = field(default_factory=dict)
    reached: bool = False

    async def organisation(self) -> Organisation:
        """Who and where we are."""
        try:
            found = await self.crm.organisation()
        except AssentError as error:
            self._note(error)
            raise
        self.reached = True
        if self.connection.organisation_id not in (None, found.organisation_id):
            self._note(WrongOrganisation(_WRONG))
        return found

    async def changes(self, token: str | None) -> AsyncIterator[ChangePage]:
        """Everything that changed since the token."""
        try:
            async for page in self.crm.changes(token):
                yield page
        except AssentError as error:
            self._note(error)
            raise

    async def read(self, row_ids: Collection[UUID]) -> dict[UUID, Row]:
        """The named rows."""
        try:
            return await self.crm.read(row_ids)
        except AssentError as error:
            self._note(error)
            raise

    async def bearing(self, addresses: Collection[str]) -> list[Row]:
        """Every row that bears one of the addresses."""
        try:
            return await self.crm.bearing(addresses)
        except AssentError as error:
            self._note(error)
            raise

    async def around(self, row_ids: Collection[UUID], addresses: Collection[str]) -> list[Row]:
        """The named rows, and every row that bears one of the addresses."""
        try:
            return await self.crm.around(row_ids, addresses)
        except AssentError as error:
            self._note(error)
            raise

    async def refusing(self, fields: int) -> AsyncIterator[tuple[Refusal, ...]]:
        """Every active row that refuses any of the fields."""
        try:
            async for rows in self.crm.refusing(fields):
                yield rows
        except AssentError as error:
            self._note(error)
            raise

    async def write(self, writes: Sequence[RowWrite]) -> dict[UUID, Row | AssentError]:
        """Carry out row writes."""
        try:
            answers = await self.crm.write(writes)
        except AssentError as error:
            self._note(error)
            raise
        self._note_rows(answers, {})
        return answers

    async def create(self, rows: Sequence[Row]) -> dict[UUID, Row | AssentError]:
        """Create rows."""
        try:
            answers = await self.crm.create(rows)
        except AssentError as error:
            self._note(error)
            raise
        self._note_rows(answers, {row.row_id: row.email for row in rows})
        return answers

    def found(self) -> list[Found]:
        """What went wrong, in the form it is kept in."""
        key = self.connection.connection_id
        found = [
            Found(key, row_id, type(error).__name__, str(error), normalise(address))
            for row_id, (error, address) in self.rows.items()
        ]
        if self.error is not None:
            found.append(Found(key, CONNECTION_ITSELF, type(self.error).__name__, str(self.error)))
        return found

    def _note(self, error: AssentError) -> None:
        """Keep the first error that concerns the organisation; to read again is no trouble."""
        if self.error is None and not isinstance(error, ReadAgain):
            self.error = error

    def _note_rows(
        self, answers: Mapping[UUID, Row | AssentError], addresses: Mapping[UUID, str | None]
    ) -> None:
        for row_id, answer in answers.items():
            if isinstance(answer, AssentError) and not isinstance(answer, Retry | ReadAgain):
                self.rows[row_id] = (answer, addresses.get(row_id))
