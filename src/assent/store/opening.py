"""Opens a store: one database, and everything that is kept in it."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assent.ledger.seal import Vault
from assent.ports import Clock, Hub, Ids
from assent.store.accounts import Accounts
from assent.store.database import Database
from assent.store.hub import SqlHub
from assent.store.journal import Journal
from assent.store.marks import Marks
from assent.store.memory import SqlMemory
from assent.store.reading import LedgerReader
from assent.store.setup_journal import SetupJournal


@dataclass(frozen=True, slots=True)
class Store:
    """Everything kept in one database."""

    database: Database
    memory: SqlMemory
    hub: Hub
    accounts: Accounts
    ledger: LedgerReader

    def setup_journal(self, account_id: int) -> SetupJournal:
        """The setup journal of one account's connections."""
        return SetupJournal(self.database, self.memory.clock, account_id)

    def of(self, executor_id: str) -> "Store":
        """The same for a process on the list of those that work: what it holds falls free when it dies."""
        return replace(self, memory=replace(self.memory, holder=executor_id))

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()


async def open_store(
    url: str,
    *,
    clock: Clock,
    ids: Ids,
    keys: Sequence[str | bytes],
    inline: bool = False,
    entropy: Callable[[int], bytes] = secrets.token_bytes,
) -> Store:
    """Open the database and bring its tables up to date.

    `keys` are the installation's secret keys, the newest first. `entropy` gives unpredictable bytes.
    """
    database = Database(url, inline=inline)
    await database.upgrade()
    return store_on(database, clock, ids, Vault(keys, entropy))


def store_on(database: Database, clock: Clock, ids: Ids, vault: Vault) -> Store:
    """Everything that is kept in a database which is up to date."""
    journal, marks = Journal(clock, vault), Marks(vault)
    return Store(
        database=database,
        memory=SqlMemory(database, clock, journal, marks),
        hub=SqlHub(database, clock, ids, journal, marks),
        accounts=Accounts(database, clock, vault, marks),
        ledger=LedgerReader(database, vault),
    )
