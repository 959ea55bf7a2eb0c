"""Trying a form offline: what setup would do with it, in a form support and programs can read."""

from pathlib import Path

import pytest
from lxml import etree

from assent.errors import Conflict, Invalid
from assent.ports.setup import Placing
from assent.services.form_bench import Outcome, try_form
from tests.corpus import ABSENT, FORMS

NAMES = ("Newsletters", "Événements & más", "أخبار", "👨‍👩‍👧 Family")
FORM = (
    '<form><tabs><tab name="{name}" id="{{1}}"><labels><label description="{label}" languagecode="1053"/>'
    '</labels><columns><column width="100%"><sections/></column></columns></tab></tabs></form>'
)
PLAIN = FORM.format(name="DETAILS_TAB", label="Détails")
RENAMED = FORM.format(name="mine", label="Mina")


def export(*forms: str, kind: str = "main", facts: str = "") -> bytes:
    """An export as solution files have it."""
    several = "".join(
        f"<systemform><formid>{{{number}}}</formid>{one}{facts}"
        f'<LocalizedNames><LocalizedName description="Form {number}" languagecode="1033"/></LocalizedNames>'
        "</systemform>"
        for number, one in enumerate(forms)
    )
    entity = f'<Entity><Name>Contact</Name><FormXml><forms type="{kind}">{several}</forms></FormXml></Entity>'
    return f"<ImportExportXml><Entities>{entity}</Entities></ImportExportXml>".encode()


@pytest.mark.skipif(not FORMS, reason=ABSENT)
@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_real_exports_keep_every_byte(path: Path) -> None:
    """The file afterwards is the file before with one piece put in; a second try leaves it; or it pauses."""
    data = path.read_bytes()
    tried = try_form(data, NAMES)
    if tried.outcome is Outcome.PAUSED:
        assert tried.reason in ("tab_not_found", "tab_hidden", "form_inactive")
        assert tried.written is None
        assert {"form", "form_id", "looked_for", "found", "before", "after"} <= tried.evidence.keys()
        return
    assert (Outcome.EDITED, "") == (tried.outcome, tried.reason)
    assert tried.written is not None
    changes = tried.evidence["changes"]
    assert isinstance(changes, list)
    without = tried.written.replace(changes[0]["after"].encode(), b"", 1)
    assert without in (data, data.replace(b"<sections />", b"<sections></sections>", 1))
    assert 1 == len(changes)
    ids = [one.get("id") for one in etree.fromstring(tried.written).iter("tab", "section", "cell")]
    assert len({one.strip("{}").lower() for one in ids if one}) == len([one for one in ids if one])
    again = try_form(tried.written, NAMES)
    assert (Outcome.UNCHANGED, tried.written) == (again.outcome, again.written)


def test_a_form_alone_and_in_an_export_are_tried_alike() -> None:
    """Labels are in the language the form speaks, unless another is named."""
    for data in (PLAIN.encode(), export(PLAIN)):
        written = try_form(data, NAMES).written
        assert written is not None
        assert 'description="Newsletters" languagecode="1053"' in written.decode()
        assert b'languagecode="1030"' in (try_form(data, NAMES, language=1030).written or b"")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_a_file_is_written_as_it_was_read(encoding: str) -> None:
    """Its mark, its encoding, its line ends."""
    text = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>\r\n{PLAIN}\r\n'
    written = try_form(text.encode(encoding), ["Ä"]).written
    assert written is not None
    assert "Ä" in written.decode(encoding)
    assert written.startswith(text[:50].encode(encoding))
    assert try_form(written, ["Ä"]).outcome is Outcome.UNCHANGED


def test_a_declaration_that_lies_about_utf_16_is_overlooked() -> None:
    """Forms taken out of programs often say so, and are UTF-8."""
    data = f'<?xml version="1.0" encoding="utf-16"?>{PLAIN}'.encode()
    assert try_form(data, NAMES).outcome is Outcome.EDITED


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (RENAMED.encode(), "tab_not_found"),
        (export(PLAIN, facts="<IsCustomizable>0</IsCustomizable>"), "form_locked"),
        (export(PLAIN, facts="<FormActivationState>0</FormActivationState>"), "form_inactive"),
        (export(PLAIN, RENAMED), "several_forms"),
        (b"<form/>", "no_tabs"),
    ],
)
def test_what_a_person_must_decide_pauses(data: bytes, reason: str) -> None:
    """With a reason, what to do, and evidence; nothing is written."""
    tried = try_form(data, NAMES)
    assert (Outcome.PAUSED, reason, None) == (tried.outcome, tried.reason, tried.written)
    assert tried.to_do
    assert {"looked_for", "found", "before", "after"} <= tried.evidence.keys()


def test_choices_can_be_tried() -> None:
    """Another tab, a tab of its own, one form of several."""
    assert try_form(RENAMED.encode(), NAMES, chosen=Placing(tab="mine")).outcome is Outcome.EDITED
    assert try_form(RENAMED.encode(), NAMES, chosen=Placing(new_tab=True)).outcome is Outcome.EDITED
    two = export(RENAMED, PLAIN)
    assert try_form(two, NAMES, chosen=Placing(form="{1}")).outcome is Outcome.EDITED
    assert try_form(two, NAMES, chosen=Placing(form="{9}")).reason == "form_not_found"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no element"),
        (b"\x00\x01\x02\xff", "UTF-8"),
        (b"hello", "cannot be read"),
        (b"PK\x03\x04" + b"\0" * 40, "cannot be read"),
        ("<form>é</form>".encode("latin-1"), "UTF-8"),
        (b'<?xml version="1.0" encoding="klingon"?><form/>', "klingon"),
        (b'<!DOCTYPE f [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><form>&b;</form>', "document type"),
        (b'<!DOCTYPE f SYSTEM "http://192.0.2.1/x.dtd"><form/>', "document type"),
        (b"<form>" + b" " * (9 * 1024 * 1024), "8 MB"),
        (export(PLAIN, kind="quickCreate"), "quickcreate"),
        (export(PLAIN).replace(b"<Name>Contact", b"<Name>Account"), "of the table Account"),
        (b"<savedquery><layoutxml/></savedquery>", "view"),
        (b"<html/>", "<html>"),
    ],
)
def test_rubbish_is_told_from_forms(data: bytes, says: str) -> None:
    """A sentence that says what the file is, and what to give instead (P8)."""
    with pytest.raises(Invalid, match=says):
        try_form(data, NAMES)


def test_names_no_category_can_have_are_refused() -> None:
    """Too long, empty, twice, too many, or of several lines."""
    for names in ([""], ["x" * 101], ["a\nb"], ["\u202eevil"], [str(n) for n in range(61)]):
        with pytest.raises(Invalid):
            try_form(PLAIN.encode(), names)
    with pytest.raises(Conflict):
        try_form(PLAIN.encode(), ["News", "NEWS"])


def test_names_that_look_alike_in_dynamics_get_columns_of_their_own() -> None:
    """`News!` and `News?` differ in the hub, and so do their columns."""
    written = try_form(PLAIN.encode(), ["News!", "News?"]).written
    assert written is not None
    assert {"asn_news", "asn_news_2"} == set(etree.fromstring(written).xpath("//control/@datafieldname"))  # type: ignore[arg-type]
