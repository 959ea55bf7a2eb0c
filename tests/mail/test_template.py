"""What a template may do, what it may not, and how it says so."""

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assent.errors import Invalid
from assent.mail.plain import text_of
from assent.mail.template import OUTPUT_LIMIT, SAMPLE, Rendered, Template, Variables


def text(source: str, variables: Variables = SAMPLE) -> str:
    """The text of a mail made from a template."""
    return Template.compile("Subject", source, None).render(variables).text


def test_every_part_is_filled_in_for_each_recipient() -> None:
    """Subject, text and HTML have the same variables."""
    compiled = Template.compile(
        "Hi {{ first_name }}", "{{ last_name }}\n", "<a href='{{ preferences_url }}'>x</a>"
    )
    expected = Rendered("Hi Anna", "Lind\n", "<a href='https://example.com/p/sample'>x</a>")
    assert expected == compiled.render(SAMPLE)
    assert "Hi Jan" == compiled.render(replace(SAMPLE, first_name="Jan")).subject


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ first_name or 'friend' }}", "friend"),
        ("{{ first_name|default('you', true) }}", "you"),
        ("{% if category == 'Newsletters' %}news{% else %}other{% endif %}", "news"),
        ("{% if category in ('Events', 'Newsletters') %}in{% endif %}", "in"),
        ("{% set name = last_name|upper %}{{ name }}", "LIND"),
        ("{% for i in range(3) %}{{ loop.index }}{% endfor %}", "123"),
        ("{% for letter in last_name %}{{ letter }}-{% endfor %}", "L-i-n-d-"),
        ("{{ email if email else '?' }}", "anna.lind@example.com"),
        ("{# a note #}{% raw %}{{ raw }}{% endraw %}", "{{ raw }}"),
        ("{{ preferences_url|urlencode }}", "https%3A//example.com/p/sample"),
    ],
)
def test_a_template_may_decide_default_and_repeat(source: str, expected: str) -> None:
    """Variables, conditions, filters and simple loops are enough for a mail."""
    assert expected == text(source, replace(SAMPLE, first_name=""))


def test_what_is_known_of_a_person_cannot_become_html() -> None:
    """HTML is escaped, a text is not."""
    compiled = Template.compile("{{ first_name }}", "{{ first_name }}", "<p>{{ first_name }}</p>")
    rendered = compiled.render(replace(SAMPLE, first_name="<b>&"))
    assert Rendered("<b>&", "<b>&", "<p>&lt;b&gt;&amp;</p>") == rendered


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ first_name.__init__ }}",
        "{{ first_name|attr('__class__') }}",
        "{{ first_name.format }}",
        "{{ first_name['x'] }}",
        "{{ first_name.upper() }}",
        "{{ self.__init__.__globals__ }}",
        "{{ loop.__class__ }}",
        "{{ range.__globals__ }}",
        "{% for i in range(1) %}{{ loop.cycle }}{% endfor %}",
        "{% include '/etc/passwd' %}",
        "{% import '/etc/passwd' as x %}",
        "{% from '/etc/passwd' import x %}",
        "{% extends '/etc/passwd' %}",
        "{% macro a() %}{{ a() }}{% endmacro %}",
        "{% block a %}{% endblock %}",
        "{% autoescape false %}{% endautoescape %}",
        "{{ first_name|safe }}",
        "{{ cycler('a') }}",
        "{{ lipsum(1000000) }}",
        "{{ namespace(a=1) }}",
        "{{ dict(a=1) }}",
        "{{ range }}",
        "{% set range = 1 %}",
    ],
)
def test_a_template_reaches_no_attribute_call_or_file(source: str) -> None:
    """What is forbidden is told when a send is written, not when it is sent."""
    for part in ((source, "text", None), ("subject", source, None), ("subject", "text", source)):
        with pytest.raises(Invalid):
            Template.compile(*part)


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%1000000000d'|format(1) }}",
        "{{ first_name|center(1000000000) }}",
        "{{ first_name|replace('a', 'aaaaaaaaaa') }}",
        "{% set a = 'aa' %}" + "{% set a = a ~ a %}" * 60 + "{{ a }}",
        "{% set a = 1 %}" + "{% set a = [a, a] %}" * 60 + "{{ a }}",
        "{% set a %}aa{% endset %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 60,
        "{% for a in range(99) %}{% for b in range(99) %}{% endfor %}{% endfor %}",
        "{% for a in range(9) recursive %}{{ loop(range(9)) }}{% endfor %}",
        "{{ " + "(" * 100_000 + "1" + ")" * 100_000 + " }}",
        "{% if 1 %}" * 1000 + "{% endif %}" * 1000,
        "{{ " + "9" * 10_000 + " }}",
        "{{ 1" + " and 1" * 100_000 + " }}",
        "x" * 500_001,
        "\ud800",
    ],
    ids=lambda source: source[:40],
)
def test_nothing_that_grows_or_burns_is_accepted(source: str) -> None:
    """A template cannot use up memory or time: it is refused, at once."""
    begun = time.perf_counter()
    with pytest.raises(Invalid):
        Template.compile("subject", source, None)
    assert 5.0 > time.perf_counter() - begun


