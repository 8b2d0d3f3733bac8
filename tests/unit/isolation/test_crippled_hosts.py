"""On a host that gives no namespaces podid says what was refused, and its pods are plain processes: the adapters' suite runs there."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from .conftest import need_namespaces

pytestmark = pytest.mark.namespaces  # taking them away needs them

_NOBODY = 65534
_ASK = "from podid.localcluster.isolation.choose import choose; chosen = choose('auto'); print(chosen.name, chosen.why)"


def _crippled(what: str, *command: str, as_nobody: bool) -> subprocess.CompletedProcess[str]:
    """Run a program on such a host, as this user or, where this is root, as one without privileges."""
    need_namespaces()
    if as_nobody and os.geteuid() != 0:
        pytest.skip("these tests run as an ordinary user already")
    with tempfile.TemporaryDirectory() as folder:
        identity = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if as_nobody else {}
        if as_nobody:
            os.chown(folder, _NOBODY, _NOBODY)
            able = subprocess.run(
                (sys.executable, "-c", "import podid, pytest"), cwd="/", capture_output=True, check=False, **identity
            )  # type: ignore[call-overload]
            if able.returncode:
                pytest.skip("this interpreter cannot be used by other users")
        done: subprocess.CompletedProcess[str] = subprocess.run(  # type: ignore[call-overload]
            (sys.executable, str(Path(__file__).with_name("crippled.py")), what, *command),
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": folder, "TMPDIR": folder, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
            **identity,
        )
        return done


@pytest.mark.parametrize("as_nobody", [False, True], ids=["as-me", "as-nobody"])
@pytest.mark.parametrize(
    ("what", "refused", "way_out"),
    [
        ("no-namespaces", "user namespace was refused", "sysctl user.max_user_namespaces"),
        ("seccomp", "namespace was refused", ""),
        ("masked-proc", "mount of proc was refused", ""),
    ],
)
def test_what_was_refused_is_said_and_processes_are_taken(
    what: str, refused: str, way_out: str, as_nobody: bool
) -> None:
    if what == "masked-proc" and not as_nobody and os.geteuid() == 0:
        pytest.skip("root of the namespace that masks may also unmask")
    done = _crippled(what, sys.executable, "-c", _ASK, as_nobody=as_nobody)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("process "), done.stdout
    assert refused in done.stdout
    assert way_out in done.stdout


@pytest.mark.parametrize(("what", "as_nobody"), [("no-namespaces", False), ("seccomp", True)])
def test_pods_work_as_plain_processes(what: str, as_nobody: bool) -> None:
    suite = Path(__file__).with_name("test_adapters.py")
    arguments = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", "process", "--rootdir", str(suite.parents[3]))
    done = _crippled(what, sys.executable, "-m", "pytest", *arguments, str(suite), as_nobody=as_nobody)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "passed" in done.stdout
