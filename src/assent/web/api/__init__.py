"""The REST API under /api/v1; one router for each resource."""

from fastapi import APIRouter

from assent.web.api import me

#: Every router, in the order the documentation shows them.
ROUTERS: tuple[APIRouter, ...] = (me.router,)
