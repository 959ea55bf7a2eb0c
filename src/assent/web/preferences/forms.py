"""Reads what a page's form sends: which controls were moved, and what the person had before them."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request

from assent.policy.audience import mask_of
from assent.policy.sides import bits
from assent.services.preferences import PreferencePage, Wish
from assent.web.preferences.words import Words

#: Sixty categories take two kilobytes; whatever is larger is no form of ours.
LARGEST_FORM = 16 * 1024


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it came: the categories it showed, those that were on then and those ticked now."""

    shown: int
    were_on: int
    ticked: int
    wish: Wish


async def read_form(request: Request) -> Sent:
    """Read a form; what is no form of ours moves nothing."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            return Sent(0, 0, 0, Wish())
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=None)
    return _sent(pairs)


def _sent(pairs: list[tuple[str, str]]) -> Sent:
    def mask(name: str) -> int:
        return mask_of({int(value) for key, value in pairs if key == name and _is_category(value)})

    single = dict(pairs)
    shown = mask("shown")
    were_on, ticked = mask("were_on") & shown, mask("on") & shown
    revision = single.get("revision", "")
    wish = Wish(
        moved={bit: bool(ticked & bit) for bit in bits(were_on ^ ticked)},
        revision=int(revision) if revision.isascii() and revision.isdigit() and len(revision) <= 18 else -1,
        resume={"yes": True, "no": False}.get(single.get("resume", "")),
        stop_all=single.get("stop") == "all",
    )
    return Sent(shown, were_on, ticked, wish)


def _is_category(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= 2 and 1 <= int(value) <= 60


def evidence_text(sent: Sent, page: PreferencePage, words: Words) -> str:
    """What was shown and answered, in the words the person read."""
    account = page.account_name
    if sent.wish.stop_all:
        return f"[{words.stop.format(account=account)}]"
    if sent.wish.resume is not None:
        question = words.question if page.withdrawn else words.first_title
        yes = words.answer_yes if page.withdrawn else words.first_yes
        answer = yes if sent.wish.resume else words.answer_no
        return f"{question} [{answer}]".format(account=account)
    lines = [words.categories]
    for choice in page.choices:
        if choice.bit & sent.shown:
            before = words.yes if choice.bit & sent.were_on else words.no
            now = words.yes if choice.bit & sent.ticked else words.no
            moved = before if before == now else f"{before} → {now}"
            lines.append(f"{choice.name}: {moved}")
    return "\n".join([*lines, f"[{words.save}]"])
