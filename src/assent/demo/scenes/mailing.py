"""Scenes of a send: who is left out and why, the way out in every mail, a mail server that is away."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from uuid import UUID

import aiohttp

from assent.demo.claims import Found, expect
from assent.demo.stage import Stage
from assent.demo.watching import choose, until
from assent.mail.arrived import Arrived
from assent.policy.audience import Audience
from assent.policy.permission import LegalBasis
from assent.policy.sending import RecipientState, SendState
from assent.services import sends
from assent.services.drafts import Draft
from assent.services.sends import Result

TEXT = """\
Dear {{ first_name }},

Spring is here, and so are three new boats.

Choose what we write to you about: {{ preferences_url }}
"""


async def _send(on: Stage, name: str, contact_ids: Sequence[UUID], category: int) -> Result:
    """Write, start and follow a send to its end."""
    audience = Audience(contact_ids=frozenset(contact_ids))
    draft = Draft(
        name, f"{name}, {{{{ first_name or 'friend' }}}}", TEXT, category=category, audience=audience
    )
    made = await sends.create(on.app, on.operator, draft)
    await sends.start(on.app, on.operator, made.send_id, made.revision)

    async def over() -> bool:
        view = await sends.read(on.app, on.operator, made.send_id)
        return view.state in (SendState.DONE, SendState.STOPPED, SendState.FAILED)

    await until(on, over, "the end of the send")
    return await sends.result(on.app, on.operator, made.send_id)


async def newsletter(on: Stage) -> Found:
    """Of ten people one refused in Dynamics unseen: nine mails, one left out, a way out in each."""
    category = (await on.app.store.accounts.categories(on.account_id))[0].bit
    people = await choose(on, LegalBasis.CONSENT, 10, reading=category)
    ids = [one.contact.contact_id for one in people]
    await on.emulator.webhooks(enabled=False)
    await on.rep.save(people[0].links[0].key.row_id, {"donotbulkemail": True})
    before, started = on.sink.count, perf_counter()
    result = await _send(on, "Spring news", ids, category)
    seconds = perf_counter() - started
    await on.emulator.webhooks(enabled=True)
    expect(on.sink.count - before == 9, f"{on.sink.count - before} mails arrived, not 9")
    reasons = {reason.value: count for reason, count in result.left_out.items() if count}
    expect(reasons == {"withdrawn": 1}, f"left out were {reasons}")
    mails = on.sink.messages(limit=9)
    expect(all(_one_click(mail) for mail in mails), "a mail has no one-click unsubscribe (RFC 8058)")
    refused = people[0].contact.email
    expect(refused not in {mail.recipient.lower() for mail in mails}, "somebody who refused was mailed")
    return {"seconds": seconds, "sent": 9, "left_out": reasons}


def _one_click(mail: Arrived) -> str:
    """The address of a mail's one-click unsubscribe; empty where it has none."""
    if mail.header("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click":
        return ""
    found = re.search(r"<(https?://[^>]+)>", mail.header("List-Unsubscribe") or "")
    return found.group(1) if found else ""


async def unsubscribed_by_mail(on: Stage) -> Found:
    """A mail program's one click on a newsletter: the next one leaves that person out."""
    category = (await on.app.store.accounts.categories(on.account_id))[0].bit
    (chosen,) = await choose(on, LegalBasis.CONSENT, reading=category)
    contact_id = chosen.contact.contact_id
    first = await _send(on, "Summer news", [contact_id], category)
    expect(first.by_state.get(RecipientState.SENT) == 1, "the first mail was not sent")
    url = _one_click(on.sink.messages(limit=1)[0])
    click = {"List-Unsubscribe": "One-Click"}
    async with aiohttp.ClientSession() as session, session.post(url, data=click) as answer:
        expect(answer.status == 200, f"one click was answered {answer.status}")
    second = await _send(on, "Autumn news", [contact_id], category)
    reasons = {reason.value: count for reason, count in second.left_out.items() if count}
    expect(reasons == {"unsubscribed": 1}, f"the next mail's verdicts were {reasons}")
    return {"left_out": reasons}


async def server_away(on: Stage) -> Found:
    """The mail server goes down: the send waits and says so, and everybody is written to once it is back."""
    people = await choose(on, LegalBasis.CONSENT, 5)
    before = on.sink.count
    on.sink.settings = replace(on.sink.settings, port=on.sink.port)  # it comes back where it was
    await on.sink.stop()
    sending = asyncio.create_task(_send(on, "Winter news", [p.contact.contact_id for p in people], 0))

    async def says_so() -> bool:
        page = await sends.sends(on.app, on.operator, limit=1)
        return bool(page.items and page.items[0].problem)

    try:
        await until(on, says_so, "a send that says the mail server is away")
    finally:
        await on.sink.start()
    result = await sending
    expect(result.by_state.get(RecipientState.SENT) == 5, f"recipients ended as {result.by_state}")
    expect(on.sink.count - before == 5, f"{on.sink.count - before} mails arrived, not 5")
    return {"sent": 5}
