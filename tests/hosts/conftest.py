"""Makes hosts with a writable folder outside /tmp, which a read-only root replaces."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.hosts.hosts import SOMEBODY, Host

MakeHost = Callable[[str, str], Host]


@pytest.fixture
def make_host() -> Iterator[MakeHost]:
    """A host by its limits, and by who is on it: "root", "somebody" (with neither root nor a name), or "me"."""
    if sys.platform != "linux":
        pytest.skip("hosts are crippled by Linux's means")
    folders: list[Path] = []

    def make(limits: str, who: str) -> Host:
        if who == "root" and os.geteuid() != 0:
            pytest.skip("only root can be root on a crippled host")
        user = SOMEBODY if who == "somebody" and os.geteuid() == 0 else None
        folder = Path(tempfile.mkdtemp(prefix="podid-host-", dir=_place()))
        folders.append(folder)
        if user is not None:
            try:
                os.chown(folder, user, user)
            except PermissionError:
                pytest.skip("this root has no capability to be somebody else")
            _need_to_be_readable(user)
        return Host(limits, folder, user)

    yield make
    for folder in folders:
        shutil.rmtree(folder)


def _place() -> str:
    """Where hosts have their folders: this may be such a host itself, where only the home can be written to."""
    return next((folder for folder in ("/var/tmp", os.path.expanduser("~")) if os.access(folder, os.W_OK)), "/tmp")


def _need_to_be_readable(user: int) -> None:
    probe = subprocess.run(
        (sys.executable, "-c", "import podid"),
        user=user,
        group=user,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        check=False,
    )
    if probe.returncode:
        pytest.skip("this interpreter or this tree cannot be read by other users")
