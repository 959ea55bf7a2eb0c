"""Which contacts are meant: one filter for lists, bulk actions, exports and sends."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from assent.errors import Invalid
from assent.policy.permission import LegalBasis
from assent.policy.sides import CATEGORY_LIMIT, bits

TEXT_LIMIT = 200
IDS_LIMIT = 50_000

#: No database holds NUL, or halves of characters.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Audience:
    """A set of contacts, named by what they have in common; everything given must hold.

    `text` is looked for in addresses and names, word by word. `subscribed` and `unsubscribed` are
    masks of categories the contact says Yes, or No, to: to all of them. `linked` tells whether the
    contact has a row in Dynamics, in `connection` where one is given. `held` is whether it is kept out of
    sends, `pending` whether something waits to be synced. `contact_ids` picks contacts by hand.
    """

    text: str = ""
    bases: frozenset[LegalBasis] = frozenset()
    subscribed: int = 0
    unsubscribed: int = 0
    linked: bool | None = None
    connection: int | None = None
    held: bool | None = None
    pending: bool | None = None
    contact_ids: frozenset[UUID] | None = None

    def plain(self) -> dict[str, object]:
        """The filter as JSON holds it: only what was given, categories by number."""
        ids = self.contact_ids
        given: dict[str, object] = {
            "text": self.text or None,
            "bases": sorted(basis.name.lower() for basis in self.bases) or None,
            "subscribed": numbers_of(self.subscribed) or None,
            "unsubscribed": numbers_of(self.unsubscribed) or None,
            "linked": self.linked,
            "connection": self.connection,
            "held": self.held,
            "pending": self.pending,
            "contact_ids": None if ids is None else sorted(str(contact_id) for contact_id in ids),
        }
        return {name: value for name, value in given.items() if value is not None}

    @property
    def terms(self) -> tuple[str, ...]:
        """The words of the text; each must be found."""
        return tuple(self.text.split())


EVERYBODY = Audience()


def numbers_of(mask: int) -> list[int]:
    """The numbers, 1 to 60, of the categories in a mask: how JSON and addresses name them."""
    return [bit.bit_length() for bit in bits(mask)]


def mask_of(numbers: Iterable[object]) -> int:
    """The mask of categories by number; raises Invalid for what is no category's number."""
    mask = 0
    for number in numbers:
        if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= CATEGORY_LIMIT:
            raise Invalid(f"A category is named by its number, 1 to {CATEGORY_LIMIT}.")
        mask |= 1 << (number - 1)
    return mask


def fold(text: str) -> str:
    """Give the form in which names are compared: without case and without accents."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()


def read_audience(plain: object) -> Audience:
    """Read a filter from its JSON form; raises Invalid, naming the part that is wrong."""
    if not isinstance(plain, Mapping):
        raise Invalid('An audience is an object of filters, such as {"bases": ["consent"]}.')
    if strange := plain.keys() - _READERS.keys():
        raise Invalid(
            f"An audience has no filter “{min(map(str, strange))}”. Known are: {', '.join(_READERS)}."
        )
    given = {name: _READERS[name](name, value) for name, value in plain.items() if value is not None}
    return Audience(**given)  # type: ignore[arg-type]


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > TEXT_LIMIT or _UNSTORABLE.search(value):
        raise Invalid(f"The audience's “{name}” is a text of at most {TEXT_LIMIT} characters.")
    return value


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise Invalid(f"The audience's “{name}” is true or false.")
    return value


def _number(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 63:
        raise Invalid(f"The audience's “{name}” is a number.")
    return value


def _items(name: str, value: object) -> list[object]:
    if not isinstance(value, list) or len(value) > IDS_LIMIT:
        raise Invalid(f"The audience's “{name}” is a list of at most {IDS_LIMIT} values.")
    return value


def _bases(name: str, value: object) -> frozenset[LegalBasis]:
    known = {basis.name.lower(): basis for basis in LegalBasis}
    items = _items(name, value)
    if any(not isinstance(item, str) or item not in known for item in items):
        raise Invalid(f"The audience's “{name}” are legal bases: {', '.join(known)}.")
    return frozenset(known[str(item)] for item in items)


def _mask(name: str, value: object) -> int:
    return mask_of(_items(name, value))


def _ids(name: str, value: object) -> frozenset[UUID]:
    try:
        return frozenset(UUID(str(item)) for item in _items(name, value))
    except ValueError:
        raise Invalid(f"The audience's “{name}” are ids of contacts.") from None


_READERS = {
    "text": _text,
    "bases": _bases,
    "subscribed": _mask,
    "unsubscribed": _mask,
    "linked": _flag,
    "connection": _number,
    "held": _flag,
    "pending": _flag,
    "contact_ids": _ids,
}
