"""The kubelet: keeps the node and its programs alive, has a worker for every pod that is bound to it, and answers the API server.

It owns its tasks: when `run` is cancelled or one of them fails, all end, and with them every pod and the node.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from typing import Any

from podid.core.clock import Clock, system_clock
from podid.localcluster.isolation.port import CannotStart, IsolationError, Node
from podid.localcluster.kubelet import images, logs, node_object
from podid.localcluster.kubelet.context import Context
from podid.localcluster.kubelet.failed_session import FailedSession
from podid.localcluster.kubelet.launching import log_folder
from podid.localcluster.kubelet.pod_worker import PodWorker
from podid.localcluster.kubelet.records import Record
from podid.localcluster.kubelet.settings import KubeletSettings, NodeProgram
from podid.localcluster.ports import (
    AlreadyExists,
    EventRecorder,
    ExecSession,
    LogOptions,
    NotRunning,
    Object,
    Objects,
    TokenIssuer,
)

logger = logging.getLogger(__name__)

_HEARTBEAT = 300.0
_SETTLING = 10.0
"""Seconds that the node waits for the pods of an earlier kubelet before it is ready without them."""
_PROGRAM_PAUSE = (0.2, 30.0)


class Kubelet:
    """Implements `ports.ContainerAccess`."""

    def __init__(
        self,
        *,
        objects: Objects,
        tokens: TokenIssuer,
        events: EventRecorder,
        node: Node,
        settings: KubeletSettings,
        clock: Clock = system_clock,
        runtime: str = "podid://0.1.0",
    ) -> None:
        """`runtime` is what `kubectl get nodes -o wide` shows as the container runtime."""
        self._facts = node_object.read_facts()
        self._context = Context(
            objects=objects,
            tokens=tokens,
            events=events,
            node=node,
            settings=settings,
            clock=clock,
            allocatable=self._facts.resources(),
        )
        self._runtime = runtime
        self._workers: dict[str, PodWorker] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._node_survived = False
        self.ready = asyncio.Event()
        """Set once the node is registered and every pod that was there runs, or cannot for a reason of its own."""

    async def run(self) -> None:
        """Until cancelled; then end all pods and the node."""
        context = self._context
        context.settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._register(ready=False)
            self._node_survived = await context.node.start()
            await self._sweep()
            async with asyncio.TaskGroup() as group:
                for program in context.settings.programs:
                    group.create_task(self._keep_running(program))
                for resource in ("configmaps", "secrets"):
                    group.create_task(self._follow_sources(resource))
                await self._follow_pods(group)
        finally:
            await asyncio.shield(self._stop())

    async def _stop(self) -> None:
        """Ask every container to end, wait a little, and take the node away."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        sandboxes = [worker.sandbox for worker in self._workers.values() if worker.sandbox is not None]
        with contextlib.suppress(TimeoutError, IsolationError):
            async with asyncio.timeout(self._context.settings.stop_grace):
                for worker in self._workers.values():
                    for record in worker.records:
                        if record.running and worker.sandbox is not None:
                            await worker.sandbox.signal(record.name, signal.SIGTERM)
                await asyncio.gather(*(_until_all_ended(sandbox) for sandbox in sandboxes))
        await self._context.node.stop()

    # -- the node ---------------------------------------------------------------------------------------------------

    def _register(self, *, ready: bool) -> None:
        """Create the Node object, or renew it. A node that an earlier kubelet left as ready is not until this one has its pods."""
        context, now = self._context, self._context.clock()
        address = context.node.addresses.node
        made = node_object.node_object(context.settings, self._facts, address, now, self._runtime, ready=ready)
        with contextlib.suppress(AlreadyExists):
            context.objects.create("nodes", made)
            return

        def renew(node: Object) -> None:
            node["metadata"]["labels"] = {**(node["metadata"].get("labels") or {}), **made["metadata"]["labels"]}
            node["spec"] = {**(node.get("spec") or {}), **made["spec"]}
            old = (node.get("status") or {}).get("conditions") or ()
            node["status"] = node_object.node_status(
                context.settings, self._facts, address, now, self._runtime, old, ready=ready
            )

        context.objects.update("nodes", "", context.settings.node_name, renew)

    async def _report_ready(self) -> None:
        """The node is ready once the pods that were there are taken up again; and then tells so from time to time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SETTLING):
                await asyncio.gather(*(worker.settled.wait() for worker in list(self._workers.values())))
        self._register(ready=True)
        self.ready.set()
        while True:
            await asyncio.sleep(_HEARTBEAT)
            self._register(ready=True)

    async def _keep_running(self, program: NodeProgram) -> None:
        """Run one of podid's own programs, and again when it ends, after longer and longer pauses while it ends at once."""
        shortest, longest = _PROGRAM_PAUSE
        pause = shortest
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            try:
                running = await self._context.node.run(program.name, program.argv, program.environment, program.log)
                code = await running.wait()
            except IsolationError as problem:
                logger.warning("%s cannot be started: %s", program.name, problem)
            else:
                logger.warning("%s ended with code %d", program.name, code)
            pause = shortest if loop.time() - started > longest else min(pause * 2, longest)
            await asyncio.sleep(pause)

    async def _sweep(self) -> None:
        """End what no object stands for: pods that were deleted by force while no kubelet was there."""
        context = self._context
        known = {pod["metadata"]["uid"] for pod in context.objects.list("pods") if self._is_mine(pod)}
        await context.node.sweep(sorted(known))
        for folder in context.settings.folder.iterdir():
            if folder.name not in known:
                await asyncio.to_thread(shutil.rmtree, folder, True)

    # -- the pods ---------------------------------------------------------------------------------------------------

    def _is_mine(self, pod: Object) -> bool:
        return bool(pod.get("spec", {}).get("nodeName") == self._context.settings.node_name)

    async def _follow_pods(self, group: asyncio.TaskGroup) -> None:
        for pod in self._context.objects.list("pods"):
            self._seen(pod)
        group.create_task(self._report_ready())
        async for event in self._context.objects.watch("pods"):
            if event.type == "DELETED":
                worker = self._workers.get(event.object["metadata"]["uid"])
                if worker is not None:
                    worker.removed()
            else:
                self._seen(event.object)

    def _seen(self, pod: Object) -> None:
        if not self._is_mine(pod):
            return
        uid = pod["metadata"]["uid"]
        worker = self._workers.get(uid)
        if worker is not None:
            worker.update(pod)
            return
        worker = self._workers[uid] = PodWorker(pod, self._context, node_survived=self._node_survived)
        task = self._tasks[uid] = asyncio.create_task(worker.run(), name=f"pod {uid}")
        task.add_done_callback(lambda done: self._worker_ended(uid, done))

    def _worker_ended(self, uid: str, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        if task.exception() is not None:
            logger.error("the worker of pod %s failed", uid, exc_info=task.exception())
        self._workers.pop(uid, None)
        self._tasks.pop(uid, None)

    async def _follow_sources(self, resource: str) -> None:
        """ConfigMaps and Secrets show in volumes soon after they change."""
        async for event in self._context.objects.watch(resource):
            namespace = event.object["metadata"].get("namespace")
            for worker in self._workers.values():
                if worker.pod["metadata"]["namespace"] == namespace:
                    worker.look_again()

    # -- what the API server asks -----------------------------------------------------------------------------------

    def _find(self, pod: Object, container: str) -> tuple[PodWorker, Record]:
        worker = self._workers.get(pod["metadata"]["uid"])
        if worker is None:
            raise NotRunning(f'pod "{pod["metadata"]["name"]}" is not on this node')
        record = next((record for record in worker.records if record.name == container), None)
        if record is None:
            raise NotRunning(f"container {container} is not valid for pod {pod['metadata']['name']}")
        return worker, record

    async def logs(self, pod: Object, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        worker, record = self._find(pod, container)
        last = record.previous if options.previous else record.current or record.previous
        if last is None:
            if options.previous:
                raise NotRunning(
                    f'previous terminated container "{container}" in pod "{pod["metadata"]["name"]}" not found'
                )
            raise NotRunning(
                f'container "{container}" in pod "{pod["metadata"]["name"]}" is waiting to start: {record.waiting[0]}'
            )
        path = log_folder(self._context.pod_folder(worker.uid), container) / f"{last.attempt}.log"

        def is_running() -> bool:
            return record.current is not None and record.current.attempt == last.attempt and not record.exited

        async for piece in logs.read(path, options, is_running):
            yield piece

    async def exec(
        self,
        pod: Object,
        container: str,
        command: Sequence[str],
        *,
        stdin: bool,
        tty: bool,
        stdout: bool = True,
        stderr: bool = True,
    ) -> ExecSession:
        worker, record = self._find(pod, container)
        if not record.running or worker.sandbox is None:
            raise NotRunning(f'container not found ("{container}")')
        if not command:
            raise NotRunning("you must specify at least one command for the container")
        podid = self._context.settings.podid
        command = images.own_program(tuple(command), images.find(record.spec.get("image", ""), podid), podid)
        try:
            return await worker.sandbox.exec(container, command, worker.environment(record), stdin=stdin, terminal=tty)
        except CannotStart as problem:
            return FailedSession(problem.code, str(problem), terminal=tty)
        except IsolationError as problem:
            raise NotRunning(str(problem)) from problem

    async def dial(self, pod: Object, port: int) -> tuple[Any, Any]:
        worker = self._workers.get(pod["metadata"]["uid"])
        if worker is None or worker.sandbox is None:
            raise NotRunning(f'pod "{pod["metadata"]["name"]}" is not running')
        try:
            return await worker.sandbox.dial(port)
        except IsolationError as problem:
            raise NotRunning(str(problem)) from problem


async def _until_all_ended(sandbox: Any) -> None:
    """Until no container of a sandbox runs."""
    running: dict[str, str] = {}
    async for states in sandbox.states():
        running |= {state.name: state.state for state in states}
        if all(state == "exited" for state in running.values()):
            return
