"""A whole cluster in a thread: real sockets, real TLS, real store; only its containers are a fake's."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import ssl
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop
from tests.unit.localcluster.fake_kubelet import NODE, SubprocessKubelet

from podid.localcluster.cluster import Cluster
from podid.localcluster.preparing import read_tokens
from podid.localcluster.settings import ClusterSettings

ISSUER = "https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
MERGE = "application/merge-patch+json"


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
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Status and decoded JSON (or text). `token` "" sends none."""
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        headers = {"Accept": accept, "Content-Type": content_type, **(headers or {})}
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
            asyncio.Runner(loop_factory=uvloop.new_event_loop).run(self._main())
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


class Watch:
    """An open watch, line by line."""

    def __init__(self, running: Running, path: str, accept: str = "application/json") -> None:
        context = ssl.create_default_context(cadata=running.cluster.files.ca_pem)
        self._connection = http.client.HTTPSConnection("127.0.0.1", running.port, context=context, timeout=20)
        headers = {"Authorization": f"Bearer {running.tokens.administrator}", "Accept": accept}
        self._connection.request("GET", path, headers=headers)
        self._answer = self._connection.getresponse()

    def next(self) -> tuple[str, Any]:
        line = json.loads(self._answer.readline())
        return line["type"], line["object"]

    def rest(self) -> bytes:
        return self._answer.read()

    def close(self) -> None:
        self._answer.close()
        self._connection.close()


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something that another thread or process brings about."""
    pause = threading.Event()
    for _ in range(int(seconds * 50)):
        if holds():
            return
        pause.wait(0.02)
    raise AssertionError("it never came true")


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def pod(name: str, **spec: Any) -> dict[str, Any]:
    containers = [{"name": "c", "image": "x", "command": ["sleep", "infinity"]}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": containers, **spec}}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
