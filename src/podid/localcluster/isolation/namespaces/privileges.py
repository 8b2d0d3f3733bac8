"""What a container's program may do: its ids, its capabilities, and giving up all the rest.

As real root a container has a range of host ids of its own, far above any person's; as an ordinary user it has that user's one id,
which may be shown inside as any number. The helpers keep full rights over what they made; a container keeps a container's usual few.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import Final, NamedTuple

from podid.localcluster.isolation.namespaces import kernel

CAPABILITIES: Final = {
    "CHOWN": 0,
    "DAC_OVERRIDE": 1,
    "FOWNER": 3,
    "FSETID": 4,
    "KILL": 5,
    "SETGID": 6,
    "SETUID": 7,
    "SETPCAP": 8,
    "NET_BIND_SERVICE": 10,
    "NET_RAW": 13,
    "SYS_CHROOT": 18,
    "MKNOD": 27,
    "AUDIT_WRITE": 29,
    "SETFCAP": 31,
}
"""The set that container runtimes give by default, by number (Linux `include/uapi/linux/capability.h`). Nothing is ever added to it."""

_NEEDED: Final = (0, 1, 3, 5, 6, 7, 12, 21)
"""What `real root` must hold: CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID, NET_ADMIN, SYS_ADMIN."""

_RANGE: Final = 65536
_FIRST: Final = 0x70000000
"""Above systemd's container ranges and below 2^31, which some programs take for negative."""


class Ids(NamedTuple):
    """How the ids of a container's user namespace appear to its parent."""

    first: int
    """The parent's id of the container's id 0 (with a range), or of its only id."""
    size: int

    def mapping(self, inside: int) -> str:
        """A line for uid_map or gid_map; with one id only, that one is shown as `inside`."""
        return f"0 {self.first} {self.size}\n" if self.size > 1 else f"{inside} {self.first} 1\n"

    def outside(self, inside: int) -> int:
        """The parent's id of an id inside."""
        return self.first + inside if self.size > 1 else self.first


def is_real_root(status: str, effective_uid: int) -> bool:
    """Whether a process with this /proc/self/status may do all that a node needs without a user namespace."""
    if effective_uid != 0:
        return False
    line = next((line for line in status.splitlines() if line.startswith("CapEff:")), "CapEff: 0")
    held = int(line.split()[1], 16)
    return all(held >> number & 1 for number in _NEEDED)


def choose_ids(uid_map: str, number: int) -> Ids:
    """The ids of the pod with this number, out of those that the caller's own user namespace has.

    `uid_map` is the caller's /proc/self/uid_map. The whole of 32 bits is the usual case of real root; a root that is itself in a user
    namespace has fewer, and an ordinary user one.
    """
    extents = [tuple(int(word) for word in line.split()) for line in uid_map.splitlines() if line.strip()]
    start = _FIRST + number * _RANGE
    if any(inside <= start and start + _RANGE <= inside + count for inside, _, count in extents):
        return Ids(start, _RANGE)
    inside, _, count = max(extents, key=lambda extent: extent[2])
    if count >= 2 * _RANGE:
        return Ids(inside + count - _RANGE, _RANGE)
    return Ids(inside + count - 1, 1)


def container_capabilities(drop: Sequence[str], user: int) -> int:
    """The capabilities of a container's program: the usual ones without those dropped; none for a user other than 0."""
    dropped = {name.upper().removeprefix("CAP_") for name in drop}
    if user != 0 or "ALL" in dropped:
        return 0
    return sum(1 << number for name, number in CAPABILITIES.items() if name not in dropped)


def give_up(capabilities: int, user: int, group: int, groups: Sequence[int], *, may_set_groups: bool) -> None:
    """Become a container's program, in its user namespace: for good, whatever it executes next."""
    for number in range(64):
        if not capabilities >> number & 1:
            try:
                kernel.prctl(kernel.PR_CAPBSET_DROP, number)
            except OSError:
                break  # past the last one this kernel knows
    if may_set_groups:
        os.setgroups(groups)
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.prctl(kernel.PR_CAP_AMBIENT, kernel.PR_CAP_AMBIENT_CLEAR_ALL)
    kernel.capset(capabilities)
    with contextlib.suppress(OSError):  # a kernel without keyrings has none to leave
        kernel.new_session_keyring()
