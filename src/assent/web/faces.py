"""The pages and programs' doors of one application: preference pages and the API."""

from starlette.routing import BaseRoute, Mount

from assent.services.application import Application
from assent.web.api.app import PREFIX, create_api
from assent.web.preferences.routes import preference_routes


def faces(app: Application) -> list[BaseRoute]:
    """Everything below the address people are given; what is most special comes first."""
    return [Mount(PREFIX, create_api(app), name="api"), *preference_routes(app)]
