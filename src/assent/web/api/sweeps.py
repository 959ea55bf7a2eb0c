"""Sweeps on demand."""

from fastapi import APIRouter

from assent.services import connections
from assent.web.api.calling import App, Calling

router = APIRouter(tags=["Sweeps"], prefix="/sweeps")


@router.post("", status_code=204, summary="Sweep now")
async def start_sweep(app: App, calling: Calling) -> None:
    """Sweep every live connection now; each connection's sweeps tell what came of it."""
    await connections.sweep_now(app, calling)
