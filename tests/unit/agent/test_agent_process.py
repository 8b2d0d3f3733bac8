"""The whole process, started as the command line starts it: ready, ended by SIGTERM, and its exit statuses."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from typing import Any

import pytest

PROGRAM = """
import sys, msgspec
from podid.agent.server import run
from podid.agent.settings import AgentSettings
sys.exit(run(msgspec.json.decode(sys.argv[1], type=AgentSettings)))
"""
ENVIRONMENT = {"AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def start(**changes: Any) -> subprocess.Popen[str]:
    settings = {
        "cluster_name": "c",
        "port": 0,
        "probe_port": 0,
        "metrics_port": 0,
        "metrics_address": "127.0.0.1",
        "bind_hosts": ["127.0.0.1"],
        "endpoint": "http://127.0.0.1:1",
        **changes,
    }
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, json.dumps(settings)],
        env={**os.environ, **ENVIRONMENT},
        stderr=subprocess.PIPE,
        text=True,
    )


def healthy(port: int) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                return int(answer.status) == 200
        except OSError:
            time.sleep(0.01)
    return False


def test_it_becomes_healthy_and_ends_in_order_at_sigterm() -> None:
    port = free_port()
    agent = start(probe_port=port)
    try:
        assert healthy(port)
        agent.send_signal(signal.SIGTERM)
        _, log = agent.communicate(timeout=20)
    finally:
        agent.kill()
    assert agent.returncode == 0
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["message"] for line in lines] == ["agent started", "agent stops"]


def test_an_address_that_is_taken_is_exit_3() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        agent = start(port=taken.getsockname()[1])
        _, log = agent.communicate(timeout=20)
    assert agent.returncode == 3
    assert "cannot listen on http://127.0.0.1" in log


@pytest.mark.parametrize("changes", [{"cluster_name": "no/name"}, {"endpoint": "nowhere"}])
def test_settings_that_cannot_be_meant_are_exit_2(changes: dict[str, Any]) -> None:
    agent = start(**changes)
    _, log = agent.communicate(timeout=20)
    assert agent.returncode == 2
    assert log.startswith("podid agent: ")
