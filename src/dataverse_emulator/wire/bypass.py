"""The headers by which a caller keeps custom logic from running (dataverse.md 9.7).

There are no plug-ins, workflows and flows here, so what is left to bypass are the steps of service endpoints.
"""

import re
from collections.abc import Mapping
from typing import Final

from dataverse_emulator.state import security
from dataverse_emulator.state.columns import guid
from dataverse_emulator.state.events import EVERY_STEP
from dataverse_emulator.state.identity import User
from dataverse_emulator.state.organization import Organization
from dataverse_emulator.state.problems import Problem, Refusal, not_implemented

_LOGIC: Final = "mscrm.bypassbusinesslogicexecution"
_STEPS: Final = "mscrm.bypassbusinesslogicexecutionstepids"
_PLUGINS: Final = "mscrm.bypasscustompluginexecution"
_KINDS: Final = frozenset({"customsync", "customasync"})
#: "default max 3"
_MOST_STEPS: Final = 3


def asked(organization: Organization, user: User, headers: Mapping[str, str]) -> frozenset[str]:
    """The steps that a request wants left out, or the refusal of who may not, or of what is none."""
    for name in headers:
        if name.startswith("mscrm.bypass") and name not in (_LOGIC, _STEPS, _PLUGINS):
            raise not_implemented(f"header {name[:60]}", "it would change the outcome.")
    if headers.get(_PLUGINS, "").lower() == "true":
        security.require(organization, user, "prvBypassCustomPlugins")
    kinds = frozenset(_parts(headers.get(_LOGIC, "").lower()))
    steps = _parts(headers.get(_STEPS, ""))
    if kinds or steps:
        security.require(organization, user, "prvBypassCustomBusinessLogic")
    if unknown := kinds - _KINDS:
        raise _wrong(_LOGIC, f"'{min(unknown)[:40]}' is neither CustomSync nor CustomAsync")
    ids = [guid(text) for text in steps]
    if len(ids) > _MOST_STEPS or None in ids:
        raise _wrong(_STEPS, f"at most {_MOST_STEPS} ids of steps are taken")
    if not organization.choices.bypass_covers_endpoints:
        return frozenset()
    return EVERY_STEP if "customasync" in kinds else frozenset(str(found) for found in ids)


def _parts(text: str) -> list[str]:
    return [part for part in re.split(r"[,\s]+", text) if part]


def _wrong(header: str, what: str) -> Refusal:
    return Refusal(Problem.INVALID_ARGUMENT, f"The header {header} cannot be obeyed: {what}.")
