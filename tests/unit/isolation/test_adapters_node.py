"""The node of every adapter: found again, swept, ended, and nothing left."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from podid.localcluster.isolation.choose import choose
from podid.localcluster.isolation.port import Mode

from .conftest import Rig, node_in, processes_with

pytestmark = pytest.mark.namespaces


def test_a_kubelet_that_comes_back_finds_what_runs_and_what_ended(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod(uid="kept")
            await rig.start(sandbox, "sleep", "infinity", name="app")
            await rig.run(sandbox, "sh", "-c", "exit 5", name="over")
            again = choose(mode).node(rig.settings)  # a second kubelet, as after kill -9 of the first
            # the first one's listening sockets are gone with it
            if mode == "namespaces":
                await rig.node._relay.close()  # type: ignore[attr-defined]
            assert await again.start() is True
            adopted = await again.adopt(rig.pod_settings("kept"))
            assert adopted is not None
            assert adopted.addresses == sandbox.addresses
            first = await anext(aiter(adopted.states()))
            assert {state.name: (state.state, state.code) for state in first} == {
                "app": ("running", 0),
                "over": ("exited", 5),
            }
            assert await Rig(home, again, rig.settings, mode).exec(adopted, "echo", "still") == (0, "still\n")
            assert await again.adopt(rig.pod_settings("never-made")) is None
            await again.stop()
            assert await again.adopt(rig.pod_settings("kept")) is None

    asyncio.run(scenario())


def test_sweep_ends_the_pods_that_nobody_wants(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            wanted, other = await rig.pod(uid="wanted"), await rig.pod(uid="other")
            await rig.start(wanted)
            await rig.start(other)
            await rig.node.sweep([wanted.uid])
            async with asyncio.timeout(10):
                while processes_with(PODID_CONTAINER=f"{other.uid}/app"):
                    await asyncio.sleep(0.01)
            assert len(processes_with(PODID_CONTAINER=f"{wanted.uid}/app")) == 1

    asyncio.run(scenario())


def test_a_program_of_the_nodes_own_runs_and_ends_with_its_owner(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            log = home / "own.log"
            one = await rig.node.run("one", ("/bin/sh", "-c", "echo $WHO; exit 6"), {"WHO": "imds"}, log)
            assert (await one.wait(), log.read_text()) == (6, "imds\n")
            two = await rig.node.run("two", ("/bin/sleep", "1000"), {"WHO": f"two-{home.name}"}, log)
            async with asyncio.timeout(10):
                while not processes_with(WHO=f"two-{home.name}"):
                    await asyncio.sleep(0.01)
                await two.stop()
                while processes_with(WHO=f"two-{home.name}"):
                    await asyncio.sleep(0.01)

    asyncio.run(scenario())


def test_nothing_is_left_after_stop(home: Path, mode: Mode) -> None:
    async def scenario() -> list[str]:
        async with node_in(home, mode) as rig:
            marks = []
            for number in range(3):
                sandbox = await rig.pod(host_network=number == 2)
                await rig.start(sandbox, "sh", "-c", "trap '' TERM; setsid sleep 9999 & wait")
                marks.append(f"{sandbox.uid}/app")
            await rig.node.run("imds", ("/bin/sleep", "1000"), {"PODID_HOME": str(home)}, home / "log")
            return marks

    links = _links()
    for mark in asyncio.run(scenario()):
        assert processes_with(PODID_CONTAINER=mark) == []
    assert processes_with(PODID_HOME=str(home)) == []
    assert str(home) not in Path("/proc/self/mountinfo").read_text()
    assert _links() <= links


def test_a_removed_pod_leaves_nothing_and_can_be_made_again(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            for _ in range(2):
                sandbox = await rig.pod(uid="again")
                await rig.start(sandbox)
                await sandbox.remove()
                await sandbox.remove()
                assert processes_with(PODID_CONTAINER=f"{sandbox.uid}/app") == []
                assert [state async for state in sandbox.states()] == []

    asyncio.run(scenario())


def _links() -> set[str]:
    """The host's own links: no node ever adds one."""
    return {line.split(":")[0].strip() for line in Path("/proc/net/dev").read_text().splitlines()[2:]}


def test_a_node_that_was_killed_is_made_again(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod(uid="again")
            await rig.start(sandbox)
            record = json.loads((rig.settings.folder / "node.json").read_text())
            os.kill(record["pid"], signal.SIGKILL)
            again = await rig.pod(uid="again")
            await rig.start(again)
            assert await rig.exec(again, "echo", "back") == (0, "back\n")
            assert len(processes_with(PODID_CONTAINER=f"{again.uid}/app")) == 1

    asyncio.run(scenario())
