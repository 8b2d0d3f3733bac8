"""The agent's process: reads its surroundings once, binds its addresses, runs its tasks, and stops in order.

    credentials   each bind host, port 80 (or where PODID_LISTEN puts it)
    probes        localhost, port 2703
    metrics       0.0.0.0, port 2705; the probes again

One set of leases serves all addresses. The exit status is 0 after a signal, 2 for settings that cannot be meant, 3 where an address
cannot be had.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from podid.agent import listen
from podid.agent import settings as settings_module
from podid.agent.credentials import EnvironmentSource, FileSource, InstanceSource, NodeCredentials
from podid.agent.eks_auth import EksAuthClient, default_endpoint
from podid.agent.endpoint import CredentialEndpoint
from podid.agent.instance import InstanceMetadata, MetadataProblem
from podid.agent.keys import ClusterKeys
from podid.agent.listen import LOOPBACK, ListenMap
from podid.agent.metrics import Metrics
from podid.agent.probes import Probes
from podid.agent.settings import IPV4_ADDRESS, IPV6_ADDRESS, AgentSettings, BadSettings, hosts_of
from podid.core.clock import Clock, system_clock
from podid.lean.client import HttpClient
from podid.lean.proxies import BadProxy, Proxies
from podid.lean.server import HttpServer, bound_socket
from podid.log_lines import log_to_stderr

log = logging.getLogger(__name__)

_LEVELS: Final = {"panic": logging.CRITICAL, "error": logging.ERROR, "info": logging.INFO, "trace": logging.DEBUG}
_NO_IPV6: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT})
_UPSTREAM_CONNECTIONS: Final = 32
USER_AGENT: Final = "podid-agent"
"""How EKS Auth, IMDS and proxies see the agent in their logs."""


class CannotListen(OSError):
    """An address that cannot be bound; the text names it and the reason."""


class Agent:
    """One agent in a running event loop. `environment` and `clock` are the process's, or a test's."""

    def __init__(
        self,
        settings: AgentSettings,
        *,
        environment: Mapping[str, str] = os.environ,
        clock: Clock = system_clock,
    ) -> None:
        """Raises BadSettings."""
        settings_module.check(settings)
        self.settings = settings
        self.metrics = Metrics()
        self.credential_places: tuple[str, ...] = ()
        self.probe_place = ""
        self.metrics_place = ""
        self._environment = environment
        self._clock = clock
        self._map = listen.read(environment)
        self._servers: list[HttpServer] = []
        self._endpoint: CredentialEndpoint | None = None
        self._renewals: asyncio.Task[None] | None = None
        named = environment.get("AWS_CA_BUNDLE")
        try:
            proxies = Proxies(environment)
        except BadProxy as problem:
            raise BadSettings(str(problem)) from None
        self._upstream = HttpClient(
            connections=_UPSTREAM_CONNECTIONS,
            connect_seconds=0.5,
            ca_bundle=settings.ca_bundle or (Path(named) if named else None),
            proxies=proxies,
            user_agent=USER_AGENT,
        )
        self._local = HttpClient(connections=8, connect_seconds=1.0, proxies=proxies, user_agent=USER_AGENT)
        metadata = InstanceMetadata(environment, self._local)
        self._metadata = metadata
        self._node = NodeCredentials(
            (EnvironmentSource(environment), FileSource(environment), InstanceSource(metadata)), clock
        )

    @property
    def endpoint(self) -> CredentialEndpoint:
        """What answers the pods; there once the agent has started."""
        assert self._endpoint is not None
        return self._endpoint

    async def start(self) -> None:
        """Bind everything and begin. Raises CannotListen, BadSettings."""
        settings = self.settings
        sockets = self._bind_credentials()
        try:
            region = await self._region()
            url = settings.endpoint or next(
                (u for u in map(self._environment.get, ("AWS_ENDPOINT_URL_EKS_AUTH", "AWS_ENDPOINT_URL")) if u), ""
            )
            eks_auth = EksAuthClient(
                endpoint=url or default_endpoint(region),
                region=region,
                cluster_name=settings.cluster_name,
                credentials=self._node,
                http=self._upstream,
                clock=self._clock,
                attempts=settings.attempts,
                attempt_timeout=settings.attempt_timeout,
            )
            self._endpoint = CredentialEndpoint(
                settings,
                hosts=accepted_hosts(settings, self._map),
                upstream=eks_auth,
                metrics=self.metrics,
                clock=_seconds_of(self._clock),
                random=random.random,
                keys=ClusterKeys(settings.token_keys, self._local) if settings.token_keys else None,
            )
            server = HttpServer(self._endpoint)
            self._servers.append(server)
            while sockets:
                await server.listen(sockets.pop(0))
            self.probe_place = await self._listen(Probes(self._local, self._places), "127.0.0.1", settings.probe_port)
            self.metrics_place = await self._listen(
                Probes(self._local, self._places, self.metrics), settings.metrics_address, settings.metrics_port
            )
        finally:
            for left in sockets:
                left.close()
        self._renewals = asyncio.get_running_loop().create_task(self._endpoint.renew())
        log.info(
            "agent started",
            extra={
                "cluster": settings.cluster_name,
                "region": region,
                "credentials": " ".join(self.credential_places),
                "probes": self.probe_place,
                "metrics": self.metrics_place,
            },
        )

    async def stop(self) -> None:
        """Let requests under way finish, within the grace, and end."""
        if self._renewals is not None:
            self._renewals.cancel()
        await asyncio.gather(*(server.close(self.settings.grace) for server in self._servers))
        if self._endpoint is not None:
            await self._endpoint.close()
        await self._node.close()
        await self._upstream.close()
        await self._local.close()

    def _places(self) -> tuple[str, ...]:
        return self.credential_places

    def _bind_credentials(self) -> list[socket.socket]:
        bound: dict[str, socket.socket] = {}
        hosts = hosts_of(self.settings)
        try:
            for host in hosts:
                place = self._place(host, self.settings.port)
                if _url(*place) in bound:
                    continue
                try:
                    made = _bind(*place, held=bool(self._map))
                except CannotListen as problem:
                    if ":" in host and problem.errno in _NO_IPV6 and len(hosts) > 1:
                        log.warning("serving without IPv6", extra={"reason": str(problem)})
                        continue
                    raise
                bound[_url(place[0], made.getsockname()[1])] = made
            if not bound:
                raise CannotListen(errno.EADDRNOTAVAIL, f"no address of {', '.join(hosts)} can be had")
        except BaseException:
            for made in bound.values():
                made.close()
            raise
        self.credential_places = tuple(bound)
        return list(bound.values())

    async def _listen(self, probes: Probes, host: str, port: int) -> str:
        place = self._place(host, port)
        made = _bind(*place, held=bool(self._map))
        server = HttpServer(probes)
        self._servers.append(server)
        await server.listen(made)
        return _url(place[0], made.getsockname()[1])

    def _place(self, host: str, port: int) -> tuple[str, int]:
        if not self._map:
            return host, port
        mapped = self._map.find(host, port)
        if mapped is None:
            # Never the address itself: what it means outside of this pod is not ours.
            log.warning("PODID_LISTEN has no place for an address", extra={"address": f"{host}:{port}"})
        return LOOPBACK, mapped or 0

    async def _region(self) -> str:
        known = (
            self.settings.region or self._environment.get("AWS_REGION") or self._environment.get("AWS_DEFAULT_REGION")
        )
        if known:
            return known
        try:
            return await self._metadata.region()
        except MetadataProblem as problem:
            raise BadSettings(f"no region: set AWS_REGION ({problem})") from problem


def _seconds_of(clock: Clock) -> Callable[[], float]:
    """The clock in seconds since the epoch; the system's own without a detour, since every request asks it."""
    return time.time if clock is system_clock else lambda: clock().timestamp()


