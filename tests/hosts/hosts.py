"""The crippled hosts that podid is tried on, and how to run a command on one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.hosts.crippled import CANNOT, LIMITS

CRIPPLED = Path(__file__).with_name("crippled.py")
SOMEBODY = 23456
"""An ordinary user who is in no list of users, as in a container that is started with --user."""

NO_NAMESPACES = {
    "no capabilities": "no-capabilities",
    "no user namespaces": "no-user-namespaces",
    "an engine's seccomp filter": "no-namespace-calls",
    "masked proc, read-only, no tun, little shm": "no-namespace-calls,masked-proc,read-only-root,no-tun,small-shm",
    "everything at once": ",".join(LIMITS),
}
"""Hosts on which no namespaces are to be had, by what one would call them."""

NAMESPACES_ALL_THE_SAME = {
    "read-only root": "read-only-root",
    "no tun": "no-tun",
    "little shm": "small-shm",
}
"""Hosts that lack something else: podid takes namespaces there."""


class Host:
    """This machine without some things. `folder` is the only place that a command may write to when the root is read-only."""

    def __init__(self, limits: str, folder: Path, user: int | None) -> None:
        self.limits = limits
        self.folder = folder
        self.user = user

    def run(self, *command: str | Path, timeout: float = 120, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command with an environment of its own. Skips the test where this machine cannot take something away."""
        as_user = () if self.user is None else ("--user", str(self.user))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "PODID_HOME": str(self.folder / "home"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = subprocess.run(
            (sys.executable, CRIPPLED, self.limits, *as_user, "--writable", self.folder, "--", *map(str, command)),
            cwd="/",
            env=environment | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode == CANNOT:
            pytest.skip(f"this machine cannot be crippled so: {done.stderr.strip()}")
        return done
