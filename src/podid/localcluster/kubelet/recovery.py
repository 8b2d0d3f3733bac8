"""Taking up a pod again after the kubelet was gone: from the status that was stored, what the sandbox says, and what was left on disk. Pure
but for reading the exit files.

A container that still runs in an adopted sandbox goes on. One that ended meanwhile is known by its sandbox or by its exit file
(`helper/containers.py`). One of which nothing is known was lost with the node: it counts as killed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from podid.localcluster.isolation.port import ContainerState
from podid.localcluster.kubelet.records import Record

_KILLED = 137

ReadExit = Callable[[str, int], ContainerState | None]
"""How a run ended, by container and attempt, if that is known."""


def restore(
    records: Sequence[Record],
    status: Mapping[str, Any],
    adopted: Sequence[ContainerState],
    read_exit: ReadExit,
    now: float,
) -> None:
    """Bring new records to what is known."""
    stored = {
        one["name"]: one for kind in ("initContainerStatuses", "containerStatuses") for one in status.get(kind) or ()
    }
    living = {state.name: state for state in adopted}
    for record in records:
        _restore(record, stored.get(record.name) or {}, living.get(record.name), read_exit, now)


def _restore(
    record: Record, stored: Mapping[str, Any], living: ContainerState | None, read_exit: ReadExit, now: float
) -> None:
    count = int(stored.get("restartCount") or 0)
    state = stored.get("state") or {}
    last = (stored.get("lastState") or {}).get("terminated")
    is_waiting = "running" not in state and "terminated" not in state
    if last:
        record.previous = _terminated(record.name, count if is_waiting else count - 1, last)
    if "terminated" in state:
        record.current = _terminated(record.name, count, state["terminated"])
    elif "running" in state:
        record.current = read_exit(record.name, count) or ContainerState(
            name=record.name,
            attempt=count,
            state="exited",
            started=seconds(state["running"].get("startedAt"), now),
            finished=now,
            code=_KILLED,
        )
    if living is not None and (record.current is None or living.attempt >= record.current.attempt):
        record.current = living
    record.lost = "running" in state and record.exited
    if record.running:
        record.passed_startup = bool(stored.get("started"))
        record.passed_readiness = bool(stored.get("ready"))


def _terminated(name: str, attempt: int, terminated: Mapping[str, Any]) -> ContainerState:
    return ContainerState(
        name=name,
        attempt=attempt,
        state="exited",
        started=seconds(terminated.get("startedAt"), 0.0),
        finished=seconds(terminated.get("finishedAt"), 0.0),
        code=int(terminated.get("exitCode") or 0),
        error=str(terminated.get("message") or "") if terminated.get("reason") == "StartError" else "",
    )


def seconds(text: str | None, default: float) -> float:
    try:
        return datetime.fromisoformat(text).timestamp() if text else default
    except ValueError:
        return default


def read_exit_file(path: Path) -> ContainerState | None:
    """How a run ended, as its helper wrote it down."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=ContainerState)
    except (OSError, msgspec.DecodeError):
        return None
