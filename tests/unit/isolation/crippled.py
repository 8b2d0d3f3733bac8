"""Runs a command on a host that gives less: `crippled.py WHAT COMMAND...`. Standard library only; used by tests as a program.

no-namespaces    user namespaces limited to 0, inside a user namespace without capabilities outside it
masked-proc      a container engine's masked /proc: everything is allowed but the mount of another proc
seccomp          unshare, setns, mount and the like answer EPERM, as engines' filters do
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

_CALLS = {
    "x86_64": (272, 308, 165, 166, 155, 428, 429, 442),
    "aarch64": (97, 268, 40, 39, 41, 428, 429, 442),
}
"""unshare, setns, mount, umount2, pivot_root, open_tree, move_mount, mount_setattr."""

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWUSER, _CLONE_NEWNS = 0x10000000, 0x00020000
_MS_BIND = 0x1000


def _call(result: int, what: str) -> None:
    if result:
        raise OSError(ctypes.get_errno(), what)


def enter_user_namespace(more: int = 0) -> None:
    user, group = os.geteuid(), os.getegid()
    _call(_libc.unshare(_CLONE_NEWUSER | more), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def no_namespaces() -> None:
    enter_user_namespace()
    with open("/proc/sys/user/max_user_namespaces", "w") as file:
        file.write("0")


def masked_proc() -> None:
    enter_user_namespace(_CLONE_NEWNS)
    _call(_libc.mount(b"/dev/null", b"/proc/timer_list", None, ctypes.c_ulong(_MS_BIND), None), "mask")


def seccomp() -> None:
    """A filter of classic BPF: load the call's number, answer EPERM for those listed, allow the rest (seccomp(2))."""
    calls = _CALLS[os.uname().machine]
    program = [(0x20, 0, 0, 0)]
    program += [(0x15, len(calls) - at, 0, call) for at, call in enumerate(calls)]
    program += [(0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x00050001)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    filter_ = struct.pack("HxxxxxxP", len(program), ctypes.addressof(code))
    _call(_libc.prctl(38, 1, 0, 0, 0), "no_new_privs")
    _call(_libc.prctl(22, 2, ctypes.c_char_p(filter_), 0, 0), "seccomp")


if __name__ == "__main__":
    {"no-namespaces": no_namespaces, "masked-proc": masked_proc, "seccomp": seccomp}[sys.argv[1]]()
    os.execvp(sys.argv[2], sys.argv[2:])
