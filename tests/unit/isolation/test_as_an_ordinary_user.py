"""The same suites again as a user without any capability, where the tests themselves run as root: both ways are podid's."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from .conftest import need_namespaces

pytestmark = pytest.mark.namespaces

_NOBODY = 65534
_SUITES = ("test_adapters.py", "test_namespaces_escape.py")
"""Of the first, what runs in namespaces: plain processes need nobody's leave."""


@pytest.mark.parametrize("suite", _SUITES)
def test_all_of_it_works_without_privileges(suite: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("these tests run as an ordinary user already")
    need_namespaces()
    file = Path(__file__).with_name(suite)
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, _NOBODY, _NOBODY)
        as_nobody = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
        probe = subprocess.run(
            (sys.executable, "-c", "import podid, pytest"), cwd="/", capture_output=True, check=False, **as_nobody
        )  # type: ignore[call-overload]
        if probe.returncode or not _may_be_read(file):
            pytest.skip("this interpreter or this tree cannot be read by other users")
        done = subprocess.run(  # type: ignore[call-overload]
            (
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "-p",
                "no:xdist",
                "-k",
                "namespaces",
                "--rootdir",
                str(_root()),
                str(file),
            ),
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": folder, "TMPDIR": folder, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
            **as_nobody,
        )
        assert done.returncode == 0, done.stdout[-3000:]
        assert "passed" in done.stdout


def _root() -> Path:
    return Path(__file__).resolve().parents[3]


def _may_be_read(file: Path) -> bool:
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in file.resolve().parents)
