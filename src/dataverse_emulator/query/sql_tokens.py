"""The words of the SQL that the Web API takes, and reading them one after another."""

import re
from dataclasses import dataclass
from typing import Final, NoReturn

from dataverse_emulator.query.tokens import shown
from dataverse_emulator.state.problems import Problem, Refusal

_TOKENS: Final = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<text>N?'(?:[^']|'')*')
  | (?P<number>-?\d{1,18}(?:\.\d{1,18})?(?![\w.]))
  | (?P<name>[A-Za-z_]\w*|\[[A-Za-z_]\w*\]|"[A-Za-z_]\w*")
  | (?P<mark><>|!=|<=|>=|[=<>(),.*])
    """,
    re.VERBOSE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Word:
    """One word: its kind, its text without quotes, and its place."""

    kind: str
    text: str
    at: int

    @property
    def key(self) -> str:
        """A bare name in upper case, to compare with keywords; empty for everything else."""
        return self.text.upper() if self.kind == "name" else ""


def words(sql: str) -> list[Word]:
    """The words of a statement, or the refusal of what is none."""
    found, at = [], 0
    while at < len(sql):
        hit = _TOKENS.match(sql, at)
        if hit is None or hit.lastgroup is None:
            raise unreadable(sql, at)
        text, kind = hit.group(), hit.lastgroup
        if kind == "text":
            text = text[text.index("'") + 1 : -1].replace("''", "'")
        elif kind == "name" and text[0] in '["':
            kind, text = "quoted", text[1:-1]
        if kind != "space":
            found.append(Word(kind, text, at))
        at = hit.end()
    return found


def unreadable(sql: str, at: int) -> Refusal:
    """A text that is no SELECT statement."""
    return Refusal(Problem.INVALID_ARGUMENT, f"Incorrect syntax at position {at} in '{shown(sql)}'.")


class Reader:
    """A place in a statement that moves on as words are taken."""

    def __init__(self, sql: str) -> None:
        self._sql = sql
        self._words = words(sql)
        self._at = 0

    def peek(self, ahead: int = 0) -> Word | None:
        """The next word, if there is one."""
        at = self._at + ahead
        return self._words[at] if at < len(self._words) else None

    def next(self) -> Word:
        """The next word, taken."""
        word = self.peek()
        if word is None:
            self.fail()
        self._at += 1
        return word

    def take(self, *keys: str) -> bool:
        """Take these keywords, if they are what follows."""
        found = [self.peek(ahead) for ahead in range(len(keys))]
        if [word.key if word else None for word in found] != list(keys):
            return False
        self._at += len(keys)
        return True

    def need(self, *keys: str) -> None:
        """Take these keywords, which must follow."""
        if not self.take(*keys):
            self.fail()

    def mark(self, text: str) -> bool:
        """Take this mark, if it is what follows."""
        word = self.peek()
        if word is None or word.kind != "mark" or word.text != text:
            return False
        self._at += 1
        return True

    def need_mark(self, text: str) -> None:
        """Take this mark, which must follow."""
        if not self.mark(text):
            self.fail()

    def whole_number(self) -> int:
        """A number without sign or fraction."""
        word = self.next()
        if word.kind != "number" or not word.text.isdigit():
            self.fail(word)
        return int(word.text)

    def fail(self, word: Word | None = None) -> NoReturn:
        """Refuse the statement at this word, or at the next one."""
        found = word or self.peek()
        raise unreadable(self._sql, found.at if found else len(self._sql))
