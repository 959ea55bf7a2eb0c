"""What a person's own page shows: everything about one contact, read in one view of the data."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy import Connection, and_, bindparam, exists, select

from assent.errors import Erased, Unknown
from assent.ledger import entries as ledger
from assent.policy.permission import LegalBasis
from assent.policy.sides import Hold
from assent.store.brands import BRAND_COLUMNS, BRANDED, Brand
from assent.store.categories import CATEGORY_COLUMNS, Category, all_categories
from assent.store.columns import EPOCH
from assent.store.desk_schema import sends
from assent.store.journal import DESTROYED, wrapped_keys
from assent.store.schema import accounts, categories, contacts, ledger_entries, ledger_links, links

ERASED = "The person was erased; no mail goes to them, and nothing is left to change."

#: How far back it is looked for when the basis came about; contacts have few entries.
_ENTRIES = 500
_TELLING = (ledger.CREATED, ledger.ACTED, ledger.CHANGED)

_SHEET = (
    select(
        *BRAND_COLUMNS,
        contacts.c.shown_email,
        contacts.c.first_name,
        contacts.c.last_name,
        contacts.c.revision,
        contacts.c.basis,
        contacts.c.value,
        contacts.c.created_at,
        contacts.c.updated_at,
        contacts.c.hold,
    )
    .select_from(BRANDED.join(contacts, accounts.c.account_id == contacts.c.account_id))
    .where(contacts.c.account_id == bindparam("account_id"), contacts.c.contact_id == bindparam("contact_id"))
)
_NEWEST_ENTRIES = (
    select(ledger_entries.c.plain, ledger_links.c.at)
    .select_from(
        ledger_entries.join(
            ledger_links,
            and_(
                ledger_links.c.account_id == ledger_entries.c.account_id,
                ledger_links.c.seq == ledger_entries.c.seq,
            ),
        )
    )
    .where(
        ledger_entries.c.account_id == bindparam("account_id"),
        ledger_entries.c.contact_id == bindparam("contact_id"),
    )
    .order_by(ledger_entries.c.seq.desc(), ledger_entries.c.position.desc())
    .limit(_ENTRIES)
)
_IN_CRM = select(
    exists().where(
        links.c.account_id == bindparam("account_id"), links.c.contact_id == bindparam("contact_id")
    )
)
_CATEGORY = select(sends.c.category).where(
    sends.c.account_id == bindparam("account_id"), sends.c.send_id == bindparam("send_id")
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is kept of a person."""

    brand: Brand
    email: str
    first_name: str
    last_name: str
    revision: int
    basis: LegalBasis
    value: int
    created_at: datetime
    since: datetime
    in_crm: bool
    categories: tuple[Category, ...]


@dataclass(frozen=True, slots=True)
class Mailed:
    """What one click needs to know: whose link it is, and the category of its mail, if that is in use."""

    brand: Brand
    email: str
    revision: int
    basis: LegalBasis
    value: int
    category: Category | None


def _mailed() -> Any:
    c, one = contacts.c, categories.c
    of_send = and_(sends.c.account_id == c.account_id, sends.c.send_id == bindparam("of_send"))
    its_category = and_(one.account_id == c.account_id, one.bit == sends.c.category, one.active.is_(True))
    return (
        select(*BRAND_COLUMNS, c.shown_email, c.revision, c.basis, c.value, c.hold, *CATEGORY_COLUMNS)
        .select_from(
            BRANDED.join(contacts, accounts.c.account_id == c.account_id)
            .outerjoin(sends, of_send)
            .outerjoin(categories, its_category)
        )
        .where(c.account_id == bindparam("of_account"), c.contact_id == bindparam("of_contact"))
    )


#: Made once: everybody who clicks asks it, and making it takes longer than running it.
_MAILED = _mailed()


def mailed(connection: Connection, account_id: int, contact_id: UUID, send_id: int) -> Mailed:
    """Read it; raises Unknown and Erased as `sheet` does."""
    asked = {"of_account": account_id, "of_contact": contact_id, "of_send": send_id}
    found = connection.execute(_MAILED, asked).first()
    if found is None:
        _raise_unknown(connection, account_id, contact_id)
    name, logo, colour, email, revision, basis, value, hold, *category = found
    if hold == Hold.ERASING.value:
        raise Erased(ERASED)
    brand = Brand(name, logo, colour)
    return Mailed(brand, email, revision, basis, value, None if category[0] is None else Category(*category))


def sheet(connection: Connection, account_id: int, contact_id: UUID) -> Sheet:
    """Read one person; raises Unknown for one who is no contact of the account, Erased for one who was."""
    found = connection.execute(_SHEET, {"account_id": account_id, "contact_id": contact_id}).first()
    if found is None:
        _raise_unknown(connection, account_id, contact_id)
    name, logo, colour, email, first, last, revision, basis, value, created_at, updated_at, hold = found
    if hold == Hold.ERASING.value:
        raise Erased(ERASED)
    since = _since(connection, account_id, contact_id) or created_at
    return Sheet(
        brand=Brand(name, logo, colour),
        email=email,
        first_name=first,
        last_name=last,
        revision=revision,
        basis=basis,
        value=value,
        created_at=created_at if created_at > EPOCH else updated_at,
        since=since if since > EPOCH else updated_at,
        in_crm=_in_crm(connection, account_id, contact_id),
        categories=tuple(one for one in all_categories(connection, account_id) if one.active),
    )


def _raise_unknown(connection: Connection, account_id: int, contact_id: UUID) -> NoReturn:
    """Tell somebody who was erased, and has no key any more, from one who never was."""
    if wrapped_keys(connection, account_id, [contact_id]).get(contact_id) == DESTROYED:
        raise Erased(ERASED)
    raise Unknown("This account has no such contact.")


def _since(connection: Connection, account_id: int, contact_id: UUID) -> datetime | None:
    """When the legal basis was last set, as the ledger tells."""
    asked = {"account_id": account_id, "contact_id": contact_id}
    for plain, at in connection.execute(_NEWEST_ENTRIES, asked):
        entry = ledger.read_entry(plain)
        if entry.kind in _TELLING and "basis" in entry.new:
            return EPOCH + timedelta(microseconds=at)
    return None


def _in_crm(connection: Connection, account_id: int, contact_id: UUID) -> bool:
    asked = {"account_id": account_id, "contact_id": contact_id}
    return bool(connection.execute(_IN_CRM, asked).scalar_one())
