"""Who calls: API keys, and nobody else without a session."""

import pytest

from assent.services import people
from assent.services.access import RIGHTS, Role, operator

from .served import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("role", Role)
async def test_a_key_tells_its_role_and_what_it_may_do(served: Served, role: Role) -> None:
    """Each role's rights are those of the table."""
    told = (await served.call("GET", "/me", key=served.keys[role])).json()
    rights = {right.name.lower() for right, roles in RIGHTS.items() if role in roles}
    assert ("api_key", role.value, rights) == (told["kind"], told["role"], set(told["may"]))


@pytest.mark.parametrize(
    "given",
    ["", "Bearer", "Bearer ", "Bearer asn_", "Bearer asn_" + "x" * 43, "Basic YTpi", "Bearer " + "x" * 5000],
)
async def test_whoever_is_not_known_is_told_how_to_call(served: Served, given: str) -> None:
    """401 with the scheme, whatever was sent instead of a key."""
    headers = {"authorization": given} if given else {}
    answer = await served.call("GET", "/me", key=None, headers=headers)
    assert "Authorization: Bearer" in answer.problem(401)["detail"]
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_revoked_key_is_nobodys(served: Served) -> None:
    """From the moment it is revoked on."""
    admin = operator(served.account_id)
    made = await people.make_key(served.app, admin, "for a while", Role.READER)
    assert 200 == (await served.call("GET", "/me", key=made.secret)).status
    await people.revoke_key(served.app, admin, made.key.key_id)
    (await served.call("GET", "/me", key=made.secret)).problem(401)
