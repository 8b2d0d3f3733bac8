"""The system calls that Python 3.11 does not have, by ctypes. Each raises OSError with the call's name.

Only for single-threaded helper processes: namespaces belong to a thread, and glibc keeps nothing of this in step.
Numbers above 424 are the same on every architecture; the few older ones are listed.
"""

# A helper process: pathlib would cost start-up time.
# ruff: noqa: PTH123

from __future__ import annotations

import ctypes
import os
import platform
import struct
from typing import Final

CLONE_NEWNS: Final = 0x00020000
CLONE_NEWUTS: Final = 0x04000000
CLONE_NEWIPC: Final = 0x08000000
CLONE_NEWUSER: Final = 0x10000000
CLONE_NEWPID: Final = 0x20000000
CLONE_NEWNET: Final = 0x40000000

MS_RDONLY: Final = 0x1
MS_NOSUID: Final = 0x2
MS_NODEV: Final = 0x4
MS_NOEXEC: Final = 0x8
MS_REMOUNT: Final = 0x20
MS_BIND: Final = 0x1000
MS_REC: Final = 0x4000
MS_SLAVE: Final = 0x80000

MNT_DETACH: Final = 0x2

MOUNT_ATTR_RDONLY: Final = 0x1
MOUNT_ATTR_NOSUID: Final = 0x2
MOUNT_ATTR_NODEV: Final = 0x4
MOUNT_ATTR_NOEXEC: Final = 0x8

PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_SET_NAME: Final = 15
PR_CAPBSET_DROP: Final = 24
PR_SET_NO_NEW_PRIVS: Final = 38
PR_CAP_AMBIENT: Final = 47
PR_CAP_AMBIENT_CLEAR_ALL: Final = 4

_AT_EMPTY_PATH = 0x1000
_AT_RECURSIVE = 0x8000
_OPEN_TREE_CLONE = 0x1
_OPEN_TREE_CLOEXEC = os.O_CLOEXEC
_MOVE_MOUNT_F_EMPTY_PATH = 0x4
_MOVE_MOUNT_T_EMPTY_PATH = 0x40
_RESOLVE_IN_ROOT = 0x10
_KEYCTL_JOIN_SESSION_KEYRING = 1

_SYS_OPEN_TREE = 428
_SYS_MOVE_MOUNT = 429
_SYS_OPENAT2 = 437
_SYS_MOUNT_SETATTR = 442
_SYS_PIVOT_ROOT, _SYS_KEYCTL, _SYS_CAPSET = {"x86_64": (155, 250, 126)}.get(platform.machine(), (41, 219, 91))

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def _check(result: int, name: str, path: str | None = None) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}", path)
    return int(result)


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else os.fsencode(text)


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags` for new ones."""
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(fd: int, kind: int) -> None:
    """Enter the namespace of a file descriptor. A pid namespace is entered by the children made from then on."""
    _check(_libc.setns(ctypes.c_int(fd), ctypes.c_int(kind)), "setns")


def mount(source: str | None, target: str, kind: str | None, flags: int = 0, options: str | None = None) -> None:
    """mount(2)."""
    result = _libc.mount(_bytes(source), _bytes(target), _bytes(kind), ctypes.c_ulong(flags), _bytes(options))
    _check(result, f"mount {kind or 'bind'}", target)


def unmount(target: str, flags: int = 0) -> None:
    """umount2(2)."""
    _check(_libc.umount2(_bytes(target), ctypes.c_int(flags)), "umount2", target)


def pivot_root(new_root: str, put_old: str) -> None:
    """pivot_root(2)."""
    _check(_libc.syscall(ctypes.c_long(_SYS_PIVOT_ROOT), _bytes(new_root), _bytes(put_old)), "pivot_root", new_root)


def prctl(option: int, argument: int = 0) -> None:
    """prctl(2) with one argument."""
    zero = ctypes.c_ulong(0)
    _check(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(argument), zero, zero, zero), f"prctl {option}")


def set_title(name: str, title: str) -> None:
    """Name the calling process as `ps` shows it: `name` (15 bytes), and `title` in the place of its command line.

    The command line is where the kernel says that it lies (proc(5), /proc/PID/stat, fields 48 and 49); it may hold a person's paths.
    """
    _libc.prctl(ctypes.c_int(PR_SET_NAME), ctypes.c_char_p(name.encode()[:15]))
    with open("/proc/self/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    if start and end > start:
        text = title.encode()[: end - start - 1]
        ctypes.memmove(start, text + b"\0" * (end - start - len(text)), end - start)


def capset(allowed: int) -> None:
    """Set the permitted and effective capabilities to a mask, and the inheritable ones to none (capset(2), version 3)."""
    header = struct.pack("=Ii", 0x20080522, 0)
    low, high = allowed & 0xFFFFFFFF, allowed >> 32
    data = struct.pack("=6I", low, low, 0, high, high, 0)
    _check(_libc.syscall(ctypes.c_long(_SYS_CAPSET), ctypes.c_char_p(header), ctypes.c_char_p(data)), "capset")


def new_session_keyring() -> None:
    """Leave the session keyring of whoever started podid, which may hold their keys."""
    nothing = ctypes.c_void_p(None)
    _check(_libc.syscall(ctypes.c_long(_SYS_KEYCTL), ctypes.c_long(_KEYCTL_JOIN_SESSION_KEYRING), nothing), "keyctl")


def open_in_root(root: int, path: str, flags: int) -> int:
    """Open a path as if the directory `root` were `/`: neither `..` nor a link leads out (openat2(2), RESOLVE_IN_ROOT)."""
    how = ctypes.create_string_buffer(struct.pack("=QQQ", flags | os.O_CLOEXEC, 0, _RESOLVE_IN_ROOT), 24)
    result = _libc.syscall(ctypes.c_long(_SYS_OPENAT2), ctypes.c_int(root), _bytes(path), how, ctypes.c_size_t(24))
    return _check(result, "openat2", path)


def clone_tree(folder: int, path: str = "", *, recursive: bool) -> int:
    """A detached copy of the mount at `path` below the descriptor `folder` (empty: at it), as a descriptor (open_tree(2))."""
    flags = (
        _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC | (0 if path else _AT_EMPTY_PATH) | (_AT_RECURSIVE if recursive else 0)
    )
    result = _libc.syscall(ctypes.c_long(_SYS_OPEN_TREE), ctypes.c_int(folder), _bytes(path), ctypes.c_uint(flags))
    return _check(result, "open_tree", path)


def attach_tree(tree: int, target: int) -> None:
    """Put a detached mount at the place of an open file or folder (move_mount(2))."""
    flags = _MOVE_MOUNT_F_EMPTY_PATH | _MOVE_MOUNT_T_EMPTY_PATH
    call = ctypes.c_long(_SYS_MOVE_MOUNT)
    result = _libc.syscall(call, ctypes.c_int(tree), b"", ctypes.c_int(target), b"", ctypes.c_uint(flags))
    _check(result, "move_mount")


def add_attributes(tree: int, attributes: int, *, recursive: bool) -> None:
    """Set mount attributes on a mount, and with `recursive` on all below it (mount_setattr(2), Linux 5.12)."""
    arguments = ctypes.create_string_buffer(struct.pack("=QQQQ", attributes, 0, 0, 0), 32)
    flags = _AT_EMPTY_PATH | (_AT_RECURSIVE if recursive else 0)
    call = ctypes.c_long(_SYS_MOUNT_SETATTR)
    result = _libc.syscall(call, ctypes.c_int(tree), b"", ctypes.c_uint(flags), arguments, ctypes.c_size_t(32))
    _check(result, "mount_setattr")
