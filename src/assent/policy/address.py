"""When two spellings are the same address (rule I1)."""

import unicodedata
from collections.abc import Callable

# Characters that pasted addresses carry along and no mailbox contains.
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


#: Full stops that IDNA takes for dots.
_DOTS = dict.fromkeys(map(ord, "\u3002\uff0e\uff61"), ".")


def normalise(address: str | None) -> str | None:
    """Give the spelling contacts are matched on, or None where there is no address in the text.

    Trimmed, Unicode NFC, local part without case, domain in lower case with every `xn--` label
    decoded, so that both spellings of an internationalised domain are one. Nothing else is folded:
    dots and plus tags in the local part belong to the mailbox's owner.
    """
    if address is None:
        return None
    plain = address.isascii()
    local, at, domain = (address if plain else address.translate(_INVISIBLE)).strip().rpartition("@")
    if plain and "xn--" not in domain.lower():  # almost every address: only case to fold
        local, domain = local.lower(), domain.lower().rstrip(".")
    else:
        local = _settled(local, lambda text: unicodedata.normalize("NFC", text).casefold())
        labels = domain.translate(_DOTS).rstrip(".").split(".")
        domain = ".".join(_settled(label, _label) for label in labels)
    found = f"{local}@{domain}"
    return found if at and local and domain and found.split() == [found] else None


def _settled(text: str, fold: Callable[[str], str]) -> str:
    """Fold until nothing changes: some spellings take two rounds, and hand-made ones more."""
    for _ in range(4):
        folded = unicodedata.normalize("NFC", fold(text))
        if folded == text:
            break
        text = folded
    return text


def _label(label: str) -> str:
    label = unicodedata.normalize("NFKC", label.translate(_INVISIBLE)).lower()
    if label.startswith("xn--"):
        try:
            return label[4:].encode("ascii").decode("punycode")
        except UnicodeError:
            return label
    return label
