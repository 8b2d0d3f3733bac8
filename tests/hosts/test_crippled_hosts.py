"""What podid chooses on hosts that lack something, and the walk-through there."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.hosts.hosts import NAMESPACES_ALL_THE_SAME, NO_NAMESPACES, Host

from podid.local.tools import cache_folder, find_tools

MakeHost = Callable[[str, str], Host]

_CHOOSE = (
    "import json, sys; from podid.localcluster.isolation.choose import choose; found = choose('auto');"
    "print(json.dumps([found.name, found.why]))"
)
_LOOK = """
import json, os, pathlib
def may(what, *arguments):
    try:
        what(*arguments)
    except OSError:
        return False
    return True
shm = os.statvfs("/dev/shm")
print(json.dumps({
    "capabilities": int(next(l for l in open("/proc/self/status") if l.startswith("CapEff")).split()[1], 16),
    "write": [may(lambda p=p: pathlib.Path(p, "podid-looks").touch()) for p in ("/usr", "/opt", os.environ["HOME"])],
    "temporary": may(lambda: (pathlib.Path("/tmp/podid-looks").touch(), pathlib.Path("/tmp/podid-looks").unlink())),
    "tun": os.path.exists("/dev/net/tun"),
    "shm": shm.f_blocks * shm.f_frsize,
    "user": os.geteuid(),
}))
"""


def look(host: Host) -> dict[str, object]:
    done = host.run("/usr/bin/env", sys.executable, "-I", "-c", _LOOK)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_what_is_taken_away_is_gone(make_host: MakeHost) -> None:
    """Else the tests below would prove nothing."""
    limits = "no-capabilities,no-namespace-calls,read-only-root,no-tun,small-shm"
    found = look(make_host(limits, "root"))
    assert found == {
        "capabilities": 0,
        "write": [False, False, True],
        "temporary": True,
        "tun": False,
        "shm": 65536,
        "user": 0,
    }


@pytest.mark.parametrize("who", ["root", "somebody"])
@pytest.mark.parametrize("limits", NO_NAMESPACES.values(), ids=NO_NAMESPACES)
def test_auto_takes_processes_and_says_why(make_host: MakeHost, limits: str, who: str) -> None:
    if (limits, who) == ("no-capabilities", "somebody"):
        pytest.skip("an ordinary user has no capabilities anyway, and may have namespaces")
    done = make_host(limits, who).run(sys.executable, "-I", "-c", _CHOOSE)
    assert done.returncode == 0, done.stderr
    name, why = json.loads(done.stdout)
    assert name == "process"
    tried, _, rest = why.partition(" was refused (")
    answer, _, rest = rest.partition("), so ")
    differs, _, way_out = rest.partition("; for namespaces: ")
    assert tried in ("user namespace", "pid and mount namespace", "container's user namespace")
    assert answer.removeprefix("unshare: ") in ("Operation not permitted", "No space left on device")
    assert "not kept apart" in differs
    assert ("everything that root can" in differs) == (who == "root")
    assert way_out
    assert "\n" not in why


def test_a_masked_proc_is_found_by_trying(make_host: MakeHost) -> None:
    done = make_host("masked-proc", "somebody").run(sys.executable, "-I", "-c", _CHOOSE)
    name, why = json.loads(done.stdout)
    assert name == "process"
    assert why.startswith("mount of proc was refused (mount proc: Operation not permitted (/proc)), so ")


@pytest.mark.namespaces
@pytest.mark.parametrize("limits", NAMESPACES_ALL_THE_SAME.values(), ids=NAMESPACES_ALL_THE_SAME)
def test_auto_takes_namespaces_where_other_things_lack(make_host: MakeHost, limits: str) -> None:
    whole = json.loads(make_host("", "root").run(sys.executable, "-I", "-c", _CHOOSE).stdout)
    if whole[0] != "namespaces":
        pytest.skip(f"this machine gives none even where nothing is taken away: {whole[1]}")
    for who in ("root", "somebody"):
        assert json.loads(make_host(limits, who).run(sys.executable, "-I", "-c", _CHOOSE).stdout)[0] == "namespaces"


@pytest.fixture(scope="session")
def tools() -> Path:
    """The cache with the tools in it: hosts read it, and need not unpack again."""
    found = find_tools(lambda _: None)
    if found.missing:
        pytest.skip(f"needs the real {' and '.join(found.missing)}")
    return cache_folder()


_EVERYTHING = "no-capabilities,no-namespace-calls,masked-proc,read-only-root,no-tun,small-shm"
_SHORTLY = (("somebody", _EVERYTHING),)
_AT_LENGTH = (
    ("root", _EVERYTHING),
    *((who, limits) for who in ("root", "somebody") for limits in NO_NAMESPACES.values()),
)


@pytest.mark.tools
@pytest.mark.parametrize(("who", "limits"), (*_SHORTLY, *_AT_LENGTH))
def test_the_demo_ends_well(make_host: MakeHost, tools: Path, who: str, limits: str) -> None:
    if (who, limits) not in _SHORTLY and not os.environ.get("PODID_HOSTS"):
        pytest.skip("half a minute each: PODID_HOSTS=1 runs the demo on every crippled host")
    if (limits, who) == ("no-capabilities", "somebody"):
        pytest.skip("an ordinary user has no capabilities anyway, and may have namespaces")
    host = make_host(limits, who)
    done = host.run(
        sys.executable, "-m", "podid", "demo", "-o", "json", timeout=240, PODID_CACHE=_reachable(tools, host)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    played = json.loads(done.stdout)
    assert played["isolation"] == "process"
    assert [line["code"] for line in played["lines"] if "exec" not in line["command"]].count(0) > 10
    assert "podid: isolation is process: " in done.stderr


def _reachable(tools: Path, host: Host) -> str:
    """The cache as this user may read it: where it lies in a private folder, its files have second names in the host's."""
    open_to_all = all(folder.stat().st_mode & 0o005 == 0o005 for folder in (tools, *tools.parents))
    if host.user is None or open_to_all:
        return str(tools.parent)
    own = host.folder / "cache"
    with contextlib.suppress(OSError):  # another file system: the host unpacks its own
        shutil.copytree(tools, own / "tools", copy_function=os.link, symlinks=True)
    for folder in (own, own / "tools"):
        folder.mkdir(exist_ok=True)
        os.chown(folder, host.user, host.user)
    return str(own)
