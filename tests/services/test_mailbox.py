"""The demo's mails can be read by those who may send, each account its own."""

from dataclasses import replace
from pathlib import Path

import pytest

from assent.errors import Invalid, NotAllowed, Unknown
from assent.services import mailbox
from assent.services.access import Role, caller, operator
from tests.app.world import ADMIN, account

from .mailroom import mailroom


async def test_mails_are_read_by_their_own_account(tmp_path: Path) -> None:
    """Newest first; another account's mails do not exist, and readers may not follow people's links."""
    async with mailroom(tmp_path) as at:
        await at.people("a@x.example", "b@x.example")
        await at.ended(await at.started())
        app = replace(at.app, sink=at.sink)
        found = (await mailbox.messages(app, at.admin)).items
        assert ["a@x.example", "b@x.example"] == sorted(mail.recipient for mail in found)
        assert found[0] == await mailbox.message(app, at.admin, found[0].id)
        first = await mailbox.messages(app, at.admin, limit=1)
        second = await mailbox.messages(app, at.admin, limit=1, after=first.next)
        assert (found, "") == ((*first.items, *second.items), second.next)
        assert ["b@x.example"] == [
            one.recipient for one in (await mailbox.messages(app, at.admin, to="B@")).items
        ]
        with pytest.raises(Invalid):
            await mailbox.messages(app, at.admin, after="x")
        stranger = operator(await account(app, "Brook Ltd"))
        for unread in (await mailbox.messages(app, stranger), await mailbox.messages(at.app, at.admin)):
            assert ((), "") == (unread.items, unread.next)
        for unable, who in ((app, stranger), (at.app, at.admin)):
            with pytest.raises(Unknown):
                await mailbox.message(unable, who, found[0].id)
        with pytest.raises(NotAllowed):
            await mailbox.messages(app, caller(at.account_id, ADMIN, Role.READER))
