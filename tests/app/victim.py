"""A process to be killed: `python -m tests.app.victim FOLDER ACCOUNT CONNECTION STEP`.

Sets a connection up with the plan approved, and kills itself right behind the end of STEP, as a
power cut would: no handler runs, nothing is closed.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from assent.app.application import open_application
from assent.engine.setup_terms import Step
from assent.services.settings import read_settings

REACHED_AT = "http://127.0.0.1:9"


async def set_up_until(account_id: int, connection_id: int, last: Step) -> None:
    """Run setup to the end of a step, and die."""

    def progress(step: Step, state: str) -> None:
        if step is last and state == "done":
            os.kill(os.getpid(), signal.SIGKILL)

    async with open_application(read_settings(), worker=False) as app:
        await app.set_up(account_id, connection_id, public_url=REACHED_AT, progress=progress, approve=True)


if __name__ == "__main__":
    folder, account, connection, step = sys.argv[1:]
    os.environ |= {"ASSENT_DATA": str(Path(folder)), "ASSENT_ALLOW_OTHER_HOSTS": "true"}
    asyncio.run(set_up_until(int(account), int(connection), Step(step)))
