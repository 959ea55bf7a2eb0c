"""A local stand-in for the Dataverse Web API: faithful where documented, loud where not.

`running()` serves an organisation from the current event loop, `serve()` until interrupted, and
`create_app()` gives the ASGI application, whose `ask()` answers without a network; `README.md` beside
this file lists what is imitated, and the control calls under /emulator.
"""

from dataverse_emulator.application import Application, Incoming
from dataverse_emulator.serving import RunningEmulator, create_app, create_organization, running, serve
from dataverse_emulator.state.choices import Choices
from dataverse_emulator.state.organization import Organization, Settings
from dataverse_emulator.state.sources import Sources, seeded_ids
from dataverse_emulator.wire.limits import Limits

__all__ = [
    "Application",
    "Choices",
    "Incoming",
    "Limits",
    "Organization",
    "RunningEmulator",
    "Settings",
    "Sources",
    "create_app",
    "create_organization",
    "running",
    "seeded_ids",
    "serve",
]
