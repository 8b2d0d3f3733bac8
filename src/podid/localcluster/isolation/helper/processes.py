"""Which process is meant: a pid alone may have been given to a stranger, a pid and its start time not (proc(5))."""

# A helper process: pathlib would cost start-up time.
# ruff: noqa: PTH105, PTH108, PTH112, PTH123

from __future__ import annotations

import contextlib
import json
import os
import signal
import time


def start_time(pid: int) -> str:
    """When a process started (in ticks since boot, or as `ps` tells it); empty where there is none, or only its exit code is left."""
    if not os.path.isdir("/proc/self"):
        return _asked_of_ps(pid)
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in ("Z", "X") else fields[19]


def _asked_of_ps(pid: int) -> str:
    import subprocess

    said = subprocess.run(("ps", "-o", "stat=,lstart=", "-p", str(pid)), capture_output=True, text=True, check=False)
    state, _, started = said.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()


def write_record(path: str, pid: int) -> None:
    """Note a process in a file."""
    with open(path + ".new", "w") as file:
        json.dump({"pid": pid, "started": start_time(pid)}, file)
    os.replace(path + ".new", path)


def _recorded(path: str) -> tuple[int, str]:
    """Pid and start time that a record names; (0, "") where there is no such record."""
    try:
        with open(path) as file:
            record = json.load(file)
        return int(record["pid"]), str(record["started"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, ""


def is_recorded_alive(path: str) -> bool:
    """Whether the process that a record names still is that one, and runs."""
    pid, started = _recorded(path)
    return bool(started) and start_time(pid) == started


def end_recorded(path: str, patience: float = 10.0) -> bool:
    """Kill the process that a record names, if it still is that one, and wait until it has gone. Whether it lived. Blocking."""
    pid, started = _recorded(path)
    lived = is_recorded_alive(path)
    if lived:
        with contextlib.suppress(ProcessLookupError):  # it has ended this moment
            os.kill(pid, signal.SIGKILL)
        end = time.monotonic() + patience
        while start_time(pid) == started and time.monotonic() < end:
            time.sleep(0.005)
    if pid:
        os.unlink(path)
    return lived
