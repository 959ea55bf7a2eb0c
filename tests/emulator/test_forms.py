"""Forms, views and publishing."""

import pytest

from dataverse_emulator import Organization
from dataverse_emulator.state import layers

from .api import Api, entity_id

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
    rows = (await api.get(f"systemforms?{query}&$filter=objecttypecode eq 'contact' and type eq 2")).value
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
    assert len((await api.get("systemforms?$filter=type eq 2")).value) == 2
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
