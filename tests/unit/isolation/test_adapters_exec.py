"""Programs beside a container's own (`Sandbox.exec`), from every adapter."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from podid.localcluster.isolation.port import CannotStart, Mode

from .conftest import node_in, processes_with

pytestmark = pytest.mark.namespaces


def test_exec_carries_bytes_both_ways_and_the_exit_code(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            await rig.start(sandbox)
            assert await rig.exec(sandbox, "sh", "-c", "exit 41") == (41, "")
            assert await rig.exec(sandbox, "sh", "-c", "kill -9 $$") == (137, "")
            big = b"0123456789abcdef" * 100_000
            assert await rig.exec(sandbox, "cat", stdin=big) == (0, big.decode())
            assert await rig.exec(sandbox, "head", "-c1", stdin=big) == (0, "0")
            session = await sandbox.exec("app", ("sh", "-c", "echo a; echo b >&2"), {}, stdin=False, terminal=False)
            said = {number: piece async for number, piece in session.output()}
            assert said == {1: b"a\n", 2: b"b\n"}

    asyncio.run(scenario())


def test_exec_on_a_terminal_has_size_job_control_and_the_exit_code(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            await rig.start(sandbox)
            session = await sandbox.exec("app", ("sh",), {}, stdin=True, terminal=True)
            await session.resize(111, 33)
            said = b""

            async def read_on() -> None:
                nonlocal said
                async for number, piece in session.output():
                    assert number == 1
                    said += piece

            async def see(text: bytes) -> None:
                async with asyncio.timeout(10):
                    while text not in said:
                        await asyncio.sleep(0.01)

            reading = asyncio.create_task(read_on())
            await session.write(b"stty size; test -t 0 && echo is''-tty\n")
            await see(b"33 111")
            await see(b"is-tty")
            await session.write(b"trap 'echo got''-int' INT; echo rea''dy; cat\n")
            await see(b"ready")
            await session.write(b"\x03")
            await see(b"got-int")
            await session.write(b"exit 7\n")
            await reading
            assert await session.wait() == 7

    asyncio.run(scenario())


def test_a_client_that_goes_takes_its_program_with_it(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            await rig.start(sandbox)
            session = await sandbox.exec(
                "app", ("sh", "-c", "sleep 12345 & wait"), {"MARK": home.name}, stdin=True, terminal=False
            )
            async with asyncio.timeout(10):
                while len(processes_with(MARK=home.name)) < 2:
                    await asyncio.sleep(0.01)
                await session.kill()
                while processes_with(MARK=home.name):
                    await asyncio.sleep(0.01)

    asyncio.run(scenario())


def test_a_program_that_leaves_something_behind_does_not_hold_exec(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            await rig.start(sandbox)
            async with asyncio.timeout(10):
                assert await rig.exec(sandbox, "sh", "-c", "sleep 1000 & echo done") == (0, "done\n")

    asyncio.run(scenario())


def test_exec_in_a_container_that_does_not_run_is_refused(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            await rig.run(sandbox, "true")
            with pytest.raises(CannotStart, match="not running"):
                await rig.exec(sandbox, "true")
            await sandbox.signal("app", signal.SIGTERM)  # is no error

    asyncio.run(scenario())


def test_exec_begins_in_the_containers_working_directory(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            await rig.start(sandbox, folder="/usr/share")
            assert await rig.exec(sandbox, "pwd") == (0, "/usr/share\n")

    asyncio.run(scenario())
