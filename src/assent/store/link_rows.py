"""How links lie in their table: one place that packs and unpacks them."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Update, and_, bindparam, select, update

from assent.policy.sides import Base, Link, LinkKey, Row
from assent.store.among import among_guids
from assent.store.batches import by_connection, chunked
from assent.store.bulk import run_many
from assent.store.schema import contacts, links

# The order of the columns is the order of the dataclasses' fields; `tests/store` holds us to it.
_SIGHTING = slice(3, 16)
_BASE = slice(16, 24)
_TOUCH = slice(24, 34)

LINK_COLUMNS = (
    links.c.contact_id,
    links.c.connection_id,
    links.c.row_id,
    links.c.version,
    links.c.email,
    links.c.toggle,
    links.c.known,
    links.c.value,
    links.c.unread,
    links.c.active,
    links.c.merged_into,
    links.c.modified_at,
    links.c.modified_by,
    links.c.first_name,
    links.c.last_name,
    links.c.no_email,
    links.c.base_hub_revision,
    links.c.base_crm_version,
    links.c.base_basis,
    links.c.base_toggle,
    links.c.base_known,
    links.c.base_value,
    links.c.base_email,
    links.c.base_active,
    links.c.hub_touched,
    links.c.crm_touched,
    links.c.same_at,
    links.c.read_at,
    links.c.read_revision,
    links.c.intended,
    links.c.intended_value,
    links.c.toggled_by,
    links.c.told,
    links.c.intended_both,
)

#: Of the named rows of one connection.
AT_ROWS = and_(
    links.c.account_id == bindparam("account_id"),
    links.c.connection_id == bindparam("connection_id"),
    among_guids(links.c.row_id, bindparam("row_ids")),
)
_BY_ROW = select(*LINK_COLUMNS).where(AT_ROWS)
_BY_ROW_LOCKED = _BY_ROW.with_for_update()
_BY_CONTACT = select(*LINK_COLUMNS).where(
    links.c.account_id == bindparam("account_id"), among_guids(links.c.contact_id, bindparam("contact_ids"))
)
_BY_CONTACT_LOCKED = _BY_CONTACT.with_for_update()
_OWNERS_LOCKED = (
    select(contacts.c.contact_id)
    .select_from(
        contacts.join(
            links,
            and_(contacts.c.account_id == links.c.account_id, contacts.c.contact_id == links.c.contact_id),
        )
    )
    .where(AT_ROWS)
    .order_by(contacts.c.contact_id)
    .with_for_update(of=contacts)
)

_HUB_TOUCHED = (
    update(links)
    .where(links.c.account_id == bindparam("at_account"), links.c.contact_id == bindparam("at_contact"))
    .values(hub_touched=links.c.hub_touched.bitwise_or(bindparam("touched")))
)

#: The columns of what writes of ours will set (M4).
INTENT_NAMES = ("intended", "intended_value", "intended_both", "told")

_BASE_NAMES = (
    "base_hub_revision",
    "base_crm_version",
    "base_basis",
    "base_toggle",
    "base_known",
    "base_value",
    "base_email",
    "base_active",
)


def link_from(found: Any) -> Link:
    """Unpack a link from its columns."""
    hub, crm, same_at, read_at, revision, intended, intended_value, toggled_by, told, both = found[_TOUCH]
    return Link(
        LinkKey(found[1], found[2]),
        None if found[3] is None else Row(found[2], *found[_SIGHTING]),
        None if found[17] is None else Base(*found[_BASE]),
        hub,
        crm,
        same_at,
        read_at,
        revision,
        intended,
        intended_value,
        toggled_by=toggled_by,
        told=told,
        intended_both=both,
    )


def sighting_values(row: Row) -> dict[str, object]:
    """Pack a sighting."""
    return {
        "version": row.version,
        "email": row.email,
        "toggle": row.toggle,
        "known": row.known,
        "value": row.value,
        "unread": row.unread,
        "active": row.active,
        "merged_into": row.merged_into,
        "modified_at": row.modified_at,
        "modified_by": row.modified_by,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "no_email": row.no_email,
    }


def base_values(base: Base | None) -> dict[str, object]:
    """Pack a base; None empties it."""
    if base is None:
        return dict.fromkeys(_BASE_NAMES)
    return {
        "base_hub_revision": base.hub_revision,
        "base_crm_version": base.crm_version,
        "base_basis": base.basis,
        "base_toggle": base.toggle,
        "base_known": base.known,
        "base_value": base.value,
        "base_email": base.email,
        "base_active": base.active,
    }


def touch_hub(connection: Connection, account_id: int, fields: Mapping[UUID, int]) -> None:
    """Mark on every link of contacts what was acted on in the hub (M3)."""
    if fields:
        rows = [
            {"at_account": account_id, "at_contact": one, "touched": mask} for one, mask in fields.items()
        ]
        connection.execute(_HUB_TOUCHED, rows)


def update_links(
    connection: Connection, account_id: int, changes: Sequence[tuple[LinkKey, dict[str, object]]]
) -> None:
    """Set columns of many links; every change names the same columns."""
    if not changes:
        return
    names = tuple(changes[0][1])
    columns = {f"set_{name}": links.c[name] for name in names} | {"at_row": links.c.row_id}
    rows = [
        {
            "at_account": account_id,
            "at_connection": key.connection_id,
            "at_row": key.row_id,
            **{f"set_{name}": value for name, value in values.items()},
        }
        for key, values in changes
    ]
    run_many(connection, _setting(names), columns, rows)


@cache
def _setting(names: tuple[str, ...]) -> Update:
    return (
        update(links)
        .where(
            links.c.account_id == bindparam("at_account"),
            links.c.connection_id == bindparam("at_connection"),
            links.c.row_id == bindparam("at_row"),
        )
        .values({name: bindparam(f"set_{name}") for name in names})
    )


def links_at(
    connection: Connection, account_id: int, keys: Collection[LinkKey], *, lock: bool = False
) -> dict[LinkKey, tuple[UUID, Link]]:
    """Read links by key with the contact each belongs to; absent keys are not linked."""
    found = {}
    for connection_id, row_ids in by_connection(keys):
        asked = {"account_id": account_id, "connection_id": connection_id, "row_ids": row_ids}
        for row in connection.execute(_BY_ROW_LOCKED if lock else _BY_ROW, asked).all():
            link = link_from(row)
            found[link.key] = (row[0], link)
    return found


def links_of(
    connection: Connection, account_id: int, contact_ids: Collection[UUID], *, lock: bool = False
) -> dict[UUID, dict[LinkKey, Link]]:
    """Read all links of contacts; contacts without any are absent."""
    found: dict[UUID, dict[LinkKey, Link]] = {}
    for piece in chunked(contact_ids):
        asked = {"account_id": account_id, "contact_ids": piece}
        for row in connection.execute(_BY_CONTACT_LOCKED if lock else _BY_CONTACT, asked).all():
            link = link_from(row)
            found.setdefault(row[0], {})[link.key] = link
    return found


def guard(connection: Connection, account_id: int, keys: Collection[LinkKey]) -> None:
    """Lock the contacts of rows before the rows themselves, in the order every writer keeps."""
    if connection.dialect.name == "sqlite":
        return  # the transaction began as the only writer
    for connection_id, row_ids in by_connection(keys):
        asked = {"account_id": account_id, "connection_id": connection_id, "row_ids": row_ids}
        connection.execute(_OWNERS_LOCKED, asked)
