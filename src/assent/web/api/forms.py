"""Sign-up forms: made, listed, closed and opened again."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from assent.policy.audience import mask_of
from assent.policy.sides import CATEGORY_LIMIT
from assent.services import forms
from assent.services.forms import FormView
from assent.services.paging import Page
from assent.web.api.calling import App, Calling
from assent.web.api.shapes import Line, Listed, Number, Shape, listed

router = APIRouter(tags=["Sign-up forms"], prefix="/forms")


class FormBody(Shape):
    """What a form says."""

    name: Annotated[Line, Field(description="What the form is called here.", examples=["Footer of the site"])]
    text: Annotated[
        str,
        Field(
            min_length=1,
            max_length=2_000,
            description="The words people agree to; kept as evidence of every sign-up.",
            examples=["Write to me about news. I can stop it at any time."],
        ),
    ]
    categories: Annotated[
        list[Annotated[int, Field(ge=1, le=CATEGORY_LIMIT)]],
        Field(
            default_factory=list,
            max_length=CATEGORY_LIMIT,
            description="The categories people may tick, by number.",
        ),
    ]


class FormShape(Shape):
    """A form; `url` is its own page, `snippet` the HTML to put on any other."""

    form_id: Number
    name: str
    text: str
    categories: list[int]
    active: bool
    created_at: datetime
    url: str
    snippet: str


class OpenBody(Shape):
    """Whether people can sign up by it."""

    active: bool


def _shape(view: FormView) -> FormShape:
    return FormShape(
        form_id=view.form_id,
        name=view.name,
        text=view.text,
        categories=[one.bit.bit_length() for one in view.categories],
        active=view.active,
        created_at=view.created_at,
        url=view.url,
        snippet=view.snippet,
    )


@router.get("", summary="List sign-up forms", response_model=Listed[FormShape])
async def list_forms(app: App, calling: Calling) -> Any:
    """Every form, the newest first."""
    return listed(Page(tuple(map(_shape, await forms.all_forms(app, calling)))))


@router.post("", status_code=201, summary="Make a sign-up form")
async def create_form(app: App, calling: Calling, body: FormBody) -> FormShape:
    """Make a form. Whoever signs up gets a mail first, and is mailed only after confirming there."""
    made = await forms.create(app, calling, body.name, body.text, mask_of(body.categories))
    return _shape(made)


@router.get("/{form_id}", summary="Read a sign-up form")
async def get_form(app: App, calling: Calling, form_id: Number) -> FormShape:
    """One form with its snippet."""
    return _shape(await forms.read(app, calling, form_id))


@router.patch("/{form_id}", summary="Close a sign-up form, or open it again")
async def change_form(app: App, calling: Calling, form_id: Number, body: OpenBody) -> FormShape:
    """A closed form takes nobody in, wherever its snippet stands; what it says cannot be changed."""
    return _shape(await forms.set_active(app, calling, form_id, active=body.active))
