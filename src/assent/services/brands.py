"""How an account looks on preference pages and sign-up forms."""

import re
from urllib.parse import urlsplit

from assent.errors import Invalid
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.store import brands as stored
from assent.store.brands import Brand

_COLOUR = re.compile(r"#[0-9a-f]{6}")
NAME_LIMIT, URL_LIMIT = 200, 1_000


async def read(app: Application, caller: Caller) -> Brand:
    """The look as it is."""
    caller.require(Right.READ)
    return await app.store.database.read(lambda c: stored.brand_of(c, caller.account_id))


async def write(app: Application, caller: Caller, brand: Brand) -> Brand:
    """Give the account a look; empty values mean none. Raises Invalid."""
    caller.require(Right.CATEGORIES)
    checked = Brand(brand.name.strip(), brand.logo_url.strip(), brand.colour.strip().lower())
    if len(checked.name) > NAME_LIMIT or not (checked.name.isprintable()):
        raise Invalid(f"The name is one line of at most {NAME_LIMIT} characters.")
    if checked.logo_url and not _is_picture(checked.logo_url):
        raise Invalid(
            "The logo's address begins with https:// and has no spaces, quotes, commas or semicolons."
        )
    if checked.colour and not _COLOUR.fullmatch(checked.colour):
        raise Invalid("The colour is written as #rrggbb, such as #0b57a4.")
    await app.store.database.write(lambda c: stored.write(c, caller.account_id, checked))
    return await read(app, caller)


def _is_picture(url: str) -> bool:
    """Whether an address can stand in a page's policy as it is."""
    if len(url) > URL_LIMIT or not url.isascii() or not url.isprintable() or re.search(r"[\s\"'<>,;]", url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and not parts.fragment and not parts.username
