"""What every router is given: the application, and who calls.

A router of a resource is a file `web/api/<resource>.py`, named in `web/api/__init__.py`:

    router = APIRouter(tags=["Categories"], prefix="/categories")

    class CategoryShape(Shape):             # fields named as in the service's dataclass
        number: Number
        name: Line

    @router.get("", summary="List categories")
    async def list_categories(
        app: App, calling: Calling, after: After = "", limit: Limit = 50
    ) -> Listed[CategoryShape]:             # the function's name is the operationId
        \"\"\"Every category in order.\"\"\"
        return listed(await categories.page(app, calling, after=after, limit=limit))

    @router.post("", status_code=201, summary="Create a category")
    async def create_category(app: App, calling: Calling, body: NewCategory) -> CategoryShape: ...

Errors of `assent.errors` become problem documents by themselves, and every problem is documented by
`app.py`: a router catches nothing and documents only its own success. Annotate answers with shapes; where
the service gives a dataclass with the same names, return it and name the shape in `response_model`.
Paths take `Number` or `UUID`. Idempotency keys, body limits, NUL bytes, unknown query parameters and
content types are dealt with before a router is called.
"""

from typing import Annotated

from fastapi import Depends, Request

from assent.services import people
from assent.services.access import Caller
from assent.services.application import Application
from assent.web.sessions import check_csrf, secret_of

_BEARER = "bearer "


def get_app(request: Request) -> Application:
    """The application behind the API."""
    application: Application = request.state.application
    return application


async def known(app: Application, request: Request) -> Caller:
    """Whose key or session came with a request; raises Forbidden for nobody's.

    Enough to read the request on, not to act on it: a session's request may be another site's.
    """
    given = request.headers.get("authorization")
    if given is not None:
        key = given[len(_BEARER) :].strip() if given[: len(_BEARER)].lower() == _BEARER else ""
        return await people.key_holder(app, key)
    secret = secret_of(app, request)
    return await (people.session(app, secret) if secret else people.key_holder(app, ""))


async def identify(app: Application, request: Request) -> Caller:
    """Who calls: an API key, or the console's session with its CSRF token; raises Forbidden for nobody."""
    found = await known(app, request)
    if request.headers.get("authorization") is None:
        await check_csrf(app, request)
    return found


async def get_caller(request: Request, app: "App") -> Caller:
    """Who calls, looked up once for each request."""
    found: Caller | None = getattr(request.state, "caller", None)
    if found is None:
        found = request.state.caller = await identify(app, request)
    return found


App = Annotated[Application, Depends(get_app)]
Calling = Annotated[Caller, Depends(get_caller)]
