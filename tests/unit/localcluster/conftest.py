"""Clusters for tests."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.unit.localcluster.controller_world import World
from tests.unit.localcluster.running_cluster import Running, Watch
from tests.unit.localcluster.typed_kubectl import Kubectl, binaries


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


@pytest.fixture
def watch(running: Running) -> Iterator[Callable[..., Watch]]:
    """Opens watches on the shared cluster."""
    opened: list[Watch] = []

    def start(path: str, accept: str = "application/json") -> Watch:
        opened.append(Watch(running, path, accept))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.store.close()


_stories = itertools.count(1)


@pytest.fixture(params=binaries() or [""])
def kubectl(running: Running, request: pytest.FixtureRequest) -> Iterator[Kubectl]:
    """Each kubectl there is, in a namespace of the test's own."""
    if not request.param:
        pytest.skip("there is no kubectl")
    made = Kubectl(running, request.param, f"story-{next(_stories)}")
    made("create", "namespace", made.namespace)
    yield made
    made("delete", "namespace", made.namespace, "--wait=false")
