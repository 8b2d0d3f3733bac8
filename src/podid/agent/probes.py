"""`/healthz`, `/readyz` and `/metrics`: what the kubelet and Prometheus ask, on ports of their own.

As in AWS's agent a probe asks the credential listeners over the network for `/`, and any answer, 404 above all, is life. EKS Auth is not
asked: a node is not restarted because the network is down.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from podid.agent.answers import NOT_FOUND
from podid.agent.metrics import Metrics
from podid.core.http import HttpRequest
from podid.lean.client import ClientError, HttpClient
from podid.lean.messages import Request, Response, text

_SECONDS: Final = 10.0
_ALIVE: Final = Response(200)


class Probes:
    """The handler of the probe and metrics listeners. `places` gives the URLs of the credential listeners."""

    def __init__(self, http: HttpClient, places: Callable[[], tuple[str, ...]], metrics: Metrics | None = None) -> None:
        """With `metrics`, `/metrics` is served too."""
        self._http = http
        self._places = places
        self._metrics = metrics

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        path = request.target.partition(b"?")[0]
        if path in (b"/healthz", b"/readyz"):
            return self._probe()
        if path == b"/metrics" and self._metrics is not None:
            return self._metrics.expose()
        return NOT_FOUND

    async def _probe(self) -> Response:
        asked = HttpRequest(method="GET", path="/")
        try:
            async with asyncio.timeout(_SECONDS):
                for place in self._places():
                    answer = await self._http.send(place, asked, seconds=_SECONDS)
                    if answer.status not in (200, 404):
                        return text(500, "Internal Server Error occurred")
        except TimeoutError:
            return text(408, "Request Timeout")
        except ClientError:
            return text(500, "Internal Server Error occurred")
        return _ALIVE
