"""Imports of contacts from CSV files."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import Field

from assent.services import imports
from assent.services.importing import ImportOptions, ImportOutcome
from assent.web.api.calling import App, Calling
from assent.web.api.hub_shapes import Basis
from assent.web.api.shapes import After, Limit, Listed, Number, Shape, listed

router = APIRouter(tags=["Imports"], prefix="/imports")


class ColumnShape(Shape):
    """A column of the file and what it means."""

    label: str
    meaning: str
    words: str


class ImportShape(Shape):
    """An import between its upload and its end."""

    import_id: int
    name: str
    state: str
    row_count: int
    columns: list[ColumnShape]
    problems: list[str]
    notice: str
    counts: dict[ImportOutcome, int]
    created_by: str
    created_at: datetime
    finished_at: datetime | None


class RowErrorShape(Shape):
    """Why a row cannot be imported; `column` is empty for a whole row."""

    line: int
    column: str
    message: str


class SampleRowShape(Shape):
    """A row as it was understood, and what becomes of it."""

    line: int
    email: str
    first_name: str
    last_name: str
    basis: Basis | None
    outcome: ImportOutcome


class ImportPreviewShape(Shape):
    """What the import would do, by outcome; the token lets exactly this be applied."""

    row_count: int
    counts: dict[ImportOutcome, int]
    errors: list[RowErrorShape]
    error_count: int
    ignored: list[str]
    notice: str
    sample: list[SampleRowShape]
    token: str


class ColumnsBody(Shape):
    """What columns mean, by their label; a column not named is not imported."""

    choices: Annotated[
        dict[str, str], Field(max_length=200, examples=[{"Mail": "email", "News": "category:Newsletters"}])
    ]


class OptionsBody(Shape):
    """What the person who imports decides."""

    evidence: Annotated[str, Field(max_length=2_000, description="For grants whose row has none.")] = ""
    create_rows: Annotated[bool, Field(description="Give new contacts a row in Dynamics.")] = False
    leave_out_errors: Annotated[bool, Field(description="Import the rows without errors.")] = False

    def given(self) -> ImportOptions:
        """As the service takes it."""
        return ImportOptions(self.evidence, self.create_rows, self.leave_out_errors)


class ApplyImportBody(Shape):
    """The token of the preview, and the options it was made with."""

    token: Annotated[str, Field(max_length=200)]
    options: OptionsBody = OptionsBody()


@router.get("", summary="List imports", response_model=Listed[ImportShape])
async def list_imports(app: App, calling: Calling, after: After = "", limit: Limit = 50) -> Any:
    """The newest first."""
    return listed(await imports.all(app, calling, after=after, limit=limit))


@router.post("", status_code=201, summary="Upload a file", response_model=ImportShape)
async def create_import(
    app: App,
    calling: Calling,
    data: Annotated[bytes, Body(media_type="text/csv", description="The CSV file itself.")],
    name: Annotated[str, Query(max_length=200, description="The file's name.")] = "upload.csv",
) -> Any:
    """The file is read to its end and kept sealed; what its columns mean is guessed by their names."""
    return await imports.upload(app, calling, name, data)


@router.get("/{import_id}", summary="Read an import", response_model=ImportShape)
async def get_import(app: App, calling: Calling, import_id: Number) -> Any:
    """One import."""
    return await imports.read(app, calling, import_id)


@router.put("/{import_id}/columns", summary="Choose what columns mean", response_model=ImportShape)
async def choose_import_columns(app: App, calling: Calling, import_id: Number, body: ColumnsBody) -> Any:
    """Meanings: email, first_name, last_name, legal_basis, evidence, evidence_source, category:NAME."""
    return await imports.choose_columns(app, calling, import_id, body.choices)


@router.post("/{import_id}/preview", summary="Preview an import", response_model=ImportPreviewShape)
async def preview_import(app: App, calling: Calling, import_id: Number, body: OptionsBody) -> Any:
    """Nothing is changed. Errors are told by line and column; Withdrawn is never lifted."""
    return await imports.preview(app, calling, import_id, body.given())


@router.post("/{import_id}/apply", summary="Apply an import", response_model=ImportShape)
async def apply_import(app: App, calling: Calling, import_id: Number, body: ApplyImportBody) -> Any:
    """All of it or nothing, once; 409 where contacts changed since the preview."""
    return await imports.apply(app, calling, import_id, body.token, body.options.given())


@router.post("/{import_id}/discard", summary="Discard an import", response_model=ImportShape)
async def discard_import(app: App, calling: Calling, import_id: Number) -> Any:
    """End it without applying it; the file is emptied."""
    return await imports.discard(app, calling, import_id)
