"""A send's subject, text and HTML with places to fill in: judged once, filled in per recipient."""

from dataclasses import asdict, dataclass

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2 import Template as Source
from jinja2.sandbox import ImmutableSandboxedEnvironment

from assent.errors import Invalid
from assent.mail.permitted import FILTERS, TESTS, objections
from assent.mail.plain import text_of

SOURCE_LIMIT = 500_000
OUTPUT_LIMIT = 1_000_000
LONGEST_LOOP = 100
_TROUBLES = (
    TemplateError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    AssertionError,
)


@dataclass(frozen=True, slots=True)
class Variables:
    """What a template may name; an empty string where nothing is known."""

    first_name: str
    last_name: str
    email: str
    preferences_url: str
    unsubscribe_url: str
    category: str


SAMPLE = Variables(
    first_name="Anna",
    last_name="Lind",
    email="anna.lind@example.com",
    preferences_url="https://example.com/p/sample",
    unsubscribe_url="https://example.com/u/sample",
    category="Newsletters",
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail for one recipient; `html` is None where the send has none."""

    subject: str
    text: str
    html: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a mail, ready to be filled in; `name` is what errors call it."""

    name: str
    source: Source

    def fill(self, variables: dict[str, str]) -> str:
        """Give the part for one recipient. Raises Invalid, naming the line, where it cannot be filled in."""
        pieces: list[str] = []
        size = 0
        try:
            for piece in self.source.generate(variables):
                pieces.append(piece)
                size += len(piece)
                if size > OUTPUT_LIMIT:
                    raise Invalid(f"{self.name} grows beyond {OUTPUT_LIMIT:,} characters. Shorten it.")
        except _TROUBLES as error:
            raise Invalid(f"{self.name}, line {_line(error)}, cannot be filled in: {_why(error)}.") from None
        return "".join(pieces)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A send's mail, ready to be filled in for any number of recipients."""

    subject: Part
    text: Part | None
    html: Part | None

    def render(self, variables: Variables) -> Rendered:
        """Fill in for one recipient; a mail of HTML alone gets its words as text.

        Raises Invalid, naming the part and the line.
        """
        values = asdict(variables)
        html = self.html.fill(values) if self.html is not None else None
        text = self.text.fill(values) if self.text is not None else text_of(html or "")
        return Rendered(self.subject.fill(values).strip(), text, html)

    def check(self) -> Rendered:
        """Fill in with sample values, so that what is wrong is told before anybody is mailed.

        Raises Invalid, naming the part and the line, and where the subject is empty or not one line.
        """
        sample = self.render(SAMPLE)
        if not sample.subject or len(sample.subject.splitlines()) > 1:
            raise Invalid("The subject must be one line that is not empty.")
        return sample


class Template:
    """Where compiled mails come from."""

    @staticmethod
    def compile(subject: str, text: str, html: str | None) -> Compiled:
        """Judge and compile a send's mail. Raises Invalid, naming the part and the line.

        `text` may be empty where there is HTML. What a mail may do is listed in `permitted`.
        """
        if not text.strip() and not (html or "").strip():
            raise Invalid("The mail is empty. Write a text, or HTML.")
        return Compiled(
            _part("The subject", subject, _WORDS),
            _part("The text", text, _WORDS) if text.strip() else None,
            _part("The HTML", html, _PAGE) if html is not None and html.strip() else None,
        )


def _part(name: str, source: str, environment: ImmutableSandboxedEnvironment) -> Part:
    if len(source) > SOURCE_LIMIT:
        raise Invalid(f"{name} has more than {SOURCE_LIMIT:,} characters. Shorten it.")
    try:
        source.encode()
        tree: nodes.Template = environment.parse(source)
        for line, problem in objections(tree):
            raise Invalid(f"{name}, line {line}: {problem}")
        return Part(name, environment.from_string(tree))
    except TemplateSyntaxError as error:
        raise Invalid(f"{name}, line {error.lineno}: {error.message}") from None
    except ValueError:  # a number of thousands of digits, or half a character
        raise Invalid(f"{name} has a number or a character in it that cannot be read. Remove it.") from None
    except (RecursionError, SyntaxError, MemoryError):  # Python's own limits on the code made of it
        raise Invalid(f"{name} is nested too deeply. Simplify it.") from None


def _environment(*, autoescape: bool) -> ImmutableSandboxedEnvironment:
    """An environment without loader, with nothing in it that `permitted` does not list."""
    made = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=autoescape, keep_trailing_newline=True, cache_size=0
    )
    made.globals = {"range": _range}
    made.filters = {name: made.filters[name] for name in FILTERS}
    made.tests = {name: made.tests[name] for name in TESTS}
    return made


def _range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > LONGEST_LOOP:
        raise OverflowError
    return numbers


def _why(error: Exception) -> str:
    """In words; the error's own text is not repeated, for it may hold what was filled in."""
    if isinstance(error, OverflowError):
        return f"a loop has at most {LONGEST_LOOP} rounds"
    if isinstance(error, TemplateError):
        return "something is shown or used before it was set"
    return "a filter or comparison was given something it cannot take"


def _line(error: BaseException) -> int:
    """The line of the template an error happened in; Jinja2 writes it into the traceback."""
    place, line = error.__traceback__, 1
    while place is not None:
        if place.tb_frame.f_code.co_filename == "<template>":
            line = place.tb_lineno
        place = place.tb_next
    return line


_WORDS = _environment(autoescape=False)
_PAGE = _environment(autoescape=True)
