"""Calls on rows, from the path to what answers: the glue between addresses and reads or writes."""

from collections.abc import Sequence

from dataverse_emulator.state import layers
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import not_implemented
from dataverse_emulator.state.table import Table
from dataverse_emulator.wire import addressing, bulk, changes, paths, reads
from dataverse_emulator.wire.answers import Answer, Call
from dataverse_emulator.wire.requests import Segment


def read_set(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """GET of a table."""
    return reads.collection(organization, call, _table(organization, path))


def count(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """GET of its /$count."""
    return reads.count(organization, call, _table(organization, path))


def create(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """POST of a row."""
    return changes.create(organization, call, _table(organization, path))


def read(organization: Organization, call: Call, path: Sequence[Segment]) -> Answer:
    """GET of a row."""
    table = _table(organization, path)
    return reads.one(organization, call, table, addressing.need(table, path[0].key or ""))


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


def _table(organization: Organization, path: Sequence[Segment]) -> Table:
    return organization.table(organization.model.by_set[path[0].name].name)
