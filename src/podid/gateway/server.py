"""The socket in front of the application: uvicorn, with our limits, our stop and our certificate."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from podid.gateway.app import App
from podid.gateway.connection import BoundedProtocol

STOP_SECONDS = 1
"""How long requests under way may still take once a stop was asked for; a stop shall last two seconds at most."""

KEEP_ALIVE_SECONDS = 75
"""SDKs keep idle connections for about a minute; who closes first should not be us."""


MOST_CONNECTIONS = 2000
"""Beyond these a request is answered 503."""


class Listener:
    """Listens from the moment it is made, so that a port in use is known before anything else happens. Raises OSError."""

    def __init__(self, host: str, port: int, *, tls_cert: Path | None = None, tls_key: Path | None = None) -> None:
        plain = host.strip("[]")
        family = socket.AF_INET6 if ":" in plain else socket.AF_INET
        self._socket = socket.create_server((plain, port), family=family, backlog=512)
        self._tls = (tls_cert, tls_key)
        self._server: _Server | None = None
        self._stopped = False

    @property
    def host(self) -> str:
        return str(self._socket.getsockname()[0])

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    async def serve(self, app: App) -> None:
        """Serve until `stop` is called."""
        certificate, key = self._tls
        config = uvicorn.Config(
            app,
            http=BoundedProtocol,
            loop="none",
            lifespan="on",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
            ssl_certfile=certificate,
            ssl_keyfile=key,
            limit_concurrency=MOST_CONNECTIONS,
        )
        self._server = _Server(config)
        self._server.should_exit = self._stopped
        await self._server.serve([self._socket])

    def stop(self) -> None:
        """Take no new request, let those under way end."""
        self._stopped = True
        if self._server is not None:
            self._server.should_exit = True

    def close(self) -> None:
        """Give up the port, served or not."""
        self._socket.close()


class _Server(uvicorn.Server):
    """uvicorn's server, which leaves signals to us: a stop that was asked for is a success, not a signal to die of."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
