"""Forms, views and publishing."""

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import ClientSession
from lxml import etree

from dataverse_emulator import Organization, Settings, Sources, create_organization, running, seeded_ids
from dataverse_emulator.state import layers
from dataverse_emulator.state.form_variants import VARIANTS
from dataverse_emulator.state.formxml import validated

from .api import Api, Clock, entity_id

MAIN = "1fed44d1-ae68-4a41-bd2b-f13acac4acfa"
PUBLISH = {"ParameterXml": "<importexportxml><entities><entity>contact</entity></entities></importexportxml>"}
SECTION = (
    '<section name="asn_subscriptions" id="{0a0a0a0a-0000-0000-0000-000000000001}" columns="1">'
    '<labels><label description="Subscriptions" languagecode="1033"/></labels><rows/></section>'
)


async def formxml(api: Api, path: str = "") -> str:
    """The form's XML as readers see it."""
    return str((await api.get(f"systemforms({MAIN}){path}?$select=formxml")).json["formxml"])


async def test_main_form_out_of_the_box(api: Api) -> None:
    """The documented tabs, sections and the Bulk Email cell, found as setup finds them (8.1, 8.4)."""
    query = "$select=formid,name,type,formactivationstate,iscustomizable,formxml"
    test = "objecttypecode eq 'contact' and type eq 2 and formactivationstate eq 1"
    rows = (await api.get(f"systemforms?{query}&$filter={test}")).value
    assert [(row["formid"], row["name"], row["formactivationstate"]) for row in rows] == [
        (MAIN, "Contact", 1)
    ]
    assert rows[0]["iscustomizable"]["Value"] is True
    for known in (
        'name="DETAILS_TAB" id="{fe1c5c3b-d556-4552-a444-4781214a6d63}"',
        'name="CONTACT_PREFERENCES" id="{42aa148d-17fa-4c73-8213-bd22400b74ea}"',
        'cell id="{041968bd-14fe-486a-baa0-719e7691e6ee}"',
        'datafieldname="donotbulkemail"',
    ):
        assert known in rows[0]["formxml"]


async def test_edit_needs_a_publish(api: Api) -> None:
    """PATCH changes the unpublished layer; readers see it after PublishXml (8.1)."""
    before = await formxml(api)
    edited = before.replace("</sections>", f"{SECTION}</sections>", 1)
    assert (await api.patch(f"systemforms({MAIN})", {"formxml": edited})).status == 204
    assert await formxml(api) == before
    assert await formxml(api, "/Microsoft.Dynamics.CRM.RetrieveUnpublished()") == edited
    assert (await api.post("PublishXml", PUBLISH)).status == 204
    assert await formxml(api) == edited


async def test_publish_all(api: Api) -> None:
    """PublishAllXml takes no body (7.6)."""
    await api.patch(f"systemforms({MAIN})", {"name": "Contact - Main"})
    assert (await api.post("PublishAllXml")).status == 204
    assert (await api.get(f"systemforms({MAIN})")).json["name"] == "Contact - Main"


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("<tabs>", "<tabs", "schema validation error has been detected at line"),
        ('name="DETAILS_TAB"', 'name="DETAILS_TAB" colour="red"', "The 'colour' attribute is not declared."),
        ('locklevel="0"', 'visibel="false"', "The 'visibel' attribute is not declared."),
        (
            "{041968bd-14fe-486a-baa0-719e7691e6ee}",
            "{42AA148D-17FA-4C73-8213-BD22400B74EA}",
            "more than once",
        ),
        ('<column width="33%">', "<column>", "The required attribute 'width' is missing."),
        ("<form ", "<shape ", "line"),
    ],
)
async def test_refused_form_xml(api: Api, old: str, new: str, text: str) -> None:
    """Undeclared attributes, repeated ids and broken XML answer 400 (8.1, 8.2)."""
    edited = (await formxml(api)).replace(old, new)
    reply = await api.patch(f"systemforms({MAIN})", {"formxml": edited})
    assert reply.error == (400, "0x80048007")
    assert text in reply.message
    assert await formxml(api, "/Microsoft.Dynamics.CRM.RetrieveUnpublished()") == await formxml(api)


