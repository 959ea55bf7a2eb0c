"""Sign-up forms: made here, put on any page by a snippet, or linked to as they are."""

from dataclasses import dataclass
from datetime import datetime
from html import escape

from assent.errors import Invalid, Unknown
from assent.services.access import Caller, Right
from assent.services.application import Application
from assent.services.links import form_token
from assent.store import sign_ups as stored
from assent.store.categories import Category
from assent.store.sign_ups import Form

NAME_LIMIT, TEXT_LIMIT = 200, 2_000


@dataclass(frozen=True, slots=True)
class FormView:
    """A form as people and programs see it: its own address, and the snippet for other pages."""

    form_id: int
    name: str
    text: str
    categories: tuple[Category, ...]
    active: bool
    created_at: datetime
    url: str
    snippet: str


async def all_forms(app: Application, caller: Caller) -> tuple[FormView, ...]:
    """Every form, the newest first."""
    caller.require(Right.READ)
    found = await app.store.database.read(lambda c: stored.all_forms(c, caller.account_id))
    return tuple([await _view(app, caller.account_id, one) for one in found])


async def read(app: Application, caller: Caller, form_id: int) -> FormView:
    """One form; raises Unknown."""
    caller.require(Right.READ)
    found = await app.store.database.read(lambda c: stored.form(c, caller.account_id, form_id))
    return await _view(app, caller.account_id, found)


async def create(app: Application, caller: Caller, name: str, text: str, categories: int = 0) -> FormView:
    """Make a form. `text` are the words people agree to: they are kept as evidence of every sign-up.

    Raises Invalid, and Unknown for a category the account has not, or that is archived.
    """
    caller.require(Right.CATEGORIES)
    name, text = name.strip(), text.strip()
    if not name or len(name) > NAME_LIMIT or "\0" in name + text:
        raise Invalid(f"A sign-up form needs a name of at most {NAME_LIMIT} characters.")
    if not text or len(text) > TEXT_LIMIT:
        raise Invalid(f"Say in at most {TEXT_LIMIT} characters what people agree to; it is kept as evidence.")
    known = await app.store.accounts.categories(caller.account_id)
    if categories & ~sum(one.bit for one in known if one.active):
        raise Unknown("This account has no such category, or it is archived.")
    now = app.clock.now()
    form_id = await app.store.database.write(
        lambda c: stored.add_form(c, caller.account_id, name, text, categories, now)
    )
    return await read(app, caller, form_id)


async def set_active(app: Application, caller: Caller, form_id: int, *, active: bool) -> FormView:
    """Close a form, wherever it stands, or open it again; raises Unknown."""
    caller.require(Right.CATEGORIES)
    await app.store.database.write(lambda c: stored.set_active(c, caller.account_id, form_id, active=active))
    return await read(app, caller, form_id)


async def _view(app: Application, account_id: int, found: Form) -> FormView:
    known = await app.store.accounts.categories(account_id)
    offered = tuple(one for one in known if one.active and one.bit & found.categories)
    token = await form_token(app, account_id, found.form_id)
    url = f"{app.settings.reached_at}/s/{token}"
    snippet = _snippet(url, found, offered)
    return FormView(
        found.form_id, found.name, found.text, offered, found.active, found.created_at, url, snippet
    )


def _snippet(url: str, form: Form, offered: tuple[Category, ...]) -> str:
    """Plain HTML without script: whoever pastes it can style it, and it works wherever forms do."""
    boxes = "".join(
        f'  <p><label><input type="checkbox" name="on" value="{one.bit.bit_length()}"> '
        f"{escape(one.name)}</label></p>\n"
        for one in offered
    )
    return (
        f'<form action="{escape(url)}" method="post">\n'
        '  <p><label>Email <input type="email" name="email" required maxlength="320" '
        'autocomplete="email"></label></p>\n'
        '  <p><label>First name <input name="first_name" maxlength="200" autocomplete="given-name">'
        "</label></p>\n"
        '  <p><label>Last name <input name="last_name" maxlength="200" autocomplete="family-name">'
        "</label></p>\n"
        f"{boxes}"
        '  <p hidden><label>Leave empty <input name="website" tabindex="-1" autocomplete="off"></label></p>\n'
        f"  <p>{escape(form.text)}</p>\n"
        "  <p><button>Sign up</button></p>\n"
        "</form>\n"
    )
