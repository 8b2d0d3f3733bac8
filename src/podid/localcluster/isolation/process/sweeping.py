"""Ending what a container, or a whole home, left behind: processes that took a session of their own and so left the container's group.

Every process of a container carries PODID_CONTAINER=POD-UID/NAME in its environment, every process of podid's own PODID_HOME. A program
that empties its environment before it hides is not found: it is the person's own program on the person's own machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Collection

VARIABLE = "PODID_CONTAINER"
_PATIENCE = 3.0


def sweep(belongs: Callable[[dict[str, str]], bool], *, spare: frozenset[int] = frozenset()) -> int:
    """Kill every process of this user whose environment `belongs`, again until none is left. How many were killed. Blocking."""
    import psutil

    killed = 0
    end = time.monotonic() + _PATIENCE
    while True:
        found = []
        for process in psutil.process_iter():
            if process.pid == os.getpid() or process.pid in spare:
                continue
            with contextlib.suppress(psutil.Error, OSError):
                if process.status() != psutil.STATUS_ZOMBIE and belongs(process.environ()):
                    found.append(process)
        for process in found:
            with contextlib.suppress(psutil.Error):
                process.kill()
        killed += len(found)
        if not found or time.monotonic() > end:
            return killed
        time.sleep(0.01)


def of_marks(marks: Collection[str]) -> Callable[[dict[str, str]], bool]:
    """Processes of these containers (`UID/NAME`) and of these pods (`UID/`)."""

    def belongs(environment: dict[str, str]) -> bool:
        mark = environment.get(VARIABLE, "")
        return mark in marks or mark.partition("/")[0] + "/" in marks

    return belongs


class Sweeper:
    """Sweeps for many: whoever asks while it looks through the machine's processes shares the next look with all who asked meanwhile.

    A look costs a tenth of a millisecond a process, and of fifty pods that start or end at once each would look at all of them.
    """

    def __init__(self) -> None:
        self._asked: dict[str, asyncio.Future[None]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def end_container(self, uid: str, name: str) -> None:
        """Return when no process of this container is left."""
        await self._end(f"{uid}/{name}")

    async def end_pod(self, uid: str) -> None:
        """Return when no process of any container of this pod is left."""
        await self._end(f"{uid}/")

    async def _end(self, mark: str) -> None:
        if mark not in self._asked:
            self._asked[mark] = asyncio.get_running_loop().create_future()
        ended = self._asked[mark]
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="sweeper")
        await asyncio.shield(ended)  # others may wait for the same

    async def _look(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked, {}
                try:
                    await asyncio.to_thread(sweep, of_marks(asked))
                finally:
                    for ended in asked.values():
                        ended.set_result(None)
        finally:
            self._looking = None