async def test_a_column_may_be_shown_twice(api: Api) -> None:
    """Real exports repeat control ids, so the server cannot be refusing them (8.2, corpus of exports)."""
    edited = (await formxml(api)).replace('control id="donotfax"', 'control id="donotphone"')
    assert (await api.patch(f"systemforms({MAIN})", {"formxml": edited})).status == 204


async def test_entities_are_not_expanded(api: Api) -> None:
    """A hostile document type does not read files or blow up."""
    bomb = '<!DOCTYPE form [<!ENTITY a SYSTEM "file:///etc/hostname">]><form><tabs>&a;</tabs></form>'
    assert (await api.patch(f"systemforms({MAIN})", {"formxml": bomb})).status in (204, 400)
    unpublished = await formxml(api, "/Microsoft.Dynamics.CRM.RetrieveUnpublished()")
    assert "&a;" in unpublished or "DETAILS_TAB" in unpublished


async def test_more_forms_can_be_arranged(api: Api, organization: Organization) -> None:
    """A test can give the organisation the forms of section 8.5."""
    copy = "22222222-0000-0000-0000-000000000000"
    layers.put_form(organization, copy, "Copy", "<form><tabs/></form>", customizable=False)
    assert len((await api.get("systemforms?$filter=type eq 2 and formactivationstate eq 1")).value) == 2
    assert (await api.patch(f"systemforms({copy})", {"name": "x"})).status == 501


async def test_views(api: Api) -> None:
    """Own public views can be made, edited in two layers, published and removed (8.6)."""
    layout = '<grid name="resultset" object="2" jump="fullname"><row name="result" id="contactid"/></grid>'
    body = {
        "name": "Subscribers",
        "returnedtypecode": "contact",
        "querytype": 0,
        "fetchxml": '<fetch><entity name="contact"><attribute name="contactid"/></entity></fetch>',
        "layoutxml": layout,
    }
    key = entity_id(await api.post("savedqueries", body))
    await api.patch(f"savedqueries({key})", {"name": "Readers"})
    assert (await api.get(f"savedqueries({key})")).json["name"] == "Subscribers"
    await api.post("PublishXml", PUBLISH)
    assert (await api.get(f"savedqueries({key})")).json["name"] == "Readers"
    assert (await api.post("savedqueries", body | {"fetchxml": "<fetch"})).status == 400
    assert (await api.delete(f"savedqueries({key})")).status == 204


async def test_publish_of_the_unknown(api: Api) -> None:
    """Publishing what is not imitated is loud."""
    assert (
        await api.post("PublishXml", {"ParameterXml": "<importexportxml><webresources/></importexportxml>"})
    ).status == 501
    assert (await api.post("PublishXml", {"ParameterXml": "<x"})).status == 400


async def test_other_forms_and_views_out_of_the_box(api: Api) -> None:
    """Kinds and ids as documented, every form valid to the validator, one default public view (8.4, 8.6)."""
    rows = (await api.get("systemforms?$select=name,type,formxml")).value
    kinds = {row["formid"]: row["type"] for row in rows}
    assert kinds["661157fe-2fc9-4eaa-835f-5bfa2f7b64f7"] == 7
    assert kinds["bdb0ae1c-32fa-4374-b637-8dafe107bc44"] == 6
    assert {2, 5, 6, 7, 11, 12} == set(kinds.values())
    for row in rows:
        validated(row["formxml"])
    views = (await api.get("savedqueries?$select=name,querytype,isdefault,layoutxml,fetchxml")).value
    public = [row["name"] for row in views if row["querytype"] == 0 and row["isdefault"]]
    assert public == ["My Active Contacts"]
    assert {0, 4, 64} == {row["querytype"] for row in views}
    for row in views:
        cells = etree.fromstring(row["layoutxml"]).iter("cell")
        fetched = {one.get("name") for one in etree.fromstring(row["fetchxml"]).iter("attribute")}
        assert {cell.get("name") for cell in cells} <= fetched


