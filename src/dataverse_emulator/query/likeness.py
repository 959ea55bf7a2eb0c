"""SQL LIKE over lower-case texts: %, _, [set], [^set] are wildcards (dataverse.md 2.3)."""

import re
from collections.abc import Callable

from dataverse_emulator.query.model import Match

_WILD = re.compile(r"[%_\[]")


def text_test(match: Match, text: str) -> Callable[[str], bool]:
    """A test of one text, whose case does not matter."""
    lowered = text.lower()
    if _WILD.search(lowered):
        pattern = _like_pattern(match, lowered)
        return lambda value: pattern.fullmatch(value.lower()) is not None
    if match is Match.LIKE:
        return lambda value: value.lower() == lowered
    if match is Match.CONTAINS:
        return lambda value: lowered in value.lower()
    if match is Match.STARTS:
        return lambda value: value.lower().startswith(lowered)
    return lambda value: value.lower().endswith(lowered)


def _like_pattern(match: Match, text: str) -> re.Pattern[str]:
    """SQL LIKE as a regular expression: %, _, [set], [^set] are wildcards (dataverse.md 2.3)."""
    parts, at = [""], 0
    while at < len(text):
        end = text.find("]", at + 2) if text[at] == "[" else -1
        if end > 0:
            parts[-1] += _character_set(text[at + 1 : end])
            at = end + 1
            continue
        if text[at] == "%":
            parts.append("")
        else:
            parts[-1] += "." if text[at] == "_" else re.escape(text[at])
        at += 1
    if match in (Match.CONTAINS, Match.ENDS):
        parts.insert(0, "")
    if match in (Match.CONTAINS, Match.STARTS):
        parts.append("")
    if len(parts) == 1:
        return re.compile(parts[0], re.DOTALL)
    # Atomic groups: each part is found once, at its first place, so a hostile text cannot cause a hang.
    middle = "".join(f"(?>.*?{part})" for part in parts[1:-1])
    return re.compile(f"{parts[0]}{middle}.*{parts[-1]}", re.DOTALL)


def _character_set(inner: str) -> str:
    negated = inner.startswith("^") and len(inner) > 1
    kept = re.sub(r"([\\\[\]^&~|])", r"\\\1", inner[1:] if negated else inner)
    return f"[{'^' if negated else ''}{_sane_ranges(kept)}]"


def _sane_ranges(inner: str) -> str:
    """Keep `a-z`, escape a dash that forms no rising range, so that no text is a broken pattern."""
    return re.sub(
        r"(.)-(.)",
        lambda hit: hit[0] if hit[1] <= hit[2] and "\\" not in hit[0] else f"{hit[1]}\\-{hit[2]}",
        inner,
    )
