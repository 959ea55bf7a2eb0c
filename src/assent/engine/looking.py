"""Both sides of people, as they stood beside each other (M4)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from assent.engine.forget import forget
from assent.engine.run import Run
from assent.engine.sighting import by_connection, see, sight
from assent.errors import AssentError, Retry
from assent.policy.sides import Contact, Hold, Link, LinkKey, Person
from assent.policy.sightings import overtaken_by


@dataclass(frozen=True, slots=True)
class Looks:
    """What was known of rows when the last reading began, and which rows it read."""

    known: Mapping[LinkKey, Link]
    read: frozenset[LinkKey]

    def proved(self, person: Person) -> Person:
        """The person, with every sighting counted as none that a refusal elsewhere may have overtaken."""
        links = [
            link if self._follows(link, overtaken_by(link, person)) else replace(link, read_revision=-1)
            for link in person.links
        ]
        return replace(person, links=tuple(links))

    def _follows(self, link: Link, others: Collection[Link]) -> bool:
        """Whether a row was read after what the others say now was known."""
        return not others or (link.key in self.read and all(self._as_known(other) for other in others))

    def _as_known(self, link: Link) -> bool:
        before = self.known.get(link.key)
        return bool(before and before.row and link.row and before.row.version == link.row.version)


async def look(
    run: Run, contact_ids: Collection[UUID], *, fresh: bool
) -> tuple[list[Person], Looks, Run, list[AssentError]]:
    """Load people and see to it that every row was read beside the contact's present revision.

    And after whatever another row of that person may have refused anew. Gives the run without the
    organisations that did not answer, and what they said instead.
    """
    people, errors = await run.memory.people(run.account_id, contact_ids), list[AssentError]()
    stale = [
        link.key
        for person in people
        for link in person.links
        if fresh or link.row is None or _outdated(person.contact, link) or overtaken_by(link, person)
    ]
    if not stale:
        return people, Looks({}, frozenset()), run, errors
    known, read = {link.key: link for person in people for link in person.links}, set[LinkKey]()
    for connection_id, row_ids in by_connection(stale).items():
        try:
            sightings, gone = await sight(run, [LinkKey(connection_id, row_id) for row_id in row_ids])
        except Retry as error:
            errors.append(error)
            run = run.without(connection_id)
            continue
        read |= {sighting.key for sighting in sightings}
        await see(run, sightings, known)
        if gone:
            await forget(run, gone)
    looks = Looks(known, frozenset(read))
    return await people_seen(run, contact_ids, looks), looks, run, errors


async def people_seen(run: Run, contact_ids: Collection[UUID], looks: Looks) -> list[Person]:
    """Load people, and count what `looks` did not prove as unread."""
    return [looks.proved(person) for person in await run.memory.people(run.account_id, contact_ids)]


def _outdated(contact: Contact, link: Link) -> bool:
    """Whether a row was read before the contact moved; who is being erased is let go on fresh reads (I6)."""
    return link.read_revision < contact.revision or contact.hold == Hold.ERASING.value


def coexisted(person: Person) -> bool:
    """Whether every row was read while the contact already had the revision it has (M4)."""
    return all(
        link.row is not None and link.read_revision >= person.contact.revision for link in person.links
    )
