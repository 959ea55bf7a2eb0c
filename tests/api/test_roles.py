"""Every operation asks for one right, and every role gets exactly what its rights give."""

import pytest

from assent.services.access import RIGHTS, Role

from .operations import NOBODYS, RIGHT_OF
from .served import Served, operations, perform

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.thorough]


async def test_every_operation_has_its_right(served: Served) -> None:
    """The table names each operation of the document, and none that is not there."""
    assert set(RIGHT_OF) == set(await operations(served))


@pytest.mark.parametrize("ident", RIGHT_OF)
async def test_an_operation_is_open_to_the_roles_that_have_its_right(served: Served, ident: str) -> None:
    """403 to all others, and never 403 to them; whatever else comes is no error of the server."""
    operation, right = (await operations(served))[ident], RIGHT_OF[ident]
    allowed = frozenset(Role) if right is None else RIGHTS[right]
    told = {}
    for role in Role:
        answer = await perform(served, operation, NOBODYS, served.keys[role])
        told[role] = answer.status
        if answer.status >= 400:
            answer.problem(answer.status)
        assert answer.status not in (400, 401, 405, 415, 500), answer.body
    assert allowed == {role for role, status in told.items() if status != 403}, told


@pytest.mark.parametrize("ident", RIGHT_OF)
async def test_nobody_calls_without_a_key(served: Served, ident: str) -> None:
    """401, before anything else is looked at."""
    operation = (await operations(served))[ident]
    answer = await served.call(operation.method, operation.at(NOBODYS), key=None)
    answer.problem(401)
