"""Starts the processes that benchmarks measure: on a core of their own, ended with the benchmark, their log kept for when they fail."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
from load import SERVER_CORE, Failed, keep_to

HERE = Path(__file__).resolve().parent
FLOOR = (sys.executable, str(HERE / "floor.py"))
PODID = (sys.executable, "-m", "podid")


@contextlib.contextmanager
def running(
    argv: tuple[str, ...], log: Path, *, environment: Mapping[str, str] | None = None, core: int | None = SERVER_CORE
) -> Iterator[psutil.Popen]:
    """The process, until the block ends. What it wrote is told where it failed by itself."""
    with log.open("ab") as out:
        process = psutil.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env={**os.environ, **(environment or {})}
        )
    try:
        if core is not None:
            keep_to(core, process.pid)
        yield process
    except Failed as problem:
        said = log.read_text(errors="replace").splitlines()[-3:]
        raise Failed(f"{problem}; its last words: {' | '.join(said) or 'none'}") from problem
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
        try:
            process.wait(10)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(10)


def resident_mib(process: psutil.Process) -> float:
    return process.memory_info().rss / 1024 / 1024
