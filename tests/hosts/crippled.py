#!/usr/bin/env python3
"""Run a command on a crippled host: this machine, with things taken away from the command and everything below it.

    crippled.py LIMIT[,LIMIT...] [--user UID] [--writable FOLDER]... -- COMMAND [ARGUMENT...]

    no-capabilities        no program gets any capability, root's neither
    no-user-namespaces     a user namespace whose own user.max_user_namespaces is 0 (as root: all ids are mapped; else one's own)
    no-namespace-calls     a seccomp filter as container engines have it: unshare, setns, mount and their kin answer EPERM
    read-only-root         no file can be written but below --writable; /tmp is a file system of its own
    no-tun                 there is no /dev/net/tun
    small-shm              /dev/shm holds 64 KiB
    masked-proc            a part of /proc is covered, as engines do: no user namespace may mount another one

    --user     become this user, after what needs root. Its groups are its own alone.

Ends with 77 and the reason where this machine cannot take something away (as root only, mostly); else it becomes the command.
Standard library only; nothing outlives the command.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.hosts import seccomp
from tests.hosts import system_calls as calls

CANNOT = 77
"""The exit code for "not on this machine", as automake's tests have it."""


class Cannot(Exception):
    """The machine, or this user's rights on it, do not allow to take this away."""


def own_mounts() -> None:
    """A mount namespace of our own; for an ordinary user in a user namespace with its own id alone."""
    if os.geteuid() == 0:
        calls.unshare(calls.CLONE_NEWNS)
    else:
        _enter_user_namespace(calls.CLONE_NEWUSER | calls.CLONE_NEWNS)
    calls.mount("none", "/", "", calls.MS_REC | calls.MS_PRIVATE)


def _enter_user_namespace(flags: int) -> None:
    """As root every id stays what it is, which only a process that stays outside may say (user_namespaces(7)); else one's own alone."""
    if os.geteuid() == 0:
        with _outside(_map_all, os.getpid()):
            calls.unshare(flags)
        return
    user, group = os.geteuid(), os.getegid()
    calls.unshare(flags)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1\n")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1\n")


def _map_all(pid: int) -> None:
    for name in ("uid_map", "gid_map"):
        ranges = [line.split() for line in Path(f"/proc/self/{name}").read_text().splitlines()]
        # "inside outside count" of this namespace becomes "inside inside count"
        Path(f"/proc/{pid}/{name}").write_text("".join(f"{inside} {inside} {count}\n" for inside, _, count in ranges))


@contextlib.contextmanager
def _outside(action: Callable[[int], None], pid: int) -> Iterator[None]:
    """Afterwards, in a child that was forked before: `action(pid)`. Raises OSError with what it met."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(write)
        os.read(read, 1)
        code = 0
        try:
            action(pid)
        except OSError as problem:
            code = problem.errno or 1
        os._exit(code)
    os.close(read)
    try:
        yield
    finally:
        os.close(write)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise OSError(code, f"ids cannot be mapped: {os.strerror(code)}")


def read_only_root(writable: Sequence[str]) -> None:
    for folder in writable:
        calls.mount(folder, folder, "", calls.MS_BIND | calls.MS_REC)
    if not any(Path("/tmp").is_relative_to(folder) for folder in writable):
        if Path(__file__).is_relative_to("/tmp"):  # podid itself lies there: another file system would hide it
            calls.mount("/tmp", "/tmp", "", calls.MS_BIND | calls.MS_REC)
        else:
            calls.mount("tmpfs", "/tmp", "tmpfs", 0, "mode=1777")
    calls.set_read_only("/", read_only=True, recursive=True)
    for folder in (*writable, "/tmp"):
        calls.set_read_only(folder, read_only=False, recursive=False)
    for folder in ("/proc", "/dev"):  # as engines leave them: not of the root file system
        calls.set_read_only(folder, read_only=False, recursive=True)


def no_tun(_: Sequence[str]) -> None:
    if Path("/dev/net").is_dir():
        calls.mount("tmpfs", "/dev/net", "tmpfs", 0, "size=4k,mode=755")


def small_shm(_: Sequence[str]) -> None:
    if Path("/dev/shm").is_dir():
        calls.mount("tmpfs", "/dev/shm", "tmpfs", 0, "size=64k,mode=1777")


def masked_proc(_: Sequence[str]) -> None:
    calls.mount("/dev/null", "/proc/timer_list", "", calls.MS_BIND)
    calls.mount("tmpfs", "/proc/fs", "tmpfs", 0, "size=4k,mode=755,ro")


# small file systems are made before the whole is set read-only
MOUNTS: dict[str, Callable[[Sequence[str]], None]] = {
    "no-tun": no_tun,
    "small-shm": small_shm,
    "masked-proc": masked_proc,
    "read-only-root": read_only_root,
}


def no_user_namespaces() -> None:
    _enter_user_namespace(calls.CLONE_NEWUSER)
    # one's own count, in a namespace of one's own: nothing outside changes (namespaces(7), /proc/sys/user)
    Path("/proc/sys/user/max_user_namespaces").write_text("0")


def become(user: int) -> None:
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def cripple(limits: set[str], user: int | None, writable: Sequence[str]) -> None:
    """Take all of it away from this process, in the order in which each still may. Raises OSError or Cannot."""
    if limits & set(MOUNTS):
        own_mounts()
        for name, take in MOUNTS.items():
            if name in limits:
                take(writable)
    if "no-user-namespaces" in limits:
        no_user_namespaces()
    if "no-capabilities" in limits:
        calls.drop_bounding_set()
    if user is not None and os.geteuid() != user:
        if os.geteuid() != 0:
            raise Cannot("only root can become another user")
        become(user)
    calls.set_no_new_privileges()
    if "no-namespace-calls" in limits:
        calls.install_filter(seccomp.without_namespaces())
    if "no-capabilities" in limits:
        calls.drop_capabilities()


LIMITS = ("no-capabilities", "no-user-namespaces", "no-namespace-calls", *MOUNTS)


def main() -> NoReturn:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("limits", help="names with commas between; empty: none")
    parser.add_argument("--user", type=int)
    parser.add_argument("--writable", action="append", default=[])
    parser.add_argument("command", nargs="+")
    chosen = parser.parse_args()
    limits = set(filter(None, chosen.limits.split(",")))
    if limits - set(LIMITS):
        parser.error(f"no such limit: {', '.join(sorted(limits - set(LIMITS)))}")
    try:
        if sys.platform != "linux":
            raise Cannot("only Linux has these limits")
        cripple(limits, chosen.user, chosen.writable)
    except (OSError, Cannot) as problem:
        sys.stderr.write(f"crippled: {problem}\n")
        sys.exit(CANNOT)
    os.execvp(chosen.command[0], chosen.command)


if __name__ == "__main__":
    main()
