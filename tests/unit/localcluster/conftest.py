"""A whole API server for tests: real sockets, real TLS, real store, in a thread of its own; only containers are plain subprocesses."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import termios
import threading
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from podid.core.clock import system_clock
from podid.localcluster.cluster import Cluster
from podid.localcluster.objects.metadata import is_deleted, name_of, namespace_of, timestamp, uid_of
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.ports import LogOptions, NotRunning, Object
from podid.localcluster.preparing import read_tokens
from podid.localcluster.settings import ClusterSettings

ISSUER = "https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF"
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


class Running:
    """A cluster that runs in a thread; use it from the outside, by HTTP or kubectl, or inside with `call`."""

    def __init__(self, home: Path, port: int | None = None) -> None:
        self.home = home
        self.port = port or free_port()
        self.kubelet: SubprocessKubelet
        self.cluster: Cluster
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._ready = threading.Event()
        self._problem: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(20)
        if self._problem is not None:
            raise self._problem
        self.tokens = read_tokens(self.cluster.files)
        self._context = ssl.create_default_context(cadata=self.cluster.files.ca_pem)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)
        assert not self._thread.is_alive()

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function on the cluster's own thread."""

        async def run() -> Any:
            return function(*arguments)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(20)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        raw: bytes | None = None,
    ) -> tuple[int, Any]:
        """Status and decoded JSON (or text). `token` "" sends none."""
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        headers = {"Accept": accept, "Content-Type": content_type}
        if token != "":
            headers["Authorization"] = f"Bearer {token or self.tokens.administrator}"
        request = urllib.request.Request(self.url(path), data, headers, method=method)
        try:
            with urllib.request.urlopen(request, context=self._context, timeout=20) as answer:
                status, text, self.answer_headers = answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as problem:
            with problem:
                status, text, self.answer_headers = problem.code, problem.read(), problem.headers
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text.decode()

    def url(self, path: str) -> str:
        return f"https://127.0.0.1:{self.port}{path}"

    def kubectl(
        self, *arguments: str, binary: str = "kubectl", stdin: str = "", timeout: float = 60
    ) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of the real kubectl."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "KUBECONFIG": str(self.cluster.files.kubeconfig),
        }
        done = subprocess.run(
            [binary, *arguments], env=environment, input=stdin, capture_output=True, text=True, timeout=timeout
        )
        return done.returncode, done.stdout, done.stderr

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as problem:
            self._problem = problem
            self._ready.set()

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self.kubelet = SubprocessKubelet()
        settings = ClusterSettings(
            home=self.home / "cluster",
            podid_home=self.home,
            port=self.port,
            issuer=ISSUER,
            run_pods=False,
            node_name=NODE,
        )
        self.cluster = Cluster(settings, containers=self.kubelet)
        self.kubelet.store = self.cluster.store
        kubelet = asyncio.create_task(self.kubelet.run())
        await self.cluster.start()
        self._ready.set()
        await self._stop.wait()
        kubelet.cancel()
        await asyncio.gather(kubelet, return_exceptions=True)
        await self.cluster.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One cluster for all tests of the session: each uses names, or a namespace, of its own."""
    running = Running(tmp_path_factory.mktemp("cluster"))
    yield running
    running.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts clusters of the test's own, in one folder: a second one finds what the first has stored."""
    started: list[Running] = []

    def run(port: int | None = None) -> Running:
        started.append(Running(tmp_path, port))
        return started[-1]

    yield run
    for one in started:
        with contextlib.suppress(RuntimeError):
            one.stop()


def pytest_configure(config: pytest.Config) -> None:
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
