"""One process under the supervisor: started, watched, started again when it ends unasked, ended when asked.

A child's standard error is its log file, so that no pipe breaks when the supervisor goes. Two pipes lead to it (supervised.py has its side
of them): one tells it to begin and closes with the supervisor, by the other it tells that it is ready.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from podid.local.state import Part, Phase
from podid.local.supervised import GO, PARENT_PIPE, READY, READY_PIPE

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 10.0
_STEADY = 30.0
"""Seconds of life after which an end counts as the first one again."""
_LOG_LIMIT = 8 * 1024 * 1024


class Child:
    """A part of local mode as a process. `changed` is called whenever its state is another.

    `run` starts it; it begins its work after `go`. `ready` is set at its first notice, `first_end` holds the exit code of its first end,
    for whoever waits for it to be ready.
    """

    def __init__(
        self,
        name: str,
        argv: tuple[str, ...],
        *,
        log: Path,
        environment: Mapping[str, str],
        changed: Callable[[], None],
    ) -> None:
        self.name = name
        self.listens = ""
        self.what = ""
        self.ready = asyncio.Event()
        self.first_end: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._argv = argv
        self._log = log
        self._environment = dict(environment)
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._phase: Phase = "stopped"
        self._since: datetime | None = None
        self._restarts = 0
        self._may_begin = False
        self._stopping = False
        self._leash: int | None = None
        self._log_began: int | None = None

    @property
    def part(self) -> Part:
        return Part(
            name=self.name,
            phase=self._phase,
            pid=self._process.pid if self._process and self._process.returncode is None else 0,
            since=self._since,
            restarts=self._restarts,
            listens=self.listens,
            what=self.what,
        )

    def lines(self) -> list[str]:
        """What it has written into its log since it was first started here."""
        try:
            with self._log.open("rb") as file:
                file.seek(self._log_began or 0)
                return file.read().decode(errors="replace").splitlines()
        except OSError:
            return []

    def go(self) -> None:
        """Let the part begin: what it needs is prepared. It holds for later starts of it, too."""
        self._may_begin = True
        self._pass_go()

    async def run(self) -> None:
        """Keep the process running until `stop`."""
        pause = _FIRST_PAUSE
        while not self._stopping:
            began = asyncio.get_running_loop().time()
            code = await self._once()
            if not self.first_end.done():
                self.first_end.set_result(code)
            if self._stopping:
                break
            pause = (
                _FIRST_PAUSE if asyncio.get_running_loop().time() - began > _STEADY else min(pause * 2, _LONGEST_PAUSE)
            )
            self._restarts += 1
            self._set("restarting")
            await asyncio.sleep(pause)
        self._set("stopped")

    async def _once(self) -> int:
        begin, self._leash = os.pipe()
        notices, notice = os.pipe()
        given = {PARENT_PIPE: str(begin), READY_PIPE: str(notice)}
        try:
            with _opened_log(self._log) as log:
                if self._log_began is None:
                    self._log_began = os.fstat(log).st_size
                self._process = await asyncio.create_subprocess_exec(
                    *self._argv,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**self._environment, **given},
                    pass_fds=(begin, notice),
                    start_new_session=True,
                )
        finally:
            os.close(begin)
            os.close(notice)
        self._since = datetime.now(UTC)
        self._set("starting")
        if self._may_begin:
            self._pass_go()
        loop = asyncio.get_running_loop()
        loop.add_reader(notices, self._noticed, notices)
        try:
            return await self._process.wait()
        finally:
            loop.remove_reader(notices)
            os.close(notices)
            os.close(self._leash)
            self._leash = None

    def _pass_go(self) -> None:
        if self._leash is not None:
            with contextlib.suppress(OSError):  # it has ended already
                os.write(self._leash, GO)

    def _noticed(self, notices: int) -> None:
        asyncio.get_running_loop().remove_reader(notices)
        if os.read(notices, 1) == READY:
            self.ready.set()
            self._set("running")

    async def stop(self, grace: float) -> None:
        """SIGTERM, and SIGKILL after `grace` seconds."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(grace):  # wait_for loses a cancellation that comes with the end (CPython 3.11)
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _set(self, phase: Phase) -> None:
        self._phase = phase
        self._changed()


@contextlib.contextmanager
def _opened_log(path: Path) -> Iterator[int]:
    """The log file, opened for appending; a large one of earlier starts is set aside first."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > _LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
