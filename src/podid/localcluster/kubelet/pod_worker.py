"""One pod's life on the node: a task that looks at what is and what should be, takes the next step, and sleeps until something happens.

It takes no input but a wake-up: the stored object, the sandbox's word on the containers, and the clock are the whole of its knowledge, so
a lost event costs time and nothing else. Starting a container is `launching.py`; here is what follows what.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Mapping, Sequence

from podid.localcluster.isolation.port import ContainerState, IsolationError, PodSettings, Sandbox
from podid.localcluster.kubelet import images, recovery, status
from podid.localcluster.kubelet.context import Context
from podid.localcluster.kubelet.ending import Ending
from podid.localcluster.kubelet.launching import Launcher, log_folder
from podid.localcluster.kubelet.records import Record, records_of
from podid.localcluster.kubelet.volumes import VolumeProblem, Volumes
from podid.localcluster.ports import Object

logger = logging.getLogger(__name__)

_RETRY = 2.0
"""Seconds until what failed for a reason outside the pod is tried again."""


class PodWorker:
    """Drives one pod. `update` and `removed` tell it about the object; `run` is its task."""

    def __init__(self, pod: Object, context: Context, *, node_survived: bool) -> None:
        self.pod = pod
        self.uid: str = pod["metadata"]["uid"]
        self.records: list[Record] = records_of(pod)
        self.sandbox: Sandbox | None = None
        self.settled = asyncio.Event()
        """Set once what an earlier kubelet left is found and the first step is taken; for a pod of podid's own that was ready, once it is again."""
        self._context = context
        self._owes_readiness = status.is_ready(pod) and _is_own(pod, context)
        self._node_survived = node_survived
        self._folder = context.pod_folder(self.uid)
        self._wake = asyncio.Event()
        self._is_gone = False
        self._is_over = False
        self._volumes = Volumes(self._folder / "volumes", context.tokens, self._hand_over)
        self._launcher = Launcher(context, self._volumes, self._wake.set)
        self._ending: Ending | None = None
        self._listener: asyncio.Task[None] | None = None
        self._first_states: asyncio.Future[Sequence[ContainerState]] | None = None

    def update(self, pod: Object) -> None:
        """The object has changed."""
        self.pod = pod
        self._wake.set()

    def removed(self) -> None:
        """There is no object any more: what runs must end at once."""
        self._is_gone = True
        self._wake.set()

    def environment(self, record: Record) -> Mapping[str, str]:
        """The variables of a container, for a program that runs beside it."""
        return self._launcher.environment(record)

    def look_again(self) -> None:
        """Something that the pod reads (a ConfigMap, a Secret) has changed."""
        self._wake.set()

    async def run(self) -> None:
        """Until the pod has gone. Cancelled, it leaves the containers as they are."""
        try:
            await self._recover()
            while not self._is_over:
                self._wake.clear()
                pause = await self._step_safely()
                self._owes_readiness = self._owes_readiness and not all(record.ready for record in self.records)
                if not self._owes_readiness:
                    self.settled.set()
                if not self._is_over:
                    # not wait_for: before Python 3.12 it loses a cancellation that comes together with the wake-up
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(pause):
                            await self._wake.wait()
        finally:
            self.settled.set()
            self._launcher.stop()
            if self._ending is not None:
                self._ending.stop()
            if self._listener is not None:
                self._listener.cancel()

    async def _step_safely(self) -> float:
        try:
            return await self._step()
        except IsolationError as problem:
            self._warn("FailedCreatePodSandBox", f"Failed to create pod sandbox: {problem}")
        except Exception:
            logger.exception("a step of pod %s failed", self._name)
        return _RETRY

    # -- what is ----------------------------------------------------------------------------------------------------

    @property
    def _name(self) -> str:
        return f"{self.pod['metadata']['namespace']}/{self.pod['metadata']['name']}"

    @property
    def _restart_policy(self) -> str:
        return str(self.pod["spec"].get("restartPolicy") or "Always")

    async def _recover(self) -> None:
        """Find what an earlier kubelet left."""
        adopted: Sequence[ContainerState] = ()
        if self._node_survived:
            self.sandbox = await self._context.node.adopt(self._settings())
            if self.sandbox is not None:
                adopted = await self._listen()
        now = self._context.clock().timestamp()
        recovery.restore(self.records, self.pod.get("status") or {}, adopted, self._read_exit, now)
        for record in self.records:
            if record.running and self.sandbox is not None:
                self._launcher.resume(record, self.pod, self.sandbox)

    def _read_exit(self, container: str, attempt: int) -> ContainerState | None:
        return recovery.read_exit_file(log_folder(self._folder, container) / f"{attempt}.exit")

    def _settings(self) -> PodSettings:
        spec = self.pod["spec"]
        on_host = bool(spec.get("hostNetwork"))
        aliases = {alias["ip"]: tuple(alias.get("hostnames") or ()) for alias in spec.get("hostAliases") or ()}
        name = self._context.settings.node_name if on_host else spec.get("hostname") or self.pod["metadata"]["name"]
        ports = [port for container in spec["containers"] for port in container.get("ports") or ()]
        return PodSettings(
            uid=self.uid,
            ports=tuple((port.get("hostIP") or "", int(port["containerPort"])) for port in ports),
            folder=self._folder,
            hostname=name[:63].rstrip("-."),
            host_network=on_host,
            hosts=aliases,
        )

    async def _listen(self) -> Sequence[ContainerState]:
        """Follow the sandbox's word from now on; what it says first."""
        assert self.sandbox is not None
        self._first_states = asyncio.get_running_loop().create_future()
        self._listener = asyncio.create_task(self._follow(self.sandbox, self._first_states))
        return await self._first_states

    async def _follow(self, sandbox: Sandbox, first: asyncio.Future[Sequence[ContainerState]]) -> None:
        by_name = {record.name: record for record in self.records}
        try:
            async for states in sandbox.states():
                for state in states:
                    if state.name in by_name:
                        by_name[state.name].learn(state)
                if not first.done():
                    first.set_result(states)
                self._wake.set()
        finally:
            if not first.done():
                first.set_result(())
        # the sandbox has gone, and its containers with it
        now = self._context.clock().timestamp()
        for record in self.records:
            if record.current is not None and not record.exited:
                started, attempt = record.current.started, record.current.attempt
                record.current = ContainerState(
                    name=record.name, attempt=attempt, state="exited", started=started, finished=now, code=137
                )
        if self.sandbox is sandbox:
            self.sandbox = None
        self._wake.set()

    def _hand_over(self, path: object, user: int, group: int) -> None:
        if self.sandbox is not None:
            self.sandbox.hand_over(path, user, group)  # type: ignore[arg-type]

    # -- the next step ----------------------------------------------------------------------------------------------

    async def _step(self) -> float:
        """Take the steps that can be taken now; the seconds after which to look again though nothing happens."""
        now = self._context.clock()
        if self._is_gone:
            await self._leave()
            return 0.0
        if self.pod["metadata"].get("deletionTimestamp"):
            return await self._end(now.timestamp())
        phase = (self.pod.get("status") or {}).get("phase")
        if phase in ("Succeeded", "Failed"):
            await self._finish()
            return self._context.settings.resync
        if self._deadline_passed(now.timestamp()):
            self._publish("Failed", "DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
            return 0.0
        if not await self._prepare():
            self._publish()
            return _RETRY
        pause = await self._advance(now.timestamp())
        self._publish()
        return pause

    async def _prepare(self) -> bool:
        """Have a sandbox and the volumes; False where a volume cannot be had and nothing runs that could go on without."""
        if self.sandbox is None:
            if self.pod.get("status", {}).get("podIP"):
                self._tell("SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.sandbox = await self._context.node.create(self._settings())
            await self._listen()
            self._publish()  # the address, which a volume or a variable may want
        try:
            self._launcher.refresh_volumes(self._with_address())
        except VolumeProblem as problem:
            self._warn("FailedMount", f"MountVolume.SetUp failed for {problem}")
            return any(record.running for record in self.records)
        return True

    def _with_address(self) -> Object:
        """The pod as it is now: its own addresses may be newer than the object that was last seen."""
        current = self._context.objects.get("pods", self.pod["metadata"]["namespace"], self.pod["metadata"]["name"])
        return current if current is not None and current["metadata"]["uid"] == self.uid else self.pod

    async def _advance(self, now: float) -> float:
        """Start what may start, in order: init containers one after another, then the others together."""
        assert self.sandbox is not None
        pause = self._launcher.pause(self._context.clock())
        pod = self._with_address()
        for record in self.records:
            if record.role == "main" and not status.initialized(self.records):
                break
            if record.exited:
                self._launcher.stop_asking(record)
                self._launcher.consider_restart(record, pod, self._restart_policy, now)
            if record.current is None:
                pause = min(pause, await self._launcher.start(record, pod, self.sandbox, now))
            if record.role == "init" and not record.succeeded:
                break
            if record.role == "sidecar" and not record.started:
                break
        return pause

    def _deadline_passed(self, now: float) -> bool:
        seconds = self.pod["spec"].get("activeDeadlineSeconds")
        start = (self.pod.get("status") or {}).get("startTime")
        return bool(seconds and start) and now >= recovery.seconds(start, now) + float(seconds)

    # -- the end ----------------------------------------------------------------------------------------------------

    async def _end(self, now: float) -> float:
        """The pod is being deleted: ask its containers to end, and take it away when they have or their time is over."""
        metadata = self.pod["metadata"]
        grace = metadata.get("deletionGracePeriodSeconds")
        grace = float(self.pod["spec"].get("terminationGracePeriodSeconds") or 30) if grace is None else float(grace)
        if self._ending is None:
            self._launcher.stop()
            self._ending = Ending(now)
            if self.sandbox is not None:
                for record in self.records:
                    if record.running:
                        self._tell("Killing", f"Stopping container {record.name}")
                        self._ending.ask(record, self.sandbox, grace, self._launcher.environment(record))
        left = self._ending.asked_at + grace - now
        if any(record.running for record in self.records) and left > 0 and self.sandbox is not None:
            self._publish()
            return left
        await self._leave()
        self._context.objects.remove("pods", metadata["namespace"], metadata["name"], self.uid)
        return 0.0

    async def _leave(self) -> None:
        """Take everything of the pod from the node."""
        await self._drop_sandbox()
        await asyncio.to_thread(shutil.rmtree, self._folder, True)
        self._is_over = True

    async def _finish(self) -> None:
        """The pod has done its work, or failed: its logs stay until it is deleted."""
        self._launcher.stop()
        await self._drop_sandbox()

    async def _drop_sandbox(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
        sandbox = self.sandbox or await self._context.node.adopt(self._settings())
        if sandbox is not None:
            await sandbox.remove()
        self.sandbox = None

    # -- telling ----------------------------------------------------------------------------------------------------

    def _tell(self, reason: str, message: str) -> None:
        self._context.events.record(self.pod, type="Normal", reason=reason, message=message)

    def _warn(self, reason: str, message: str) -> None:
        self._context.events.record(self.pod, type="Warning", reason=reason, message=message)

    def _publish(self, phase: status.Phase | None = None, reason: str = "", message: str = "") -> None:
        """Write the pod's status, if it is another."""

        def change(pod: Object) -> None:
            if pod["metadata"]["uid"] != self.uid:
                return
            pod["status"] = status.pod_status(
                pod,
                self.records,
                phase=phase or status.phase_of(self.records, self._restart_policy),
                node_address=self._context.node.addresses.node,
                addresses=self.sandbox.addresses if self.sandbox is not None else (),
                now=self._context.clock(),
                reason=reason,
                message=message,
            )

        metadata = self.pod["metadata"]
        self._context.objects.update("pods", metadata["namespace"], metadata["name"], change)


def _is_own(pod: Object, context: Context) -> bool:
    """Whether a pod is one of podid's own: the agent, which others need."""
    podid = context.settings.podid
    return any(images.find(container.get("image", ""), podid).own for container in pod["spec"]["containers"])
