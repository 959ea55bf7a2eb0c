"""The REST API under /api/v1; one router for each resource."""

from fastapi import APIRouter

from assent.web.api import connections, health, ledger, me, sweeps, webhooks

#: Every router, in the order the documentation shows them.
ROUTERS: tuple[APIRouter, ...] = (
    me.router,
    connections.router,
    sweeps.router,
    health.router,
    webhooks.router,
    ledger.router,
)
