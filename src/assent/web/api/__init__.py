"""The REST API under /api/v1; one router for each resource."""

from fastapi import APIRouter

from assent.web.api import (
    activity,
    brand,
    bulk,
    categories,
    checks,
    connections,
    contacts,
    erasures,
    forms,
    health,
    imports,
    keys,
    ledger,
    me,
    returns,
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
    forms.router,
    brand.router,
    activity.router,
    connections.router,
    sweeps.router,
    sends.router,
    checks.router,
    returns.router,
    health.router,
    webhooks.router,
    ledger.router,
    users.router,
    keys.router,
)