def accepted_hosts(settings: AgentSettings, mapped: ListenMap) -> tuple[str, ...]:
    """The hosts that a request may name: the agent's two addresses, others that it was told to bind, and loopback where it is mapped.

    Only literal addresses and, there, `localhost`: a name that an attacker can point to this address is never among them.
    """
    hosts = [IPV4_ADDRESS, IPV6_ADDRESS]
    hosts += [host for host in hosts_of(settings) if host not in ("0.0.0.0", "::")]  # noqa: S104 - left out, not bound
    if mapped:
        hosts += [LOOPBACK, "localhost"]
    return tuple(dict.fromkeys(hosts))


def run(settings: AgentSettings) -> int:
    """`podid agent server`: serve until SIGTERM or SIGINT. Gives the exit status."""
    log_to_stderr(_LEVELS[settings.verbosity])
    return _run(lambda: _serve(settings))


async def _serve(settings: AgentSettings) -> int:
    began = time.monotonic()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    agent = Agent(settings)
    try:
        await agent.start()
    except CannotListen as problem:
        log.error("the agent cannot start", extra={"reason": str(problem)})
        await agent.stop()
        return 3
    log.debug("ready", extra={"seconds": round(time.monotonic() - began, 3)})
    gc.collect()
    gc.freeze()  # what start-up made stays: later collections need not look at it
    await stop.wait()
    log.info("agent stops")
    await agent.stop()
    return 0


def _run(main: Callable[[], object]) -> int:
    import uvloop

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main())  # type: ignore[arg-type]
    except BadSettings as problem:
        print(f"podid agent: {problem}", file=sys.stderr)  # noqa: T201 - wrong usage is told to people
        return 2


def _bind(host: str, port: int, *, held: bool) -> socket.socket:
    try:
        return bound_socket(host, port, held=held)
    except OSError as problem:
        reason = problem.strerror or str(problem)
        raise CannotListen(problem.errno, f"cannot listen on {_url(host, port)}: {reason}") from problem


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
