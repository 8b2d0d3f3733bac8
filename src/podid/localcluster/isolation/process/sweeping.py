"""Ending what a container, or a whole home, left behind: processes that took a session of their own and so left the container's group.

Every process of a container carries PODID_CONTAINER=POD-UID/NAME in its environment, every process of podid's own PODID_HOME. A program
that empties its environment before it hides is not found: it is the person's own program on the person's own machine.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable

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


def of_container(uid: str, name: str) -> Callable[[dict[str, str]], bool]:
    """Processes of one container."""
    return lambda environment: environment.get(VARIABLE) == f"{uid}/{name}"


def of_pod(uid: str) -> Callable[[dict[str, str]], bool]:
    """Processes of one pod."""
    return lambda environment: environment.get(VARIABLE, "").partition("/")[0] == uid


def of_pods_in(folder: str) -> Callable[[dict[str, str]], bool]:
    """Processes of any container whose HOME lies in a folder."""
    return lambda environment: (
        VARIABLE in environment and environment.get("HOME", "").startswith(folder.rstrip("/") + "/")
    )
