"""The pages and programs' doors of one application: the API, preference pages, and the console."""

import asyncio

from starlette.routing import BaseRoute, Mount

from assent.services.application import Application
from assent.web.api.app import PREFIX, create_api
from assent.web.console.routes import console_routes
from assent.web.metrics import metrics_route
from assent.web.preferences.routes import preference_routes
from assent.web.preferences.signing_up import sign_up_routes


def faces(app: Application, ending: asyncio.Event) -> list[BaseRoute]:
    """Everything below the address people are given; what is most special comes first.

    Streams that would go on for ever end once `ending` is set.
    """
    return [
        Mount(PREFIX, create_api(app), name="api"),
        metrics_route(app),
        *preference_routes(app),
        *sign_up_routes(app),
        *console_routes(app, ending),
    ]
