"""The spellings under which a CRM may keep one address (rule I1, brought to the CRM's comparison)."""

import unicodedata

from assent.policy.address import normalise


def spellings(address: str) -> list[str]:
    """Give every spelling to ask for, the plainest first.

    The CRM compares without case but keeps what was typed: a space before or after, and either
    form of an internationalised domain. Composed and decomposed letters may also differ.
    """
    plain = normalise(address) or address.strip()
    local, at, domain = plain.rpartition("@")
    found = dict.fromkeys((plain, address.strip(), f"{local}{at}{_ascii(domain)}"))
    found |= dict.fromkeys(unicodedata.normalize("NFD", one) for one in list(found))
    padded = [variant for one in found for variant in (one, f" {one}", f"{one} ")]
    return [one for one in padded if one.strip()]


def _ascii(domain: str) -> str:
    return ".".join(
        label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")
        for label in domain.split(".")
    )
