"""One process under the supervisor: started, watched, started again when it ends unasked, ended when asked.

A child's standard error is its log file, so that no pipe breaks when the supervisor goes. It ends with its parent all the same: it
holds the reading end of a pipe that closes with the supervisor, however that ends (`tie_to_parent` in the child). That needs nothing
of the kernel that only Linux has.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from podid.local.state import Part, Phase

PARENT_PIPE = "PODID_PARENT_PIPE"
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 10.0
_STEADY = 30.0
"""Seconds of life after which an end counts as the first one again."""
_LOG_LIMIT = 8 * 1024 * 1024


def tie_to_parent() -> None:
    """In a child: end, as by SIGTERM, when the supervisor is gone. Without the variable this does nothing."""
    text = os.environ.pop(PARENT_PIPE, "")
    if not text.isdigit():
        return
    descriptor = int(text)
    os.set_inheritable(descriptor, False)

    def wait() -> None:
        with contextlib.suppress(OSError):
            while os.read(descriptor, 1):
                pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()


class Child:
    """A part of local mode as a process. `changed` is called whenever its state is another."""

    def __init__(
        self,
        name: str,
        argv: tuple[str, ...],
        *,
        log: Path,
        environment: Mapping[str, str],
        listens: str,
        what: str,
        changed: Callable[[], None],
    ) -> None:
        self.name = name
        self._argv = argv
        self._log = log
        self._environment = dict(environment)
        self._listens = listens
        self._what = what
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._phase: Phase = "stopped"
        self._since: datetime | None = None
        self._restarts = 0
        self._stopping = False
        self.first_end: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """The exit code of the first end, for whoever waits for the part to be ready."""

    @property
    def part(self) -> Part:
        return Part(
            name=self.name,
            phase=self._phase,
            pid=self._process.pid if self._process and self._process.returncode is None else 0,
            since=self._since,
            restarts=self._restarts,
            listens=self._listens,
            what=self._what,
        )

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
        reading, writing = os.pipe()
        with _opened_log(self._log) as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self._environment, PARENT_PIPE: str(reading)},
                pass_fds=(reading,),
                start_new_session=True,
            )
        os.close(reading)
        self._since = datetime.now(UTC)
        self._set("running")
        try:
            return await self._process.wait()
        finally:
            os.close(writing)

    async def stop(self, grace: float) -> None:
        """SIGTERM, and SIGKILL after `grace` seconds."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(
                grace
            ):  # wait_for loses a cancellation that comes together with the end (CPython 3.11)
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
