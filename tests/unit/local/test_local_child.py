"""A part under the supervisor: started again when it ends, ended when asked, and gone when its parent is."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import psutil

from podid.local.child import Child

ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}


def _child(folder: Path, program: str) -> Child:
    return Child(
        "part",
        (sys.executable, "-c", program),
        log=folder / "part.log",
        environment=ENVIRONMENT,
        listens="",
        what="",
        changed=lambda: None,
    )


def test_a_part_that_ends_is_started_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        child = _child(tmp_path, "import sys; print('once more', file=sys.stderr); sys.exit(3)")
        run = asyncio.create_task(child.run())
        assert await asyncio.wait_for(child.first_end, 20) == 3
        async with asyncio.timeout(20):
            while (tmp_path / "part.log").read_text().count("once more") < 2:
                await asyncio.sleep(0.02)
        assert child.part.restarts >= 1
        await child.stop(5)
        run.cancel()

    asyncio.run(scenario())


def test_a_part_is_ended_by_sigterm_and_not_started_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        child = _child(tmp_path, "import time; print('up', flush=True); time.sleep(60)")
        run = asyncio.create_task(child.run())
        async with asyncio.timeout(20):
            while "up" not in ((tmp_path / "part.log").read_text() if (tmp_path / "part.log").exists() else ""):
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
    part = "from podid.local.child import tie_to_parent; tie_to_parent(); import time; print('tied', flush=True); time.sleep(60)"
    child = Child("part", (sys.executable, "-c", part), log=Path({str(tmp_path / "part.log")!r}),
                  environment={ENVIRONMENT!r}, listens="", what="", changed=lambda: None)
    run = asyncio.create_task(child.run())
    while not child.part.pid:
        await asyncio.sleep(0.01)
    print(child.part.pid, flush=True)
    await run
asyncio.run(main())
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, env=ENVIRONMENT, text=True
    ) as parent:
        assert parent.stdout is not None
        part = psutil.Process(int(parent.stdout.readline()))
        log = tmp_path / "part.log"
        while "tied" not in log.read_text():
            pass
        parent.kill()
    part.wait(timeout=20)
