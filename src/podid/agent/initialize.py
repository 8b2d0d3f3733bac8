"""`podid agent initialize`: gives the node the agent's two addresses, on a link of their own.

As AWS's agent's init container: a dummy link `pod-id-link0`, the addresses on it as /32 and /128, and a route for each. Run again it
changes nothing. Where both addresses are there already, on whatever link, there is nothing to do and no privilege is needed; where the
kernel has no dummy links, `lo` takes them. Trouble with IPv6 alone is told and passed over.
"""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import sys
from collections.abc import Callable, Mapping
from typing import Final

from podid.agent import listen
from podid.agent.rtnetlink import IpAddress, Netlink
from podid.agent.settings import IPV4_ADDRESS, IPV6_ADDRESS, BadSettings
from podid.log_lines import log_to_stderr

log = logging.getLogger(__name__)

LINK: Final = "pod-id-link0"
LOOPBACK_LINK: Final = "lo"
ADDRESSES: Final = (IPV4_ADDRESS, IPV6_ADDRESS)
_NO_DUMMY: Final = frozenset({errno.EOPNOTSUPP, errno.ENODEV, errno.ENOENT})


class RouteTaken(OSError):
    """The route to an address leads to another link, which somebody else has set up."""


def run(environment: Mapping[str, str] = os.environ, level: int = logging.INFO) -> int:
    """Set the addresses up. Gives the exit status: 0 when IPv4's is there, 3 where the node forbids it, 2 for a bad PODID_LISTEN."""
    log_to_stderr(level)
    try:
        mapped = listen.read(environment)
    except BadSettings as problem:
        print(f"podid agent: {problem}", file=sys.stderr)  # noqa: T201 - wrong usage is told to people
        return 2
    if mapped and all(mapped.has_host(address) for address in ADDRESSES):
        log.info("every address stands for a loopback port; nothing to set up")
        return 0
    try:
        set_up()
    except OSError as problem:
        hint = "; it needs CAP_NET_ADMIN" if problem.errno in (errno.EPERM, errno.EACCES) else ""
        reason = f"{problem.strerror or problem}{hint}"
        log.error("the agent's address cannot be set up", extra={"address": IPV4_ADDRESS, "reason": reason})
        return 3
    return 0


def set_up() -> None:
    """Make sure of link, addresses and routes in this network namespace. Raises OSError where IPv4 cannot be had."""
    with Netlink() as netlink:
        present = {assigned.address for assigned in netlink.addresses()}
        wanted = [ipaddress.ip_address(address) for address in ADDRESSES]
        missing = [address for address in wanted if address not in present]
        if not missing:
            log.info("both addresses are there")
            return
        try:
            name, link = _link(netlink)
            netlink.set_up(link)
        except OSError:
            if missing[0].version == 4:
                raise
            log.warning("IPv6 is left out: no link", exc_info=True)
            return
        for address in missing:
            try:
                _give(netlink, address, name, link)
            except OSError as problem:
                if address.version == 4:
                    raise
                log.warning("IPv6 is left out", extra={"reason": problem.strerror or str(problem)})
            else:
                log.info("address set up", extra={"address": str(address), "link": name})


def _link(netlink: Netlink) -> tuple[str, int]:
    for name in (LINK, LOOPBACK_LINK):
        index = netlink.link(name)
        if index is None and name == LINK:
            try:
                netlink.add_dummy(name)
            except OSError as problem:
                if problem.errno not in _NO_DUMMY | {errno.EEXIST}:
                    raise
                log.info("this kernel has no dummy links; taking lo")
            index = netlink.link(name)
        if index is not None:
            return name, index
    raise OSError(errno.ENODEV, "there is neither a dummy link nor lo")


def _give(netlink: Netlink, address: IpAddress, name: str, link: int) -> None:
    taken = [route for route in netlink.routes(address) if route.link != link]
    if taken:
        raise RouteTaken(errno.EEXIST, f"{address} is routed to another link (index {taken[0].link})")
    _unless_there(lambda: netlink.add_address(address, link))
    if name != LOOPBACK_LINK:  # what lo has is local already
        _unless_there(lambda: netlink.add_route(address, link))


def _unless_there(add: Callable[[], None]) -> None:
    try:
        add()
    except OSError as problem:
        if problem.errno != errno.EEXIST:
            raise
