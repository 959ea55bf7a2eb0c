"""Who calls."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from assent.ports import ActorKind
from assent.services.access import Right, Role
from assent.web.api.calling import Calling
from assent.web.api.shapes import Shape

router = APIRouter(tags=["Me"])


class Me(Shape):
    """Who calls, and what they may do."""

    account_id: int
    kind: ActorKind = Field(description="`user` for a session of the console, `api_key` for a key.")
    name: str
    role: Role | None
    may: Annotated[list[str], Field(description="Each right by name.", examples=[["read", "export"]])]


@router.get("/me", summary="Tell who calls")
async def get_me(calling: Calling) -> Me:
    """Who the key or the session belongs to, and what it may do: the way to try a key out."""
    may = [right.name.lower() for right in Right if calling.may(right)]
    return Me(
        account_id=calling.account_id,
        kind=calling.actor.kind,
        name=calling.name,
        role=calling.role,
        may=may,
    )
