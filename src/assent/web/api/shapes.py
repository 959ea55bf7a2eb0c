"""What crosses the API's edge: base classes of bodies and answers, numbers, texts, pages, problems."""

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from assent.services.paging import PAGE_LIMIT, Page

T = TypeVar("T")

#: The largest number the database holds.
LARGEST_NUMBER = 2**63 - 1

#: The number of a connection, send, category ... in a path or a body.
Number = Annotated[int, Field(ge=1, le=LARGEST_NUMBER, examples=[1])]

#: A short text in one line, such as a name.
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]

#: How many items a page may have, and behind which cursor it begins.
Limit = Annotated[int, Field(ge=1, le=PAGE_LIMIT, description="The most items the page may have.")]
After = Annotated[
    str, Field(max_length=2_500, description="`next` of the page before; empty for the first page.")
]


class Shape(BaseModel):
    """A body or an answer; members nobody knows are refused, not passed over."""

    model_config = ConfigDict(extra="forbid", from_attributes=True, frozen=True)


class Listed(Shape, Generic[T]):
    """One page of a list."""

    items: list[T]
    next: str = Field("", description="Give this as `after` to get the next page; empty on the last one.")


def listed(page: Page[T]) -> dict[str, object]:
    """A page as the answer of a list; the response model turns its items into shapes."""
    return {"items": list(page.items), "next": page.next}


class Wrong(BaseModel):
    """One thing that is wrong in a request."""

    location: str = Field(
        description="Where: body, query, path or header.", examples=["body"], serialization_alias="in"
    )
    pointer: str = Field(description="Which member, as a JSON pointer.", examples=["#/name"])
    detail: str = Field(description="What is expected there.", examples=["This is required."])


class Problem(BaseModel):
    """What went wrong, what it means, and what to do (RFC 9457)."""

    type: str = Field("about:blank", examples=["about:blank"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["This account has no such contact."])
    errors: list[Wrong] = Field([], description="Each thing that is wrong, where more can be said.")
