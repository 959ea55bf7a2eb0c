"""The pages speak four languages, and say everything in each."""

import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.policy.permission import LegalBasis
from assent.web.preferences.languages import LANGUAGES, choose, spoken
from assent.web.preferences.words import Words

from .desk import desk


@pytest.mark.parametrize(
    ("asked", "accepted", "expected"),
    [
        ("", "", "en"),
        ("sv", "de", "sv"),
        ("", "de-CH,fr;q=0.8", "de"),
        ("", "fr;q=0.3,sv;q=0.9,en;q=0.5", "sv"),
        ("", "ja,pt-BR;q=0.9", "en"),
        ("", "sv;q=0,de", "de"),
        ("xx", "fr", "fr"),
        ("", "de;q=nan, fr;q=0.1", "fr"),
    ],
)
def test_the_language_is_the_one_asked_for_else_the_browsers(
    asked: str, accepted: str, expected: str
) -> None:
    """`?lang=` before Accept-Language, by its weights, before English."""
    assert expected == choose(asked, accepted).code


@given(st.text(), st.text())
def test_any_header_gives_a_language(asked: str, accepted: str) -> None:
    """P8: nothing that a browser sends can fail."""
    assert choose(asked, accepted).code in LANGUAGES


def names(words: Words, name: str) -> list[tuple[str, set[str]]]:
    """The texts of one field with the names they fill in."""
    value = getattr(words, name)
    texts = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
    return [(text, {part for _, part, _, _ in Formatter().parse(text) if part}) for text in texts]


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_every_language_fills_in_the_same_names(code: str) -> None:
    """A text that names what the English one does not would fail, or leave something out."""
    for field in fields(Words):
        found, english = names(LANGUAGES[code], field.name), names(LANGUAGES["en"], field.name)
        assert all(text.strip() for text, _ in found), field.name
        assert [filled for _, filled in english] == [filled for _, filled in found], field.name
    assert set(LegalBasis) == set(LANGUAGES[code].bases)
    assert 12 == len(LANGUAGES[code].months)


@pytest.mark.parametrize("basis", [LegalBasis.NONE, LegalBasis.CONSENT, LegalBasis.WITHDRAWN])
async def test_every_page_can_be_read_in_every_language(tmp_path: Path, basis: LegalBasis) -> None:
    """Nobody's answer, a yes and a no; each page, each language; the page says which language it is in."""
    async with desk(tmp_path, basis) as at:
        for words in LANGUAGES.values():
            for url in (
                await at.link(),
                await at.link("u"),
                f"{await at.link()}?done=ask.1.2.late",
                f"{at.url}/p/x",
            ):
                page = await at.get(url, words.code)
                assert f'<html lang="{words.code}">' in page.text
                assert words.code == page.headers["content-language"]
                assert not re.search(r"[{}]", page.text)
            assert words.basis(basis, "Meadow Ltd") in (await at.get(await at.link(), words.code)).plain


async def test_another_language_is_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with a catalogue in it is enough: it is found, and stands behind English by its name."""
    room = tmp_path / "more_texts"
    room.mkdir()
    (room / "__init__.py").write_text("")
    (room / "finnish.py").write_text(
        "from dataclasses import replace\n"
        "from assent.web.preferences.catalogues.english import ENGLISH\n"
        "FINNISH = replace(ENGLISH, code='fi', language='Suomi', save='Tallenna')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    found = spoken(import_module("more_texts"))
    assert ["en", "fi"] == list(found)
    assert "Tallenna" == found["fi"].save
