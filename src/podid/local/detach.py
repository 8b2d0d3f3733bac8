"""`podid up --detach`: start a supervisor of its own session and wait for what it tells."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

import msgspec

from podid.local.home import Home
from podid.local.installation import load
from podid.local.problems import AlreadyUp, Forbidden, LocalProblem, WrongUsage
from podid.local.state import State, read_state, supervisor_of
from podid.local.supervisor import Detached, Failed, Progress, Ready, Wishes

_WITHIN = 120.0


def start(home: Home, wishes: Wishes, note: Callable[[str], None]) -> State:
    """Start in the background; gives the state once everything is ready. Raises what the supervisor could not overcome, and AlreadyUp."""
    home.make()
    holder = supervisor_of(home)
    if holder is not None:
        raise AlreadyUp(home.path, holder)
    reading, writing = os.pipe()
    given = msgspec.json.encode(Detached(wishes, writing)).decode()
    log = os.open(home.log_of("supervisor"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(
            (sys.executable, "-m", "podid", "part", "supervisor", given),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(writing,),
            start_new_session=True,
            cwd="/",
            env={**os.environ, "PODID_HOME": str(home.path)},
        )
    finally:
        os.close(log)
        os.close(writing)
    with os.fdopen(reading, "rb") as events:
        for line in events:
            match msgspec.json.decode(line, type=Progress | Ready | Failed):
                case Progress(text):
                    note(f"podid: {text}")
                case Ready(state):
                    return state
                case Failed(what, way_out, exit_code):
                    process.wait()
                    raise _problem(what, way_out, exit_code)
    process.wait()
    raise LocalProblem("the supervisor ended before podid was ready", f"its log: {home.log_of('supervisor')}")


def _problem(what: str, way_out: str, exit_code: int) -> LocalProblem:
    """The supervisor's failure again, of the kind that ends with the same exit code."""
    for kind in (Forbidden, WrongUsage):
        if kind.exit_code == exit_code:
            return kind(what, way_out)
    return LocalProblem(what, way_out)


def wait_until_ready(home: Home, note: Callable[[str], None]) -> None:
    """Wait for a supervisor that somebody else started, and for a part of it that was killed and is being started again."""
    from podid.local.readiness import all_answer  # costs an import of the cluster's files

    end = time.monotonic() + _WITHIN
    told = False
    while time.monotonic() < end:
        state = read_state(home)
        installation = load(home)
        if state is not None and state.ready and installation is not None and all_answer(home, installation):
            return
        if supervisor_of(home) is None:
            raise LocalProblem("the supervisor that was starting has ended", "its log: podid logs supervisor")
        if not told:
            note("podid: waiting for the start that is under way")
            told = True
        time.sleep(0.1)
    raise LocalProblem(f"podid was not ready within {_WITHIN:.0f} s", "its logs: podid logs")


def require_as_wished(home: Home, wishes: Wishes) -> None:
    """Raise LocalProblem where what runs is not what was asked for: a port or an isolation is changed by a new start alone."""
    installation, state = load(home), read_state(home)
    if installation is None or state is None:
        return
    if wishes.port and wishes.port != installation.port:
        raise LocalProblem(
            f"podid already runs in {home.path}, on port {installation.port} and not {wishes.port}",
            f"stop it first: podid down; podid up --detach --port {wishes.port}",
        )
    if wishes.isolation not in ("auto", state.isolation):
        raise LocalProblem(
            f"podid already runs in {home.path}, with isolation {state.isolation} and not {wishes.isolation}",
            f"stop it first: podid down; podid up --detach --isolation {wishes.isolation}",
        )
