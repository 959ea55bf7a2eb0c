"""Figures for Prometheus: an account's own for whoever has a key to read it, and its process's requests."""

from http import HTTPStatus
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assent.services import figures
from assent.services.application import Application
from assent.services.figures import Figures
from assent.web.api.calling import identify

#: What this process answered, whoever asked; paths are told by their first part alone. Only an account that
#: has the installation to itself is told: among several it would be told of the others' business.
PROCESS = CollectorRegistry()
REQUESTS = Counter("assent_requests", "Requests answered.", ("face", "method", "status"), registry=PROCESS)
DURATION = Histogram("assent_request_seconds", "How long answers took.", ("face",), registry=PROCESS)

_FACES = frozenset({"api", "webhooks", "p", "u", "healthz", "readyz", "metrics", "static"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class CountRequests:
    """Counts what is answered, and how long that takes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = int(HTTPStatus.INTERNAL_SERVER_ERROR), perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            first = scope["path"].split("/", 2)[1] if scope["path"].startswith("/") else ""
            face = first if first in _FACES else "console"
            method = scope["method"] if scope["method"] in _METHODS else "other"
            REQUESTS.labels(face, method, str(status)).inc()
            DURATION.labels(face).observe(perf_counter() - began)


def metrics_route(app: Application) -> Route:
    """`/metrics`, for a key or session that may read the account."""

    async def metrics(request: Request) -> Response:
        found = await figures.figures(app, await identify(app, request))
        alone = len(await app.store.accounts.all()) == 1
        told = _account(found) + (generate_latest(PROCESS) if alone else b"")
        return Response(told, media_type=CONTENT_TYPE_LATEST)

    return Route("/metrics", metrics)


def _account(found: Figures) -> bytes:
    """An account's figures as gauges."""
    registry = CollectorRegistry()
    for name, (told, value) in found.gauges.items():
        Gauge(f"assent_{name}", told, registry=registry).set(value)
    freshness = Gauge(
        "assent_freshness_seconds",
        "Seconds from a refusal to its effect in both systems, over 24 hours.",
        ("quantile",),
        registry=registry,
    )
    for quantile, seconds in found.freshness.items():
        freshness.labels(quantile).set(seconds)
    live = Gauge(
        "assent_connection_live", "1 while a connection is live.", ("connection",), registry=registry
    )
    for connection_id, is_live in found.live.items():
        live.labels(str(connection_id)).set(is_live)
    deliveries = Gauge("assent_deliveries", "Webhook deliveries by state.", ("state",), registry=registry)
    for state, count in found.deliveries.items():
        deliveries.labels(state).set(count)
    return generate_latest(registry)