async def test_forms_speak_the_languages_of_the_organization(clock: Clock) -> None:
    """Every label has a text per provisioned language, the base one first (7.2, 8.2)."""
    settings = Settings(language_code=1053, languages=(1033, 1031))
    organization = create_organization(sources=Sources(clock, seeded_ids(7)), settings=settings)
    async with running(organization) as found, ClientSession() as session:
        tree = etree.fromstring(await formxml(Api(session, found.url)))
    for labels in tree.iter("labels"):
        assert [label.get("languagecode") for label in labels] == ["1053", "1033", "1031"]
    details = tree.find(".//tab[@name='DETAILS_TAB']/labels")
    assert details is not None
    assert [label.get("description") for label in details] == ["Detaljer", "Details", "Details"]


#: What is true of the active main forms once each thing happened: (name, form, tab DETAILS_TAB).
HAPPENED: dict[str, Callable[[list[dict[str, Any]], "etree._Element"], bool]] = {
    "renamed-form": lambda rows, _: rows[0]["name"] == "Contact - Main 1",
    "renamed-tab": lambda _, tree: tree.find(".//tab[@name='tab_7']") is not None,
    "relabelled-tab": lambda _, tree: 'description="More about' in etree.tostring(tree, encoding="unicode"),
    "hidden-tab": lambda _, tree: tree.xpath("//tab[@name='DETAILS_TAB']/@visible") == ["false"],
    "removed-tab": lambda _, tree: tree.xpath("//tab/@name") == ["SUMMARY_TAB"],
    "removed-preferences": lambda _, tree: not tree.xpath("//control[@id='donotbulkemail']"),
    "doubled-section-names": lambda _, tree: len(tree.xpath("//section[@name='Summary_section_6']")) == 2,  # type: ignore[arg-type]
    "bare-ids": lambda _, tree: "{" not in str(tree.xpath("//tab/@id | //section/@id | //cell/@id")),
    "managed": lambda rows, _: all(row["ismanaged"] for row in rows),
    "uncustomizable": lambda rows, _: rows[0]["iscustomizable"]["Value"] is False,
    "several-main-forms": lambda rows, _: len(rows) == 3,
    "clashing-names": lambda rows, _: [row["name"] for row in rows] == ["Contact", "Contact"],
    "saved-as": lambda rows, tree: rows[0]["formid"] != MAIN and MAIN in etree.tostring(tree).decode(),
}


@pytest.mark.parametrize("name", VARIANTS)
async def test_an_organization_can_be_made_with_trouble_in_its_forms(clock: Clock, name: str) -> None:
    """Each of the things seen in real exports, by name (8.5)."""
    settings = Settings(form_variants=(name,))
    organization = create_organization(sources=Sources(clock, seeded_ids(7)), settings=settings)
    async with running(organization) as found, ClientSession() as session:
        query = "type eq 2 and formactivationstate eq 1"
        rows = (await Api(session, found.url).get(f"systemforms?$filter={query}&$orderby=formid")).value
    assert HAPPENED[name](rows, etree.fromstring(rows[0]["formxml"]))
    for row in rows:
        validated(row["formxml"])


def test_unknown_trouble_is_refused() -> None:
    """A misspelt name does not make an organisation without trouble."""
    organization = create_organization(settings=Settings(form_variants=("hidden-tabs",)))
    with pytest.raises(ValueError, match="there is no form variant 'hidden-tabs'; known: renamed-form"):
        organization.table("systemform")


async def test_what_cannot_be_customized_stays(api: Api, organization: Organization) -> None:
    """A view says so by its own code (2.8); only public views are made (8.6)."""
    views = organization.table("savedquery")
    key = "0d5d377b-5e7c-47b5-bab1-a5cb8b4ac105"
    position = views.position(key)
    assert position is not None
    fixed = {"Value": False, "CanBeChanged": False, "ManagedPropertyLogicalName": "iscustomizable"}
    views.replace(position, {"iscustomizable": fixed, "versionnumber": organization.next_version()}, 0)
    assert (await api.patch(f"savedqueries({key})", {"name": "x"})).error == (400, "0x80047017")
    body = {"name": "x", "returnedtypecode": "contact", "querytype": 4}
    assert (await api.post("savedqueries", body)).error == (400, "0x80040203")
    assert (await api.post("savedqueries", body | {"returnedtypecode": "nope"})).status == 400
