"""Marketing lists and their members (AddListMembersList action)."""

import pytest

from .api import CONTACT, Api, entity_id

ACTION = "Microsoft.Dynamics.CRM.AddListMembersList"


async def a_list(api: Api, kind: int | None = 2) -> str:
    """A list of contacts, unless told otherwise."""
    return entity_id(await api.post("lists", {"listname": "Spring", "createdfromcode": kind}))


async def test_members_are_added_once(api: Api) -> None:
    """Several at once; who is on the list already, or is named twice, is on it once."""
    key, people = await a_list(api), [await api.add(lastname=name) for name in "AB"]
    first, second = ({"@odata.type": CONTACT, "contactid": person} for person in people)
    for members in ([first], [first, second, second], []):
        assert (await api.post(f"lists({key})/{ACTION}", {"Members": members})).status == 204
    found = await api.get(f"lists({key})/listcontact_association?$select=lastname&$orderby=lastname")
    assert [row["lastname"] for row in found.value] == ["A", "B"]


@pytest.mark.parametrize(
    ("member", "status"),
    [
        ({"@odata.type": CONTACT, "contactid": "11111111-2222-3333-4444-555555555555"}, 404),
        ({"@odata.type": CONTACT, "contactid": 5}, 400),
        ({"@odata.type": CONTACT}, 400),
        ({"@odata.type": "Microsoft.Dynamics.CRM.account", "accountid": "x"}, 400),
        ({"contactid": "11111111-2222-3333-4444-555555555555"}, 400),
        ("x", 400),
    ],
)
async def test_what_is_no_member(api: Api, member: object, status: int) -> None:
    """Rows that are not there or of another table; then nobody is added."""
    key, known = await a_list(api), {"@odata.type": CONTACT, "contactid": await api.add(lastname="A")}
    assert (await api.post(f"lists({key})/{ACTION}", {"Members": [known, member]})).status == status
    assert (await api.get(f"lists({key})/listcontact_association")).value == []


async def test_bodies_that_are_none(api: Api) -> None:
    """Members must be given, as a collection, and nothing beside them."""
    key = await a_list(api)
    bodies: list[dict[str, object]] = [{}, {"Members": None}, {"Members": {}}, {"Members": [], "More": 1}]
    for body in bodies:
        assert (await api.post(f"lists({key})/{ACTION}", body)).error == (400, "0x80048d19")
