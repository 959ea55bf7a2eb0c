"""What setup would do with one form, offline: support tries what a customer sends."""

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from assent.crm.document import LARGEST, Document, Element, NotXml, parse
from assent.crm.forms import Edited, place_in
from assent.crm.tabs import Blocked, described, guid
from assent.errors import Invalid
from assent.ports.setup import Placing
from assent.services.categories import columns_of
from assent.services.setup_pauses import explain

_ENGLISH = 1033
_MAIN = "main"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""\A\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_WHERE = "Export the form from Dynamics, or take `formxml` of its row in systemforms"


class Outcome(Enum):
    """What setup would do."""

    EDITED = "edited"
    UNCHANGED = "unchanged"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Tried:
    """What setup would do with a form; `written` is the whole file afterwards, nothing for a pause."""

    outcome: Outcome
    reason: str
    message: str
    to_do: str
    evidence: dict[str, object]
    written: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class _File:
    """A file's text, and how to write it as it was written."""

    text: str = field(repr=False)
    mark: bytes
    encoding: str

    def written(self, text: str) -> bytes:
        return self.mark + text.encode(self.encoding)


def try_form(data: bytes, names: Sequence[str], *, language: int = 0, chosen: Placing | None = None) -> Tried:
    """Say what setup would do with the form in a file, for categories of these names.

    The file holds a form, or an export with one contact main form in it (of several, the one `chosen`
    names). `language` is the organisation's base language, 0 that of most labels. Raises Invalid for what
    is no form at all.
    """
    columns = columns_of(names)
    file = _read(data)
    try:
        document = parse(file.text)
    except NotXml as error:
        raise Invalid(f"The file cannot be read as a form: {error}. {_WHERE}.") from None
    form = _find_form(document, chosen)
    if isinstance(form, Blocked):
        return _paused(form, document, None)
    placement = _locked(document, form) or place_in(
        document, form, columns, language or _language(form), chosen
    )
    if isinstance(placement, Blocked):
        return _paused(placement, document, form)
    if not isinstance(placement, Edited):
        kept = "The form holds everything already."
        return Tried(Outcome.UNCHANGED, "", kept, "", _facts(document, form), data)
    changes = [{"what": c.what, "before": c.before, "after": c.after} for c in placement.changes]
    message = "; ".join(change.what for change in placement.changes)
    return Tried(
        Outcome.EDITED,
        "",
        f"{message[:1].upper()}{message[1:]}.",
        "",
        _facts(document, form) | {"changes": changes},
        file.written(placement.xml),
    )


def _read(data: bytes) -> _File:
    """Decode a file by its mark, else by its declaration, else as UTF-8; raises Invalid."""
    if len(data) > LARGEST:
        raise Invalid(f"The file is larger than {LARGEST // 1024 // 1024} MB; no form is. {_WHERE}.")
    mark, encoding = next(((m, e) for m, e in _MARKS if data.startswith(m)), (b"", ""))
    if not encoding:
        found = _DECLARED.match(data)
        encoding = found[1].decode() if found else "utf-8"
        if re.match("utf-?(16|32)", encoding, re.IGNORECASE):
            encoding = "utf-8"  # the declaration could be read byte by byte, so it is wrong
    try:
        text = data[len(mark) :].decode(encoding)
        if text.encode(encoding) != data[len(mark) :]:
            raise UnicodeError
    except (LookupError, UnicodeError):
        raise Invalid(
            f"The file's characters are not {encoding}, which it says or which is usual. Save it as UTF-8."
        ) from None
    return _File(text, mark, encoding)


def _find_form(document: Document, chosen: Placing | None) -> Element | Blocked:
    """The one contact main form of a file, or a pause where there are several; raises Invalid for none."""
    root = document.root
    if root.tag == "form":
        return root
    forms = [form for form in root.iter("form") if form.find("tabs") is not None]
    mains = [form for form in forms if _kind(document, form) == _MAIN]
    if not mains:
        raise Invalid(_no_form(document, forms))
    wanted = guid(chosen.form) if chosen is not None else ""
    named = [form for form in mains if not wanted or _form_id(document, form) == wanted]
    if len(named) == 1:
        return named[0]
    found = [{"form": _name(form), "form_id": _form_id(document, form)} for form in mains]
    evidence = {
        "looked_for": ["one main form of the contact table"],
        "found": found,
        "before": "",
        "after": "",
    }
    if wanted:
        return Blocked("form_not_found", "The file has no main form of that id.", evidence)
    return Blocked("several_forms", "The file holds several main forms.", evidence)


def _no_form(document: Document, forms: Sequence[Element]) -> str:
    if forms:
        kinds = ", ".join(sorted({_kind(document, form) for form in forms}))
        return f"The file holds no contact main form, only: {kinds}. Setup edits main forms of contacts."
    if next(document.root.iter("savedquery", "grid", "fetch"), None) is not None:
        return "The file holds a view. Setup makes views of its own and edits no others."
    return f"The file holds no form: its outermost element is <{document.root.tag[:40]}>. {_WHERE}."


def _kind(document: Document, form: Element) -> str:
    """What kind of form an export says it is; a contact main form where it says nothing."""
    above = form.parent
    while above is not None:
        if above.tag == "forms" and above.get("type").lower() not in ("", _MAIN):
            return above.get("type")[:40].lower()
        if above.tag == "Entity" and (table := document.told(above, "Name")).lower() not in ("", "contact"):
            return f"of the table {table[:40]}"
        above = above.parent
    return _MAIN


def _name(form: Element) -> str:
    names = form.parent.findall("LocalizedNames/LocalizedName") if form.parent is not None else []
    return next((name.get("description") for name in names), "")


def _form_id(document: Document, form: Element) -> str:
    return guid(document.told(form.parent, "formid"))


def _facts(document: Document, form: Element) -> dict[str, object]:
    """Which form it is, and its tabs."""
    tabs = [described(tab) for tab in form.findall("tabs/tab")]
    return {"form": _name(form), "form_id": _form_id(document, form), "found": tabs}


def _locked(document: Document, form: Element) -> Blocked | None:
    """What an export tells of a form that setup would not touch."""
    if document.told(form.parent, "IsCustomizable") == "0":
        return Blocked("form_locked", "The form may not be customised.")
    if document.told(form.parent, "FormActivationState") == "0":
        return Blocked("form_inactive", "The form is deactivated, so nobody would see the toggles on it.")
    return None


def _language(form: Element) -> int:
    """The language most labels of a form are in."""
    codes = Counter(code for label in form.iter("label") if (code := label.get("languagecode")).isdecimal())
    return int(codes.most_common(1)[0][0][:6]) if codes else _ENGLISH


def _paused(blocked: Blocked, document: Document, form: Element | None) -> Tried:
    default: dict[str, object] = {"looked_for": ["an active main form that may be customised"]}
    if form is not None:
        default |= _facts(document, form) | {"before": document.start_tag(form), "after": ""}
    meaning, to_do = explain(blocked.reason)
    evidence = {**default, **blocked.evidence}
    return Tried(Outcome.PAUSED, blocked.reason, f"{blocked.message} {meaning}", to_do, evidence, None)
