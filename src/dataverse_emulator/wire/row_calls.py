"""Calls on rows, from the path to what answers: the glue between addresses and reads or writes."""

from collections.abc import Callable, Sequence

from dataverse_emulator.state import layers, security
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import not_implemented
from dataverse_emulator.state.table import Table
from dataverse_emulator.wire import addressing, bulk, changes, guard, paths, reads
from dataverse_emulator.wire.answers import Answer, Call
from dataverse_emulator.wire.requests import Segment

#: What answers at a row, given its table and place.
Bound = Callable[[Organization, Call, Table, int], Answer]


def read_set(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """GET of a table."""
    table = _table(organization, path)
    return reads.collection(organization, call, table, guard.readable(organization, call, table))


def count(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """GET of its /$count."""
    table = _table(organization, path)
    return reads.count(organization, call, table, guard.readable(organization, call, table))


def create(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """POST of a row."""
    return changes.create(organization, call, _table(organization, path))


def read(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """GET of a row."""
    return reads.one(organization, call, *_row(organization, call, path))


def upsert(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """PATCH of a row."""
    return changes.upsert(organization, call, _table(organization, path), path[0].key or "")


def delete(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """DELETE of a row."""
    return changes.remove(organization, call, _table(organization, path), path[0].key or "")


def below_row(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """Anything behind a row."""
    table = _table(organization, path)
    position = addressing.need(table, path[0].key or "")
    return paths.below(paths.Spot(organization, call, table, position), path[1:])


def bound(act: Bound, organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """A function or action bound to a row that the caller may read."""
    return act(organization, call, *_row(organization, call, path))


def in_bulk(action: str, organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """One of the bulk messages."""
    return bulk.perform(organization, call, _table(organization, path), action)


def unpublished(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """GET of a form or view with its pending edits (8.1)."""
    table = _table(organization, path)
    name = table.definition.name
    if name not in layers.LAYERED:
        raise not_implemented("RetrieveUnpublished here", "on forms and views it is.")
    found = addressing.key_of(table.definition, path[0].key or "")
    if found.row_id is None:
        raise addressing.missing(table, found)
    return reads.show(organization, call, *layers.newest(organization, name, found.row_id))


def _row(organization: Organization, call: Call, path: Sequence[Segment]) -> tuple[Table, int]:
    table = _table(organization, path)
    position = addressing.need(table, path[0].key or "")
    security.require_row(organization, call.user, "Read", table, position)
    return table, position


def _table(organization: Organization, path: Sequence[Segment]) -> Table:
    return organization.table(organization.model.by_set[path[0].name].name)
