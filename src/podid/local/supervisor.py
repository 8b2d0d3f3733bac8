"""The supervisor: one process that starts the parts of local mode, watches them, and ends them.

The order of a start:

    1. the home folder, and the lock on it          one supervisor a home
    2. what was decided before (or now): ports      installation.py
    3. tools, isolation                             what this machine has and allows
    4. keys and certificates of cluster and webhook their rooms make them; nothing is made twice
    5. the parts, all at once                       parts.py
    6. each one answers                             readiness.py
    7. the cluster learns of the webhook            registration.py

It tells its progress as events, to a person's terminal or through a pipe to `podid up --detach`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from podid.local.child import Child
from podid.local.home import Home
from podid.local.installation import load, load_or_create
from podid.local.logs import read_logs, readable
from podid.local.problems import AlreadyUp, LocalProblem
from podid.local.state import Lock, State, write_state

if TYPE_CHECKING:
    from podid.local.parts import PartSpec

_READY_WITHIN = 60.0
_GRACE = {"cluster": 40.0}
"""Seconds a part has to end by itself; 5 where nothing is said. The cluster has pods to end."""


class Wishes(msgspec.Struct, frozen=True):
    """What the command line asked for."""

    port: int | None = None
    isolation: str = "auto"


class Told(msgspec.Struct, frozen=True, tag_field="event", tag=str.lower):
    """An event for whoever waits: `progress` text, `ready`, or `failed` with its way out."""


class Progress(Told, frozen=True):
    text: str


class Ready(Told, frozen=True):
    state: State


class Failed(Told, frozen=True):
    what: str
    way_out: str
    exit_code: int


class Supervisor:
    """`run()` blocks until a signal ends it, and gives the exit code."""

    def __init__(self, home: Home, wishes: Wishes, *, events: int | None = None, follow: bool = True) -> None:
        self._home = home
        self._wishes = wishes
        self._events = events
        self._follow = follow
        self._children: list[Child] = []
        self._runs: list[asyncio.Task[None]] = []
        self._state = State(supervisor=os.getpid(), since=datetime.now(UTC), ready=False, isolation="")

    def run(self) -> int:
        lock: Lock | None = None
        try:
            self._home.make()
            lock = Lock(self._home)
            holder = lock.take()
            if holder is not None:
                lock = None
                raise AlreadyUp(self._home.path, holder)
            asyncio.run(self._run())
        except LocalProblem as problem:
            self._tell(Failed(problem.what, problem.way_out, problem.exit_code))
            if self._events is not None:
                return problem.exit_code
            raise
        finally:
            if lock is not None:
                self._home.state.unlink(missing_ok=True)
                lock.release()
        return 0

    async def _run(self) -> None:
        os.environ["PODID_HOME"] = str(self._home.path)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, stop.set)
        stopped = asyncio.create_task(stop.wait())
        starting = asyncio.create_task(self._start())
        try:
            await asyncio.wait({stopped, starting}, return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                return
            starting.result()
            self._tell(Ready(self._state))
            self._detach_events()
            if self._follow:
                threading.Thread(target=self._follow_logs, daemon=True, name="logs").start()
            await stopped
            self._tell(Progress("stopping"))
        finally:
            starting.cancel()
            await self._end()

    # --- starting

    async def _start(self) -> None:
        from podid.local import former, parts, readiness, registration, tools

        await asyncio.to_thread(former.wait_for_its_end, self._home, lambda text: self._tell(Progress(text)))
        again = load(self._home) is not None
        found = await asyncio.to_thread(tools.find_tools, lambda text: self._tell(Progress(text)))
        installation = load_or_create(self._home, port=self._wishes.port, isolation=self._wishes.isolation)
        if again:
            self._tell(
                Progress(
                    "roles, associations, keys and Kubernetes objects are as you left them; S3 and the other services start empty"
                )
            )
        self._tell(
            Progress(
                f"starting the AWS endpoint on {installation.endpoint}, the cluster {installation.cluster} and its webhook"
            )
        )
        for spec in await asyncio.to_thread(parts.prepare_endpoint, self._home, installation):
            self._spawn(spec)
        cluster = await asyncio.to_thread(parts.prepare_cluster_part, self._home, installation, found)
        self._state = msgspec.structs.replace(self._state, isolation=cluster.isolation, isolation_reason=cluster.why)
        self._tell(Progress(f"isolation is {cluster.isolation}: {cluster.why}"))
        self._spawn(cluster.spec)
        await self._all_ready(readiness.wait_for(self._home, installation))
        await asyncio.to_thread(registration.register_webhook, self._home, installation)
        self._state = msgspec.structs.replace(self._state, ready=True)
        self._write()

    def _spawn(self, spec: PartSpec) -> None:
        child = Child(
            spec.name,
            spec.argv,
            log=self._home.log_of(spec.name),
            environment=self._environment(),
            listens=spec.listens,
            what=spec.what,
            changed=self._write,
        )
        self._children.append(child)
        self._runs.append(asyncio.create_task(child.run(), name=spec.name))

    def _environment(self) -> dict[str, str]:
        """The person's, less what would speak for somebody else."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name != "KUBECONFIG"
        }
        return {**kept, "PODID_HOME": str(self._home.path)}

    async def _all_ready(self, waiting: Coroutine[None, None, None]) -> None:
        """Wait, but no longer than until a part ends: its log then says why."""
        ready = asyncio.create_task(waiting)
        ends = {child.first_end: child for child in self._children}
        waited: set[asyncio.Future[Any]] = {ready, *ends}
        done, _ = await asyncio.wait(waited, timeout=_READY_WITHIN, return_when=asyncio.FIRST_COMPLETED)
        if ready in done:
            ready.result()
            return
        ready.cancel()
        ended = next((child for future, child in ends.items() if future in done), None)
        if ended is not None:
            raise LocalProblem(
                f"{ended.name} ended at its start: {self._last_words(ended.name)}", f"its log: podid logs {ended.name}"
            )
        raise LocalProblem(f"podid was not ready within {_READY_WITHIN:.0f} s", "its logs: podid logs")

    def _last_words(self, name: str) -> str:
        try:
            lines = self._home.log_of(name).read_text(errors="replace").splitlines()
        except OSError:
            return "no log was written"
        return readable(lines[-1])[1].strip() if lines else "it said nothing"

    # --- ending

    async def _end(self) -> None:
        self._state = msgspec.structs.replace(self._state, ready=False)
        await asyncio.gather(*(child.stop(_GRACE.get(child.name, 5.0)) for child in self._children))
        for run in self._runs:
            run.cancel()
        await asyncio.gather(*self._runs, return_exceptions=True)

    # --- telling

    def _write(self) -> None:
        self._state = msgspec.structs.replace(self._state, parts=tuple(child.part for child in self._children))
        with contextlib.suppress(OSError):
            write_state(self._home, self._state)

    def _tell(self, event: Told) -> None:
        if self._events is not None:
            with contextlib.suppress(OSError):
                os.write(self._events, msgspec.json.encode(event) + b"\n")
        elif isinstance(event, Progress):
            sys.stderr.write(f"podid: {event.text}\n")
            sys.stderr.flush()
        elif isinstance(event, Ready):
            sys.stderr.write(
                f'podid: ready ({event.state.isolation}). In another terminal: eval "$(podid env)"; here: Ctrl-C stops it\n'
            )
            sys.stderr.flush()

    def _detach_events(self) -> None:
        if self._events is not None:
            os.close(self._events)
            self._events = None
            # nobody listens any more: further events go to the supervisor's own log

    def _follow_logs(self) -> None:
        for line in read_logs(self._home, part=None, follow=True, tail=0):
            sys.stderr.write(line + "\n")
