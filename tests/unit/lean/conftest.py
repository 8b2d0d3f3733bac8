from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from podid.lean.server import Handler, HttpServer, Limits, Together, bound_socket

Scenario = Callable[[HttpServer, int], Awaitable[Any]]


@pytest.fixture
def serving() -> Callable[..., Any]:
    """Runs a scenario against a real server on a free port of loopback."""

    def run(
        handler: Handler | None, scenario: Scenario, limits: Limits | None = None, together: Together | None = None
    ) -> Any:
        async def main() -> Any:
            server = HttpServer(handler, together=together, limits=limits)
            sock = bound_socket("127.0.0.1", 0)
            port = sock.getsockname()[1]
            await server.listen(sock)
            try:
                async with asyncio.timeout(20):
                    return await scenario(server, port)
            finally:
                await server.close(grace=1.0)

        return asyncio.run(main())

    return run
