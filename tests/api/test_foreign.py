"""What belongs to another account does not exist: every id of every operation."""

import pytest
import pytest_asyncio

from .operations import NOBODYS
from .seeding import seeded
from .served import Operation, Served, operations, perform

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.thorough]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def theirs(served: Served) -> dict[str, str]:
    """Ids of the other account."""
    return await seeded(served, served.other_id, served.other_key)


#: Their answers tell the time of asking.
_TELLS_THE_TIME = ("explain_contact", "check_contact", "get_key")


async def _reading(served: Served) -> list[Operation]:
    """Every operation that reads one thing by its id."""
    return [one for one in (await operations(served)).values() if one.method == "GET" and one.names]


async def test_the_ids_are_real(served: Served, theirs: dict[str, str]) -> None:
    """For the account they belong to, everything that can be read is there; a draft has no manifest yet."""
    for one in await _reading(served):
        answer = await perform(served, one, theirs, served.other_key)
        expected = 404 if one.ident.endswith("_manifest") else 200
        assert expected == answer.status, (one, answer.body)


@pytest.mark.parametrize("name", NOBODYS)
async def test_an_id_of_another_account_is_unknown(served: Served, theirs: dict[str, str], name: str) -> None:
    """404 with a sentence, for reading and for changing, and nothing of theirs changes."""
    steady = [one for one in await _reading(served) if one.ident not in _TELLS_THE_TIME]
    before = [(await perform(served, one, theirs, served.other_key)).body for one in steady]
    walked = [one for one in (await operations(served)).values() if name in one.names]
    assert walked
    for one in walked:
        answer = await perform(served, one, theirs)
        assert 404 == answer.status, (one, answer.body)
        assert "seeded" not in answer.problem(404)["detail"].lower()
    assert before == [(await perform(served, one, theirs, served.other_key)).body for one in steady]
