"""Reads mail that came to the return address: from a folder, a file, or what a mail server pipes in."""

import mailbox
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from assent.app.application import open_application
from assent.cli import show
from assent.errors import Invalid
from assent.services import returns
from assent.services.returns import Taken
from assent.services.settings import read_settings


async def read(paths: Sequence[Path], *, json: bool) -> int:
    """Take every mail in; a Maildir's are marked as read, and those that are read are passed over."""
    counts = dict.fromkeys(Taken, 0)
    async with open_application(read_settings(), worker=False) as app:
        for raw in _mails(paths):
            counts[await returns.take_message(app, raw)] += 1
    if json:
        show.as_json({taken.value: count for taken, count in counts.items()})
    else:
        show.say(_sentence(counts))
    return 0


def _mails(paths: Sequence[Path]) -> Iterator[bytes]:
    if not paths:
        yield sys.stdin.buffer.read()
    for path in paths:
        if (path / "new").is_dir():
            yield from _maildir(path)
        elif path.is_file():
            yield from _file(path)
        else:
            raise Invalid(f"{path} is neither a Maildir (with a folder new in it) nor a file.")


def _maildir(path: Path) -> Iterator[bytes]:
    box = mailbox.Maildir(path, create=False)
    for key in sorted(box.keys()):
        message = box[key]
        if "S" in message.get_flags():
            continue
        yield box.get_bytes(key)
        message.set_subdir("cur")
        message.add_flag("S")
        box[key] = message  # only once it was taken in: whoever is stopped before reads it again


def _file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        many = file.read(5) == b"From "
    if not many:
        yield path.read_bytes()
        return
    box = mailbox.mbox(path, create=False)
    for key in box.keys():  # noqa: SIM118 - a mailbox gives messages, not keys, when it is walked
        yield box.get_bytes(key)


def _sentence(counts: dict[Taken, int]) -> str:
    return (
        f"{counts[Taken.TAKEN]} taken in, {counts[Taken.REPEATED]} told before, {counts[Taken.UNKNOWN]} of "
        f"no mail of ours, {counts[Taken.NOTHING]} no report of a bounce or complaint."
    )
