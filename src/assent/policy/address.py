"""When two spellings are the same address (rule I1)."""

import unicodedata

# Characters that pasted addresses carry along and no mailbox contains.
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))


def normalise(address: str | None) -> str | None:
    """Give the spelling contacts are matched on, or None where there is no address in the text.

    Trimmed, Unicode NFC, local part without case, domain in lower case with every `xn--` label
    decoded, so that both spellings of an internationalised domain are one. Nothing else is folded:
    dots and plus tags in the local part belong to the mailbox's owner.
    """
    if address is None:
        return None
    local, at, domain = address.translate(_INVISIBLE).strip().rpartition("@")
    local = unicodedata.normalize("NFC", unicodedata.normalize("NFC", local).lower())
    domain = ".".join(map(_label, unicodedata.normalize("NFKC", domain).lower().rstrip(".").split(".")))
    if not at or not local or not domain or any(c.isspace() for c in local + domain):
        return None
    return f"{local}@{domain}"


def _label(label: str) -> str:
    if label.startswith("xn--"):
        try:
            label = label[4:].encode("ascii").decode("punycode")
        except UnicodeError:
            return label
    return unicodedata.normalize("NFC", label)
