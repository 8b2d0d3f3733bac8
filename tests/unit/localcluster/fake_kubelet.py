"""A kubelet for tests: it says that pods run, and runs programs of exec as plain subprocesses, on pipes or on a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import shutil
import struct
import termios
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

from podid.core.clock import system_clock
from podid.localcluster.objects.metadata import is_deleted, name_of, namespace_of, timestamp, uid_of
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.ports import LogOptions, NotRunning, Object

NODE = "node1"


class Session:
    """A real subprocess, on pipes or on a terminal."""

    def __init__(self, process: asyncio.subprocess.Process, terminal: int | None) -> None:
        self._process = process
        self._terminal = terminal

    @classmethod
    async def start(cls, command: Sequence[str], *, stdin: bool, tty: bool) -> Session:
        if not tty:
            feed = asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL
            process = await asyncio.create_subprocess_exec(
                *command, stdin=feed, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
            )
            return cls(process, None)
        outer, inner = pty.openpty()
        process = await asyncio.create_subprocess_exec(
            "setsid", "--ctty", "--wait", *command, stdin=inner, stdout=inner, stderr=inner
        )
        os.close(inner)
        os.set_blocking(outer, False)
        return cls(process, outer)

    async def write(self, data: bytes) -> None:
        if self._terminal is not None:
            os.write(self._terminal, data)
        elif self._process.stdin is not None:
            self._process.stdin.write(data)
            await self._process.stdin.drain()

    async def close_stdin(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def resize(self, width: int, height: int) -> None:
        if self._terminal is not None:
            fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    async def output(self) -> AsyncIterator[tuple[Literal[1, 2], bytes]]:
        if self._terminal is not None:
            async for piece in self._terminal_output(self._terminal):
                yield 1, piece
            return
        queue: asyncio.Queue[tuple[Literal[1, 2], bytes] | None] = asyncio.Queue(8)

        async def pump(channel: Literal[1, 2], reader: asyncio.StreamReader | None) -> None:
            assert reader is not None
            while piece := await reader.read(65536):
                await queue.put((channel, piece))
            await queue.put(None)

        tasks = [
            asyncio.create_task(pump(1, self._process.stdout)),
            asyncio.create_task(pump(2, self._process.stderr)),
        ]
        open_ = 2
        while open_:
            found = await queue.get()
            if found is None:
                open_ -= 1
            else:
                yield found
        await asyncio.gather(*tasks)

    async def _terminal_output(self, terminal: int) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        while True:
            ready = asyncio.Event()
            loop.add_reader(terminal, ready.set)
            try:
                await ready.wait()
            finally:
                loop.remove_reader(terminal)
            try:
                piece = os.read(terminal, 65536)
            except OSError:
                return
            if not piece:
                return
            yield piece

    async def wait(self) -> int:
        code = await self._process.wait()
        if self._terminal is not None:
            os.close(self._terminal)
            self._terminal = None
        return code if code >= 0 else 128 - code

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self._process.returncode is None:
                self._process.kill()


class SubprocessKubelet:
    """Makes pods "run": status from the store, programs from the machine. A container named `down` never becomes ready."""

    def __init__(self) -> None:
        self.store: ObjectStore | None = None
        self.log_lines: list[bytes] = [b"one\n", b"two\n", b"three\n"]
        self.more_log = asyncio.Event()

    async def run(self) -> None:
        assert self.store is not None
        store = self.store
        node = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": NODE, "labels": {"kubernetes.io/hostname": NODE}},
            "spec": {},
            "status": {
                "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
                "addresses": [{"type": "InternalIP", "address": "10.88.0.1"}],
                "nodeInfo": {"kubeletVersion": "v1.33.0+podid"},
            },
        }
        if store.get("nodes", "", NODE) is None:
            store.create("nodes", node)
        async for event in store.watch("pods"):
            pod = event.object
            if event.type == "DELETED" or pod["spec"].get("nodeName") != NODE:
                continue
            if is_deleted(pod):
                store.remove("pods", namespace_of(pod), name_of(pod), uid_of(pod))
            elif pod["status"].get("phase") == "Pending":
                store.update("pods", namespace_of(pod), name_of(pod), _run_pod)

    async def logs(self, pod: Object, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        if options.previous:
            raise NotRunning(f'previous terminated container "{container}" in pod "{name_of(pod)}" not found')
        lines = self.log_lines[-options.tail_lines :] if options.tail_lines is not None else self.log_lines
        if options.tail_lines == 0:
            lines = []
        for line in lines:
            yield line
        if options.follow:
            await self.more_log.wait()
            yield b"more\n"

    async def exec(
        self,
        pod: Object,
        container: str,
        command: Sequence[str],
        *,
        stdin: bool,
        tty: bool,
        stdout: bool = True,
        stderr: bool = True,
    ) -> Session:
        if shutil.which(command[0]) is None:
            raise NotRunning(f'exec: "{command[0]}": executable file not found in $PATH')
        return await Session.start(command, stdin=stdin, tty=tty)

    async def dial(self, pod: Object, port: int) -> tuple[Any, Any]:
        try:
            return await asyncio.open_connection("127.0.0.1", port)
        except OSError as problem:
            raise NotRunning(f"failed to connect to localhost:{port}: connection refused") from problem


def _run_pod(pod: Object) -> None:
    now = timestamp(system_clock())
    ready = not any(one["name"] == "down" for one in pod["spec"]["containers"])
    true = "True" if ready else "False"
    conditions = [one for one in pod["status"].get("conditions") or [] if one["type"] == "PodScheduled"]
    conditions += [
        {"type": type_, "status": true, "lastTransitionTime": now}
        for type_ in ("Initialized", "Ready", "ContainersReady")
    ]
    pod["status"] |= {
        "phase": "Running",
        "podIP": "10.88.0.9",
        "hostIP": "10.88.0.1",
        "startTime": now,
        "conditions": conditions,
        "containerStatuses": [
            {
                "name": one["name"],
                "image": one["image"],
                "imageID": "",
                "ready": ready,
                "restartCount": 0,
                "started": True,
                "state": {"running": {"startedAt": now}},
                "lastState": {},
            }
            for one in pod["spec"]["containers"]
        ],
    }
