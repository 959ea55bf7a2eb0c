"""Tries offline what setup would do with a form."""

from collections.abc import Sequence
from pathlib import Path

from assent.cli import show
from assent.cli.files import write_file
from assent.crm.document import LARGEST
from assent.errors import Invalid
from assent.ports.setup import Placing
from assent.services import form_bench
from assent.services.form_bench import Tried


async def try_form(
    file: Path, names: Sequence[str], language: int, chosen: Placing, out: Path | None, *, json: bool
) -> int:
    """Say what setup would do; `out` gets the whole file as it would be, unless setup would pause."""
    tried = form_bench.try_form(_read(file), names, language=language, chosen=chosen)
    if out is not None and tried.written is not None:
        write_file(out, tried.written)
    if json:
        told = {"outcome": tried.outcome.value, "reason": tried.reason or None, "message": tried.message}
        show.as_json({**told, "to_do": tried.to_do, "evidence": tried.evidence})
    else:
        _say(tried)
    return 0


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as source:
            return source.read(LARGEST + 1)
    except OSError as error:
        raise Invalid(f"The file {file} cannot be read: {error.strerror}.") from None


def _say(tried: Tried) -> None:
    reason = f" ({tried.reason})" if tried.reason else ""
    show.plain(f"{tried.outcome.value}{reason}: {tried.message}")
    if tried.to_do:
        show.plain(f"What to do: {tried.to_do}")
    found = tried.evidence.get("found")
    for one in found if isinstance(found, list) else ():
        hidden = "" if one.get("visible", True) else " (hidden)"
        words = " / ".join(one.get("labels", ())) or one.get("form", "")
        show.plain(
            f"  found: {words}{hidden}, name {one.get('name', '')}, id {one.get('id') or one.get('form_id')}"
        )
