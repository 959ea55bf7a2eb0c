"""A local stand-in for the Dataverse Web API: faithful where documented, loud where not.

`Emulator` is an organisation for programs and tests, `running()` serves one from the current event loop,
`serve()` until interrupted, and `create_app()` gives the ASGI application, whose `ask()` answers without a
network. `README.md` beside this file is the guide, `OPERATIONS.md` the list of what is imitated.
"""

from dataverse_emulator.application import Application, Incoming
from dataverse_emulator.emulator import Emulator
from dataverse_emulator.serving import RunningEmulator, create_app, create_organization, running, serve
from dataverse_emulator.state.choices import Choices
from dataverse_emulator.state.organization import Organization, Settings
from dataverse_emulator.state.problems import Problem, Refusal
from dataverse_emulator.state.sources import Sources, VirtualClock, seeded_ids
from dataverse_emulator.wire.answers import Answer
from dataverse_emulator.wire.costs import PROFILES, Costs
from dataverse_emulator.wire.faults import Family, Trouble, shares
from dataverse_emulator.wire.limits import Limits

__all__ = [
    "PROFILES",
    "Answer",
    "Application",
    "Choices",
    "Costs",
    "Emulator",
    "Family",
    "Incoming",
    "Limits",
    "Organization",
    "Problem",
    "Refusal",
    "RunningEmulator",
    "Settings",
    "Sources",
    "Trouble",
    "VirtualClock",
    "create_app",
    "create_organization",
    "running",
    "seeded_ids",
    "serve",
    "shares",
]
