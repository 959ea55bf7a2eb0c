"""All pages of the console over one application."""

import asyncio
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from assent.errors import Unknown
from assent.services.application import Application
from assent.web.console.activity import activity_routes
from assent.web.console.bulk import bulk_routes
from assent.web.console.categories import category_routes
from assent.web.console.composing import composing_routes
from assent.web.console.connections import connection_routes
from assent.web.console.contact import contact_routes
from assent.web.console.contacts import contacts_routes
from assent.web.console.erasures import erasure_routes
from assent.web.console.home import home_routes
from assent.web.console.imports import import_routes
from assent.web.console.ledger import ledger_routes
from assent.web.console.live import live_routes
from assent.web.console.mail import mail_routes
from assent.web.console.rendering import static_routes
from assent.web.console.sends import send_routes
from assent.web.console.settings import settings_routes
from assent.web.console.signing_in import signing_in_routes
from assent.web.console.visiting import Desk, Visit, problem_page

LOST = "There is no such page. The address may be incomplete, or what it showed is gone."


def console_routes(app: Application, ending: asyncio.Event) -> Sequence[BaseRoute]:
    """Every route; the last one answers browsers that ask for a page nobody has."""
    desk = Desk(app)
    return [
        *static_routes(),
        *signing_in_routes(app),
        *live_routes(desk, ending),
        *home_routes(desk),
        *activity_routes(desk),
        *connection_routes(desk),
        *contacts_routes(desk),
        *bulk_routes(desk),
        *import_routes(desk),
        *contact_routes(desk),
        *erasure_routes(desk),
        *category_routes(desk),
        *composing_routes(desk),
        *send_routes(desk),
        *mail_routes(desk),
        *settings_routes(desk),
        *ledger_routes(desk),
        _lost_route(desk),
    ]


class _Lost(Route):
    """Answers browsers that ask for a page nobody has; for everybody else it is not there."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match every address, where a person asks."""
        accepts = Headers(scope=scope).get("accept", "") if scope["type"] == "http" else ""
        return super().matches(scope) if "text/html" in accepts else (Match.NONE, {})


def _lost_route(desk: Desk) -> Route:
    async def lost(visit: Visit) -> Response:
        return problem_page(visit, Unknown(LOST))

    page = desk.get("/{path:path}", lost)
    return _Lost("/{path:path}", page.endpoint, methods=["GET"])
