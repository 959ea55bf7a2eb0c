"""Which column of a file means what."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from assent.errors import Invalid
from assent.services.tables.words import FIELD_WORDS, FIELDS, Field, key

_CATEGORY = "Category: "
#: The columns an export adds that an import has no use for.
HELD, CREATED, UPDATED = "Held", "Created", "Updated"
_RESERVED = frozenset({key(HELD), key(CREATED), key(UPDATED)})


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column means; `category` is the name of the category, for those."""

    field: Field
    category: str = ""

    @property
    def spelled(self) -> str:
        """The form in which a choice is sent: `email`, ..., `category:Newsletters`, `ignore`."""
        return f"{self.field.value}:{self.category}" if self.category else self.field.value

    @property
    def words(self) -> str:
        """The meaning as a person would say it."""
        return FIELD_WORDS.get(self.field, f"the category “{self.category}”")


IGNORED = Meaning(Field.IGNORE)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file and its meaning; `number` counts from 1."""

    number: int
    name: str
    meaning: Meaning = IGNORED

    @property
    def label(self) -> str:
        """The column's name, or its number where it has none."""
        return self.name or f"column {self.number}"


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """The meaning of every column of one file."""

    columns: tuple[Column, ...]

    @property
    def ignored(self) -> tuple[str, ...]:
        """The columns that are not imported, to be named in the preview."""
        return tuple(column.label for column in self.columns if column.meaning == IGNORED)

    @property
    def problems(self) -> tuple[str, ...]:
        """Why nothing can be imported by this mapping, one sentence each; empty where it can."""
        meanings = Counter(column.meaning for column in self.columns if column.meaning != IGNORED)
        found = [self._doubled(meaning) for meaning, count in meanings.items() if count > 1]
        if not meanings[Meaning(Field.EMAIL)]:
            found.append("No column holds the email address. Choose the one that does.")
        return tuple(found)

    def check(self) -> None:
        """Raise Invalid when nothing can be imported by this mapping."""
        if problems := self.problems:
            raise Invalid(" ".join(problems))

    def _doubled(self, meaning: Meaning) -> str:
        names = [f"“{column.label}”" for column in self.columns if column.meaning == meaning]
        return (
            f"Columns {', '.join(names[:-1])} and {names[-1]} both mean {meaning.words}. "
            "Keep one of them and ignore the other."
        )


def suggest(header: Sequence[str], categories: Collection[str]) -> ColumnMapping:
    """Guess what columns mean by their usual names in English, Swedish, German and French.

    Columns not recognised are ignored. A guess may have problems, which a person must solve: it never
    chooses between two columns.
    """
    names = _Names(categories)
    return ColumnMapping(
        tuple(Column(number, name, _guess(name, names)) for number, name in enumerate(header, start=1))
    )


def choose(header: Sequence[str], choices: Mapping[str, str], categories: Collection[str]) -> ColumnMapping:
    """Take somebody's choices, by column label, in the form of `Meaning.spelled`; the rest is ignored.

    Raises Invalid for a column or a category that does not exist, and for a mapping with problems.
    """
    columns = [Column(number, name) for number, name in enumerate(header, start=1)]
    if strange := choices.keys() - {column.label for column in columns}:
        raise Invalid(f"The file has no column “{min(strange)}”. Look at the column names and choose again.")
    mapping = ColumnMapping(
        tuple(
            Column(column.number, column.name, _chosen(choices.get(column.label, ""), categories))
            for column in columns
        )
    )
    mapping.check()
    return mapping


def category_heads(categories: Sequence[str]) -> list[str]:
    """Give the column names an export uses for categories: each is read back as its category alone."""
    names = _Names(categories)
    return [
        name if _guess(name, names) == Meaning(Field.CATEGORY, name) else _CATEGORY + name
        for name in categories
    ]


class _Names:
    """Finds the category a text names: by its exact name, or by its letters where these are one's alone."""

    def __init__(self, categories: Collection[str]) -> None:
        self._exact = frozenset(categories)
        shared = Counter(map(key, categories))
        self._by_key = {key(name): name for name in categories if key(name) and shared[key(name)] == 1}

    def find(self, text: str) -> str | None:
        """Give the category's name, or None."""
        return text if text in self._exact else self._by_key.get(key(text))


def _guess(name: str, names: _Names) -> Meaning:
    field = FIELDS.get(key(name))
    if field is not None:
        return Meaning(field)
    category = None if key(name) in _RESERVED else names.find(name.removeprefix(_CATEGORY))
    return IGNORED if category is None else Meaning(Field.CATEGORY, category)


def _chosen(choice: str, categories: Collection[str]) -> Meaning:
    kind, _, category = choice.partition(":")
    if kind in ("", Field.IGNORE.value):
        return IGNORED
    if kind == Field.CATEGORY.value:
        if category not in categories:
            raise Invalid(f"There is no category “{category}”. Choose one of the account's categories.")
        return Meaning(Field.CATEGORY, category)
    try:
        return Meaning(Field(kind))
    except ValueError:
        expected = ", ".join(field.value for field in Field)
        raise Invalid(f"A column cannot mean “{kind}”. Choose one of: {expected}.") from None
