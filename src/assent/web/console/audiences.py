"""Audiences as addresses and forms carry them: filters by name, categories by number."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import ImmutableMultiDict

from assent.errors import Invalid
from assent.policy.audience import TEXT_LIMIT, Audience, numbers_of, read_audience
from assent.services import categories, connections
from assent.services.categories import CategoryView
from assent.services.connection_views import ConnectionView
from assent.web.console.visiting import Visit
from assent.web.console.words import in_words

_FLAGS = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Filters:
    """An audience with everything a page needs to show and change it."""

    audience: Audience
    categories: tuple[CategoryView, ...]
    connections: tuple[ConnectionView, ...]
    words: tuple[str, ...]

    @property
    def query(self) -> str:
        """The audience as an address carries it."""
        return urlencode(self.pairs)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The same for the hidden fields of a form."""
        return write_fields(self.audience)

    @property
    def json(self) -> str:
        """The same for forms that carry it on as it is."""
        return json.dumps(self.audience.plain())

    def has(self, name: str, value: str) -> bool:
        """Whether a filter is set to a value."""
        return (name, value) in self.pairs


async def filters(visit: Visit, audience: Audience) -> Filters:
    """Put an audience into words."""
    known = await categories.all(visit.app, visit.caller)
    joined = await connections.all(visit.app, visit.caller)
    said = in_words(
        audience,
        {one.bit: one.name for one in known},
        {one.connection_id: one.name for one in joined},
    )
    return Filters(audience, known, joined, tuple(said))


def read_fields(given: ImmutableMultiDict[str, Any]) -> Audience:
    """Read the filters of an address or a form; raises Invalid for those that cannot be."""

    def texts(name: str) -> list[str]:
        return [value for value in given.getlist(name) if isinstance(value, str) and value]

    def flag(name: str) -> bool | None:
        return _FLAGS.get(next(iter(texts(name)), ""))

    plain: dict[str, object] = {
        "text": next(iter(texts("text")), "").replace("\0", "").strip()[:TEXT_LIMIT] or None,
        "bases": texts("basis") or None,
        "subscribed": whole_numbers(texts("yes")) or None,
        "unsubscribed": whole_numbers(texts("no")) or None,
        "linked": flag("linked"),
        "held": flag("held"),
        "pending": flag("pending"),
        "connection": next(iter(whole_numbers(texts("connection"))), None),
        "contact_ids": texts("pick") or None,
    }
    return read_audience(plain)


def sent_audience(text: str) -> Audience:
    """Read an audience a form carried; raises Invalid."""
    try:
        return read_audience(json.loads(text or "{}"))
    except (ValueError, RecursionError):
        raise Invalid("The audience was not readable. Choose the contacts again.") from None


def write_fields(audience: Audience) -> list[tuple[str, str]]:
    """The filters of an audience as names and values."""
    found = [("text", audience.text)] if audience.text else []
    found += [("basis", basis.name.lower()) for basis in sorted(audience.bases)]
    found += [("yes", str(number)) for number in numbers_of(audience.subscribed)]
    found += [("no", str(number)) for number in numbers_of(audience.unsubscribed)]
    flags: Mapping[str, bool | None] = {
        "linked": audience.linked,
        "held": audience.held,
        "pending": audience.pending,
    }
    found += [(name, "yes" if flag else "no") for name, flag in flags.items() if flag is not None]
    if audience.connection is not None:
        found.append(("connection", str(audience.connection)))
    ids = audience.contact_ids
    return found + ([] if ids is None else [("pick", str(one)) for one in sorted(ids)])


def whole_numbers(texts: Sequence[str]) -> list[int]:
    """Read numbers of an address or a form; raises Invalid for what is none."""
    for text in texts:
        if text and not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise Invalid("A number that was sent is none. Choose again on the page.")
    return [int(text) for text in texts if text]
