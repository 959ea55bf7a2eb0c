"""How the account looks on the pages it shows to people."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from assent.services import brands
from assent.store.brands import Brand
from assent.web.api.calling import App, Calling
from assent.web.api.shapes import Shape

router = APIRouter(tags=["Look of the pages"], prefix="/brand")


class BrandShape(Shape):
    """A look; empty values mean none."""

    name: Annotated[str, Field(max_length=200, description="Instead of the account's name.")] = ""
    logo_url: Annotated[
        str,
        Field(
            max_length=1_000, description="A picture at https.", examples=["https://acme.example/logo.svg"]
        ),
    ] = ""
    colour: Annotated[str, Field(max_length=7, description="Of buttons.", examples=["#0b57a4"])] = ""


@router.get("", summary="Read the look of the pages", response_model=BrandShape)
async def get_brand(app: App, calling: Calling) -> Any:
    """What preference pages and sign-up forms look like."""
    return await brands.read(app, calling)


@router.put("", summary="Change the look of the pages", response_model=BrandShape)
async def set_brand(app: App, calling: Calling, body: BrandShape) -> Any:
    """The text on buttons is black or white, whichever is read better on the colour."""
    return await brands.write(app, calling, Brand(body.name, body.logo_url, body.colour))
