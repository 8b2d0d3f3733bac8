"""Asking containers to end: the hook before, then SIGTERM; the time of grace is the caller's to keep."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping

from podid.localcluster.isolation.port import Sandbox
from podid.localcluster.kubelet.hooks import run_hook
from podid.localcluster.kubelet.records import Record


class Ending:
    """A pod that was told to end."""

    def __init__(self, asked_at: float) -> None:
        self.asked_at = asked_at
        self._tasks: list[asyncio.Task[None]] = []

    def ask(self, record: Record, sandbox: Sandbox, grace: float, environment: Mapping[str, str]) -> None:
        """Tell one container to end, in a task of its own: its hook may take all of the time."""
        self._tasks.append(asyncio.create_task(ask_to_end(record, sandbox, grace, environment)))

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()


async def ask_to_end(record: Record, sandbox: Sandbox, grace: float, environment: Mapping[str, str]) -> None:
    """Run the hook, then send the signal."""
    await run_hook("preStop", record.spec, sandbox, environment, longest=max(grace, 1.0))
    await sandbox.signal(record.name, signal.SIGTERM)
