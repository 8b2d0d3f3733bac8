"""One request to the webhook, from its bytes to its answer: `/mutate`, `/healthz`, `/metrics`."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from typing import Final

from podid.lean.messages import Request, Response, json, text
from podid.lean.metrics import CounterFamily, HistogramFamily, expose
from podid.webhook.identities import Identities, IdentitiesUnavailable
from podid.webhook.review import Reviewer

_PATHS: Final = frozenset({"/mutate", "/healthz", "/metrics"})
_BOUNDS: Final = (125, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 100_000, 1_000_000, 10_000_000)
"""Microseconds."""


class Metrics:
    """What AWS's webhook counts, under its names (`pkg/handler/middleware.go`, `pkg/cache/cache.go`)."""

    def __init__(self) -> None:
        self.requests = CounterFamily(
            "http_request_count", "Requests by verb, path and status", ("verb", "path", "code")
        )
        self.latencies = HistogramFamily(
            "http_request_latencies", "Microseconds for an answer, by verb and path", ("verb", "path"), _BOUNDS
        )
        self.pods = CounterFamily("pod_identity_webhook_pod_count", "Pods that were mutated, by method", ("method",))
        self.missing = CounterFamily(
            "pod_identity_webhook_missing_sa_count", "Pods whose service account could not be read"
        )
        self.used = CounterFamily("pod_identity_webhook_used", "1 once a pod has been mutated", gauge=True)
        self.unavailable = CounterFamily(
            "podid_webhook_identities_unavailable", "Pods admitted or refused without knowing who has an identity"
        )

    def expose(self) -> Response:
        """All of them, for Prometheus."""
        return expose([self.requests, self.latencies, self.pods, self.missing, self.used, self.unavailable])


class WebhookEndpoint:
    """The handler of the lean server."""

    def __init__(self, reviewer: Reviewer, identities: Identities, metrics: Metrics) -> None:
        self._reviewer = reviewer
        self._identities = identities
        self._metrics = metrics

    async def __call__(self, request: Request) -> Response:
        began = time.perf_counter()
        path = request.target.decode("latin-1").partition("?")[0]
        response = await self._answer(request, path)
        if path in _PATHS:
            verb = request.method if request.method in ("GET", "HEAD", "POST") else "OTHER"
            self._metrics.requests.add(verb, path, str(response.status))
            self._metrics.latencies.observe((time.perf_counter() - began) * 1e6, verb, path)
        return response

    async def _answer(self, request: Request, path: str) -> Response:
        if path == "/mutate":
            return await self._mutate(request)
        if path == "/healthz":
            return await self._health()
        if path == "/metrics":
            return self._metrics.expose()
        return text(404, "404 page not found")

    async def _mutate(self, request: Request) -> Response:
        if request.method != "POST":
            return text(405, "Method Not Allowed", ("Allow", "POST"))
        content = (request.header(b"content-type") or b"").partition(b";")[0].strip().lower()
        if content != b"application/json":
            return text(415, "Invalid Content-Type, expected `application/json`")
        result = await self._reviewer.review(request.body)
        if result.method is not None:
            self._metrics.pods.add(result.method)
            self._metrics.used.values[()] = 1
        if result.missing_service_account:
            self._metrics.missing.add()
        if result.unavailable:
            self._metrics.unavailable.add()
        return json(200, result.body)

    async def _health(self) -> Response:
        try:
            await self._identities.check()
        except IdentitiesUnavailable as problem:
            return text(503, f"identities cannot be read: {problem}")
        return Response(200, b"ok", (("Content-Type", "text/plain; charset=utf-8"),))


class MetricsEndpoint:
    """`/metrics` and nothing else."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        if request.target.partition(b"?")[0] == b"/metrics":
            return self._metrics.expose()
        return text(404, "404 page not found")
