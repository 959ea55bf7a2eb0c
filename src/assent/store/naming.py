"""The names of contacts: the hub's own, changed by people's acts alone, no party to the sync."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, select

from assent.ports import Act
from assent.store.among import among_guids
from assent.store.batches import chunked
from assent.store.contact_rows import named, update_contacts
from assent.store.schema import contacts

#: A first and a last name.
Names = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Renamed:
    """The names of a contact before and after an act."""

    old: Names
    new: Names

    def personal(self) -> dict[str, str]:
        """What the ledger seals of it: each name that moved, old and new."""
        return {
            f"{when}_{which}": value
            for which, old, new in zip(("first_name", "last_name"), self.old, self.new, strict=True)
            if old != new
            for when, value in (("old", old), ("new", new))
        }


def names_of(connection: Connection, account_id: int, contact_ids: Collection[UUID]) -> dict[UUID, Names]:
    """Read the names of contacts."""
    found: dict[UUID, Names] = {}
    c = contacts.c
    for piece in chunked(contact_ids):
        statement = select(c.contact_id, c.first_name, c.last_name).where(
            c.account_id == account_id, among_guids(c.contact_id, piece)
        )
        found.update((row[0], (row[1], row[2])) for row in connection.execute(statement))
    return found


def rename(standing: dict[UUID, Names], act: Act) -> Renamed | None:
    """Take an act's names; None where it leaves them as they are."""
    if act.first_name is None and act.last_name is None:
        return None
    old = standing[act.contact_id]
    first = old[0] if act.first_name is None else act.first_name
    last = old[1] if act.last_name is None else act.last_name
    standing[act.contact_id] = (first, last)
    return Renamed(old, (first, last)) if (first, last) != old else None


def write_names(connection: Connection, account_id: int, renamed: Iterable[tuple[UUID, Names]]) -> None:
    """Store new names, so that contacts are found by them."""
    changes: list[tuple[UUID, dict[str, object]]] = [
        (contact_id, {"first_name": first, "last_name": last, "named": named(first, last)})
        for contact_id, (first, last) in renamed
    ]
    update_contacts(connection, account_id, changes)
