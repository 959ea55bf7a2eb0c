"""`assent returns` reads what a mail server kept: each mail once, and only reports of ours count."""

import json
import mailbox
from email.message import EmailMessage
from pathlib import Path

import pytest

from assent.app.application import open_application
from assent.cli import returns
from assent.errors import Invalid
from assent.ports import NewPerson
from assent.services.return_paths import return_paths
from assent.services.settings import read_settings
from tests.app.world import ADMIN, FORM, account
from tests.mail.reports import bounce


async def _counts(capsys: pytest.CaptureFixture[str], *paths: Path) -> dict[str, int]:
    capsys.readouterr()
    assert 0 == await returns.read(paths, json=True)
    found: dict[str, int] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


async def test_a_maildir_is_read_once_and_other_forms_as_often_as_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One bounce of ours, one forged, one answer: taken, unknown, nothing; looked at again, nothing new."""
    monkeypatch.setenv("ASSENT_DATA", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)
    async with open_application(read_settings(), worker=False) as app:
        account_id = await account(app)
        (contact_id,) = await app.add(account_id, ADMIN, [NewPerson("gone@x.example")], FORM)
        paths = await return_paths(app.store.accounts, "bounces@meadow.example", account_id)
        assert paths is not None
        report = bounce(paths.path(contact_id, 1, "gone@x.example"))
    answer = EmailMessage()
    answer.set_content("I am away")
    box = mailbox.Maildir(tmp_path / "box", create=True)
    for mail in (report, bounce("bounces+made-up@meadow.example"), answer.as_bytes()):
        box.add(mail)
    nothing = {"taken": 0, "repeated": 0, "unknown": 0, "nothing": 0}
    assert nothing | {"taken": 1, "unknown": 1, "nothing": 1} == await _counts(capsys, tmp_path / "box")
    assert nothing == await _counts(capsys, tmp_path / "box")
    (tmp_path / "one.eml").write_bytes(report)
    old = mailbox.mbox(tmp_path / "old.mbox")
    old.add(report)
    old.close()
    both = await _counts(capsys, tmp_path / "one.eml", tmp_path / "old.mbox")
    assert nothing | {"repeated": 2} == both
    with pytest.raises(Invalid, match="neither a Maildir"):
        await returns.read([tmp_path / "missing"], json=True)
