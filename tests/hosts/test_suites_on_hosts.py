"""The adapters' own suites again, by those who have less: in namespaces as a user without privileges, as plain processes where nothing else is to be had."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.hosts.hosts import Host

from podid.localcluster.isolation.choose import try_namespaces

MakeHost = Callable[[str, str], Host]

pytestmark = pytest.mark.namespaces

_ROOT = Path(__file__).resolve().parents[2]
_SUITES = _ROOT / "tests" / "unit" / "isolation"


def run_suite(host: Host, suite: str, mode: str) -> None:
    """Run those tests of a suite that are about one adapter, on a host; skip where its user cannot read the tree."""
    files = sorted(_SUITES.glob(f"test_{suite}*.py"))
    if host.user is not None and not all(folder.stat().st_mode & 0o005 == 0o005 for folder in files[0].parents):
        pytest.skip("this tree cannot be read by other users")
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", _ROOT, "-k", mode)
    done = host.run(sys.executable, "-m", "pytest", *options, *files, timeout=240)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "passed" in done.stdout


@pytest.mark.parametrize("suite", ["adapters", "namespaces_escape"])
def test_namespaces_need_no_privileges(make_host: MakeHost, suite: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("these tests run as an ordinary user already")
    if (trial := try_namespaces()).refused:
        pytest.skip(f"this host gives no namespaces: {trial.refused} {trial.text}")
    run_suite(make_host("", "somebody"), suite, "namespaces")


@pytest.mark.parametrize(
    ("limits", "who"),
    [
        ("no-user-namespaces,no-capabilities", "root"),
        ("no-namespace-calls,masked-proc,read-only-root,no-tun,small-shm", "somebody"),
    ],
)
def test_pods_work_as_plain_processes(make_host: MakeHost, limits: str, who: str) -> None:
    run_suite(make_host(limits, who), "adapters", "process")
