"""`podid down`: end the supervisor and see that nothing of the installation is left.

The supervisor ends its parts itself. After a `kill -9` there is none, and what it left (containers live on, so that a restart finds
them) is ended here: every process that carries the home in PODID_HOME, and every container of its pods.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator

import psutil

from podid.local.home import Home
from podid.local.problems import LocalProblem
from podid.local.state import supervisor_of

_WITHIN = 60.0


def stop(home: Home, note: Callable[[str], None]) -> bool:
    """Stop all of it. Gives whether anything ran. Raises LocalProblem where something cannot be ended."""
    supervisor = supervisor_of(home) if home.path.is_dir() else None
    ran = supervisor is not None
    if supervisor:
        with contextlib.suppress(ProcessLookupError):
            os.kill(supervisor, signal.SIGTERM)
        _until(lambda: supervisor_of(home) is None, note)
    left = list(_left_over(home))
    if left:
        ran = True
        _end(left)
    home.state.unlink(missing_ok=True)
    return ran


def _until(holds: Callable[[], bool], note: Callable[[str], None]) -> None:
    began = told = time.monotonic()
    while not holds():
        now = time.monotonic()
        if now - began > _WITHIN:
            raise LocalProblem(
                f"podid did not stop within {_WITHIN:.0f} s",
                "look at: podid logs supervisor; then run podid down again",
            )
        if now - told > 1:
            told = now
            note(f"podid: stopping, {now - began:.0f} s")
        time.sleep(0.05)


def _left_over(home: Home) -> Iterator[psutil.Process]:
    """Processes of podid's own in this home, and containers of its pods; not this process, nor the shells it was started from."""
    pods = _pods_of(home)
    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        if process.pid in ours:
            continue
        try:
            variables = process.environ()
        except (psutil.Error, OSError):
            continue
        container = variables.get("PODID_CONTAINER", "").partition("/")[0]
        if container in pods or (variables.get("PODID_HOME") == str(home.path) and _is_podid(process)):
            yield process


def _is_podid(process: psutil.Process) -> bool:
    """PODID_HOME is also in the environment of a person's shell: only programs of podid's are ended."""
    try:
        return any("podid" in word for word in process.cmdline()[:4])
    except (psutil.Error, OSError):
        return False


def _pods_of(home: Home) -> frozenset[str]:
    """The UIDs of the pods of this home's cluster, by the folders its kubelet keeps."""
    folder = home.cluster / "pods"
    return frozenset(path.name for path in folder.iterdir()) if folder.is_dir() else frozenset()


def _end(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=5)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    _, alive = psutil.wait_procs(alive, timeout=5)
    if alive:
        raise LocalProblem(
            f"{len(alive)} processes do not end: {', '.join(str(p.pid) for p in alive)}",
            "end them by hand: kill -9 PID",
        )
