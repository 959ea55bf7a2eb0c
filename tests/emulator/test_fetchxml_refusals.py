"""FetchXML that is refused: with the documented code, or with 501 by name (dataverse.md 2.8)."""

import pytest

from .api import Api
from .samples import fetched

ENTITY = "<fetch><entity name='contact'>{}</entity></fetch>"
CONDITION = ENTITY.format("<filter><condition attribute='{}' operator='{}' value='x'/></filter>")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<fetch><entity name='contact'>", "0x80040201"),
        ("", "0x80040201"),
        ("<fetch/>", "0x80040203"),
        ("<fetch><entity name='nonsense'/></fetch>", "0x80041102"),
        (ENTITY.format("<attribute name='nonsense'/>"), "0x80041103"),
        (ENTITY.format("<nonsense/>"), "0x80040203"),
        ("<fetch><entity name='account'/></fetch>", "0x8006088a"),
        ("<fetch top='2' page='1'><entity name='contact'/></fetch>", "0x80040203"),
        ("<fetch count='x'><entity name='contact'/></fetch>", "0x80040203"),
        (CONDITION.format("statecode", "eq"), "0x8006088a"),
        (CONDITION.format("fullname", "nonsense"), "0x80040203"),
        ("<fetch paging-cookie='x'><entity name='contact'/></fetch>", "0x8006088a"),
        ("<fetch aggregate='true'><entity name='contact'/></fetch>", "0x80040203"),
    ],
)
async def test_what_is_wrong(api: Api, text: str, code: str) -> None:
    """Malformed texts, unknown names, wrong types and impossible combinations answer 400."""
    reply = await api.get(f"contacts?fetchXml={text}")
    assert reply.error == (400, code), reply.text


@pytest.mark.parametrize(
    "text",
    [
        CONDITION.format("ownerid", "like"),
        "<fetch datasource='retained'><entity name='contact'/></fetch>",
    ],
)
async def test_what_is_not_imitated(api: Api, text: str) -> None:
    """Names of lookups and retained rows answer 501."""
    assert (await api.get(f"contacts?fetchXml={text}")).error == (501, "NotImplemented")


async def test_documented_limits(api: Api) -> None:
    """15 links and 500 conditions at most, each with its own code (Join tables, Filter rows)."""
    one = "<link-entity name='account' from='accountid' to='parentcustomerid' alias='a{}'/>"
    links = "".join(one.format(at) for at in range(16))
    assert (await fetched(api, "contact", links)).error == (400, "0x8004430d")
    condition = "<condition attribute='lastname' operator='null'/>" * 501
    assert (await fetched(api, "contact", f"<filter>{condition}</filter>")).error == (400, "0x8004430c")


async def test_explosive_joins_are_given_up(api: Api) -> None:
    """A join that would make millions of rows ends like a query that takes too long (dataverse.md 2.8)."""
    rows = [{"@odata.type": "Microsoft.Dynamics.CRM.contact", "lastname": str(n)} for n in range(720)]
    assert (await api.post("contacts/Microsoft.Dynamics.CRM.CreateMultiple", {"Targets": rows})).status == 200
    link = "<link-entity name='contact' from='statecode' to='statecode'/>"
    assert (await fetched(api, "contact", link)).error == (400, "0x80044151")
