"""Subscription categories."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from assent.policy.sides import CATEGORY_LIMIT
from assent.services import categories
from assent.services.paging import Page
from assent.web.api.calling import App, Calling
from assent.web.api.hub_shapes import CategoryNumber, bit_of
from assent.web.api.shapes import Listed, Shape, listed

router = APIRouter(tags=["Categories"], prefix="/categories")

Name = Annotated[str, Field(min_length=1, max_length=100, examples=["Newsletters"])]
Description = Annotated[str, Field(max_length=2_000, examples=["Once a month, what is new."])]


class CategoryShape(Shape):
    """A category; `column` is its name in Dynamics, which never changes."""

    number: int
    name: str
    description: str
    position: int
    active: bool
    column: str


class NewCategoryBody(Shape):
    """A category to create; every contact starts subscribed, old and new."""

    name: Name
    description: Description = ""


class CategoryChangeBody(Shape):
    """Another name or description; what is left out stays."""

    name: Name | None = None
    description: Description | None = None


class OrderBody(Shape):
    """Every category of the account once, in the order wanted."""

    numbers: Annotated[list[CategoryNumber], Field(max_length=CATEGORY_LIMIT)]


@router.get("", summary="List categories", response_model=Listed[CategoryShape])
async def list_categories(app: App, calling: Calling) -> Any:
    """Every category in order, archived ones too."""
    return listed(Page(await categories.all(app, calling)))


@router.post("", status_code=201, summary="Create a category", response_model=CategoryShape)
async def create_category(app: App, calling: Calling, body: NewCategoryBody) -> Any:
    """Every live connection gets its column, on its own."""
    return await categories.create(app, calling, body.name, body.description)


@router.put("/order", summary="Reorder categories", response_model=Listed[CategoryShape])
async def reorder_categories(app: App, calling: Calling, body: OrderBody) -> Any:
    """The order on preference pages and in Dynamics."""
    return listed(Page(await categories.reorder(app, calling, [bit_of(one) for one in body.numbers])))


@router.get("/{number}", summary="Read a category", response_model=CategoryShape)
async def get_category(app: App, calling: Calling, number: CategoryNumber) -> Any:
    """One category."""
    return await categories.read(app, calling, bit_of(number))


@router.patch("/{number}", summary="Change a category", response_model=CategoryShape)
async def change_category(
    app: App, calling: Calling, number: CategoryNumber, body: CategoryChangeBody
) -> Any:
    """Rename or describe it."""
    return await categories.change(app, calling, bit_of(number), name=body.name, description=body.description)


@router.post("/{number}/archive", summary="Archive a category", response_model=CategoryShape)
async def archive_category(app: App, calling: Calling, number: CategoryNumber) -> Any:
    """Take it out of pages, sends and forms; answers are kept."""
    return await categories.archive(app, calling, bit_of(number))


@router.post("/{number}/restore", summary="Restore a category", response_model=CategoryShape)
async def restore_category(app: App, calling: Calling, number: CategoryNumber) -> Any:
    """Bring it back with the answers it had."""
    return await categories.restore(app, calling, bit_of(number))
