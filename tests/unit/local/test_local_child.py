"""A part under the supervisor: begun when it may, started again when it ends, ended when asked, and gone when its parent is."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import psutil

from podid.local.child import Child

ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}
PART = """
from podid.local.supervised import tell_ready, wait_for_go
import time
began = wait_for_go()
print("began" if began else "given up", flush=True)
if began:
    tell_ready()
    tell_ready()
    time.sleep(60)
"""


def child_of(folder: Path, program: str) -> Child:
    return Child(
        "part", (sys.executable, "-c", program), log=folder / "part.log", environment=ENVIRONMENT, changed=lambda: None
    )


def said(folder: Path) -> str:
    log = folder / "part.log"
    return log.read_text() if log.exists() else ""


def test_a_part_begins_when_it_may_and_runs_once_it_says_so(tmp_path: Path) -> None:
    async def scenario() -> None:
        child = child_of(tmp_path, PART)
        run = asyncio.create_task(child.run())
        async with asyncio.timeout(30):
            while not child.part.pid:
                await asyncio.sleep(0.01)
            assert (child.part.phase, said(tmp_path)) == ("starting", "")
            child.go()
            await child.ready.wait()
        assert (child.part.phase, said(tmp_path)) == ("running", "began\n")
        await child.stop(10)
        await run

    asyncio.run(scenario())


def test_a_part_that_may_begin_before_it_is_started_does(tmp_path: Path) -> None:
    async def scenario() -> None:
        child = child_of(tmp_path, PART)
        child.go()
        run = asyncio.create_task(child.run())
        async with asyncio.timeout(30):
            await child.ready.wait()
        await child.stop(10)
        await run

    asyncio.run(scenario())


def test_a_part_that_is_stopped_before_it_may_begin_does_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        child = child_of(tmp_path, PART)
        run = asyncio.create_task(child.run())
        async with asyncio.timeout(30):
            while not child.part.pid:
                await asyncio.sleep(0.01)
            await child.stop(10)
            await run
        assert "began" not in said(tmp_path)
        assert not child.ready.is_set()

    asyncio.run(scenario())


def test_a_part_that_ends_is_started_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        (tmp_path / "part.log").write_text("of an earlier start\n")
        child = child_of(tmp_path, "import sys; print('once more', file=sys.stderr); sys.exit(3)")
        run = asyncio.create_task(child.run())
        assert await asyncio.wait_for(child.first_end, 20) == 3
        async with asyncio.timeout(20):
            while said(tmp_path).count("once more") < 2:
                await asyncio.sleep(0.02)
        assert child.part.restarts >= 1
        assert not child.ready.is_set()
        assert set(child.lines()) == {"once more"}
        await child.stop(5)
        run.cancel()

    asyncio.run(scenario())


def test_a_part_that_was_killed_may_begin_again_at_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        child = child_of(tmp_path, PART)
        run = asyncio.create_task(child.run())
        child.go()
        async with asyncio.timeout(30):
            await child.ready.wait()
            psutil.Process(child.part.pid).kill()
            await child.first_end
            while not (said(tmp_path).count("began") == 2 and child.part.phase == "running"):
                await asyncio.sleep(0.02)
        await child.stop(10)
        await run

    asyncio.run(scenario())


def test_a_part_is_ended_by_sigterm_and_not_started_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        child = child_of(tmp_path, "import time; print('up', flush=True); time.sleep(60)")
        run = asyncio.create_task(child.run())
        async with asyncio.timeout(20):
            while "up" not in said(tmp_path):
                await asyncio.sleep(0.02)
        pid = child.part.pid
        await child.stop(10)
        await asyncio.wait_for(run, 10)
        assert not psutil.pid_exists(pid)
        assert child.part.phase == "stopped"
        assert child.part.restarts == 0

    asyncio.run(scenario())


def test_a_part_ends_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    program = f"""
import asyncio, sys
from pathlib import Path
from podid.local.child import Child
async def main():
    child = Child("part", (sys.executable, "-c", {PART!r}), log=Path({str(tmp_path / "part.log")!r}),
                  environment={ENVIRONMENT!r}, changed=lambda: None)
    run = asyncio.create_task(child.run())
    child.go()
    await child.ready.wait()
    print(child.part.pid, flush=True)
    await run
asyncio.run(main())
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, env=ENVIRONMENT, text=True
    ) as parent:
        assert parent.stdout is not None
        part = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    part.wait(timeout=20)


def test_without_a_supervisor_nothing_is_waited_for(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PART.replace("time.sleep(60)", "print('alone')")],
        env=ENVIRONMENT, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert (ran.stdout, ran.returncode) == ("began\nalone\n", 0)
