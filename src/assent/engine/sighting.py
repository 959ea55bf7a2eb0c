"""Looking at CRM rows so that every sighting says when, and beside which hub revision, it was true."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from assent.engine.run import Run
from assent.policy.identity import Suspicion
from assent.policy.sides import Link, LinkKey, Row
from assent.policy.sightings import proves_restore
from assent.ports import Sighting

#: The moment, and the account's revision, a read about to begin is entitled to.
Stamp = tuple[datetime, int]

#: What is known of rows before a feed is read: it may be behind that.
NOTHING_KNOWN: Mapping[LinkKey, Link] = MappingProxyType({})


async def sight(run: Run, keys: Collection[LinkKey]) -> tuple[list[Sighting], list[LinkKey]]:
    """Read the named rows afresh; the second list holds those that no longer exist.

    The hub's revision counter and the time are taken before the request leaves: a contact that has
    not moved past that revision by the time its base is set is proved to have coexisted with the row.
    """
    sightings: list[Sighting] = []
    gone: list[LinkKey] = []
    for connection_id, row_ids in by_connection(keys).items():
        crm = run.crms.get(connection_id)
        if crm is None:
            continue
        stamp = await now(run)
        rows = await crm.read(row_ids)
        sightings += stamped(connection_id, rows.values(), *stamp)
        gone += [LinkKey(connection_id, row_id) for row_id in row_ids if row_id not in rows]
    return sightings, gone


async def now(run: Run) -> Stamp:
    """Take the stamp of a read that is about to begin."""
    return run.clock.now(), await run.memory.revision(run.account_id)


async def see(run: Run, sightings: Sequence[Sighting], known: Mapping[LinkKey, Link] = NOTHING_KNOWN) -> None:
    """Store sightings. One that proves a restore voids every base of its connection first (M7).

    What the change feed shows may be behind, and another look may have begun first and ended later, so a row
    that seems to have gone back is read itself. Beside what was `known` of it before it was read, it is
    proof already: by the next look it may have been saved past that.
    """
    older = await run.memory.see(run.account_id, sightings)
    if not older:
        return
    proved = older & {s.key for s in sightings if _went_back(s, known)}
    again, _ = await sight(run, older - proved)
    proved |= await run.memory.see(run.account_id, again)
    for connection_id in sorted({key.connection_id for key in proved}):
        await run.memory.void(run.account_id, connection_id, Suspicion.OLDER_VERSION.value)
    if proved:
        await run.memory.see(run.account_id, [*sightings, *again])


def _went_back(sighting: Sighting, known: Mapping[LinkKey, Link]) -> bool:
    link = known.get(sighting.key)
    return link is not None and proves_restore(link, sighting.row, read_at=sighting.read_at)


def stamped(connection_id: int, rows: Iterable[Row], read_at: datetime, revision: int) -> list[Sighting]:
    """Turn rows into sightings of one moment."""
    return [Sighting(connection_id, row, read_at, revision) for row in rows]


def by_connection(keys: Collection[LinkKey]) -> dict[int, list[UUID]]:
    """Group row ids by connection, each id once, in the order given."""
    grouped: dict[int, dict[UUID, None]] = {}
    for key in keys:
        grouped.setdefault(key.connection_id, {})[key.row_id] = None
    return {connection_id: list(ids) for connection_id, ids in grouped.items()}
