"""The cluster as a process: it survives, and refuses what it cannot do."""

from __future__ import annotations

import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.unit.localcluster.running_cluster import CONFIG_MAPS, Running, config_map, free_port, until

from podid.localcluster.cluster import run
from podid.localcluster.objects.journal import Journal
from podid.localcluster.settings import ClusterSettings


def test_everything_survives_a_kill(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from podid.localcluster.cluster import run
from podid.localcluster.settings import ClusterSettings
home = Path(sys.argv[1])
sys.exit(run(ClusterSettings(home=home / "cluster", podid_home=home, port=int(sys.argv[2]), issuer="https://i.test", run_pods=False)))
"""
    port = free_port()
    processes = []

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path), str(port)], stderr=subprocess.DEVNULL)
        processes.append(process)
        until(lambda: _ask("GET", "/readyz")[0] == 200)
        return process

    def _ask(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=ssl._create_unverified_context())
        try:
            tokens = tmp_path / "cluster" / "tokens.json"
            token = json.loads(tokens.read_text())["administrator"] if tokens.exists() else ""
            connection.request(method, path, json.dumps(body) if body else None, {"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 0, b""
        finally:
            connection.close()

    first = start()
    assert _ask("POST", CONFIG_MAPS, config_map("kept", a="1"))[0] == 201
    first.kill()
    first.wait()
    second = start()
    assert json.loads(_ask("GET", f"{CONFIG_MAPS}/kept")[1])["data"] == {"a": "1"}
    second.send_signal(signal.SIGTERM)
    assert second.wait(20) == 0
    assert os.stat(tmp_path / "cluster" / "kubeconfig").st_mode & 0o777 == 0o600


def test_a_second_cluster_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    settings = ClusterSettings(
        home=tmp_path, podid_home=tmp_path, port=free_port(), issuer="https://i.test", run_pods=False
    )
    journal = Journal(tmp_path / "objects.db")
    assert run(settings) == 3
    journal.close()


def test_a_taken_port_is_refused(tmp_path: Path, running: Running) -> None:
    settings = ClusterSettings(
        home=tmp_path, podid_home=tmp_path, port=running.port, issuer="https://i.test", run_pods=False
    )
    assert run(settings) == 3
