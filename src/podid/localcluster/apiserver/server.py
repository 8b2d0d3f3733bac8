"""The HTTP server that the application runs in: uvicorn with TLS, on a socket that is given.

Two things differ from uvicorn as it comes: signals are the process' own, and a WebSocket's protocol may have a slash in its name
(`SPDY/3.1+portforward.k8s.io`), which RFC 6455 forbids and kubectl sends.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from podid.localcluster.apiserver.app import ApiServer

_MAX_MESSAGE: Final = 4 * 1024 * 1024
_STREAMS_END: Final = 3
"""Seconds for connections to end by themselves when the server stops; its streams have been told before."""


class Server(uvicorn.Server):
    """Runs the application until `should_exit`."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process."""
        yield


class _WebSocket(WebSocketsSansIOProtocol):
    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        # The application chooses the protocol; the library would only check the form of those that are offered.
        self.conn.process_subprotocol = lambda headers: None  # type: ignore[method-assign]


def make_server(app: ApiServer, certificate: Path, key: Path) -> Server:
    """A server for the application; `serve(sockets=[...])` runs it."""
    # It tells of every WebSocket with its query, in which the command of an exec stands; failures are logged by the application.
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    return Server(
        uvicorn.Config(
            app,
            ssl_certfile=str(certificate),
            ssl_keyfile=str(key),
            http="httptools",
            ws=_WebSocket,
            ws_max_size=_MAX_MESSAGE,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=_STREAMS_END,
        )
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError where the address is taken."""
    # asyncio turns Nagle's algorithm off only where the protocol is named: otherwise every small answer waits 40 ms.
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
