"""The REST API under /api/v1; one router for each resource."""

from fastapi import APIRouter

from assent.web.api import (
    activity,
    bulk,
    categories,
    checks,
    connections,
    contacts,
    erasures,
    health,
    imports,
    keys,
    ledger,
    me,
    sends,
    sweeps,
    users,
    webhooks,
)

#: Every router, in the order the documentation shows them.
ROUTERS: tuple[APIRouter, ...] = (
    me.router,
    contacts.router,
    erasures.router,
    bulk.router,
    imports.router,
    categories.router,
    activity.router,
    connections.router,
    sweeps.router,
    sends.router,
    checks.router,
    health.router,
    webhooks.router,
    ledger.router,
    users.router,
    keys.router,
)
