"""What runs now: written by the supervisor, read by `status`, `env`, `down` and a second `up`."""

from __future__ import annotations

import fcntl
import os
import time
from datetime import datetime
from typing import Literal

import msgspec

from podid.files import write_whole
from podid.local.home import Home

Phase = Literal["starting", "running", "restarting", "stopped"]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One process under the supervisor."""

    name: str
    phase: Phase
    pid: int = 0
    since: datetime | None = None
    restarts: int = 0
    listens: str = ""
    what: str = ""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """All of them. `ready` is true once everything answered."""

    supervisor: int
    since: datetime
    ready: bool
    isolation: str
    isolation_reason: str = ""
    parts: tuple[Part, ...] = ()


def write_state(home: Home, state: State) -> None:
    write_whole(home.state, msgspec.json.encode(state))


def read_state(home: Home) -> State | None:
    """The state in the home, whether or not its supervisor still lives."""
    try:
        return msgspec.json.decode(home.state.read_bytes(), type=State)
    except (OSError, msgspec.MsgspecError):
        return None


_TRIES = 3


class Lock:
    """The one supervisor of a home. Held until the process ends, however it ends."""

    def __init__(self, home: Home) -> None:
        self._path = home.lock
        self._descriptor: int | None = None

    def take(self) -> int | None:
        """None where the lock is ours now, else the process id of its holder."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        for attempt in range(_TRIES):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if attempt < _TRIES - 1:
                    time.sleep(0.05)  # `supervisor_of` holds a shared lock for an instant
        else:
            holder = os.read(descriptor, 32)
            os.close(descriptor)
            return int(holder or b"0")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor
        return None

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def supervisor_of(home: Home) -> int | None:
    """The process id of the supervisor that holds the home, or None. Looks without holding the home for itself."""
    try:
        descriptor = os.open(home.lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.read(descriptor, 32) or b"0")
    finally:
        os.close(descriptor)
    return None
