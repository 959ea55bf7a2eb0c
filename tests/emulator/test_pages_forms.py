"""Real forms, as public repositories hold them, are drawn without error."""

from pathlib import Path

import pytest
from lxml import etree, html

from dataverse_emulator import create_organization
from dataverse_emulator.pages import layout, site
from dataverse_emulator.state import layers

pytestmark = pytest.mark.thorough

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "contact-forms"
FILES = sorted(CORPUS.glob("*.xml"))


@pytest.mark.skipif(not FILES, reason="the corpus of forms is not here")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("language", [1033, 1031])
def test_real_form(path: Path, language: int) -> None:
    """Every visible tab is there and every column the emulator knows has a control of its own."""
    form = etree.parse(str(path)).find(".//form")
    assert form is not None
    xml = etree.tostring(form, encoding="unicode")
    organization = create_organization(contacts=1)
    key = str(next(organization.table("contact").rows())["contactid"])
    form_id = "22222222-0000-0000-0000-000000000000"
    layers.put_form(organization, form_id, "Real", xml)
    for where in (key, "new"):
        answer = site.perform(organization, "GET", f"/rep/contacts/{where}", f"form={form_id}", {})
        assert answer is not None
        assert answer.status == 200
        page = html.fromstring(answer.body.decode())
        tabs = [tab.text for tab in page.iterfind(".//button[@role='tab']")]
        assert tabs == [tab.label for tab in layout.tabs(xml, 1033)]
        ids = [one.get("id") for one in page.iterfind(".//*[@id]")]
        assert len(ids) == len(set(ids))
        assert page.findall(".//form//*[@data-column]")
    assert layout.tabs(xml, language)


def section(inside: str, **attributes: str) -> str:
    """A form of nothing but one section."""
    more = "".join(f" {name}='{value}'" for name, value in attributes.items())
    held = f"<sections><section{more}>{inside}</section></sections>"
    return f"<form><tabs><tab><columns><column width='x'>{held}</column></columns></tab></tabs></form>"


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "<form",
        "<form/>",
        "<form><tabs/></form>",
        section("", columns="0"),
        '<!DOCTYPE form [<!ENTITY a SYSTEM "file:///etc/hostname">]><form><tabs>&a;</tabs></form>',
        section("<rows><row><cell/><cell><control/></cell></row></rows>", columns="9"),
    ],
)
def test_odd_form(xml: str) -> None:
    """Forms that the server would not have taken do not break the page either."""
    organization = create_organization()
    layers.put_form(organization, "1fed44d1-ae68-4a41-bd2b-f13acac4acfa", "Odd", xml)
    answer = site.perform(organization, "GET", "/rep/contacts/new", "", {})
    assert answer is not None
    assert answer.status == 200
    assert b"unnamed" in answer.body or b"without anything to draw" in answer.body
