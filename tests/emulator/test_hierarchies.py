"""Rows above and below others, and who reports to whom (Query hierarchical data)."""

import pytest

from dataverse_emulator import Organization

from .api import Api, entity_id
from .samples import fetched

CRM = "Microsoft.Dynamics.CRM."


async def family(api: Api) -> dict[str, str]:
    """A grandmother, her two daughters, and a granddaughter."""
    found: dict[str, str] = {}
    for name, parent in (("A", None), ("B", "A"), ("C", "A"), ("D", "B"), ("Other", None)):
        body = {"name": name}
        if parent:
            body["parentaccountid@odata.bind"] = f"accounts({found[parent]})"
        found[name] = entity_id(await api.post("accounts", body))
    return found


@pytest.mark.parametrize(
    ("function", "operator", "of", "expected"),
    [
        ("Under", "under", "A", "BCD"),
        ("UnderOrEqual", "eq-or-under", "B", "BD"),
        ("Above", "above", "D", "AB"),
        ("AboveOrEqual", "eq-or-above", "D", "ABD"),
        ("NotUnder", "not-under", "A", "AOther"),
    ],
)
async def test_above_and_below(api: Api, function: str, operator: str, of: str, expected: str) -> None:
    """By function and by FetchXML's operator, along the table's lookup to itself."""
    ids = await family(api)
    condition = f"{CRM}{function}(PropertyName='accountid',PropertyValue='{ids[of]}')"
    found = await api.get(f"accounts?$select=name&$orderby=name&$filter={condition}")
    assert "".join(row["name"] for row in found.value) == expected
    inner = (
        "<attribute name='name'/><order attribute='name'/>"
        f"<filter><condition attribute='accountid' operator='{operator}' value='{ids[of]}'/></filter>"
    )
    assert "".join(row["name"] for row in (await fetched(api, "account", inner)).value) == expected


async def test_a_hierarchy_that_bites_its_tail(api: Api) -> None:
    """It is walked once round."""
    ids = await family(api)
    await api.patch(f"accounts({ids['A']})", {"parentaccountid@odata.bind": f"accounts({ids['D']})"})
    for function in ("Under", "AboveOrEqual"):
        condition = f"{CRM}{function}(PropertyName='accountid',PropertyValue='{ids['B']}')"
        assert (await api.get(f"accounts?$filter={condition}")).status == 200


async def test_the_caller_the_teams_and_those_who_report(api: Api, organization: Organization) -> None:
    """A manager finds what the team owns and what those below own, each when asked (QueryFunctionIndex)."""
    me = (await api.get("WhoAmI")).json["UserId"]
    other = (await api.user("rep-bob").get("WhoAmI")).json["UserId"]
    users = organization.table("systemuser")
    position = users.position(other)
    assert position is not None
    users.replace(position, {"parentsystemuserid": me, "versionnumber": organization.next_version()}, 0)
    unit = (await api.get("WhoAmI")).json["BusinessUnitId"]
    team = entity_id(
        await api.post("teams", {"name": "T", "businessunitid@odata.bind": f"businessunits({unit})"})
    )
    await api.post(
        f"teams({team})/teammembership_association/$ref", {"@odata.id": f"{api.root}/systemusers({me})"}
    )
    await api.add(lastname="Mine")
    await api.user("rep-bob").add(lastname="Bobs")
    await api.add(lastname="Teams", **{"ownerid@odata.bind": f"teams({team})"})
    for function, expected in (
        ("EqualUserId", ["Mine"]),
        ("EqualUserTeams", ["Teams"]),
        ("EqualUserOrUserTeams", ["Mine", "Teams"]),
        ("EqualUserOrUserHierarchy", ["Bobs", "Mine"]),
        ("EqualUserOrUserHierarchyAndTeams", ["Bobs", "Mine", "Teams"]),
    ):
        query = f"contacts?$select=lastname&$orderby=lastname&$filter={CRM}{function}(PropertyName='ownerid')"
        assert [row["lastname"] for row in (await api.get(query)).value] == expected, function
