"""API keys: made, listed, revoked."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from assent.services import people
from assent.services.access import Role
from assent.services.paging import Page
from assent.web.api.calling import App, Calling
from assent.web.api.shapes import Line, Listed, Shape, listed

router = APIRouter(tags=["API keys"], prefix="/keys")


class NewKey(Shape):
    """A key to make."""

    name: Annotated[Line, Field(description="What uses it.", examples=["Web shop"])]
    role: Role


class KeyShape(Shape):
    """A key; `shown` are its first characters."""

    key_id: UUID
    name: str
    role: Role
    shown: Annotated[str, Field(examples=["asn_4fJk2Q"])]
    created_at: datetime
    used_at: Annotated[datetime | None, Field(description="To the minute.")]
    revoked_at: datetime | None


class MadeKeyShape(Shape):
    """A fresh key with its secret, which is shown this once."""

    key: KeyShape
    secret: str


@router.get("", summary="List API keys", response_model=Listed[KeyShape])
async def list_keys(app: App, calling: Calling) -> Any:
    """Every key, revoked ones too, the newest first."""
    return listed(Page(tuple(await people.keys(app, calling))))


@router.post("", status_code=201, summary="Make an API key", response_model=MadeKeyShape)
async def make_key(app: App, calling: Calling, body: NewKey) -> Any:
    """Make a key with a role of its own. Keep the secret: nobody can show it again."""
    return await people.make_key(app, calling, body.name, body.role)


@router.get("/{key_id}", summary="Read an API key", response_model=KeyShape)
async def get_key(app: App, calling: Calling, key_id: UUID) -> Any:
    """One key, without its secret."""
    return await people.key(app, calling, key_id)


@router.delete("/{key_id}", summary="Revoke an API key", response_model=KeyShape)
async def revoke_key(app: App, calling: Calling, key_id: UUID) -> Any:
    """End it for good, at once. It stays in the list, so that what it did has a name."""
    return await people.revoke_key(app, calling, key_id)
