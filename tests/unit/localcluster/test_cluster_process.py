"""The cluster as a process: it survives, and refuses what it cannot do."""

from __future__ import annotations

import http.client
import json
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.localcluster.running_cluster import CONFIG_MAPS, Running, config_map, free_port, until

from podid.localcluster.cluster import run
from podid.localcluster.objects.journal import Journal
from podid.localcluster.settings import ClusterSettings

PROGRAM = """
import sys
from pathlib import Path
from podid.localcluster.cluster import run
from podid.localcluster.settings import ClusterSettings
home = Path(sys.argv[1])
sys.exit(run(ClusterSettings(home=home, podid_home=home, port=int(sys.argv[2]), issuer="https://i.test", run_pods=False)))
"""


class Process:
    """A cluster without pods, in a process of its own."""

    def __init__(self, home: Path, port: int) -> None:
        self.home, self.port = home, port
        command = [sys.executable, "-c", PROGRAM, str(home), str(port)]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def wait_until_ready(self) -> None:
        until(lambda: self.ask("GET", "/readyz")[0] == 200, seconds=60)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Status and body; 0 where nobody listens."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, timeout=5, context=ssl._create_unverified_context()
        )
        try:
            tokens = self.home / "tokens.json"
            token = json.loads(tokens.read_text())["administrator"] if tokens.exists() else ""
            connection.request(method, path, json.dumps(body) if body else None, {"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 0, b""
        finally:
            connection.close()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    started: list[Process] = []
    yield started
    for process in started:
        process.end()


def test_everything_survives_a_kill(tmp_path: Path, processes: list[Process]) -> None:
    port = free_port()
    first = Process(tmp_path / "home", port)
    processes.append(first)
    first.wait_until_ready()
    assert first.ask("POST", CONFIG_MAPS, config_map("kept", a="1"))[0] == 201
    first.end()
    second = Process(tmp_path / "home", port)
    processes.append(second)
    second.wait_until_ready()
    assert json.loads(second.ask("GET", f"{CONFIG_MAPS}/kept")[1])["data"] == {"a": "1"}
    second.process.send_signal(signal.SIGTERM)
    assert second.process.wait(60) == 0


def settings(home: Path, port: int) -> ClusterSettings:
    return ClusterSettings(home=home, podid_home=home, port=port, issuer="https://i.test", run_pods=False)


def test_a_second_cluster_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "objects.db")
    assert run(settings(tmp_path, free_port())) == 3
    journal.close()


def test_a_taken_port_is_refused(tmp_path: Path, running: Running) -> None:
    assert run(settings(tmp_path, running.port)) == 3
