"""Which language a page speaks: the one asked for, else the browser's, else English."""

import pkgutil
from importlib import import_module
from types import ModuleType

from assent.web.preferences import catalogues
from assent.web.preferences.catalogues.english import ENGLISH
from assent.web.preferences.words import Words


def spoken(room: ModuleType) -> dict[str, Words]:
    """Every language a file of the room holds the texts of, by its code: English first, then by name."""
    modules = [import_module(f"{room.__name__}.{one.name}") for one in pkgutil.iter_modules(room.__path__)]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Words)]
    ordered = sorted(found, key=lambda words: (words.code != ENGLISH.code, words.language))
    return {words.code: words for words in ordered}


#: Another language is another file, and nothing else.
LANGUAGES: dict[str, Words] = spoken(catalogues)


def choose(asked: str, accepted: str) -> Words:
    """Choose by `?lang=` and by Accept-Language; nothing either holds can fail."""
    if asked in LANGUAGES:
        return LANGUAGES[asked]
    for _, _, code in sorted(_wishes(accepted)):
        if code in LANGUAGES:
            return LANGUAGES[code]
    return ENGLISH


def _wishes(accepted: str) -> list[tuple[float, int, str]]:
    """The languages of an Accept-Language header, the most wanted first when sorted."""
    wishes = []
    for place, part in enumerate(accepted[:500].split(",")):
        name, _, quality = part.partition(";")
        weight = _quality(quality)
        if weight > 0:
            wishes.append((-weight, place, name.strip().partition("-")[0].lower()))
    return wishes


def _quality(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if not text.strip():
        return 1.0
    try:
        weight = float(value) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
