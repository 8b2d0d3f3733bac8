"""The local cluster as one process: API server, controllers and kubelet on one event loop.

`run` is the process; `Cluster` the same without signals, for tests. Order of starting: folder → objects → the namespaces every cluster
has → admission and controllers → kubelet → server. Of stopping: streams → pods (the kubelet) → server → objects.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from podid.core.clock import Clock, system_clock
from podid.localcluster.admission.dialling import WebhookDialler
from podid.localcluster.admission.gate import Gate
from podid.localcluster.admission.webhooks.caller import WebhookCaller
from podid.localcluster.apiserver.app import ApiServer
from podid.localcluster.apiserver.authentication import Authenticator
from podid.localcluster.apiserver.iam_tokens import IamTokens
from podid.localcluster.apiserver.issuer import Issuer
from podid.localcluster.apiserver.server import Server, listen, make_server
from podid.localcluster.controllers.daemonsets import DaemonSets
from podid.localcluster.controllers.deployments import Deployments
from podid.localcluster.controllers.garbage import GarbageCollector
from podid.localcluster.controllers.namespaces import BEGINNING, Furnisher, Terminator, make_namespace
from podid.localcluster.controllers.replicasets import ReplicaSets
from podid.localcluster.controllers.runner import Controller, run_controllers
from podid.localcluster.controllers.scheduler import Scheduler
from podid.localcluster.controllers.services import ServiceAddresses, make_kubernetes_service
from podid.localcluster.events import Recorder
from podid.localcluster.isolation.port import IsolationError
from podid.localcluster.known_tokens import KnownTokens
from podid.localcluster.objects.journal import InUse, Journal
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.ports import ContainerAccess
from podid.localcluster.preparing import prepare, renew_certificate
from podid.localcluster.service_account_tokens import ServiceAccountTokens
from podid.localcluster.settings import ClusterFiles, ClusterSettings
from podid.localcluster.signing_keys import SigningKeys, publish
from podid.localcluster.users import AUTHENTICATED, MASTERS, User

_log = logging.getLogger(__name__)
_SERVE: Final = User(username="podid:serve", groups=(MASTERS, AUTHENTICATED))
_DAY: Final = 86400.0


class Cluster:
    """One cluster: everything is made here, nothing runs before `start`."""

    def __init__(
        self,
        settings: ClusterSettings,
        *,
        containers: ContainerAccess | None = None,
        clock: Clock = system_clock,
    ) -> None:
        """`containers` stands in for the kubelet where `settings.run_pods` is False. Raises OSError, InUse."""
        self.settings = settings
        self._clock = clock
        self.files: ClusterFiles = prepare(
            settings.home, cluster_name=settings.cluster_name, port=settings.port, host=settings.host, now=clock()
        )
        self.store = ObjectStore(Journal(self.files.objects), clock=clock, random=os.urandom)
        keys = SigningKeys(self.files)
        self.tokens = ServiceAccountTokens(self.store, keys, issuer=settings.issuer, clock=clock, random=os.urandom)
        self.recorder = Recorder(self.store, clock=clock, host=settings.node_name)
        self.kubelet: Any = self._make_kubelet() if settings.run_pods else None
        access: ContainerAccess | None = self.kubelet or containers
        webhooks = WebhookCaller(self.store, WebhookDialler(self.store, access), random=os.urandom)
        self.gate = Gate(self.store, webhooks, clock=clock, random=os.urandom)
        self._principals = self._make_principals()
        authenticator = Authenticator(KnownTokens(self.files, _SERVE), self.tokens, self._principals)
        issuer = Issuer(settings.issuer, lambda: keys().document, self.files.endpoint)
        self.app = ApiServer(self.store, self.gate, authenticator, self.tokens, issuer, access, clock=clock)
        self._furnisher = Furnisher(self.store, self.files.ca_pem)
        self._tasks: list[asyncio.Task[Any]] = []
        self._server: Server | None = None

    def _make_principals(self) -> IamTokens | None:
        settings = self.settings
        if settings.review_credentials is None:
            return None
        return IamTokens(
            f"http://127.0.0.1:{settings.aws_port}",
            settings.review_credentials,
            cluster_name=settings.cluster_name,
            region=settings.region,
            clock=self._clock,
        )

    def _make_kubelet(self) -> Any:
        from podid.localcluster.kubelet import make_kubelet

        return make_kubelet(self.store, self.tokens, self.recorder, self.settings, clock=self._clock)

    async def start(self) -> None:
        """Return when the API answers. Raises OSError where the port is taken."""
        listener = listen(self.settings.host, self.settings.port)
        for name in BEGINNING:
            make_namespace(self.store, name)
            self._furnisher.furnish(name)
        make_kubernetes_service(self.store, self.settings.host, self.settings.port)
        controllers: list[Controller] = [
            self._furnisher,
            Terminator(self.store, self.gate, clock=self._clock),
            GarbageCollector(self.store, self.gate, self.recorder),
            Scheduler(self.store, self.recorder, clock=self._clock),
            DaemonSets(self.store, self.gate, self.recorder, clock=self._clock),
            Deployments(self.store, self.gate, self.recorder, clock=self._clock),
            ReplicaSets(self.store, self.gate, self.recorder, clock=self._clock),
            ServiceAddresses(self.store),
        ]
        self._spawn("controllers", run_controllers(self.store, controllers))
        if self.kubelet is not None:
            self._spawn("kubelet", self.kubelet.run())
        self._server = make_server(self.app, self.files.certificate, self.files.key)
        self._spawn("server", self._server.serve(sockets=[listener]))
        self._spawn("certificate", self._renew())
        while not self._server.started:
            if any(task.done() for task in self._tasks):
                await self.failed()
            await asyncio.sleep(0.005)
        _log.info("the cluster %s is ready at %s", self.settings.cluster_name, self.files.endpoint)

    async def ready(self) -> None:
        """Return when the node is ready, where there is one."""
        if self.kubelet is not None:
            await self.kubelet.ready.wait()

    async def failed(self) -> None:
        """Wait until a part ends by itself, and raise what ended it: parts end only by failing or by `stop`."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            await task
            raise RuntimeError(f"the part {task.get_name()} of the cluster ended")

    async def stop(self) -> None:
        """End everything in order."""
        self.app.stopping.set()
        for name in ("kubelet", "controllers", "certificate"):
            for task in self._tasks:
                if task.get_name() == name:
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError, Exception):
                        await task
        if self._server is not None:
            self._server.should_exit = True
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._principals is not None:
            await self._principals.close()
        self.store.close()

    def _spawn(self, name: str, work: Any) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    async def _renew(self) -> None:
        """Once a day: a new certificate before the old one expires, taken up by the running server; and former keys are published no longer than needed."""
        while True:
            await asyncio.sleep(_DAY)
            now: datetime = self._clock()
            publish(self.files, now)
            context = self._server.config.ssl if self._server is not None else None
            if renew_certificate(self.files, now) and context is not None:
                context.load_cert_chain(self.files.certificate, self.files.key)
                _log.info("the API server's certificate was renewed")


def run(settings: ClusterSettings, ready: Callable[[], None] = lambda: None) -> int:
    """Run a cluster until SIGTERM or SIGINT: 0. 3 where the folder, the port or the kernel forbids it; 1 where a part failed.

    `ready` is called once, when the API answers and the node is ready: podid's own pods that were ready are so again.
    """
    import uvloop

    try:
        return asyncio.Runner(loop_factory=uvloop.new_event_loop).run(_run(settings, ready))
    except InUse as problem:
        _log.error("%s: is this cluster running already?", problem)
        return 3
    except (OSError, IsolationError) as problem:
        _log.error("the cluster cannot run: %s", problem)
        return 3
    except Exception:
        _log.exception("a part of the cluster failed, and all ended with it")
        return 1


async def _run(settings: ClusterSettings, ready: Callable[[], None]) -> int:
    cluster = Cluster(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await cluster.start()
        failed, stopped = asyncio.create_task(cluster.failed()), asyncio.create_task(stop.wait())
        up = asyncio.create_task(cluster.ready())
        up.add_done_callback(lambda _: None if up.cancelled() else ready())
        await asyncio.wait({failed, stopped}, return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        if failed.done():
            failed.result()
        failed.cancel()
    finally:
        await cluster.stop()
    return 0
