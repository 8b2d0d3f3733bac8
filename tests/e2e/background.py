"""What takes its time and disturbs nobody plays beside the other tests: one job after another on a thread of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.e2e.installed import PODID, clean_environment


class Ended(NamedTuple):
    """A process that ended."""

    code: int
    out: str
    err: str
    folder: Path
    """Its TMPDIR."""


class Background:
    """Commands that run from `start` on, in order; `result` waits for one of them."""

    def __init__(self) -> None:
        self._jobs: dict[str, Callable[[Path], tuple[list[str], Mapping[str, str]]]] = {}
        self._ended: dict[str, Ended] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[str] | None = None
        self._stopping = False

    def add(self, name: str, job: Callable[[Path], tuple[list[str], Mapping[str, str]]]) -> None:
        """`job` gives the command line and the environment, for a folder of its own."""
        self._jobs[name] = job

    def start(self) -> None:
        self._thread = threading.Thread(target=self._play, name="background", daemon=True)
        self._thread.start()

    def result(self, name: str) -> Ended:
        if self._thread is None:
            self.start()
        with self._changed:
            assert self._changed.wait_for(lambda: name in self._ended, timeout=180), f"{name} did not end"
            return self._ended[name]

    def stop(self) -> None:
        """End what still plays, as Ctrl-C would, and remove the folders."""
        self._stopping = True
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        if self._thread is not None:
            self._thread.join(60)
        for ended in self._ended.values():
            shutil.rmtree(ended.folder, ignore_errors=True)

    def _play(self) -> None:
        for name, job in self._jobs.items():
            if self._stopping:
                return
            folder = Path(tempfile.mkdtemp(prefix="podid-e2e-"))
            argv, environment = job(folder)
            self._process = subprocess.Popen(
                argv,
                env=dict(environment),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            out, err = self._process.communicate()
            with self._changed:
                self._ended[name] = Ended(self._process.returncode, out, err, folder)
                self._changed.notify_all()


def demos(isolation: str) -> Background:
    """`podid demo` as it is, and one whose `kubectl apply` says that it did what it did not."""
    background = Background()

    def demo(folder: Path) -> tuple[list[str], Mapping[str, str]]:
        environment = clean_environment(folder / "none") | {"TMPDIR": str(folder)}
        del environment["PODID_HOME"]  # a demo of its own home
        return [PODID, "demo", "-o", "json", "--isolation", isolation], environment

    def broken(folder: Path) -> tuple[list[str], Mapping[str, str]]:
        argv, environment = demo(folder)
        tools = folder / "tools"
        tools.mkdir()
        real = shutil.which("kubectl")
        wrapper = tools / "kubectl"
        wrapper.write_text(f'#!/bin/sh\n[ "$1" != apply ] || {{ echo unchanged; exit 0; }}\nexec {real} "$@"\n')
        wrapper.chmod(0o755)
        return argv, {**environment, "PATH": f"{tools}{os.pathsep}{environment['PATH']}"}

    background.add("demo", demo)
    background.add("broken", broken)
    return background
