"""The webhook's process: HTTPS on the lean server, certificates read again when replaced, an orderly end.

It listens only when it can answer: identities are looked at first, so that a pod made at the start is not passed over.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import ssl
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from podid.core.clock import Clock, system_clock
from podid.kube.errors import KubeError
from podid.lean.client import HttpClient
from podid.lean.proxies import BadProxy, Proxies
from podid.lean.server import HttpServer, Limits, bound_socket
from podid.log_lines import log_to_stderr
from podid.webhook.endpoint import Metrics, MetricsEndpoint, WebhookEndpoint
from podid.webhook.identities import EksIdentities, FileIdentities, Identities, IdentitiesUnavailable
from podid.webhook.review import Reviewer
from podid.webhook.service_accounts import ClusterServiceAccounts
from podid.webhook.settings import BadSettings, WebhookSettings, check

log = logging.getLogger(__name__)

BODY_LIMIT = 8 * 1024 * 1024
_LIMITS = Limits(body=BODY_LIMIT, connections_per_peer=4096)
"""A review holds an object of up to 3 MiB (the API server's own bound) and the one before it. The one peer is the API server."""


class CannotStart(OSError):
    """An address that cannot be bound, or a certificate that cannot be used; the text names it and the reason."""


class Webhook:
    """One webhook in a running event loop."""

    def __init__(
        self, settings: WebhookSettings, *, clock: Clock = system_clock, environment: Mapping[str, str] = os.environ
    ) -> None:
        """Raises BadSettings."""
        check(settings)
        self.settings = settings
        self.place = ""
        self.metrics = Metrics()
        self._clock = clock
        try:
            proxies = Proxies(environment)
        except BadProxy as problem:
            raise BadSettings(str(problem)) from None
        self._http = HttpClient(
            connections=16, ca_bundle=settings.ca_bundle, proxies=proxies, user_agent="podid-webhook"
        )
        self._servers: list[HttpServer] = []
        self._reloads: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Bind and serve. Raises CannotStart."""
        settings = self.settings
        certificate, key = self._certificate_files()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        tls.set_alpn_protocols(["http/1.1"])
        seen = _versions(certificate, key)
        try:
            tls.load_cert_chain(certificate, key)
        except OSError as problem:  # ssl.SSLError is one too
            raise CannotStart(problem.errno, f"certificate {certificate} with key {key}: {problem}") from problem
        identities = self._identities()
        try:
            await identities.check()
        except IdentitiesUnavailable as problem:
            log.warning("identities cannot be read yet", extra={"reason": str(problem)})
        reviewer = Reviewer(
            identities,
            settings.mutation,
            service_accounts=self._service_accounts(),
            failure_policy=settings.failure_policy,
            random=random.random,
        )
        server = HttpServer(WebhookEndpoint(reviewer, identities, self.metrics), limits=_LIMITS)
        self._servers.append(server)
        self.place = await _listen(server, settings.host, settings.port, tls)
        if settings.metrics_port:
            plain = HttpServer(MetricsEndpoint(self.metrics))
            self._servers.append(plain)
            await _listen(plain, settings.host, settings.metrics_port, None)
        self._reloads = asyncio.get_running_loop().create_task(self._reload(tls, certificate, key, seen))
        log.info(
            "webhook started", extra={"place": self.place, "identities": settings.endpoint or str(settings.identities)}
        )

    async def stop(self) -> None:
        """Let reviews under way finish, and end."""
        if self._reloads is not None:
            self._reloads.cancel()
        await asyncio.gather(*(server.close(grace=5.0) for server in self._servers))
        await self._http.close()

    def _identities(self) -> Identities:
        settings = self.settings
        if settings.identities is not None:
            return FileIdentities(settings.identities, time.time)
        assert settings.credentials_file is not None
        return EksIdentities(
            endpoint=settings.endpoint,
            region=settings.region,
            cluster_name=settings.cluster_name,
            credentials_file=settings.credentials_file,
            http=self._http,
            clock=self._clock,
            seconds=settings.lookup_seconds,
        )

    def _service_accounts(self) -> ClusterServiceAccounts | None:
        if self.settings.kubeconfig is None:
            return None
        try:
            return ClusterServiceAccounts.of(self.settings.kubeconfig, timeout=self.settings.lookup_seconds)
        except KubeError as problem:
            raise CannotStart(0, str(problem)) from problem

    def _certificate_files(self) -> tuple[Path, Path]:
        settings = self.settings
        if settings.tls_cert is not None and settings.tls_key is not None:
            return settings.tls_cert, settings.tls_key
        assert settings.home is not None
        from podid.webhook.certificates import prepare  # cryptography, only where certificates are made here

        files = prepare(settings.home, now=self._clock())
        return files.certificate, files.key

    async def _reload(self, tls: ssl.SSLContext, certificate: Path, key: Path, seen: object) -> None:
        """Take a replaced certificate up for new connections; one that does not fit its key yet is tried again."""
        while True:
            await asyncio.sleep(self.settings.reload_seconds)
            try:
                if self.settings.tls_cert is None:
                    await asyncio.to_thread(self._certificate_files)
                now = _versions(certificate, key)
                if now == seen:
                    continue
                # Tried apart first: a pair that does not fit would leave the serving context with half of it.
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
                tls.load_cert_chain(certificate, key)
            except OSError as problem:
                log.warning("the certificate stays as it was", extra={"reason": str(problem)})
            else:
                seen = now
                log.info("certificate reread", extra={"path": str(certificate)})


def _versions(*paths: Path) -> tuple[tuple[int, int, int] | None, ...]:
    """What tells that a file was replaced."""
    versions: list[tuple[int, int, int] | None] = []
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            versions.append(None)
        else:
            versions.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(versions)


async def _listen(server: HttpServer, host: str, port: int, tls: ssl.SSLContext | None) -> str:
    try:
        made = bound_socket(host, port)
    except OSError as problem:
        raise CannotStart(problem.errno, f"cannot listen on {host} port {port}: {problem.strerror}") from problem
    name = made.getsockname()
    await server.listen(made, tls=tls)
    scheme = "https" if tls is not None else "http"
    return f"{scheme}://[{name[0]}]:{name[1]}" if ":" in name[0] else f"{scheme}://{name[0]}:{name[1]}"


def run(settings: WebhookSettings, ready: Callable[[], None] = lambda: None) -> int:
    """`podid webhook`: serve until SIGTERM or SIGINT. Gives the exit status: 0, 2 for bad settings, 3 where it cannot start.

    `ready` is called once, when reviews are answered.
    """
    import uvloop

    log_to_stderr()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(settings, ready))


async def _serve(settings: WebhookSettings, ready: Callable[[], None]) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        webhook = Webhook(settings)
    except BadSettings as problem:
        print(f"podid webhook: {problem}", file=sys.stderr)  # noqa: T201 - wrong usage is told to people
        return 2
    try:
        await webhook.start()
    except OSError as problem:
        log.error("the webhook cannot start", extra={"reason": str(problem.strerror or problem)})
        await webhook.stop()
        return 3
    ready()
    await stop.wait()
    log.info("webhook stops")
    await webhook.stop()
    return 0
