"""A kubelet that comes after one that was killed: pods that live are taken up, the others are started again, and nothing is left over."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from podid.localcluster.isolation import leftovers

from .conftest import World, container, is_ready, phase, processes_of, read_log, say, until_said

SLEEP: dict[str, Any] = {"command": ["sleep", "infinity"]}


def test_two_kubelets_in_turn_keep_a_pod_running(world: World) -> None:
    _killed_and_back(world)


@pytest.mark.namespaces
def test_two_kubelets_in_turn_keep_a_pod_running_in_namespaces(namespaced_world: World) -> None:
    _killed_and_back(namespaced_world)


def _killed_and_back(world: World) -> None:
    """The first kubelet is cut off as by kill -9: its tasks end, and nothing that it holds is told."""

    async def first() -> str:
        task, kubelet = await world.start()
        world.pod("stays", {"command": ["sh", "-c", "echo started; exec sleep infinity"]})
        ended = world.pod("ends", SLEEP, restartPolicy="Never")
        await world.until("stays", is_ready)
        await world.until("ends", is_ready)

        async def nothing() -> None:
            return

        kubelet._stop = nothing  # type: ignore[method-assign]
        if world.mode == "namespaces":
            await kubelet._context.node._relay.close()  # type: ignore[attr-defined]
        task.cancel()
        for worker in kubelet._tasks.values():
            worker.cancel()
        await asyncio.gather(task, *kubelet._tasks.values(), return_exceptions=True)
        return str(ended["metadata"]["uid"])

    async def second() -> None:
        async with world.kubelet() as kubelet:
            pod = await world.until("stays", is_ready)
            assert container(pod)["restartCount"] == 0
            await until_said(kubelet, pod, "started\n")
            assert await say(kubelet, pod, "echo", "there") == (0, "there\n")
            ended = await world.until("ends", phase("Failed"))
            assert container(ended)["state"]["terminated"]["exitCode"] == 137

    async def third() -> None:
        async with world.kubelet() as kubelet:
            pod = await world.until("stays", lambda pod: is_ready(pod) and container(pod)["restartCount"] == 1)
            assert container(pod)["lastState"]["terminated"]["exitCode"] == 143
            assert await read_log(kubelet, pod, previous=True) == "started\n"

    for pid in processes_of(asyncio.run(first())):
        os.kill(pid, signal.SIGKILL)
    asyncio.run(second())
    asyncio.run(third())  # after a node that was stopped, all are started again


def test_the_node_is_ready_when_podids_own_pods_are_ready_again(world: World) -> None:
    """`podid up` waits for the node: the agent must answer then."""
    gate = world.home / "gate"
    probe = {"exec": {"command": ["test", "-e", str(gate)]}, "periodSeconds": 1}

    async def first() -> None:
        async with world.kubelet():
            gate.touch()
            world.pod("agent", {"image": "podid/podid:1", **SLEEP, "readinessProbe": probe})
            world.pod("other", {**SLEEP, "readinessProbe": probe})
            await world.until("agent", is_ready)
            await world.until("other", is_ready)

    async def second() -> None:
        gate.unlink()
        starting = asyncio.create_task(world.start())
        await world.until("agent", lambda pod: not is_ready(pod) and "running" in container(pod)["state"])
        await world.until("other", lambda pod: not is_ready(pod) and "running" in container(pod)["state"])
        assert not starting.done()
        gate.touch()
        task, _ = await starting
        pod = world.get("agent")
        assert pod is not None and is_ready(pod)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(first())
    asyncio.run(second())


def test_pods_that_were_deleted_meanwhile_are_swept(world: World) -> None:
    async def first() -> None:
        task, kubelet = await world.start()
        pod = world.pod("p", SLEEP)
        await world.until("p", is_ready)

        async def nothing() -> None:
            return

        kubelet._stop = nothing  # type: ignore[method-assign]
        task.cancel()
        for worker in kubelet._tasks.values():
            worker.cancel()
        await asyncio.gather(task, *kubelet._tasks.values(), return_exceptions=True)
        world.store.remove("pods", "default", "p", pod["metadata"]["uid"])

    async def second() -> None:
        async with world.kubelet():
            assert list((world.home / "pods").iterdir()) == []

    asyncio.run(first())
    asyncio.run(second())


def test_what_a_killed_kubelet_left_can_be_ended_without_one(world: World) -> None:
    async def first() -> None:
        _, kubelet = await world.start()
        world.pod("p", {"command": ["sh", "-c", "setsid sleep 4321 & sleep infinity"]})
        await world.until("p", is_ready)

        async def nothing() -> None:
            return

        kubelet._stop = nothing  # type: ignore[method-assign]

    asyncio.run(first())
    assert leftovers.end(world.home / "node") is True
    assert leftovers.end(world.home / "node") is False
    marker = f"HOME={world.home}".encode()
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            assert marker not in entry.read_bytes(), entry
        except OSError:
            continue
