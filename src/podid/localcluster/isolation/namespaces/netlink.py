"""Links, addresses and routes by rtnetlink, so that iproute2 is not needed.

A socket belongs to the network namespace in which it was opened, and stays there when its owner moves on.
Formats: Linux `include/uapi/linux/{netlink,rtnetlink,if_link,if_addr}.h`. Doing what is done already is no error.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import struct
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NEWLINK, _DELLINK, _GETLINK, _NEWADDR, _NEWROUTE = 16, 17, 18, 20, 24
_REQUEST, _ACK, _CREATE, _EXCLUSIVE = 0x1, 0x4, 0x400, 0x200
_ERROR = 2

_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MASTER, _IFLA_LINKINFO, _IFLA_NET_NS_FD = 1, 3, 10, 18, 28
_IFLA_INFO_KIND, _IFLA_INFO_DATA, _VETH_INFO_PEER = 1, 2, 1
_IFA_ADDRESS, _IFA_LOCAL, _IFA_F_NODAD = 1, 2, 0x02
_RTA_GATEWAY = 5
_IFF_UP: Final = 1


def _attribute(kind: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + b"\0" * (-length % 4)


def _text(kind: int, value: str) -> bytes:
    return _attribute(kind, value.encode() + b"\0")


def _link(index: int = 0, flags: int = 0, change: int = 0) -> bytes:
    return struct.pack("=BBHiII", socket.AF_UNSPEC, 0, 0, index, flags, change)


class Netlink:
    """One conversation with the kernel about the network namespace in which it was opened."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        self._socket.bind((0, 0))
        self._sequence = 0

    def close(self) -> None:
        self._socket.close()

    def _ask(self, kind: int, flags: int, body: bytes, what: str, *, done_already: int = 0) -> bytes:
        """Send one request and read until its answer; raises OSError, except for the error that means "done already"."""
        self._sequence += 1
        length = 16 + len(body)
        self._socket.send(struct.pack("=IHHII", length, kind, _REQUEST | flags, self._sequence, 0) + body)
        while True:
            data = self._socket.recv(65536)
            while len(data) >= 16:
                size, answer, _, sequence, _ = struct.unpack_from("=IHHII", data)
                message, data = data[16:size], data[(size + 3) & ~3 :]
                if sequence != self._sequence:
                    continue
                if answer != _ERROR:
                    return message
                code = -struct.unpack_from("=i", message)[0]
                if code not in (0, done_already):
                    raise OSError(code, f"{what}: {os.strerror(code)}")
                return b""

    def index(self, name: str) -> int:
        """A link's number in this namespace."""
        answer = self._ask(_GETLINK, 0, _link() + _text(_IFLA_IFNAME, name), f"find link {name}")
        return int(struct.unpack_from("=BBHi", answer)[3])

    def add_bridge(self, name: str, mac: bytes) -> None:
        info = _attribute(_IFLA_LINKINFO, _text(_IFLA_INFO_KIND, "bridge"))
        body = _link() + _text(_IFLA_IFNAME, name) + _attribute(_IFLA_ADDRESS, mac) + info
        self._ask(_NEWLINK, _ACK | _CREATE | _EXCLUSIVE, body, f"add bridge {name}", done_already=errno.EEXIST)

    def add_veth(self, name: str, master: int, peer: str, peer_mac: bytes, peer_namespace: int) -> None:
        """A pair of links, both up at the end that is ours: `name` here on a bridge, `peer` in another namespace (by descriptor)."""
        other = _link() + _text(_IFLA_IFNAME, peer) + _attribute(_IFLA_ADDRESS, peer_mac)
        other += _attribute(_IFLA_NET_NS_FD, struct.pack("=i", peer_namespace))
        data = _attribute(_IFLA_INFO_DATA, _attribute(_VETH_INFO_PEER, other))
        info = _attribute(_IFLA_LINKINFO, _text(_IFLA_INFO_KIND, "veth") + data)
        body = _link(0, _IFF_UP, _IFF_UP) + _text(_IFLA_IFNAME, name)
        body += _attribute(_IFLA_MASTER, struct.pack("=i", master)) + info
        self._ask(_NEWLINK, _ACK | _CREATE | _EXCLUSIVE, body, f"add veth {name}")

    def delete(self, name: str) -> None:
        """Take a link away, and the other end of its pair, if it is there."""
        self._ask(_DELLINK, _ACK, _link() + _text(_IFLA_IFNAME, name), f"delete link {name}", done_already=errno.ENODEV)

    def up(self, index: int) -> None:
        self._ask(_NEWLINK, _ACK, _link(index, _IFF_UP, _IFF_UP), "set link up")

    def add_address(self, index: int, address: Address, prefix: int) -> None:
        """Give a link an address, usable at once (no duplicate address detection)."""
        family, flags = (socket.AF_INET, 0) if address.version == 4 else (socket.AF_INET6, _IFA_F_NODAD)
        body = struct.pack("=BBBBi", family, prefix, flags, 0, index)
        body += _attribute(_IFA_LOCAL, address.packed) + _attribute(_IFA_ADDRESS, address.packed)
        what = f"add address {address}"
        self._ask(_NEWADDR, _ACK | _CREATE | _EXCLUSIVE, body, what, done_already=errno.EEXIST)

    def add_default_route(self, gateway: Address) -> None:
        """Send everything that is not on a link to a gateway (main table, universe scope, unicast)."""
        family = socket.AF_INET if gateway.version == 4 else socket.AF_INET6
        body = struct.pack("=BBBBBBBBI", family, 0, 0, 0, 254, 4, 0, 1, 0) + _attribute(_RTA_GATEWAY, gateway.packed)
        what = f"add default route {gateway}"
        self._ask(_NEWROUTE, _ACK | _CREATE | _EXCLUSIVE, body, what, done_already=errno.EEXIST)
