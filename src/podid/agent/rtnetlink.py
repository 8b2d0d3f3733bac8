"""The few rtnetlink messages that give a node the agent's addresses: links, addresses, routes. No iproute2 is needed.

Source: rtnetlink(7), netlink(7), and the kernel's `linux/rtnetlink.h`, `if_link.h`, `if_addr.h`. All numbers are in host byte order.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import struct
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Final

from msgspec import Struct

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_HEADER: Final = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_LINK: Final = struct.Struct("=BxHiII")  # ifinfomsg: family, type, index, flags, change
_ADDRESS: Final = struct.Struct("=BBBBI")  # ifaddrmsg: family, prefix length, flags, scope, index
_ROUTE: Final = struct.Struct("=BBBBBBBBI")  # rtmsg: family, dst, src, tos, table, protocol, scope, type, flags
_ATTRIBUTE: Final = struct.Struct("=HH")  # rtattr: length, type

_NETLINK_ROUTE = 0  # netlink.h; Python has the name on Linux alone
_ERROR, _DONE = 2, 3
_NEWLINK, _GETLINK, _NEWADDR, _GETADDR, _NEWROUTE, _GETROUTE = 16, 18, 20, 22, 24, 26
_REQUEST, _ACK, _DUMP, _EXCL, _CREATE = 0x1, 0x4, 0x300, 0x200, 0x400
_IFLA_IFNAME, _IFLA_LINKINFO, _IFLA_INFO_KIND = 3, 18, 1
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_RTA_DST, _RTA_OIF = 1, 4
_IFA_F_NODAD: Final = 0x02
"""No duplicate address detection: the address is link-local to this node and needed at once."""
_IFF_UP: Final = 0x1
_TABLE_MAIN, _PROTOCOL_BOOT, _TYPE_UNICAST = 254, 3, 1
_SCOPE_UNIVERSE, _SCOPE_LINK = 0, 253


class Assigned(Struct, frozen=True):
    """An address and the index of the link that has it."""

    address: IpAddress
    link: int


class Route(Struct, frozen=True):
    """A route of the main table to one single address."""

    address: IpAddress
    link: int


class Netlink:
    """A conversation with the kernel about this network namespace. Every method raises OSError with the kernel's errno."""

    def __init__(self) -> None:
        if not hasattr(socket, "AF_NETLINK"):
            raise OSError(errno.EOPNOTSUPP, "setting up the agent's link needs Linux")
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_ROUTE)
        self._socket.settimeout(5.0)
        self._sequence = 0

    def __enter__(self) -> Netlink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def link(self, name: str) -> int | None:
        """The index of a link, None where there is none of that name."""
        for _, body in self._ask(_GETLINK, _LINK.pack(0, 0, 0, 0, 0), _DUMP):
            if _attributes(body[_LINK.size :]).get(_IFLA_IFNAME, b"").rstrip(b"\0").decode() == name:
                return int(_LINK.unpack_from(body)[2])
        return None

    def add_dummy(self, name: str) -> None:
        """Make a dummy link. EOPNOTSUPP where the kernel has no such kind, EEXIST where the name is taken."""
        kind = _attribute(_IFLA_LINKINFO, _attribute(_IFLA_INFO_KIND, b"dummy"))
        self._tell(_NEWLINK, _LINK.pack(0, 0, 0, 0, 0) + _attribute(_IFLA_IFNAME, name.encode() + b"\0") + kind)

    def set_up(self, link: int) -> None:
        """Switch a link on."""
        self._tell(_NEWLINK, _LINK.pack(0, 0, link, _IFF_UP, _IFF_UP), create=False)

    def addresses(self) -> Iterator[Assigned]:
        """Every address of every link."""
        for _, body in self._ask(_GETADDR, _ADDRESS.pack(0, 0, 0, 0, 0), _DUMP):
            found = _attributes(body[_ADDRESS.size :])
            raw = found.get(_IFA_LOCAL) or found.get(_IFA_ADDRESS)
            if raw is not None and len(raw) in (4, 16):
                yield Assigned(ipaddress.ip_address(raw), int(_ADDRESS.unpack_from(body)[4]))

    def add_address(self, address: IpAddress, link: int) -> None:
        """Give a link one single address (/32 or /128). EEXIST where it has it."""
        body = _ADDRESS.pack(_family(address), address.max_prefixlen, _IFA_F_NODAD, _SCOPE_UNIVERSE, link)
        attributes = _attribute(_IFA_LOCAL, address.packed) + _attribute(_IFA_ADDRESS, address.packed)
        self._tell(_NEWADDR, body + attributes)

    def routes(self, address: IpAddress) -> Iterator[Route]:
        """The main table's routes to exactly this address."""
        for _, body in self._ask(_GETROUTE, _ROUTE.pack(_family(address), 0, 0, 0, 0, 0, 0, 0, 0), _DUMP):
            fields = _ROUTE.unpack_from(body)
            found = _attributes(body[_ROUTE.size :])
            if (
                fields[4] == _TABLE_MAIN
                and fields[1] == address.max_prefixlen
                and found.get(_RTA_DST) == address.packed
            ):
                yield Route(address, int.from_bytes(found.get(_RTA_OIF, b"\0\0\0\0"), sys.byteorder))

    def add_route(self, address: IpAddress, link: int) -> None:
        """Route one single address to a link, in the main table."""
        scope = _SCOPE_LINK if address.version == 4 else _SCOPE_UNIVERSE
        body = _ROUTE.pack(
            _family(address), address.max_prefixlen, 0, 0, _TABLE_MAIN, _PROTOCOL_BOOT, scope, _TYPE_UNICAST, 0
        )
        self._tell(
            _NEWROUTE, body + _attribute(_RTA_DST, address.packed) + _attribute(_RTA_OIF, struct.pack("=i", link))
        )

    def _tell(self, kind: int, body: bytes, *, create: bool = True) -> None:
        for _ in self._ask(kind, body, _ACK | (_CREATE | _EXCL if create else 0)):
            pass

    def _ask(self, kind: int, body: bytes, flags: int) -> Iterator[tuple[int, bytes]]:
        self._sequence += 1
        self._socket.send(_HEADER.pack(_HEADER.size + len(body), kind, flags | _REQUEST, self._sequence, 0) + body)
        while True:
            data = self._socket.recv(1 << 18)
            while len(data) >= _HEADER.size:
                length, answer, _, sequence, _ = _HEADER.unpack_from(data)
                message, data = data[_HEADER.size : length], data[_align(length) :]
                if sequence != self._sequence:
                    continue
                if answer == _DONE:
                    return
                if answer == _ERROR:
                    code = -struct.unpack_from("=i", message)[0]
                    if code:
                        raise OSError(code, os.strerror(code))
                    return
                yield answer, message


def _align(length: int) -> int:
    return (length + 3) & ~3


def _attribute(kind: int, value: bytes) -> bytes:
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + b"\0" * (_align(length) - length)


def _attributes(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if length < _ATTRIBUTE.size:
            break
        found[kind & 0x3FFF] = data[_ATTRIBUTE.size : length]
        data = data[_align(length) :]
    return found


def _family(address: IpAddress) -> int:
    return socket.AF_INET if address.version == 4 else socket.AF_INET6
