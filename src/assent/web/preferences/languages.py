"""Which language a page speaks: the one asked for, else the browser's, else English."""

from assent.web.preferences.english import ENGLISH
from assent.web.preferences.french import FRENCH
from assent.web.preferences.german import GERMAN
from assent.web.preferences.swedish import SWEDISH
from assent.web.preferences.words import Words

LANGUAGES: dict[str, Words] = {words.code: words for words in (ENGLISH, SWEDISH, GERMAN, FRENCH)}


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
