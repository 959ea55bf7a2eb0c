"""Texts in an organisation's languages, read from and shown as Label objects (dataverse.md 7.2)."""

from collections.abc import Mapping
from typing import Any, Final

from dataverse_emulator.state.columns import Texts, Translations
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, bad_payload

DISPLAY: Final = "DisplayName"
DESCRIPTION: Final = "Description"


def given(organization: Organization, body: Mapping[str, Any], key: str) -> Texts | None:
    """The texts under that key, the base language among them; nothing when there is no such key (7.2)."""
    label = body.get(key)
    if label is None:
        return None
    held = label.get("LocalizedLabels") if isinstance(label, dict) else None
    if not isinstance(held, list):
        raise bad_payload("Label", f"{key} must be a Label with LocalizedLabels.")
    found: dict[int, str] = {}
    for one in held:
        text, code = (one.get("Label"), one.get("LanguageCode")) if isinstance(one, dict) else (None, None)
        if not isinstance(text, str) or not isinstance(code, int):
            raise bad_payload("Label", f"{key} must hold LocalizedLabels with Label and LanguageCode.")
        found[code] = text
    base = organization.settings.language_code
    if found and base not in found:
        raise Refusal(Problem.INVALID_ARGUMENT, f"{key} has no text in the base language {base}.")
    if found.keys() - set(organization.settings.provisioned):
        raise Refusal(
            Problem.INVALID_LANGUAGE, "The specified language code is not valid for this organization."
        )
    return found


def kept(language: int, part: str, texts: Texts, others: Translations) -> tuple[str, Translations]:
    """The text in the base language, and the translations with those of this part replaced."""
    rest = {code: text for code, text in texts.items() if code != language}
    left = {name: held for name, held in others.items() if name != part}
    return texts.get(language, ""), {**left, part: rest} if rest else left


def texts(language: int, part: str, base: str, others: Translations) -> Texts:
    """All texts of a part, the base language's first."""
    return {**({language: base} if base else {}), **others.get(part, {})}


def shown(held: Texts, language: int) -> dict[str, Any]:
    """A Label object; the user's own language is taken to be the base one."""
    localized = [
        {"Label": text, "LanguageCode": code, "IsManaged": False, "HasChanged": None}
        for code, text in held.items()
    ]
    own = next((one for one in localized if one["LanguageCode"] == language), None)
    return {"LocalizedLabels": localized, "UserLocalizedLabel": own}
