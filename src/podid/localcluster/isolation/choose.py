"""Which way to keep containers apart: the one asked for, or with `auto` the best that this host allows; and what was refused, in one line."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Literal

from msgspec import Struct

from podid.localcluster.isolation.port import Isolation, IsolationError, Mode

_LAUNCHER = Path(__file__).resolve().with_name("launch.py")
_TRIAL_TIMEOUT = 20.0
_OF_CONTAINERS = ("/.dockerenv", "/run/.containerenv", "/run/systemd/container")
"""What Docker, Podman and systemd put into a container."""


class Trial(Struct, frozen=True):
    """What the kernel answered when the whole recipe of `namespaces` was tried."""

    refused: str
    """The step that was refused; empty: none was."""
    errno: int = 0
    text: str = ""


class Hints(Struct, frozen=True, kw_only=True):
    """What of this host may be the reason: the values of its files, empty where there is no such file."""

    max_user_namespaces: str = ""
    unprivileged_userns_clone: str = ""
    apparmor_restricts: str = ""
    in_container: bool = False
    in_chroot: bool = False
    root: bool = False


class Unavailable(IsolationError):
    """The mode that was asked for cannot be had here."""


def choose(mode: Mode | Literal["auto"], *, scratch: Path | None = None, trusted: bool = False) -> Isolation:
    """The adapter for `mode`. Takes a twentieth of a second where namespaces are tried. Raises Unavailable.

    `scratch`: a folder in which the trial may make another; default: the system's temporary one. `trusted`: that `mode` works here was found
    out already; `auto` is tried all the same.
    """
    if mode == "process":
        return _processes(f"as asked: {differs()}")
    if sys.platform != "linux":
        refused = "namespaces cannot be used here: they are a feature of Linux; --isolation process works everywhere"
        fallen_back = f"namespaces are a feature of Linux, so {differs()}"
    else:
        trial = Trial("") if trusted and mode == "namespaces" else try_namespaces(scratch)
        if not trial.refused:
            from podid.localcluster.isolation.namespaces.adapter import Namespaces

            why = "the kernel allows user, mount, pid and network namespaces" if mode == "auto" else "as asked"
            return Namespaces(why)
        hints = read_hints()
        refused = refusal(trial, hints)
        tried = f"{trial.refused} was refused ({trial.text})"
        fallen_back = f"{tried}, so {differs()}; for namespaces: {_way_out(trial, hints)}"
    if mode == "namespaces":
        raise Unavailable(refused)
    return _processes(fallen_back)


def _processes(why: str) -> Isolation:
    from podid.localcluster.isolation.process.adapter import Processes

    return Processes(why)


def differs() -> str:
    """What is not there in process mode, in the words for this user and this machine."""
    reach = "everything that root can" if os.geteuid() == 0 else "whatever you can"
    text = f"pods are plain processes on this machine, not kept apart: by absolute path they read and write {reach}"
    if "amazon ec2" in _value("/sys/class/dmi/id/sys_vendor").lower():
        text += ", and one that ignores AWS_EC2_METADATA_SERVICE_ENDPOINT reaches this EC2 host's own role"
    return text


def try_namespaces(scratch: Path | None = None) -> Trial:
    """Take every step once, in a process of its own that leaves nothing."""
    with tempfile.TemporaryDirectory(prefix="podid-trial-", dir=scratch) as folder:
        try:
            done = subprocess.run(
                (sys.executable, "-I", "-S", str(_LAUNCHER), "trial", folder),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TRIAL_TIMEOUT,
                check=False,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired:
            return Trial("trial", errno.ETIMEDOUT, f"no end after {_TRIAL_TIMEOUT:.0f} s")
    try:
        found = json.loads(done.stdout)
        return Trial(found["refused"], found["errno"], found["text"])
    except (ValueError, KeyError, TypeError):
        return Trial("trial", 0, done.stderr.decode(errors="replace").strip()[-300:] or "no answer")


def read_hints() -> Hints:
    """Read what this host says about user namespaces."""
    return Hints(
        max_user_namespaces=_value("/proc/sys/user/max_user_namespaces"),
        unprivileged_userns_clone=_value("/proc/sys/kernel/unprivileged_userns_clone"),
        apparmor_restricts=_value("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
        in_container=any(Path(path).exists() for path in _OF_CONTAINERS) or "KUBERNETES_SERVICE_HOST" in os.environ,
        in_chroot=_is_chroot(_value("/proc/self/mountinfo")),
        root=os.geteuid() == 0,
    )


def _is_chroot(mounts: str) -> bool:
    """Whether `/` is a folder of some file system and no mount, by mountinfo of proc(5). A chroot into a mount cannot be told from a container."""
    places = [line.split()[4] for line in mounts.splitlines() if line.count(" ") > 4]
    return bool(places) and "/" not in places


def _value(path: str) -> str:
    with contextlib.suppress(OSError):
        return Path(path).read_text().strip()
    return ""


def refusal(trial: Trial, hints: Hints) -> str:
    """One line: what was refused, and how to allow it."""
    return f"namespaces cannot be used here: {trial.refused} was refused ({trial.text}); {_way_out(trial, hints)}"


def _way_out(trial: Trial, hints: Hints) -> str:
    is_proc = "proc" in trial.refused
    if trial.errno == errno.ENOSPC or (hints.max_user_namespaces == "0" and not is_proc):
        return "user namespaces are limited to 0: sudo sysctl user.max_user_namespaces=15000"
    if hints.unprivileged_userns_clone == "0":
        return "user namespaces are for root only: sudo sysctl kernel.unprivileged_userns_clone=1"
    if hints.apparmor_restricts == "1":
        return "AppArmor restricts them: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0, or give podid's Python a profile with `userns`"
    if trial.errno == errno.ENOSYS:
        return "this kernel is too old: Linux 5.12 is needed"
    if is_proc and hints.in_container:
        return "the container engine masks parts of /proc: start the container with --security-opt systempaths=unconfined, or --privileged"
    if hints.in_container:
        return "the container engine forbids it: start the container with --privileged"
    if trial.refused in ("bridge", "veth"):
        return "the kernel lacks the bridge or veth driver: sudo modprobe bridge veth"
    if hints.in_chroot:
        return "the kernel gives none inside a chroot: run podid outside of it, or in a container in its place"
    if hints.root:
        return "a seccomp filter, a security module or a chroot forbids it even to root: run podid outside of what it runs in"
    return "run podid as root, or allow user namespaces for ordinary users"