@pytest.mark.parametrize("bounds", ["1000000000", "101", "0, 1000000", "-1000, 1000, 2"])
def test_loops_have_a_bound(bounds: str) -> None:
    """A hundred rounds are enough for a mail."""
    compiled = Template.compile("subject", f"one\n\n{{% for i in range({bounds}) %}}x{{% endfor %}}", None)
    with pytest.raises(
        Invalid, match=r"The text, line 3, cannot be filled in: a loop has at most 100 rounds"
    ):
        compiled.check()


def test_what_a_template_makes_has_a_bound() -> None:
    """A long text a hundred times over is stopped while it grows."""
    compiled = Template.compile("subject", "{% for i in range(100) %}" + "x" * 100_000 + "{% endfor %}", None)
    with pytest.raises(Invalid, match=f"The text grows beyond {OUTPUT_LIMIT:,} characters"):
        compiled.check()


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (("{{ name }}", "x", None), "The subject, line 1: there is nothing called 'name'"),
        (("x", "a\nb\n{{ first_nam }}", None), "The text, line 3: there is nothing called 'first_nam'"),
        (
            ("x", "x", "<p>\n{% if false %}{{ nam }}{% endif %}"),
            "The HTML, line 2: there is nothing called 'nam'",
        ),
        (("x", "\n{{ first_name", None), "The text, line 2: unexpected end"),
        (("x", "\n\n{% if first_name %}", None), "The text, line 3: Unexpected end"),
        (("x", "{{ first_name|shout }}", None), "The text, line 1: there is no filter 'shout' in mails"),
        (
            ("x", "{% if first_name is odd %}{% endif %}", None),
            "The text, line 1: there is no test 'odd' in mails",
        ),
        (("x", " ", "\n"), "The mail is empty"),
    ],
)
def test_what_is_wrong_is_told_with_its_part_and_line(parts: tuple[str, str, str | None], told: str) -> None:
    """Also where the wrong name stands in a branch nobody would have seen before the send."""
    with pytest.raises(Invalid) as error:
        Template.compile(*parts).check()
    assert told.lower() in str(error.value).lower()


@pytest.mark.parametrize(
    "source", ["{{ first_name < 3 }}", "{{ first_name|truncate('x') }}", "{{ x }}{% set x = 1 %}"]
)
def test_what_only_shows_when_filled_in_is_told_by_the_check(source: str) -> None:
    """The sample tells the line, and nothing of what was filled in."""
    compiled = Template.compile("subject", "\n" + source, None)
    with pytest.raises(Invalid, match="The text, line 2, cannot be filled in") as error:
        compiled.check()
    assert SAMPLE.first_name not in str(error.value)


@pytest.mark.parametrize("subject", ["", "  ", "{{ category if first_name == 'x' else '' }}", "a\nb"])
def test_a_subject_is_one_line(subject: str) -> None:
    """An empty subject or one of two lines is told by the check."""
    with pytest.raises(Invalid, match="one line"):
        Template.compile(subject, "text", None).check()


def test_a_mail_of_html_alone_gets_its_words_as_text() -> None:
    """Links keep their address, paragraphs their distance, and code is left out."""
    html = (
        "<html><head><title>t</title><style>p {}</style></head><body><h1>Hello {{ first_name }}</h1>"
        "<p>Read   the <a href='https://a.example/x'>news</a>.<br>Bye</p><ul><li>one<li>two</ul>"
        "<img src='x' alt='A cat'><script>x()</script></body></html>"
    )
    expected = "Hello A & B\n\nRead the news [https://a.example/x].\nBye\n\n- one\n- two\n\nA cat\n"
    assert expected == Template.compile("s", "", html).render(replace(SAMPLE, first_name="A & B")).text


@settings(max_examples=100, deadline=None)
@given(st.text() | st.text("<>/a=' \n&;!-p", max_size=60))
def test_any_html_has_a_text(html: str) -> None:
    """Broken pages are read as browsers read them: nothing fails."""
    assert isinstance(text_of(html), str)


def test_html_nested_without_end_has_a_text() -> None:
    """Depth is not ours to choose."""
    assert "deep" in text_of("<div>" * 200 + "deep" + "</div>" * 200)
    assert isinstance(text_of("<div>" * 100_000 + "deep"), str)


@settings(max_examples=200, deadline=None)
@given(st.text("{}%#|.()[]'_ ifor19ax\n~*", max_size=60))
def test_any_source_is_refused_or_filled_in(source: str) -> None:
    """No template brings out another error than Invalid."""
    try:
        Template.compile(source or "s", source or "t", source).check()
    except Invalid:
        return
