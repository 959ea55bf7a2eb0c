"""Imports: a file is uploaded, its columns are understood, everything is looked at, then applied or not."""

from http import HTTPStatus

from starlette.responses import Response
from starlette.routing import Route

from assent.errors import AssentError, Invalid
from assent.services import categories, imports
from assent.services.access import Right
from assent.services.import_views import ImportView
from assent.services.importing import ImportOptions
from assent.services.tables.words import FIELD_WORDS
from assent.web.console.visiting import Desk, Form, Visit, status_of, told

PAGE = "/contacts/imports"


def import_routes(desk: Desk) -> list[Route]:
    """The list and the upload, and each step of one import; before the routes of one contact."""
    one = PAGE + "/{import_id}"
    return [
        desk.get(PAGE, show_all),
        desk.post(PAGE, upload),
        desk.get(one, show),
        desk.post(f"{one}/columns", choose),
        desk.post(f"{one}/preview", preview),
        desk.post(f"{one}/apply", apply),
        desk.post(f"{one}/discard", discard),
    ]


async def show_all(visit: Visit) -> Response:
    """Earlier imports, and a place for a new file."""
    return await _list(visit)


async def upload(visit: Visit) -> Response:
    """Keep a file, sealed, and go on to its columns."""
    visit.caller.require(Right.BULK)
    file = (await visit.form()).file("file")
    try:
        if file is None:
            raise Invalid("Choose a CSV file first.")
        made = await imports.upload(visit.app, visit.caller, file.filename or "", await file.read())
    except AssentError as error:
        return await _list(visit, error)
    return visit.onwards(f"{PAGE}/{made.import_id}")


async def show(visit: Visit) -> Response:
    """What the columns mean; or what the import did."""
    return await _columns(visit, await _read(visit))


async def choose(visit: Visit) -> Response:
    """Take the meanings of the columns, and look what the import would do."""
    view, form = await _read(visit), await visit.form()
    choices = {column.label: form.text(f"column-{n}") for n, column in enumerate(view.columns)}
    try:
        view = await imports.choose_columns(visit.app, visit.caller, view.import_id, choices)
        return await _look(visit, view, ImportOptions())
    except AssentError as error:
        return await _columns(visit, view, error, choices)


async def preview(visit: Visit) -> Response:
    """Look again with other options."""
    view, form = await _read(visit), await visit.form()
    try:
        return await _look(visit, view, _options(form))
    except AssentError as error:
        return await _columns(visit, view, error)


async def apply(visit: Visit) -> Response:
    """Import exactly what was looked at, all of it or nothing."""
    view, form = await _read(visit), await visit.form()
    options = _options(form)
    try:
        await imports.apply(visit.app, visit.caller, view.import_id, form.text("token"), options)
    except AssentError as error:
        return await _look(visit, view, options, error)
    return visit.onwards(f"{PAGE}/{view.import_id}", "imported")


async def discard(visit: Visit) -> Response:
    """End it; the file is emptied."""
    await imports.discard(visit.app, visit.caller, visit.number("import_id"))
    return visit.onwards(PAGE, "discarded")


async def _list(visit: Visit, error: AssentError | None = None) -> Response:
    page = await imports.all(visit.app, visit.caller, after=visit.asked("after"))
    return visit.page(
        "imports.html",
        status_of(error) if error else HTTPStatus.OK,
        page=page,
        error=told(error) if error else "",
    )


async def _columns(
    visit: Visit,
    view: ImportView,
    error: AssentError | None = None,
    choices: dict[str, str] | None = None,
) -> Response:
    known = await categories.all(visit.app, visit.caller)
    meanings = [(field.value, words) for field, words in FIELD_WORDS.items()]
    meanings += [(f"category:{one.name}", f"the category “{one.name}”") for one in known if one.active]
    return visit.page(
        "import.html",
        status_of(error) if error else HTTPStatus.OK,
        one=view,
        meanings=meanings,
        chosen=choices or {column.label: column.meaning for column in view.columns},
        error=told(error) if error else "",
    )


async def _look(
    visit: Visit, view: ImportView, options: ImportOptions, error: AssentError | None = None
) -> Response:
    return visit.page(
        "import_preview.html",
        status_of(error) if error else HTTPStatus.OK,
        one=view,
        preview=await imports.preview(visit.app, visit.caller, view.import_id, options),
        options=options,
        error=told(error) if error else "",
    )


def _options(form: Form) -> ImportOptions:
    return ImportOptions(
        evidence=form.text("evidence"),
        create_rows=form.flag("create_rows"),
        leave_out_errors=form.flag("leave_out_errors"),
    )


async def _read(visit: Visit) -> ImportView:
    return await imports.read(visit.app, visit.caller, visit.number("import_id"))
