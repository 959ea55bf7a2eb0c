"""How the API names bases, categories and audiences, the evidence it asks for, and what happened."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import IntEnum
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from assent.policy.audience import TEXT_LIMIT, Audience, read_audience
from assent.policy.permission import BulkEmail, LegalBasis
from assent.policy.plan import Request
from assent.policy.sides import CATEGORY_LIMIT
from assent.ports import Evidence
from assent.web.api.shapes import LARGEST_NUMBER, Shape

E = TypeVar("E", bound=IntEnum)


def _named(codes: type[E]) -> Callable[[Any], E]:
    by_name: Mapping[str, E] = {code.name.lower(): code for code in codes}

    def read(value: Any) -> E:
        if isinstance(value, codes):
            return value
        if not isinstance(value, str) or value not in by_name:
            raise ValueError(f"Expected one of: {', '.join(by_name)}.")
        return by_name[value]

    return read


def _name(code: IntEnum) -> str:
    return code.name.lower()


def _schema(codes: type[IntEnum]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "enum": [code.name.lower() for code in codes]})


#: A legal basis by name.
Basis = Annotated[
    LegalBasis,
    BeforeValidator(_named(LegalBasis)),
    PlainSerializer(_name, return_type=str),
    _schema(LegalBasis),
]

#: What Bulk Email says in a row.
Toggle = Annotated[
    BulkEmail,
    BeforeValidator(_named(BulkEmail)),
    PlainSerializer(_name, return_type=str),
    _schema(BulkEmail),
]

#: A category by its number.
CategoryNumber = Annotated[int, Field(ge=1, le=CATEGORY_LIMIT, examples=[1])]

#: A legal basis by name, where services read it from JSON.
BasisName = Literal[
    "none",
    "consent",
    "legitimate_interest",
    "contract",
    "required_by_law",
    "vital_interests",
    "public_interest",
    "withdrawn",
]


def bit_of(number: int) -> int:
    """The bit of a category, 0 for no category."""
    return 1 << (number - 1) if number else 0


class EvidenceShape(Shape):
    """What proves an act: what the person was told or agreed to, and where that is from."""

    text: Annotated[str, Field(max_length=2_000, examples=["Ticked “Yes, send me news”"])] = ""
    source: Annotated[str, Field(max_length=200, examples=["Fair 2026, form 7"])] = ""

    def given(self) -> Evidence:
        """As services take it."""
        return Evidence(self.text, self.source)


class AudienceShape(Shape):
    """Which contacts are meant; everything given must hold, and nothing given means everybody."""

    text: Annotated[str | None, Field(max_length=TEXT_LIMIT, examples=["lind meadow"])] = None
    bases: Annotated[list[BasisName] | None, Field(max_length=8)] = None
    subscribed: Annotated[list[CategoryNumber] | None, Field(max_length=CATEGORY_LIMIT)] = None
    unsubscribed: Annotated[list[CategoryNumber] | None, Field(max_length=CATEGORY_LIMIT)] = None
    linked: Annotated[bool | None, Field(description="Has a row in Dynamics.")] = None
    connection: Annotated[int | None, Field(ge=1, le=LARGEST_NUMBER)] = None
    held: Annotated[bool | None, Field(description="Is kept out of sends.")] = None
    pending: Annotated[bool | None, Field(description="Something waits to be synced.")] = None
    contact_ids: Annotated[list[UUID] | None, Field(max_length=50_000)] = None

    def given(self) -> Audience:
        """As services take it."""
        return read_audience(self.model_dump(mode="json", exclude_none=True))


def filtered(
    text: Annotated[str | None, Query(max_length=TEXT_LIMIT, description="Words of address or name.")] = None,
    basis: Annotated[list[BasisName] | None, Query(max_length=8)] = None,
    subscribed: Annotated[list[CategoryNumber] | None, Query(max_length=CATEGORY_LIMIT)] = None,
    unsubscribed: Annotated[list[CategoryNumber] | None, Query(max_length=CATEGORY_LIMIT)] = None,
    linked: Annotated[bool | None, Query(description="Has a row in Dynamics.")] = None,
    connection: Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER)] = None,
    held: Annotated[bool | None, Query(description="Is kept out of sends.")] = None,
    pending: Annotated[bool | None, Query(description="Something waits to be synced.")] = None,
) -> Audience:
    """The audience a query names."""
    return AudienceShape(
        text=text,
        bases=basis,
        subscribed=subscribed,
        unsubscribed=unsubscribed,
        linked=linked,
        connection=connection,
        held=held,
        pending=pending,
    ).given()


Filtered = Annotated[Audience, Depends(filtered)]


class QuestionShape(Shape):
    """A question only a person can answer."""

    request_id: int
    contact_id: UUID
    kind: Request
    text: str
    opened_at: datetime


class HappeningShape(Shape):
    """Something that happened, in words; evidence and details only for those who may read them."""

    place: str
    at: datetime
    kind: str
    who: str
    text: str
    rule: str
    contact_id: UUID | None
    contact: str
    connection_id: int | None
    evidence: dict[str, str] | None
    details: dict[str, str] | None
    erased: bool
