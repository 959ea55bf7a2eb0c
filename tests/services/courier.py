"""A process to be killed: `python -m tests.services.courier FOLDER KEY PORT ACCOUNT SEND`.

Runs the durable engine and the errand of sends over the databases in FOLDER and the mail server at PORT,
asks for the send to be carried out, and runs until killed.
"""

import asyncio
import sys
from pathlib import Path

from assent.app.system import RandomIds, SystemClock
from assent.mail.smtp import Mailer
from assent.services.delivering import SendErrands, mail_server
from assent.services.handing import Handing
from assent.services.jobs import AccountJobs
from assent.services.organisations import Organisations
from assent.store.opening import open_store
from assent.work.durable import Errand, Kind, WorkSettings, durable_work
from tests.app.world import settings

from .mailroom import with_mail


async def main(folder: str, key: str, port: str, account_id: str, send_id: str) -> None:
    """Run until killed."""
    chosen, clock, ids = with_mail(settings(Path(folder)), int(port)), SystemClock(), RandomIds()
    server = mail_server(chosen)
    assert server is not None
    store = await open_store(chosen.store_url, clock=clock, ids=ids, keys=[key])
    organisations = Organisations(store.accounts, clock, allow_other_hosts=True)
    jobs = AccountJobs(store, organisations, clock, ids)
    async with Mailer(server) as mailer:
        errands = SendErrands(store, chosen, clock, jobs, Handing(store, clock, mailer))
        jobs.take_on(Kind.SEND, errands)
        async with durable_work(jobs, WorkSettings(chosen.engine_url)) as work:
            await work.ask(Errand(Kind.SEND, int(account_id), int(send_id)))
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
