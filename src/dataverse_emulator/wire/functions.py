"""The arguments of functions in addresses: literals, or aliases given as query options (Use functions)."""

from collections.abc import Mapping

from dataverse_emulator.query.tokens import split
from dataverse_emulator.state.problems import bad_syntax
from dataverse_emulator.wire.answers import Call
from dataverse_emulator.wire.requests import options


def arguments(call: Call, text: str | None, names: frozenset[str]) -> Mapping[str, str]:
    """The literals given for a function's parameters, which must be exactly these."""
    given, found = options(call.query), dict[str, str]()
    for part in split(text, ",") if text else ():
        name, equals, value = part.partition("=")
        if not equals or name.strip() in found:
            raise bad_syntax(f"The parameter '{part[:60]}' cannot be read.")
        value = value.strip()
        if value.startswith("@"):
            if value not in given:
                raise bad_syntax(f"The parameter alias '{value[:40]}' has no value.")
            value = given[value].strip()
        found[name.strip()] = value
    if found.keys() != names:
        raise bad_syntax(f"The parameters must be {', '.join(sorted(names)) or 'none'}.")
    return found


def quoted(text: str) -> str:
    """The text between quotes, doubled ones being one."""
    if len(text) < 2 or text[0] != "'" or text[-1] != "'":
        raise bad_syntax(f"'{text[:60]}' is not a quoted text.")
    return text[1:-1].replace("''", "'")
