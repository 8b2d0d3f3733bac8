"""What the kubelet knows of one container of a pod: how often it was started, what its last run did, what it waits for."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

from podid.localcluster.isolation.port import ContainerState

Role = Literal["init", "sidecar", "main"]


class Record:
    """A container, over all its runs. Times are seconds since 1970."""

    def __init__(self, spec: dict[str, Any], role: Role, pod_uid: str) -> None:
        self.spec = spec
        self.name: str = spec["name"]
        self.role = role
        self.pod_uid = pod_uid
        self.current: ContainerState | None = None
        """The last run, whatever its state; None before the first."""
        self.previous: ContainerState | None = None
        self.waiting: tuple[str, str] = ("PodInitializing" if role == "main" else "ContainerCreating", "")
        """Reason and message, while there is no run."""
        self.not_before = 0.0
        self.delay = 0.0
        self.passed_startup = False
        self.passed_readiness = False
        self.killing = False
        """It has been told to end, by a probe: it is started again when it has."""
        self.lost = False
        """It ended while no kubelet was there, with the node or after it: no fault of its own, so it is started again at once."""

    @property
    def restarts(self) -> int:
        """How often it was started again: the number of its last run."""
        last = self.current or self.previous
        return last.attempt if last is not None else 0

    @property
    def attempt(self) -> int:
        """The number of the run that is, or is next."""
        if self.current is not None:
            return self.current.attempt
        return self.previous.attempt + 1 if self.previous is not None else 0

    @property
    def running(self) -> bool:
        return self.current is not None and self.current.state == "running"

    @property
    def exited(self) -> bool:
        return self.current is not None and self.current.state == "exited"

    @property
    def succeeded(self) -> bool:
        return (
            self.current is not None
            and self.current.state == "exited"
            and self.current.code == 0
            and not self.current.error
        )

    @property
    def started(self) -> bool:
        """It runs, and its startup probe (if any) has passed."""
        return self.running and (self.passed_startup or "startupProbe" not in self.spec)

    @property
    def ready(self) -> bool:
        if self.role == "init":
            return self.succeeded
        return self.started and (self.passed_readiness or "readinessProbe" not in self.spec)

    def container_id(self, attempt: int) -> str:
        digest = hashlib.sha256(f"{self.pod_uid}/{self.name}/{attempt}".encode()).hexdigest()
        return f"podid://{digest}"

    def learn(self, state: ContainerState) -> None:
        """Take up what the sandbox says; what it says of a run that is over is old."""
        if self.previous is not None and state.attempt <= self.previous.attempt:
            return
        self.current = state

    def again(self) -> None:
        """The last run is over and another one follows."""
        self.previous = self.current
        self.current = None
        self.passed_startup = self.passed_readiness = self.killing = self.lost = False


def records_of(pod: dict[str, Any]) -> list[Record]:
    """A record for each container of a pod, init containers first, in the manifest's order."""
    uid = pod["metadata"]["uid"]
    spec = pod["spec"]
    records = [
        Record(container, "sidecar" if container.get("restartPolicy") == "Always" else "init", uid)
        for container in spec.get("initContainers") or ()
    ]
    has_init = bool(records)
    for container in spec["containers"]:
        record = Record(container, "main", uid)
        if not has_init:
            record.waiting = ("ContainerCreating", "")
        records.append(record)
    return records
