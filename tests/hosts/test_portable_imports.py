"""Nothing outside the `namespaces` adapter needs what only Linux has: tried on a pretended Mac (pretended_mac.py)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hosts.missing_names import missing_on
from tests.hosts.pretended_mac import make_interpreter

from podid.local.tools import find_tools

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a Mac need not be pretended there")

_SOURCE = Path(__file__).resolve().parents[2] / "src"
_LINUX_ONLY = "podid.localcluster.isolation.namespaces"


_GONE = {
    "os": "pidfd_open sched_getaffinity sched_setaffinity memfd_create eventfd pipe2 posix_fadvise posix_fallocate copy_file_range splice setresuid"
    " setresgid getresuid getrandom fdatasync getxattr O_PATH O_TMPFILE O_DIRECT P_PIDFD",
    "posix": "pidfd_open pipe2",
    "signal": "SIGRTMIN SIGRTMAX SIGPWR SIGPOLL SIGSTKFLT pidfd_send_signal sigwaitinfo sigtimedwait",
    "socket": "AF_NETLINK AF_VSOCK AF_PACKET SO_PEERCRED SO_BINDTODEVICE SO_MARK SOCK_NONBLOCK SOCK_CLOEXEC MSG_CMSG_CLOEXEC MSG_MORE"
    " SCM_CREDENTIALS TCP_USER_TIMEOUT TCP_KEEPIDLE TCP_QUICKACK TCP_DEFER_ACCEPT",
    "select": "epoll EPOLLIN POLLRDHUP",
    "selectors": "EpollSelector",
    "resource": "prlimit RUSAGE_THREAD",
    "fcntl": "F_SETPIPE_SZ F_GETPIPE_SZ F_ADD_SEALS F_SETSIG",
    "time": "CLOCK_BOOTTIME pthread_getcpuclockid",
    "errno": "EREMOTEIO ENONET EUCLEAN",
}
"""Some of what must be gone, by hand: the stubs may err."""


@pytest.fixture(scope="module")
def names() -> dict[str, list[str]]:
    return missing_on("darwin")


@pytest.fixture(scope="module")
def mac(names: dict[str, list[str]]) -> Iterator[Path]:
    """The pretended Mac's Python."""
    with tempfile.TemporaryDirectory(prefix="podid-mac-") as folder:
        yield make_interpreter(Path(folder), names)


def run(mac: Path, *arguments: str, timeout: float = 60, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (mac, *arguments),
        cwd="/",
        env={
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "PYTHONDONTWRITEBYTECODE": "1",
            **variables,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def modules() -> list[str]:
    """Every module of podid's but the adapter's and those that start something when they are imported."""
    paths = sorted(path.relative_to(_SOURCE).with_suffix("") for path in (_SOURCE / "podid").rglob("*.py"))
    found = (".".join(path.parts).removesuffix(".__init__") for path in paths)
    skipped = ("__main__", "migrations.env", "migrations.versions")
    return [name for name in found if not name.startswith(_LINUX_ONLY) and not any(part in name for part in skipped)]


def test_what_is_pretended_is_so(mac: Path, names: dict[str, list[str]]) -> None:
    """Else the tests below would prove nothing."""
    for module, gone in _GONE.items():
        assert set(gone.split()) <= set(names[module]), module
    tried = """
import ctypes, os, socket, sys
def refused(what):
    try:
        what()
    except (OSError, AttributeError) as problem:
        return type(problem).__name__
    return ""
print(sys.platform, *map(refused, (
    lambda: open("/proc/self/stat"),
    lambda: os.stat("/proc"),
    lambda: socket.socket(16, socket.SOCK_RAW),
    lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET),
    lambda: socket.socket(socket.AF_UNIX).bind("/tmp/" + "x" * 99),
    lambda: socket.socket().bind(("127.0.0.2", 0)),
    lambda: ctypes.CDLL(None).unshare,
    lambda: ctypes.CDLL(None).fallocate64,
    lambda: os.pipe2(0),
)))
"""
    done = run(mac, "-c", tried)
    assert done.stdout.split() == ["darwin", *["FileNotFoundError"] * 2, *["OSError"] * 4, *["AttributeError"] * 3], (
        done.stderr
    )


def test_everything_can_be_imported(mac: Path) -> None:
    assert len(modules()) > 300
    done = run(mac, "-c", "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)", *modules())
    assert done.returncode == 0, done.stderr[-2000:]


def test_namespaces_are_refused_in_words(mac: Path) -> None:
    done = run(mac, "-c", "from podid.localcluster.isolation.choose import choose; choose('namespaces')")
    assert "Unavailable: namespaces cannot be used here: they are a feature of Linux; " in done.stderr


@pytest.mark.tools
def test_the_demo_ends_well(mac: Path) -> None:
    """Every process of podid's is on the pretended Mac: supervisor, endpoint, cluster, webhook, node, pods' helpers, agent and IMDS.

    The home is where a Mac has it: with a blank in its path, and so long that no socket below it could be reached by its path.
    """
    if find_tools(lambda _: None).missing:
        pytest.skip("needs the real aws and kubectl")
    with tempfile.TemporaryDirectory(prefix="podid-mac-home-") as folder:
        home = Path(folder) / "Users" / "somebody.with-a-long-name" / "Library" / "Application Support" / "podid"
        assert len(str(home / "cluster" / "node" / "node.sock")) > 104
        done = run(mac, "-m", "podid", "demo", "-o", "json", timeout=240, PODID_HOME=str(home))
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout)["isolation"] == "process"
        assert "namespaces are a feature of Linux" in done.stderr
