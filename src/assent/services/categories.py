"""Subscription categories: made, named, ordered, archived here; every connection follows by itself (S1)."""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from assent.errors import Conflict, Invalid
from assent.policy.sides import CATEGORY_LIMIT
from assent.ports.setup import CategoryColumn
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.setting_up import RELABELLING, ask_again
from assent.store import categories as stored
from assent.store.categories import Category
from assent.store.search import subscribers
from assent.work.durable import Errand, Kind

NAME_LIMIT = 100
DESCRIPTION_LIMIT = 2_000
#: The publisher's prefix, and how long the whole name of a column may be in Dynamics.
PREFIX, COLUMN_LIMIT = "asn_", 50
#: Kinds of characters no name has: control, surrogate, line and paragraph ends. Joiners within emoji and
#: Arabic words are none of them; what turns the direction of everything behind it is refused, too.
_UNSEEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff")
_SLUG_LIMIT = COLUMN_LIMIT - len(PREFIX) - 4


@dataclass(frozen=True, slots=True)
class CategoryView:
    """A category; `bit` names it inside the program, `number` (1 to 60) outside, `column` in Dynamics."""

    bit: int
    number: int
    name: str
    description: str
    position: int
    active: bool
    column: str


async def all(  # noqa: A001 - read as categories.all
    app: Application, caller: Caller
) -> tuple[CategoryView, ...]:
    """Every category in the order people gave them, archived ones too."""
    caller.require(Right.READ)
    return tuple(map(_view, await app.store.accounts.categories(caller.account_id)))


async def read(app: Application, caller: Caller, bit: int) -> CategoryView:
    """One category; raises Unknown."""
    for view in await all(app, caller):
        if view.bit == bit:
            return view
    raise stored.unknown()


async def counts(app: Application, caller: Caller) -> dict[int, int]:
    """How many contacts are subscribed to each category, by bit."""
    caller.require(Right.READ)
    bits = [category.bit for category in await app.store.accounts.categories(caller.account_id)]
    return await app.store.database.read(lambda c: subscribers(c, caller.account_id, bits))


async def create(app: Application, caller: Caller, name: str, description: str = "") -> CategoryView:
    """Make a category; every contact starts at Yes, old and new (S1), and Dynamics gets its column.

    Raises Conflict for a name in use, Invalid at sixty categories and for a name that cannot be.
    """
    caller.require(Right.CATEGORIES)
    named, described = _named(name), _described(description)
    made = await app.store.database.write(
        lambda c: stored.make_category(
            c, caller.account_id, named, described, lambda taken: column_name(named, taken)
        )
    )
    await _spread(app, caller)
    return _view(made)


async def change(
    app: Application, caller: Caller, bit: int, *, name: str | None = None, description: str | None = None
) -> CategoryView:
    """Rename or describe a category; its column in Dynamics keeps its name and gets another label.

    Raises Unknown, Conflict for a name in use, and Invalid.
    """
    caller.require(Right.CATEGORIES)
    current = await read(app, caller, bit)
    named = current.name if name is None else _named(name)
    described = current.description if description is None else _described(description)
    await app.store.accounts.rename_category(caller.account_id, bit, named, described)
    await _spread(app, caller)
    return await read(app, caller, bit)


async def reorder(app: Application, caller: Caller, bits: Sequence[int]) -> tuple[CategoryView, ...]:
    """Put categories in another order; `bits` names every one of them once. Raises Invalid."""
    caller.require(Right.CATEGORIES)
    await app.store.database.write(lambda c: stored.reorder(c, caller.account_id, bits))
    await _spread(app, caller)
    return await all(app, caller)


async def archive(app: Application, caller: Caller, bit: int) -> CategoryView:
    """Take a category out of pages, sends and forms; answers and its column are kept. Raises Unknown."""
    return await _activate(app, caller, bit, active=False)


async def restore(app: Application, caller: Caller, bit: int) -> CategoryView:
    """Bring an archived category back with the answers it had. Raises Unknown."""
    return await _activate(app, caller, bit, active=True)


async def _activate(app: Application, caller: Caller, bit: int, *, active: bool) -> CategoryView:
    caller.require(Right.CATEGORIES)
    await app.store.accounts.set_category_active(caller.account_id, bit, active=active)
    await _spread(app, caller)
    return await read(app, caller, bit)


async def _spread(app: Application, caller: Caller) -> None:
    """Ask for the setup of every live connection: columns, forms, views and webhooks follow."""
    for connection in await app.store.accounts.connections(caller.account_id):
        if connection.live:
            await ask_again(app.store, caller.account_id, connection.connection_id, RELABELLING)
            await app.work.ask(Errand(Kind.SETUP, caller.account_id, connection.connection_id))


def columns_of(names: Sequence[str]) -> list[CategoryColumn]:
    """The columns that categories of these names get when they are made in this order; raises Invalid."""
    if len(names) > CATEGORY_LIMIT:
        raise Invalid(f"An account has at most {CATEGORY_LIMIT} active categories; these are {len(names)}.")
    columns: list[CategoryColumn] = []
    for name in map(_named, names):
        if any(name.casefold() == column.name.casefold() for column in columns):
            raise Conflict(f"Two categories cannot both be called {name}.")
        column = column_name(name, [known.schema_name for known in columns])
        columns.append(CategoryColumn(1 << len(columns), column, name))
    return columns


def column_name(name: str, taken: Collection[str]) -> str:
    """Make the name of a category's column, which never changes and is nobody else's.

    Letters Dynamics does not take are spelled without accents or left out; where nothing is left the
    name is a digest of the category's, always the same.
    """
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("æ", "ae").replace("ø", "o"))
    slug = re.sub("[^a-z0-9]+", "_", plain.encode("ascii", "ignore").decode().lower()).strip("_")
    if sum(letter.isalnum() for letter in slug) * 2 < sum(letter.isalnum() for letter in name) or not slug:
        slug = f"category_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    stem = f"{PREFIX}{slug[:_SLUG_LIMIT].rstrip('_')}"
    known = {other.lower() for other in taken}
    tries = [stem, *(f"{stem}_{number}" for number in range(2, CATEGORY_LIMIT + 2))]
    return next(candidate for candidate in tries if candidate not in known)


def _named(name: str) -> str:
    name = unicodedata.normalize("NFC", name.strip())
    if not name or len(name) > NAME_LIMIT:
        raise Invalid(f"A category needs a name of 1 to {NAME_LIMIT} characters; this has {len(name)}.")
    if any(unicodedata.category(sign) in _UNSEEN or sign in _TURNING for sign in name):
        raise Invalid("A category's name is one line, without control characters or changes of direction.")
    return name


def _described(description: str) -> str:
    description = description.strip()
    if len(description) > DESCRIPTION_LIMIT or "\0" in description:
        raise Invalid(f"A category's description has at most {DESCRIPTION_LIMIT} characters.")
    return description


def _view(category: Category) -> CategoryView:
    return CategoryView(
        bit=category.bit,
        number=category.bit.bit_length(),
        name=category.name,
        description=category.description,
        position=category.position,
        active=category.active,
        column=category.schema_name,
    )
