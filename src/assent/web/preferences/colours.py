"""An account's colour on buttons, with text on it that can be read (WCAG 2.2, 1.4.3)."""

import re

_HEX = re.compile(r"[0-9a-f]{6}")


def button_style(colour: str) -> str | None:
    """A style sheet for six hexadecimal digits, or None for anything else."""
    if not _HEX.fullmatch(colour):
        return None
    chosen = ":is(button):not(.stop):not(.quiet)"
    return f"{chosen} {{ background: #{colour}; border-color: #{colour}; color: {text_on(colour)}; }}\n"


def text_on(colour: str) -> str:
    """Black or white, whichever is read better; one of them always has a contrast above 4.5."""
    return "#ffffff" if contrast(colour, "ffffff") >= contrast(colour, "000000") else "#000000"


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
