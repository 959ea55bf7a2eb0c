"""How an account looks on the pages it shows to people: its name there, its logo, its colour."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from assent.store.desk_schema import brands
from assent.store.dialects import insert
from assent.store.schema import accounts


@dataclass(frozen=True, slots=True)
class Brand:
    """A look; an empty logo or colour leaves the pages as they are. `colour` is `#rrggbb`."""

    name: str = ""
    logo_url: str = ""
    colour: str = ""


#: An account's look, where `BRANDED` is selected from; the account's own name stands in for none.
BRAND_COLUMNS: tuple[Any, ...] = (
    func.coalesce(func.nullif(brands.c.name, ""), accounts.c.name),
    func.coalesce(brands.c.logo_url, ""),
    func.coalesce(brands.c.colour, ""),
)
BRANDED = accounts.outerjoin(brands, brands.c.account_id == accounts.c.account_id)


def brand_of(connection: Connection, account_id: int) -> Brand:
    """The look of an account that exists."""
    statement = select(*BRAND_COLUMNS).select_from(BRANDED).where(accounts.c.account_id == account_id)
    return Brand(*connection.execute(statement).one())


def write(connection: Connection, account_id: int, brand: Brand) -> None:
    """Give an account a look."""
    values = {"name": brand.name, "logo_url": brand.logo_url, "colour": brand.colour}
    statement = insert(brands).values(account_id=account_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=values))
