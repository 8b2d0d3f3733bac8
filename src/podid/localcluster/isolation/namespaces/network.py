"""The links and addresses of the node and of its pods: constants and how they are set up.

    node's namespace                                pod's namespace
    lo     127.0.0.1, the agent's two addresses,    lo    127.0.0.1
           IMDS, the service address of the API
    cni0   10.88.0.1/24, fd10:88::1/64  ── veth ──  eth0  10.88.0.N/24, fd10:88::N/64, default route to cni0

There is no link to the host and none to the internet: what comes in from outside comes by a socket that was passed (`relay.py`).
ip_unprivileged_port_start=0, because a container's user namespace has no capability over the network namespace it lives in.
"""

# A helper process: pathlib would cost start-up time.
# ruff: noqa: PTH110, PTH123

from __future__ import annotations

import ipaddress
import os
from typing import Final

from podid.localcluster.isolation.namespaces.netlink import Netlink

BRIDGE: Final = "cni0"
GATEWAY4: Final = ipaddress.IPv4Address("10.88.0.1")
GATEWAY6: Final = ipaddress.IPv6Address("fd10:88::1")
API: Final = ipaddress.IPv4Address("10.96.0.1")
AGENT4: Final = ipaddress.IPv4Address("169.254.170.23")
AGENT6: Final = ipaddress.IPv6Address("fd00:ec2::23")
IMDS: Final = ipaddress.IPv4Address("169.254.169.254")
LARGEST: Final = 254
"""Pods are 2 to 254 of 10.88.0.0/24; 1 is the node."""


def pod_addresses(number: int) -> tuple[ipaddress.IPv4Address, ipaddress.IPv6Address]:
    """The addresses of the pod with this number."""
    if not 2 <= number <= LARGEST:
        raise ValueError(f"pod number {number} is not in 2..{LARGEST}")
    return GATEWAY4 + (number - 1), GATEWAY6 + (number - 1)


def _mac(last: int, side: int) -> bytes:
    """A locally administered address that says whose it is."""
    return bytes((0x0A, 0x58, 10, 88, side, last))


def prepare_node() -> None:
    """Set up the node's own network namespace, which the caller is in."""
    netlink = Netlink()
    loopback = netlink.index("lo")
    netlink.up(loopback)
    six = allow_ipv6()
    for address in (AGENT4, IMDS, API):
        netlink.add_address(loopback, address, 32)
    if six:
        netlink.add_address(loopback, AGENT6, 128)
    netlink.add_bridge(BRIDGE, _mac(1, 0))
    bridge = netlink.index(BRIDGE)
    netlink.up(bridge)
    netlink.add_address(bridge, GATEWAY4, 24)
    if six:
        netlink.add_address(bridge, GATEWAY6, 64)
    netlink.close()
    allow_low_ports()


def add_pod_link(node: Netlink, number: int, pod_namespace: int) -> None:
    """Join a pod's namespace (by descriptor) to the bridge; `node` was opened in the node's namespace."""
    node.delete(f"veth{number}")  # the kernel takes away the links of a namespace that has ended only some time later
    node.add_veth(f"veth{number}", node.index(BRIDGE), "eth0", _mac(number, 1), pod_namespace)


def prepare_pod(number: int) -> None:
    """Set up a pod's network namespace, which the caller is in, once its link is there."""
    four, six = pod_addresses(number)
    pod = Netlink()
    pod.up(pod.index("lo"))
    link = pod.index("eth0")
    has_six = allow_ipv6()
    pod.add_address(link, four, 24)
    if has_six:
        pod.add_address(link, six, 64)
    pod.up(link)
    pod.add_default_route(GATEWAY4)
    if has_six:
        pod.add_default_route(GATEWAY6)
    pod.close()
    allow_low_ports()


def allow_ipv6() -> bool:
    """Whether the kernel has IPv6 at all; where a host only turned it off, it is turned on in the namespace the caller is in."""
    if not os.path.exists("/proc/sys/net/ipv6"):
        return False
    for which in ("all", "default"):
        _sysctl(f"net/ipv6/conf/{which}/disable_ipv6", "0")
    return True


def allow_low_ports() -> None:
    """Let containers bind ports below 1024 and send pings, in the namespace the caller is in."""
    _sysctl("net/ipv4/ip_unprivileged_port_start", "0")
    _sysctl("net/ipv4/ping_group_range", "0 0")


def _sysctl(name: str, value: str) -> None:
    with open(f"/proc/sys/{name}", "w") as file:
        file.write(value)
