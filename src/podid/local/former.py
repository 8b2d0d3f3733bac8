"""The parts of a supervisor that was killed: they end by themselves soon after it (child.py), and hold their ports until then."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import psutil

from podid.local.home import Home
from podid.local.state import read_state

_WITHIN = 45.0
"""Seconds: the cluster has pods to end."""


def wait_for_its_end(home: Home, note: Callable[[str], None]) -> None:
    """Return once no part of an earlier supervisor runs; whoever calls it holds the lock of the home. What does not end is killed."""
    state = read_state(home)
    if state is None:  # an orderly end removes it
        return
    parts = [part for part in (_of_this_home(home, part.pid) for part in state.parts if part.pid) if part is not None]
    if parts:
        note("an earlier podid was killed here; waiting for its parts to end")
    _, alive = psutil.wait_procs(parts, timeout=_WITHIN)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=5)
    home.state.unlink(missing_ok=True)


def _of_this_home(home: Home, pid: int) -> psutil.Process | None:
    """The process, if it is podid's own in this home: process ids are used again."""
    try:
        process = psutil.Process(pid)
        return process if process.environ().get("PODID_HOME") == str(home.path) else None
    except (psutil.Error, OSError):
        return None
