"""How fast a send goes out to a mail server of its own process, against a loop that only sends."""

import argparse
import asyncio
import json
import resource
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any
from uuid import UUID

import aiosmtplib

from assent.app.application import open_application
from assent.app.system import SystemClock
from assent.mail.compose import Letter, compose
from assent.mail.sink import Sink, SinkSettings
from assent.mail.smtp import Mailer
from assent.mail.template import SAMPLE, Template
from assent.policy.permission import LegalBasis
from assent.policy.sending import RecipientState, SendState
from assent.ports import Actor, ActorKind, Evidence, NewPerson
from assent.services import preferences, sends
from assent.services.access import operator
from assent.services.application import Application
from assent.services.delivering import SendErrands, mail_server
from assent.services.drafts import Draft
from assent.services.handing import LOOK_GOOD_FOR, Handing
from assent.services.links import links
from assent.services.settings import Settings
from assent.store.recipients import Wanted, page
from bench.apart import line_of, part

#: The loop of the baseline sends so many, and is extrapolated to a minute.
SAMPLE_MAILS = 4_000
BATCH = 1_000

SUBJECT = "{{ first_name }}, this is new in {{ category }}"
TEXT = "Hello {{ first_name }} {{ last_name }},\n\n" + "A line of news, as newsletters have them.\n" * 30
HTML = (
    "<html><body><h1>Hello {{ first_name }}</h1>"
    + "<p>A line of news, as newsletters have them.</p>" * 30
    + '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>'
)
ADMIN, FORM = Actor(ActorKind.USER, "bench"), Evidence("Yes, write to me", "form")


async def measure(contacts: int) -> dict[str, Any]:
    """Send to everybody from a process that does nothing else; then the baseline to the same server."""
    with TemporaryDirectory(prefix="assent-bench-") as folder:
        async with part("bench.delivery", "sink") as sink:
            port = json.loads(await line_of(sink))["port"]
            async with part("bench.delivery", "send", folder, str(port), str(contacts)) as sending:
                found: dict[str, Any] = json.loads(await line_of(sending))
            baseline = await _plain_loop(port)
    return found | baseline


async def send(folder: Path, port: int, contacts: int) -> dict[str, Any]:
    """The measured part: an account of so many people, one send, carried out to its end."""
    settings = Settings(
        data=folder,
        smtp_host="127.0.0.1",
        smtp_port=port,
        smtp_tls="none",
        mail_from="Fjord <news@fjord.example>",
    )
    async with open_application(settings, worker=False) as app:
        account_id = await app.store.accounts.create("Fjord & Co")
        category = await app.store.accounts.add_category(account_id, "Newsletters", schema_name="asn_news")
        ids: list[UUID] = []
        for start in range(0, contacts, BATCH):
            people = [_person(number) for number in range(start, min(start + BATCH, contacts))]
            ids += await app.store.hub.add(account_id, ADMIN, people, FORM)
        me = operator(account_id)
        draft = Draft("May", SUBJECT, TEXT, HTML, category.bit)
        made = await sends.create(app, me, draft)
        began, cpu = perf_counter(), process_time()
        await sends.start(app, me, made.send_id, made.revision)
        server = mail_server(settings)
        assert server is not None
        async with Mailer(server) as mailer:
            hands = Handing(app.store, SystemClock(), mailer)
            errands = SendErrands(app.store, settings, SystemClock(), app.jobs, hands)
            clicked: dict[UUID, datetime] = {}
            leaving = asyncio.create_task(_leave(app, account_id, made.send_id, ids, clicked))
            await errands.perform(account_id, made.send_id)
            leaving.cancel()
        wall, cpu = perf_counter() - began, process_time() - cpu
        view = await sends.read(app, me, made.send_id)
        wanted = Wanted(frozenset({RecipientState.SENT}), limit=contacts)
        sent = await app.store.database.read(lambda c: page(c, account_id, made.send_id, wanted))
        late = [one for one in sent if one.contact_id in clicked and one.at > clicked[one.contact_id]]
    assert view.state is SendState.DONE, (view.state, view.counts, view.problem)
    assert view.sent + view.left_out == contacts, view.counts
    return {
        "mails": view.sent,
        "mails_a_minute": round(view.sent / wall * 60),
        "clicked_unsubscribe_meanwhile": len(clicked),
        "of_them_left_out": view.left_out,
        "of_them_mailed_after": len(late),
        "wall_s": round(wall, 1),
        "engine_cpu_s": round(cpu, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "kilobytes_a_mail": round(len(bytes(_message(0))) / 1000, 1),
    }


async def _leave(
    app: Application, account_id: int, send_id: int, ids: list[UUID], clicked: dict[UUID, datetime]
) -> None:
    """Let people of the last third click unsubscribe; note when no batch taken before that is left."""
    made, last = await links(app, account_id), sorted(ids)[len(ids) * 2 // 3 :]
    for contact_id in last[::20]:
        token, evidence = made.token(contact_id, send_id), Evidence(source="one-click unsubscribe")
        await preferences.unsubscribe(app, token, evidence=evidence)
        clicked[contact_id] = app.clock.now() + LOOK_GOOD_FOR
        await asyncio.sleep(0.1)


def _person(number: int) -> NewPerson:
    return NewPerson(f"p{number}@fjord.example", f"First{number}", f"Last{number}", basis=LegalBasis.CONSENT)


_COMPILED = Template.compile(SUBJECT, TEXT, HTML)


def _message(number: int) -> Any:
    """One mail as the baseline makes it: the same template and headers."""
    email = f"p{number}@fjord.example"
    filled = _COMPILED.render(replace(SAMPLE, first_name=f"First{number}", email=email))
    url = f"https://fjord.example/u/{number:064d}"
    return compose(
        Letter(
            sender_name="Fjord",
            sender_email="news@fjord.example",
            reply_to=None,
            recipient_email=email,
            recipient_name=f"First{number}",
            subject=filled.subject,
            text=filled.text,
            html=filled.html,
            unsubscribe_url=url,
            preferences_url=url,
            list_id="category-1.fjord.example",
            message_id=f"<{number}@fjord.example>",
            date=datetime(2026, 5, 1, tzinfo=UTC),
        )
    )


async def _plain_loop(port: int) -> dict[str, Any]:
    """One connection of aiosmtplib, one mail after another; nobody is asked whether they still agree."""
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
        began = perf_counter()
        for number in range(SAMPLE_MAILS):
            await client.send_message(_message(number))
        wall = perf_counter() - began
    return {
        "baseline": f"aiosmtplib, one connection, no check and nothing stored: {SAMPLE_MAILS} mails",
        "baseline_mails_a_minute": round(SAMPLE_MAILS / wall * 60),
    }


async def _sink() -> None:
    """Take mail until nobody reads what we say any more."""
    async with Sink(SinkSettings(keep=1)) as sink:
        sys.stdout.write(json.dumps({"port": sink.port}) + "\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().create_future()


def main() -> None:
    """The parts that run in processes of their own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=("sink", "send"))
    parser.add_argument("given", nargs="*")
    said = parser.parse_args()
    if said.part == "sink":
        asyncio.run(_sink())
        return
    folder, port, contacts = said.given
    sys.stdout.write(json.dumps(asyncio.run(send(Path(folder), int(port), int(contacts)))) + "\n")


if __name__ == "__main__":
    main()
