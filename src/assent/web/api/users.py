"""Users: invited, listed, changed; passwords never pass here."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from assent.services import people
from assent.services.access import Role
from assent.services.paging import Page
from assent.services.people import Invited
from assent.web.api.calling import App, Calling
from assent.web.api.shapes import Line, Listed, Shape, listed

router = APIRouter(tags=["Users"], prefix="/users")


class NewUser(Shape):
    """Somebody to invite."""

    email: Annotated[str, Field(min_length=3, max_length=320, examples=["ada@example.com"])]
    name: Annotated[Line, Field(examples=["Ada"])]
    role: Role


class ChangedUser(Shape):
    """What to change of a user; what is left out stays."""

    name: Line | None = None
    role: Role | None = None
    disabled: Annotated[bool | None, Field(description="True signs them out at once.")] = None


class UserShape(Shape):
    """A person who may sign in; `ready` once they have chosen a password."""

    user_id: UUID
    email: str
    name: str
    role: Role
    disabled: bool
    ready: bool
    created_at: datetime
    signed_in_at: datetime | None


class InvitedShape(Shape):
    """A user, and the link they sign in with once: it is shown this once."""

    user: UserShape
    sign_in: Annotated[str, Field(description="Give it to them over a safe way; it works for three days.")]


def _invited(app: App, invited: Invited) -> InvitedShape:
    url = people.sign_in_url(app, invited.token)
    return InvitedShape(user=UserShape.model_validate(invited.user), sign_in=url)


@router.get("", summary="List users", response_model=Listed[UserShape])
async def list_users(app: App, calling: Calling) -> Any:
    """Everybody who may sign in to the account, disabled ones too, by name."""
    return listed(Page(tuple(await people.users(app, calling))))


@router.post("", status_code=201, summary="Invite a user")
async def invite_user(app: App, calling: Calling, body: NewUser) -> InvitedShape:
    """Add somebody, and get the link they sign in with and choose a password. No mail is sent."""
    return _invited(app, await people.invite(app, calling, body.email, body.name, body.role))


@router.get("/{user_id}", summary="Read a user", response_model=UserShape)
async def get_user(app: App, calling: Calling, user_id: UUID) -> Any:
    """One user."""
    return await people.user(app, calling, user_id)


@router.patch("/{user_id}", summary="Change a user", response_model=UserShape)
async def change_user(app: App, calling: Calling, user_id: UUID, body: ChangedUser) -> Any:
    """Change what is given. The last admin keeps their role."""
    return await people.change_user(
        app, calling, user_id, role=body.role, name=body.name, disabled=body.disabled
    )


@router.post("/{user_id}/link", status_code=201, summary="Make a new sign-in link")
async def make_sign_in_link(app: App, calling: Calling, user_id: UUID) -> InvitedShape:
    """For a lost password: the old one, sessions and older links end."""
    return _invited(app, await people.new_link(app, calling, user_id))
