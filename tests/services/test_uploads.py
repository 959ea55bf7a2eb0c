"""A file of addresses names whom a send is for: contacts alone, each once, and only who may be mailed."""

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.errors import Conflict, Invalid, Unknown
from assent.policy.gate import Reason
from assent.policy.permission import LegalBasis
from assent.services import sends, uploads
from assent.services.access import operator
from assent.services.sends import Draft
from assent.services.tables.addresses import WrongLine, read_addresses
from tests.app.world import account

from .mailroom import NEWS, Mailroom, mailroom

DRAFT = Draft("May", "Hello", "News", category=NEWS)


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Mailroom]:
    """An account that can send."""
    async with mailroom(tmp_path) as found:
        yield found


async def test_only_contacts_who_may_be_mailed_get_mail_and_the_rest_is_named(at: Mailroom) -> None:
    """Duplicates in other spellings, rubbish, strangers and a refusal in one file."""
    await at.people("a@x.example", "b@x.example", "other@x.example")
    await at.people("no@x.example", basis=LegalBasis.WITHDRAWN)
    send_id = (await sends.create(at.app, at.admin, DRAFT)).send_id
    data = (
        "Name;E-Mail\nAnn;A@X.example\nAnn again; a@x.example \nBen;b@x.example\nNo;no@x.example\n"
        "Stranger;who@else.example\nRubbish;=cmd|' /C calc'!A0\nEmpty;\n"
    )
    found = await uploads.aim(at.app, at.admin, send_id, data.encode())
    assert (3, ("who@else.example",), 1) == (found.found, found.unknown, found.repeated)
    assert [7, 8] == [one.line for one in found.wrong]
    await sends.start(at.app, at.admin, send_id, found.send.revision)
    await at.ended(send_id)
    assert ["a@x.example", "b@x.example"] == at.arrived()
    assert {Reason.WITHDRAWN: 1} == (await sends.result(at.app, at.admin, send_id)).left_out


async def test_a_file_nobody_of_which_is_known_changes_nothing(at: Mailroom) -> None:
    """No empty audience, and never everybody instead."""
    await at.people("a@x.example")
    view = await sends.create(at.app, at.admin, DRAFT)
    for data in (b"who@else.example\n", b"", b"\x00\x01\x02", b"name,town\nAnn,Lund\n", b"email\n"):
        with pytest.raises(Invalid):
            await uploads.aim(at.app, at.admin, view.send_id, data)
    assert view.revision == (await sends.read(at.app, at.admin, view.send_id)).revision


async def test_another_accounts_contacts_are_unknown_and_its_sends_do_not_exist(at: Mailroom) -> None:
    """Nothing crosses accounts."""
    await at.people("a@x.example")
    other = operator(await account(at.app, "Other"))
    theirs = await sends.create(at.app, other, DRAFT)
    with pytest.raises(Invalid, match="Nobody in this file"):
        await uploads.aim(at.app, other, theirs.send_id, b"a@x.example\n")
    with pytest.raises(Unknown):
        await uploads.aim(at.app, other, 999, b"a@x.example\n")


async def test_a_started_send_keeps_whom_it_is_for(at: Mailroom) -> None:
    """A file comes too late then."""
    await at.people("a@x.example")
    send_id = await at.started()
    with pytest.raises(Conflict):
        await uploads.aim(at.app, at.admin, send_id, b"a@x.example\n")


def test_a_list_without_column_names_is_read_line_by_line() -> None:
    """One address a line, with or without quotation marks and trailing separators."""
    found = read_addresses(b'a@x.example\r\n"b@x.example";\r\n\r\nnobody\r\n', 10)
    assert ("a@x.example", "b@x.example") == found.addresses
    assert (WrongLine(4, "nobody"),) == found.wrong
    with pytest.raises(Invalid, match="more than 1 addresses"):
        read_addresses(b"a@x.example\nb@x.example\n", 1)


@given(st.binary(max_size=300))
def test_any_file_is_read_or_turned_down_in_words(data: bytes) -> None:
    """P8: rubbish is told, never an error of ours."""
    with suppress(Invalid):
        found = read_addresses(data, 100)
        assert len(set(found.addresses)) == len(found.addresses)
