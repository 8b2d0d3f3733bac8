"""The supervisor: one process that starts the parts of local mode, watches them, and ends them.

The order of a start:

    1. the home folder, and the lock on it          one supervisor a home
    2. the parts' processes, all at once            child.py; they import what they need and wait for their settings
    3. what was decided before (or now): ports      installation.py
    4. tools, isolation                             what this machine has and allows
    5. the parts' settings; the cluster's keys      parts.py; with its settings a part begins
    6. each one tells that it answers               supervised.py
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
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from podid.local.child import Child
from podid.local.home import Home, chosen_home
from podid.local.installation import Installation, load, load_or_create
from podid.local.logs import read_logs, readable
from podid.local.problems import AlreadyUp, LocalProblem
from podid.local.state import Lock, State, write_state

if TYPE_CHECKING:
    from podid.local.parts import Description

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
        self._children: dict[str, Child] = {}
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
            self._note("stopping")
        finally:
            starting.cancel()
            await self._end()

    # --- starting

    async def _start(self) -> None:
        from podid.local import former, parts, tools

        await asyncio.to_thread(former.wait_for_its_end, self._home, self._note)
        again = load(self._home) is not None
        for name in parts.NAMES:
            self._spawn(name, parts.argv(self._home, name))
        isolating = asyncio.create_task(
            asyncio.to_thread(parts.choose_isolation, self._home, self._wishes.isolation), name="isolation"
        )
        try:
            found = await asyncio.to_thread(tools.find_tools, self._note)
            installation = load_or_create(self._home, port=self._wishes.port, isolation=self._wishes.isolation)
            if again:
                self._note(
                    "roles, associations, keys and Kubernetes objects are as you left them; S3 and the other services start empty"
                )
            self._note(
                f"starting the AWS endpoint on {installation.endpoint}, the cluster {installation.cluster} and its webhook"
            )
            self._go("serve", await asyncio.to_thread(parts.prepare_serve, self._home, installation))
            self._go("webhook", parts.prepare_webhook(self._home, installation))
            isolation = await isolating
        finally:
            isolating.cancel()
            await asyncio.gather(isolating, return_exceptions=True)
        self._state = msgspec.structs.replace(self._state, isolation=isolation.name, isolation_reason=isolation.why)
        self._note(f"isolation is {isolation.name}: {isolation.why}")
        self._go("cluster", parts.prepare_cluster_part(self._home, installation, found, isolation.name))
        await self._all_ready(installation)
        self._state = msgspec.structs.replace(self._state, ready=True)
        self._write()

    def _spawn(self, name: str, argv: tuple[str, ...]) -> None:
        child = Child(name, argv, log=self._home.log_of(name), environment=self._environment(), changed=self._write)
        self._children[name] = child
        self._runs.append(asyncio.create_task(child.run(), name=name))

    def _go(self, name: str, description: Description) -> None:
        """Let a part begin, its settings being written."""
        child = self._children[name]
        child.listens, child.what = description.listens, description.what
        child.go()

    def _environment(self) -> dict[str, str]:
        """The person's, less what would speak for somebody else."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name != "KUBECONFIG"
        }
        return {**kept, "PODID_HOME": str(self._home.path)}

    async def _all_ready(self, installation: Installation) -> None:
        """Wait for every part, but no longer than until one ends: its log then says why."""
        ready = asyncio.create_task(self._wait_for_parts(installation))
        ends = {child.first_end: child for child in self._children.values()}
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
        late = [name for name, child in self._children.items() if not child.ready.is_set()] or ["cluster"]
        words = "; ".join(f"the last words of {name}: {self._last_words(name)}" for name in late)
        raise LocalProblem(
            f"podid was not ready within {_READY_WITHIN:g} s: it waited for {' and '.join(late)}; {words}",
            f"is this machine very busy? The whole log: podid logs {late[0]}",
        )

    async def _wait_for_parts(self, installation: Installation) -> None:
        from podid.local.registration import register_webhook

        for name in ("cluster", "webhook"):
            await self._children[name].ready.wait()
        await asyncio.to_thread(register_webhook, self._home, installation)
        await self._children["serve"].ready.wait()

    def _last_words(self, name: str) -> str:
        lines = self._children[name].lines()
        return readable(lines[-1])[1].strip() if lines else "it said nothing"

    # --- ending

    async def _end(self) -> None:
        self._state = msgspec.structs.replace(self._state, ready=False)
        await asyncio.gather(*(child.stop(_GRACE.get(child.name, 5.0)) for child in self._children.values()))
        for run in self._runs:
            run.cancel()
        await asyncio.gather(*self._runs, return_exceptions=True)

    # --- telling

    def _write(self) -> None:
        self._state = msgspec.structs.replace(self._state, parts=tuple(child.part for child in self._children.values()))
        with contextlib.suppress(OSError):
            write_state(self._home, self._state)

    def _note(self, text: str) -> None:
        self._tell(Progress(text))

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


class Detached(msgspec.Struct, frozen=True):
    """What `podid up --detach` passes to the supervisor that it starts."""

    wishes: Wishes
    events: int
    """The descriptor of a pipe that takes an event a line (`Told`)."""


def run_detached(text: str) -> int:
    """The supervisor as a process of its own (`podid part supervisor`); `text` is a `Detached` as JSON."""
    try:
        given = msgspec.json.decode(text, type=Detached)
    except msgspec.MsgspecError as problem:
        sys.stderr.write(
            f"podid: {text[:200]!r} is not what podid up passes: {problem}\n  start it with: podid up --detach\n"
        )
        return 2
    return Supervisor(chosen_home(), given.wishes, events=given.events, follow=False).run()
