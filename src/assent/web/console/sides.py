"""A contact's two sides as a table: what the hub holds beside what each row in Dynamics says."""

from dataclasses import dataclass

from assent.services.contact_views import ContactView, LinkView
from assent.services.tables.words import BASIS_WORDS
from assent.services.words import TOGGLE_WORDS

AGREES, DIFFERS, SILENT = "agrees", "differs", "silent"

MARK_WORDS = {AGREES: "agrees", DIFFERS: "differs", SILENT: "says nothing"}


@dataclass(frozen=True, slots=True)
class Cell:
    """What one row says for one field, and how that stands to the hub."""

    text: str
    mark: str
    said: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field on every side."""

    name: str
    hub: str
    cells: tuple[Cell, ...]


def sides(view: ContactView) -> tuple[Field, ...]:
    """Every synced field, the permission first."""
    links = view.links
    permission = Field(
        "Permission",
        BASIS_WORDS[view.basis],
        tuple(_cell(TOGGLE_WORDS[link.toggle], link.toggle_agrees) for link in links),
    )
    answers = [
        Field(
            one.name,
            _yes(one.subscribed),
            tuple(_answer(link, one.bit, one.subscribed) for link in links),
        )
        for one in view.subscriptions
        if one.active
    ]
    email = Field(
        "Email address",
        view.shown_email,
        tuple(_cell(link.email or "empty", link.email_agrees) for link in links),
    )
    return (permission, *answers, email)


def _answer(link: LinkView, bit: int, hub: bool) -> Cell:
    answer = next((one.subscribed for one in link.answers if one.bit == bit), None)
    if answer is None:
        return Cell("empty", SILENT, MARK_WORDS[SILENT])
    return _cell(_yes(answer), answer == hub)


def _cell(text: str, agrees: bool) -> Cell:
    mark = AGREES if agrees else DIFFERS
    return Cell(text[:1].upper() + text[1:] if "@" not in text else text, mark, MARK_WORDS[mark])


def _yes(answer: bool) -> str:
    return "Yes" if answer else "No"
