"""API servers to be a client of: the local cluster's own, over TLS in a thread, and one that answers whatever a test wants."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from podid.kube import Kubernetes, connect
from podid.localcluster.cluster import Cluster
from podid.localcluster.settings import ClusterFiles, ClusterSettings


class RunningCluster:
    """The local cluster's API server and controllers, without a node."""

    def __init__(self, home: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = probe.getsockname()[1]
        self._home = home
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)
        self.files: ClusterFiles
        self._thread.start()
        assert self._ready.wait(20)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        cluster = Cluster(
            ClusterSettings(
                home=self._home / "cluster",
                podid_home=self._home,
                port=self._port,
                issuer="https://issuer.test",
                run_pods=False,
            )
        )
        self.files = cluster.files
        await cluster.start()
        self._ready.set()
        await self._stop.wait()
        await cluster.stop()


@pytest.fixture(scope="session")
def local_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    running = RunningCluster(tmp_path_factory.mktemp("cluster"))
    yield running
    running.stop()


@pytest.fixture
def client(local_cluster: RunningCluster) -> Iterator[Kubernetes]:
    made = connect(local_cluster.files.serve_kubeconfig, timeout=5)
    yield made
    made.close()


class Answering:
    """A server whose next answers a test sets: (status, content type, body), the last one again and again."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, str, bytes]] = []
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                outer.seen.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
                status, kind, body = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

            def log_message(self, *_: Any) -> None:
                """Nothing: the test's output is the test's."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def say(self, *answers: Any, status: int = 200) -> None:
        self.answers = [(status, "application/json", json.dumps(each).encode()) for each in answers]


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Answering]:
    made = Answering()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def kubeconfig(server: str, **user: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
    }


@pytest.fixture
def write_kubeconfig(tmp_path: Path) -> Any:
    """Writes a kubeconfig for a server and gives its path; keywords are the user's."""

    def write(server: str, **user: Any) -> Path:
        path = tmp_path / "kubeconfig"
        path.write_text(json.dumps(kubeconfig(server, **user)))
        return path

    return write


@pytest.fixture
def guest(answering: Answering, write_kubeconfig: Any) -> Iterator[Kubernetes]:
    """A client of the server that answers what it is told."""
    made = connect(write_kubeconfig(answering.url, token="secret"), timeout=2)
    yield made
    made.close()
