"""Starting a pod's containers, starting them again, and asking those that run: what the worker does with one container at a time."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from podid.localcluster.isolation.port import CannotStart, ContainerState, IsolationError, Sandbox
from podid.localcluster.kubelet import backoff, images, sub_paths
from podid.localcluster.kubelet.container_plan import extra_rights, plan
from podid.localcluster.kubelet.context import Context
from podid.localcluster.kubelet.ending import ask_to_end
from podid.localcluster.kubelet.environment import ConfigProblem, environment_of
from podid.localcluster.kubelet.hooks import run_hook
from podid.localcluster.kubelet.images import ImageNotAvailable
from podid.localcluster.kubelet.probers import Probers
from podid.localcluster.kubelet.probes import ProbeKind
from podid.localcluster.kubelet.records import Record
from podid.localcluster.kubelet.volumes import Volumes
from podid.localcluster.ports import Object

_RETRY = 5.0
_KEPT_LOGS = 2
"""Runs whose logs are kept: the current one and the one before (`kubectl logs --previous`)."""


def log_folder(pod_folder: Path, container: str) -> Path:
    """Where the logs of a container's runs lie: `N.log` and `N.exit`."""
    return pod_folder / "logs" / container


class Launcher:
    """One pod's."""

    def __init__(self, context: Context, volumes: Volumes, wake: Callable[[], None]) -> None:
        self._context = context
        self._volumes = volumes
        self._wake = wake
        self._probers = Probers(self._verdict, self._unhealthy)
        self._tasks: set[asyncio.Task[None]] = set()
        self._environments: dict[str, dict[str, str]] = {}
        self._next_token: datetime | None = None
        self._pod: Object = {}
        self._sandbox: Sandbox | None = None

    def stop(self) -> None:
        """Ask nobody any more. Containers go on."""
        self._probers.stop_all()
        for task in self._tasks:
            task.cancel()

    def stop_asking(self, record: Record) -> None:
        self._probers.stop(record.name)

    def environment(self, record: Record) -> Mapping[str, str]:
        """The variables with which a container was started, for what is run beside it."""
        return self._environments.get(record.name, {})

    # -- volumes ----------------------------------------------------------------------------------------------------

    def refresh_volumes(self, pod: Object) -> None:
        """Raises VolumeProblem."""
        context = self._context
        self._next_token = self._volumes.refresh(pod, self._lookup_for(pod), context.allocatable, context.clock())

    def pause(self, now: datetime) -> float:
        """Seconds until the pod must be looked at again though nothing happens."""
        if self._next_token is None:
            return self._context.settings.resync
        return max(0.5, min(self._context.settings.resync, (self._next_token - now).total_seconds()))

    def _lookup_for(self, pod: Object) -> Callable[[str, str], Object | None]:
        namespace = pod["metadata"]["namespace"]
        return lambda resource, name: self._context.lookup(namespace, resource, name)

    # -- starting ---------------------------------------------------------------------------------------------------

    def consider_restart(self, record: Record, pod: Object, policy: str, now: float) -> None:
        """A container has ended: note whether, and from when on, it may run again."""
        assert record.current is not None
        ended = record.current
        if record.role == "sidecar":
            policy = "Always"
        elif record.role == "init" and policy == "Always":
            policy = "OnFailure"
        if policy == "Never" or (policy == "OnFailure" and record.succeeded):
            return
        first = record.restarts == 0 and not ended.error
        blameless = record.killing or record.lost
        record.delay = 0.0 if first or blameless else backoff.next_delay(record.delay, ended.finished - ended.started)
        record.again()
        record.not_before = ended.finished + record.delay
        if record.not_before > now:
            who = f"{pod['metadata']['name']}_{pod['metadata']['namespace']}({record.pod_uid})"
            text = f"back-off {record.delay:.0f}s restarting failed container={record.name} pod={who}"
            record.waiting = ("CrashLoopBackOff", text)
            self._record(pod, "Warning", "BackOff", f"Back-off restarting failed container {record.name} in pod {who}")

    async def start(self, record: Record, pod: Object, sandbox: Sandbox, now: float) -> float:
        """Start a container if it may start now; the seconds after which to look again."""
        if record.not_before > now:
            return record.not_before - now
        log = log_folder(self._context.pod_folder(record.pod_uid), record.name) / f"{record.attempt}.log"
        try:
            settings = plan(
                record.spec,
                pod,
                attempt=record.attempt,
                base=self._context.node.environment(),
                lookup=self._lookup_for(pod),
                allocatable=self._context.allocatable,
                podid=self._context.settings.podid,
                volume={one["name"]: self._volumes.path(one["name"]) for one in pod["spec"].get("volumes") or ()},
                log=log,
            )
        except ImageNotAvailable as problem:
            return self._wait(record, pod, "ImageNotAvailable", str(problem), "Failed", str(problem))
        except ConfigProblem as problem:
            return self._wait(record, pod, "CreateContainerConfigError", str(problem), "Failed", f"Error: {problem}")
        _make_log_folder(log)
        for mount in settings.mounts:
            if mount.sub_path and not mount.read_only:
                sub_paths.make(mount.source, mount.sub_path)
        self._tell_start(record, pod)
        self._environments[record.name] = dict(settings.environment)
        record.current = ContainerState(name=record.name, attempt=record.attempt, state="starting", started=now)
        try:
            await sandbox.start(settings)
        except CannotStart as problem:
            self._record(pod, "Warning", "Failed", f"Error: {problem}")
            if not record.exited:
                record.learn(_failed(record, problem, self._context.clock().timestamp()))
            return 0.0
        except IsolationError as problem:
            record.current = None
            record.not_before = now + _RETRY
            return self._wait(record, pod, "CreateContainerError", str(problem), "Failed", f"Error: {problem}")
        self._record(pod, "Normal", "Started", f"Started container {record.name}")
        self._watch(record, pod, sandbox)
        if "postStart" in (record.spec.get("lifecycle") or {}):
            self._in_background(self._after_start(record, pod, sandbox))
        return self._context.settings.resync

    def resume(self, record: Record, pod: Object, sandbox: Sandbox) -> None:
        """Look after a container that an earlier kubelet started."""
        try:
            self._environments[record.name] = environment_of(
                record.spec, pod, self._context.node.environment(), self._lookup_for(pod), self._context.allocatable
            )
        except ConfigProblem:
            self._environments[record.name] = self._context.node.environment()
        self._watch(record, pod, sandbox)

    def _watch(self, record: Record, pod: Object, sandbox: Sandbox) -> None:
        self._pod, self._sandbox = pod, sandbox
        own = images.find(record.spec.get("image", ""), self._context.settings.podid).own
        self._probers.start(record, sandbox, self.environment(record), eager=own)

    def _tell_start(self, record: Record, pod: Object) -> None:
        image = record.spec.get("image", "")
        self._record(
            pod,
            "Normal",
            "Pulled",
            f'Container image "{image}" runs on the host\'s read-only view; nothing is pulled in a local cluster',
        )
        self._record(pod, "Normal", "Created", f"Created container: {record.name}")
        wanted = extra_rights(record.spec)
        if wanted:
            self._record(
                pod,
                "Normal",
                "NoExtraRights",
                f"container {record.name}: {wanted} grants nothing extra in a local cluster",
            )

    def _wait(self, record: Record, pod: Object, reason: str, message: str, event: str, text: str) -> float:
        if record.waiting != (reason, message):
            self._record(pod, "Warning", event, text)
        record.waiting = (reason, message)
        return _RETRY

    async def _after_start(self, record: Record, pod: Object, sandbox: Sandbox) -> None:
        problem = await run_hook("postStart", record.spec, sandbox, self.environment(record))
        if problem and record.running:
            self._record(pod, "Warning", "FailedPostStartHook", f"PostStartHook failed: {problem}")
            record.killing = True
            await self._kill(record, sandbox)

    # -- probes -----------------------------------------------------------------------------------------------------

    def _verdict(self, record: Record, kind: ProbeKind, good: bool) -> None:
        if kind == "startup":
            record.passed_startup = good
        if kind == "readiness":
            record.passed_readiness = good
        elif not good and record.running and not record.killing and self._sandbox is not None:
            record.killing = True
            self._record(
                self._pod, "Normal", "Killing", f"Container {record.name} failed {kind} probe, will be restarted"
            )
            self._in_background(self._kill(record, self._sandbox))
        self._wake()

    def _unhealthy(self, record: Record, kind: ProbeKind, text: str) -> None:
        self._record(self._pod, "Warning", "Unhealthy", f"{kind.capitalize()} probe failed: {text}")

    async def _kill(self, record: Record, sandbox: Sandbox) -> None:
        grace = float(self._pod["spec"].get("terminationGracePeriodSeconds") or 30)
        await ask_to_end(record, sandbox, grace, self.environment(record))
        await asyncio.sleep(grace)
        await sandbox.signal(record.name, signal.SIGKILL)

    def _in_background(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _record(self, pod: Object, type: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        self._context.events.record(pod, type=type, reason=reason, message=message)


def _failed(record: Record, problem: CannotStart, now: float) -> ContainerState:
    return ContainerState(
        name=record.name,
        attempt=record.attempt,
        state="exited",
        started=now,
        finished=now,
        code=problem.code,
        error=str(problem),
    )


def _make_log_folder(log: Path) -> None:
    """Room for a run's log; runs before the last one lose theirs."""
    log.parent.mkdir(parents=True, exist_ok=True)
    attempt = int(log.stem)
    for old in log.parent.iterdir():
        number = old.name.partition(".")[0]
        if number.isdigit() and int(number) <= attempt - _KEPT_LOGS:
            old.unlink(missing_ok=True)
