"""The sockets in front of the application: podid's lean HTTP server, with the gateway's limits, stop and certificate."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import resource
import ssl
from pathlib import Path
from typing import Final

from podid.gateway.app import App
from podid.gateway.receive import LARGEST_HEAD
from podid.lean.server import HttpServer, Limits, bound_socket

STOP_SECONDS: Final = 1.0
"""How long requests under way may still take once a stop was asked for; a stop shall last two seconds at most."""

COLLECTED: Final = 64 * 1024
"""Bytes up to which a body is taken before anyone looks at its request: nearly all are smaller."""

LIMITS: Final = Limits(
    head=LARGEST_HEAD,
    body=COLLECTED,
    collected=COLLECTED,
    receive_seconds=30,  # for a whole head, from its first byte (or the connection) to its last, and for a body that is collected
    body_seconds=60,
    idle_seconds=75,  # SDKs keep idle connections for about a minute; who closes first should not be us
    write_seconds=120,  # for a quarter of a megabyte of an object: two kilobytes a second
    connections=4096,
    connections_per_peer=4096,  # pods of one node come from one address
)


class Listener:
    """Has the port from the moment it is made, so that a port in use is known before anything else happens.

    Raises OSError, BadCertificate.
    """

    def __init__(self, host: str, port: int, *, tls_cert: Path | None = None, tls_key: Path | None = None) -> None:
        self._tls = _tls(tls_cert, tls_key)
        self._socket = bound_socket(host, port)
        self._socket.listen(1024)
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = False

    @property
    def host(self) -> str:
        return str(self._socket.getsockname()[0])

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    async def serve(self, app: App) -> None:
        """Serve until `stop` is called."""
        _raise_descriptors()
        self._loop = asyncio.get_running_loop()
        server = HttpServer(together=app.handle, limits=LIMITS, readers=app.readers, refused=app.refused)
        app.begin(secure=self._tls is not None)
        try:
            await server.listen(self._socket, tls=self._tls)
            app.is_ready()
            if not self._stopped:
                await self._stop.wait()
            await server.close(grace=STOP_SECONDS)
        finally:
            app.end()

    def stop(self) -> None:
        """Take no new request, let those under way end. Callable from any thread."""
        self._stopped = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._stop.set)

    def close(self) -> None:
        """Give up the port, served or not."""
        self._socket.close()


class BadCertificate(Exception):
    """The certificate or its key cannot be used."""


def _tls(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError is one too
        raise BadCertificate(f"the certificate {certificate} and its key cannot be used: {error}") from error
    context.set_alpn_protocols(["http/1.1"])
    return context


def _raise_descriptors() -> None:
    """Connections and large objects have a descriptor each; the usual limit of 1 024 is of a time of select()."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        most = 10_240  # macOS takes no more
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
