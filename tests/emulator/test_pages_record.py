"""A contact drawn from the published main form."""

import json

import pytest

from dataverse_emulator import Organization
from dataverse_emulator.state import column_definitions, layers
from dataverse_emulator.state.columns import Column, Kind

from .api import Api
from .pages import LIST, MAIN, all_at, cell, form_of, published, shown, text

pytestmark = pytest.mark.thorough


async def test_record_out_of_the_box(api: Api) -> None:
    """Two tabs, Bulk Email as a switch with its words, the name as its parts, labels tied to controls."""
    key = await api.add(firstname="Bo", lastname="Ek", donotbulkemail=True)
    page = await shown(api, f"{LIST}/{key}")
    assert all_at(page, "//*[@role='tab']/text()") == ["Summary", "Details"]
    assert text(page, "//h1") == "Bo Ek"
    box = page.find(".//input[@data-column='donotbulkemail']")
    assert box is not None
    assert (box.get("role"), box.get("type"), box.get("checked")) == ("switch", "checkbox", "checked")
    assert text(page, f"//label[@for='{box.get('id')}']") == "Bulk Email"
    assert text(page, f"//*[@id='{box.get('aria-describedby')}']") == "Do Not Allow"
    assert all_at(page, "//input[@data-column='firstname']/@value") == ["Bo"]
    assert all_at(page, "//select[@data-column='preferredcontactmethodcode']/option[@selected]/text()") == [
        "Any"
    ]
    ids = all_at(page, "//@id")
    assert len(ids) == len(set(ids))
    labelled = set(all_at(page, "//label/@for"))
    assert {one.get("id") for one in page.iter("input", "select", "output")} <= labelled
    assert "Dataverse emulator, not Dynamics 365" in text(page)
    assert all_at(page, "//html/@lang | //form//@lang") == ["en", "en"]


async def test_only_the_published_form_is_drawn(api: Api) -> None:
    """An edit shows after the publish, with the toggles of columns added meanwhile."""
    key = await api.add(lastname="Ek")
    xml = form_of(cell("emailaddress1") + cell("ghost_column", (1033, "Ghost")))
    assert (await api.patch(f"systemforms({MAIN})", {"formxml": xml})).status == 204
    assert all_at(await shown(api, f"{LIST}/{key}"), "//*[@role='tab']/text()") == ["Summary", "Details"]
    await api.post("PublishAllXml")
    page = await shown(api, f"{LIST}/{key}")
    assert all_at(page, "//*[@role='tab']/text()") == ["Only"]
    assert text(page, "//*[contains(@class, 'absent')]").startswith("Ghost ghost_column")
    assert text(page, "//label[@for='field-1']") == "Email"  # the column's own label


async def test_subscription_toggles(api: Api, organization: Organization) -> None:
    """A column somebody added, null on rows older than it, with its own two words."""
    key = await api.add(lastname="Ek")
    words = {0: "Unsubscribed", 1: "Subscribed"}
    column = Column(
        "asn_news", Kind.BOOLEAN, "asn_News", 1, "News", default=False, options=words, custom=True
    )
    column_definitions.add(organization, "contact", column)
    await published(api, form_of(cell("asn_news")))
    page = await shown(api, f"{LIST}/{key}")
    box = page.find(".//input[@data-column='asn_news']")
    assert box is not None
    assert (box.get("data-off"), box.get("data-on"), box.get("checked")) == (
        "Unsubscribed",
        "Subscribed",
        None,
    )
    assert text(page, "//*[@class='words']") == "Not set"
    await api.patch(f"contacts({key})", {"asn_news": True})
    assert text(await shown(api, f"{LIST}/{key}"), "//*[@class='words']") == "Subscribed"
    assert text(await shown(api, f"{LIST}/new"), "//*[@class='words']") == "Unsubscribed"


async def test_hidden_parts_and_languages(api: Api) -> None:
    """What the form hides is not there; labels are in the organisation's language, else any."""
    key = await api.add(lastname="Ek")
    cells = cell("jobtitle", (1031, "Titel"), (1033, "Title")) + cell("lastname", (1031, "Nachname"))
    cells += cell("telephone1", visible="false") + cell("emailaddress1", (1033, "E"), showlabel="false")
    await published(api, form_of(cells))
    page = await shown(api, f"{LIST}/{key}")
    assert all_at(page, "//form//label/text()") == ["Title", "Nachname", "E"]
    assert all_at(page, "//form//label[@class='unseen']/text()") == ["E"]
    await published(api, form_of(cells, visible="false"))
    assert "without anything to draw" in text(await shown(api, f"{LIST}/{key}"))


async def test_what_only_the_platform_writes_is_read_only(api: Api) -> None:
    """Times, users and locked cells are shown in words, or disabled."""
    key = await api.add(lastname="Ek", donotfax=True)
    locked = cell("donotfax").replace("<control ", '<control disabled="true" ')
    await published(api, form_of(cell("modifiedby") + cell("createdon") + cell("statecode") + locked))
    page = await shown(api, f"{LIST}/{key}")
    assert all_at(page, "//output/text()") == ["rep-anna", "2025-10-09 08:53:20 UTC", "Active"]
    assert all_at(page, "//input[@data-column='donotfax']/@disabled") == ["disabled"]


async def test_several_main_forms(api: Api, organization: Organization) -> None:
    """Each can be chosen; inactive and other forms are not offered."""
    key = await api.add(lastname="Ek")
    names = (("2", "Sales", 2, True), ("3", "Old", 2, False), ("4", "Quick", 7, True))
    for digit, name, kind, active in names:
        form_id = MAIN.replace("1", digit)
        xml = form_of(cell("jobtitle"))
        layers.put_form(organization, form_id, name, xml, form_type=kind, active=active)
    page = await shown(api, f"{LIST}/{key}?form={MAIN.replace('1', '2')}")
    assert all_at(page, "//nav[@class='forms']/a/text()") == ["Contact", "Sales"]
    assert text(page, "//nav/a[@aria-current]") == "Sales"
    assert all_at(page, "//*[@role='tab']/text()") == ["Only"]


async def test_texts_are_escaped(api: Api) -> None:
    """Hostile, unprintable and lone-surrogate texts are shown as text, in the page and in its data."""
    nasty = "</form><script>alert(1)</script>\"'&\u000b"
    key = await api.add(lastname=nasty[:50], jobtitle=nasty)
    for path in (LIST, f"{LIST}/{key}"):
        page = await shown(api, path)
        assert len(page.findall(".//script")) == 1
        assert "alert(1)" in text(page)
    held = all_at(await shown(api, f"{LIST}/{key}"), "//form/@data-row")[0]
    assert json.loads(held)["values"]["jobtitle"] == nasty
