"""Subscription categories: created in the hub only, at most sixty, each with a bit of its own (S1)."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from sqlalchemy import Connection, bindparam, select

from assent.errors import Conflict, Invalid, Unknown
from assent.policy.subscription import free_bit
from assent.store.counters import lock_account
from assent.store.schema import categories


@dataclass(frozen=True, slots=True)
class Category:
    """A category; `bit` is its single-bit mask and `schema_name` its column in every organisation."""

    bit: int
    name: str
    description: str
    position: int
    active: bool
    schema_name: str


CATEGORY_COLUMNS = (
    categories.c.bit,
    categories.c.name,
    categories.c.description,
    categories.c.position,
    categories.c.active,
    categories.c.schema_name,
)
_OF_ACCOUNT = categories.c.account_id == bindparam("account_id")
_ALL = select(*CATEGORY_COLUMNS).where(_OF_ACCOUNT).order_by(categories.c.position, categories.c.bit)
_ACTIVE = select(categories.c.bit).where(_OF_ACCOUNT, categories.c.active.is_(True))


def all_categories(connection: Connection, account_id: int) -> list[Category]:
    """Every category of an account, retired ones too, in the order people gave them."""
    return [Category(*row) for row in connection.execute(_ALL, {"account_id": account_id})]


def active_mask(connection: Connection, account_id: int) -> int:
    """The mask of an account's active categories."""
    return reduce(or_, connection.execute(_ACTIVE, {"account_id": account_id}).scalars(), 0)


def add_category(
    connection: Connection, account_id: int, name: str, description: str, schema_name: str
) -> Category:
    """Add a category on the lowest bit never in use; raises Invalid at sixty, Conflict for a name in use."""
    return make_category(connection, account_id, name, description, lambda taken: schema_name)


def make_category(
    connection: Connection,
    account_id: int,
    name: str,
    description: str,
    name_column: Callable[[Collection[str]], str],
) -> Category:
    """Add a category whose column is named knowing the names that are taken."""
    lock_account(connection, account_id)
    known = all_categories(connection, account_id)
    bit = free_bit(reduce(or_, (c.bit for c in known), 0))
    if bit is None:
        raise Invalid(
            "An account has at most sixty categories, archived ones included, for their answers are kept. "
            "Restore an archived one, or do without a new one; nothing was made."
        )
    schema_name = name_column([c.schema_name for c in known])
    _check(known, name, schema_name)
    category = Category(bit, name.strip(), description, _last(known) + 1, True, schema_name)
    connection.execute(categories.insert().values(account_id=account_id, **_values(category)))
    return category


def set_active(connection: Connection, account_id: int, bit: int, *, active: bool) -> None:
    """Retire a category or bring it back; its bit stays its own either way."""
    done = connection.execute(
        categories.update()
        .where(categories.c.account_id == account_id, categories.c.bit == bit)
        .values(active=active)
    )
    if not done.rowcount:
        raise unknown()


def rename(connection: Connection, account_id: int, bit: int, name: str, description: str) -> None:
    """Give a category another name and description; its column keeps its name."""
    lock_account(connection, account_id)
    others = [c for c in all_categories(connection, account_id) if c.bit != bit]
    _check(others, name, "")
    done = connection.execute(
        categories.update()
        .where(categories.c.account_id == account_id, categories.c.bit == bit)
        .values(name=name.strip(), description=description)
    )
    if not done.rowcount:
        raise unknown()


def reorder(connection: Connection, account_id: int, bits: Sequence[int]) -> None:
    """Put categories in another order; raises Invalid unless each is named exactly once."""
    lock_account(connection, account_id)
    if sorted(bits) != sorted(c.bit for c in all_categories(connection, account_id)):
        raise Invalid("name every category of the account exactly once, in the order wanted")
    for position, bit in enumerate(bits):
        connection.execute(
            categories.update()
            .where(categories.c.account_id == account_id, categories.c.bit == bit)
            .values(position=position)
        )


def unknown() -> Unknown:
    """What is said of a category another account may have."""
    return Unknown("this account has no such category")


def _check(known: Sequence[Category], name: str, schema_name: str) -> None:
    if not name.strip() or len(name) > 200:
        raise Invalid("a category needs a name of at most 200 characters")
    if any(c.name.casefold() == name.strip().casefold() for c in known):
        raise Conflict("another category already has this name")
    if any(c.schema_name.lower() == schema_name.lower() for c in known):
        raise Conflict("another category already has this column")


def _last(known: Sequence[Category]) -> int:
    return max((c.position for c in known), default=-1)


def _values(category: Category) -> dict[str, object]:
    return {
        "bit": category.bit,
        "name": category.name,
        "description": category.description,
        "position": category.position,
        "active": category.active,
        "schema_name": category.schema_name,
    }
