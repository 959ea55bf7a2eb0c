"""A few accounts and contacts that the documentation's sample queries make sense with."""

from dataclasses import dataclass

from .api import Api, Reply, entity_id

ALL = 'odata.include-annotations="*"'
CRM = "@Microsoft.Dynamics.CRM."
FORMATTED = "OData.Community.Display.V1.FormattedValue"

#: Employees and city of the ten accounts of "Aggregate data using FetchXml".
ACCOUNTS = (
    ("Example Account", None, None),
    ("Contoso Pharmaceuticals", 1500, "Redmond"),
    ("Fabrikam", 2700, "Lynnwood"),
    ("Blue Yonder Airlines", 2900, "Los Angeles"),
    ("City Power & Light", 2900, "Redmond"),
    ("Coho Winery", 3900, "Phoenix"),
    ("Adventure Works", 4300, "Santa Cruz"),
    ("Alpine Ski House", 4800, "Missoula"),
    ("Litware", 6000, "Dallas"),
    ("A. Datum", 6200, "Redmond"),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """Ids by name."""

    accounts: dict[str, str]
    contacts: dict[str, str]


async def stock(api: Api) -> Sample:
    """The ten accounts; Litware has two contacts, Fabrikam one that is also its primary one."""
    accounts = {}
    for name, employees, city in ACCOUNTS:
        body = {"name": name, "numberofemployees": employees, "address1_city": city, "revenue": employees}
        accounts[name] = entity_id(await api.post("accounts", body))
    contacts = {}
    for first, last, account in (
        ("Susanna", "Stubberod", "Litware"),
        ("Nancy", "Anderson", "Litware"),
        ("Maria", "Campbell", "Fabrikam"),
        ("Lone", "Rider", None),
    ):
        link = {"parentcustomerid_account@odata.bind": f"accounts({accounts[account]})"} if account else {}
        contacts[last] = await api.add(firstname=first, lastname=last, **link)
    primary = {"primarycontactid@odata.bind": f"contacts({contacts['Campbell']})"}
    assert (await api.patch(f"accounts({accounts['Fabrikam']})", primary)).status == 204
    return Sample(accounts, contacts)


async def fetched(api: Api, table: str, inner: str, *, attributes: str = "", prefer: str = ALL) -> Reply:
    """The answer to a fetch of the table with these children."""
    text = f"<fetch {attributes}><entity name='{table}'>{inner}</entity></fetch>"
    return await api.get(f"{table}s?fetchXml={text}", Prefer=prefer)


async def names(api: Api, table: str, inner: str, attributes: str = "") -> list[str]:
    """The names that a fetch finds, in its order."""
    column = "fullname" if table == "contact" else "name"
    reply = await fetched(api, table, f"<attribute name='{column}'/>{inner}", attributes=attributes)
    assert reply.status == 200, reply.text
    return [row.get(column, "") for row in reply.value]


def link(attributes: str, inner: str) -> str:
    """From accounts to the contacts that belong to them."""
    ends = "name='contact' from='parentcustomerid' to='accountid'"
    return f"<link-entity {ends} {attributes}>{inner}</link-entity>"
