"""How pods end: by their signal, by the end of their grace, by force, by their deadline."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from podid.localcluster.ports import LogOptions, NotRunning

from .conftest import World, is_ready, phase, say

SLEEP: dict[str, Any] = {"command": ["sleep", "infinity"]}


def test_a_deleted_pod_ends_by_its_signal_and_leaves_nothing(world: World) -> None:
    async def scenario() -> None:
        async with world.kubelet() as kubelet:
            world.pod(
                "p", {"command": ["sh", "-c", "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done"]}
            )
            pod = await world.until("p", is_ready)
            async for piece in kubelet.logs(pod, "c0", LogOptions(follow=True)):
                if b"up" in piece:
                    break
            world.delete("p", 30)
            await world.until_gone("p")
            assert world.reasons("p")["Killing"] == "Stopping container c0"
            assert list((world.home / "pods").iterdir()) == []
            with pytest.raises(NotRunning, match=r"is not on this node|container not found"):
                await say(kubelet, pod, "true")

    asyncio.run(scenario())


def test_grace_ends_in_a_kill(world: World) -> None:
    async def scenario() -> None:
        async with world.kubelet():
            world.pod("p", {"command": ["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"]})
            await world.until("p", is_ready)
            world.delete("p", 3600)
            await world.until("p", lambda _: "Killing" in world.reasons("p"))
            world.ahead = timedelta(hours=1)
            world.touch("p")
            await world.until_gone("p")

    asyncio.run(scenario())


def test_force_ends_it_at_once(world: World) -> None:
    async def scenario() -> None:
        async with world.kubelet():
            world.pod("p", {"command": ["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"]})
            pod = await world.until("p", is_ready)
            world.store.remove("pods", "default", "p", pod["metadata"]["uid"])
            async with asyncio.timeout(20):
                while list((world.home / "pods").iterdir()):
                    await asyncio.sleep(0.01)

    asyncio.run(scenario())


def test_a_hook_runs_before_the_end(world: World) -> None:
    async def scenario() -> None:
        hook = {"preStop": {"exec": {"command": ["sh", "-c", f"echo asked > {world.home}/hook"]}}}
        async with world.kubelet():
            world.pod("p", {**SLEEP, "lifecycle": hook})
            await world.until("p", is_ready)
            world.delete("p", 30)
            await world.until_gone("p")
        assert (world.home / "hook").read_text() == "asked\n"

    asyncio.run(scenario())


def test_a_pod_past_its_deadline_fails(world: World) -> None:
    async def scenario() -> None:
        async with world.kubelet():
            world.pod("p", SLEEP, activeDeadlineSeconds=60)
            await world.until("p", is_ready)
            world.ahead = timedelta(seconds=61)
            world.touch("p")
            pod = await world.until("p", phase("Failed"))
            assert pod["status"]["reason"] == "DeadlineExceeded"

    asyncio.run(scenario())
