"""The seccomp filter of a container engine, as far as namespaces matter: unshare, setns, mount and their kin are refused.

Classic BPF over `struct seccomp_data` (seccomp(2)): number at 0, architecture at 4, the first argument at 16. The answers are those of
engines: EPERM, and for clone3, whose flags lie in memory that a filter cannot read, ENOSYS, upon which the C library uses clone.
"""

from __future__ import annotations

import errno
import platform

from tests.hosts.system_calls import AUDIT_ARCH, NAMESPACE_FLAGS, number

_LOAD = 0x20
_JUMP_IF_EQUAL = 0x15
_JUMP_IF_BITS = 0x45
_RETURN = 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000

_REFUSED = ("unshare", "setns", "mount", "umount2", "pivot_root", "open_tree", "move_mount", "fsopen", "fsconfig")
_REFUSED_TOO = ("fsmount", "mount_setattr")

Instruction = tuple[int, int, int, int]


def without_namespaces() -> list[Instruction]:
    """The filter's instructions for this machine."""
    filter_: list[Instruction] = [
        (_LOAD, 0, 0, 4),
        (_JUMP_IF_EQUAL, 1, 0, AUDIT_ARCH[platform.machine()]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),
    ]
    for name in (*_REFUSED, *_REFUSED_TOO):
        filter_ += [(_JUMP_IF_EQUAL, 0, 1, number(name)), (_RETURN, 0, 0, _ERRNO | errno.EPERM)]
    filter_ += [(_JUMP_IF_EQUAL, 0, 1, number("clone3")), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    filter_ += [
        (_JUMP_IF_EQUAL, 0, 3, number("clone")),
        (_LOAD, 0, 0, 16),
        (_JUMP_IF_BITS, 0, 1, NAMESPACE_FLAGS),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return filter_
