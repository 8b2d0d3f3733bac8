"""The process of IMDS: binds its addresses (or takes inherited sockets), fetches the node's session, serves until it is told to stop."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable

from podid.imds.endpoint import ImdsEndpoint
from podid.imds.session import Sessions
from podid.imds.settings import IPV4_ADDRESS, IPV6_ADDRESS, BadSettings, ImdsSettings, check
from podid.lean.client import HttpClient
from podid.lean.server import HttpServer, Limits, bound_socket
from podid.log_lines import log_to_stderr

log = logging.getLogger(__name__)


class CannotListen(OSError):
    """An address that cannot be bound; the text names it and the reason."""


class Imds:
    """One IMDS in a running event loop."""

    def __init__(self, settings: ImdsSettings, *, clock: Callable[[], float] = time.time) -> None:
        """Raises BadSettings."""
        check(settings)
        self.settings = settings
        self.places: tuple[str, ...] = ()
        self._clock = clock
        self._http = HttpClient(connections=2, ca_bundle=settings.ca_bundle)
        self._sessions = Sessions(settings, self._http, clock)
        self._server: HttpServer | None = None

    async def start(self) -> None:
        """Bind and serve. Raises CannotListen."""
        sockets = self._sockets()
        names = [made.getsockname() for made in sockets]
        endpoint = ImdsEndpoint(
            self.settings,
            self._sessions,
            hosts=accepted_hosts([str(name[0]) for name in names]),
            key=os.urandom(32),
            clock=self._clock,
            random=os.urandom,
        )
        self._server = HttpServer(endpoint, limits=Limits(head=16 * 1024, body=1024))
        for made in sockets:
            await self._server.listen(made)
        self.places = tuple(
            f"http://[{name[0]}]:{name[1]}" if ":" in name[0] else f"http://{name[0]}:{name[1]}" for name in names
        )
        self._sessions.begin()
        log.info("imds started", extra={"places": " ".join(self.places), "instance": self.settings.instance_id})

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.close(grace=2.0)
        await self._sessions.close()
        await self._http.close()

    def _sockets(self) -> list[socket.socket]:
        made: list[socket.socket] = []
        try:
            for descriptor in self.settings.listen_fds:
                taken = socket.socket(fileno=descriptor)
                taken.setblocking(False)
                made.append(taken)
            hosts = () if self.settings.listen_fds else self.settings.hosts
            made.extend(bound_socket(host, self.settings.port, held=host == "127.0.0.1") for host in hosts)
        except OSError as problem:
            for left in made:
                left.close()
            raise CannotListen(problem.errno, f"cannot listen: {problem.strerror or problem}") from problem
        return made


def accepted_hosts(bound: list[str]) -> frozenset[str]:
    """The hosts that a request may name: IMDS's usual addresses and those it listens on; `localhost` only on loopback."""
    hosts = {IPV4_ADDRESS, IPV6_ADDRESS}
    for address in bound:
        parsed = ipaddress.ip_address(address)
        if not parsed.is_unspecified:
            hosts.add(address)
        if parsed.is_loopback:
            hosts.add("localhost")
    return frozenset(hosts)


def run(settings: ImdsSettings) -> int:
    """`podid imds`: serve until SIGTERM or SIGINT. Gives the exit status: 0, 2 for bad settings, 3 where an address cannot be had."""
    import uvloop

    log_to_stderr()
    try:
        check(settings)
    except BadSettings as problem:
        print(f"podid imds: {problem}", file=sys.stderr)  # noqa: T201 - wrong usage is told to people
        return 2
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(settings))


async def _serve(settings: ImdsSettings) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    imds = Imds(settings)
    try:
        await imds.start()
    except CannotListen as problem:
        log.error("imds cannot start", extra={"reason": str(problem), "hosts": " ".join(settings.hosts)})
        return 3
    await stop.wait()
    log.info("imds stops")
    await imds.stop()
    return 0
