"""System calls by which a process gives things up, by ctypes: what `limits` is made of. Linux on x86_64 and aarch64."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Sequence
from typing import Final

CLONE_NEWNS: Final = 0x00020000
CLONE_NEWUSER: Final = 0x10000000
NAMESPACE_FLAGS: Final = 0x7E020080
"""Every CLONE_NEW* of clone(2): NS, CGROUP, UTS, IPC, USER, PID, NET, TIME."""

MS_BIND: Final = 0x1000
MS_REC: Final = 0x4000
MS_PRIVATE: Final = 0x40000
MOUNT_ATTR_RDONLY: Final = 0x1

_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_AT_RECURSIVE = 0x8000
_AT_FDCWD = -100

AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_OLD_NUMBERS = {
    "x86_64": {
        "clone": 56,
        "pivot_root": 155,
        "mount": 165,
        "umount2": 166,
        "unshare": 272,
        "setns": 308,
        "capset": 126,
    },
    "aarch64": {"clone": 220, "pivot_root": 41, "mount": 40, "umount2": 39, "unshare": 97, "setns": 268, "capset": 91},
}
# numbers above 424 are the same on every architecture
_NEW_NUMBERS = {
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "clone3": 435,
    "mount_setattr": 442,
}

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def number(name: str) -> int:
    """The number of a system call on this machine."""
    return _NEW_NUMBERS.get(name) or _OLD_NUMBERS[platform.machine()][name]


def _check(result: int, what: str) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def unshare(flags: int) -> None:
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    result = _libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode())
    _check(result, f"mount {target}")


def set_read_only(path: str, read_only: bool, *, recursive: bool) -> None:
    """mount_setattr(2) on the mount at a path, and with `recursive` on all below it."""
    setting = (MOUNT_ATTR_RDONLY, 0) if read_only else (0, MOUNT_ATTR_RDONLY)
    attributes = ctypes.create_string_buffer(struct.pack("=QQQQ", *setting, 0, 0), 32)
    result = _libc.syscall(
        ctypes.c_long(number("mount_setattr")),
        ctypes.c_int(_AT_FDCWD),
        path.encode(),
        ctypes.c_uint(_AT_RECURSIVE if recursive else 0),
        attributes,
        ctypes.c_size_t(32),
    )
    _check(result, f"mount_setattr {path}")


def drop_bounding_set() -> None:
    """From the next exec on no program gets a capability, root's neither (capabilities(7))."""
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0) < 0:
            return  # past the last one that this kernel has


def drop_capabilities() -> None:
    """Give up every permitted, effective and inheritable capability (capset(2), version 3)."""
    header, data = struct.pack("=Ii", 0x20080522, 0), bytes(24)
    call = ctypes.c_long(number("capset"))
    _check(_libc.syscall(call, ctypes.c_char_p(header), ctypes.c_char_p(data)), "capset")


def set_no_new_privileges() -> None:
    one, zero = ctypes.c_ulong(1), ctypes.c_ulong(0)
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, one, zero, zero, zero), "prctl no_new_privs")


def install_filter(instructions: Sequence[tuple[int, int, int, int]]) -> None:
    """Set a seccomp filter: (code, jump if true, jump if false, k) each (seccomp(2))."""
    program = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    buffer = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    described = Program(len(instructions), ctypes.cast(buffer, ctypes.c_void_p))
    zero = ctypes.c_ulong(0)
    mode = ctypes.c_ulong(_SECCOMP_MODE_FILTER)
    _check(_libc.prctl(_PR_SET_SECCOMP, mode, ctypes.byref(described), zero, zero), "prctl seccomp")
