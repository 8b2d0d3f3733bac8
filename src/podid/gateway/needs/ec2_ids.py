"""Which kind of thing an identifier of EC2 means: its first word says so. Source: EC2 user guide, "Resource IDs"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from podid.gateway.needs.bounds import bounded

_ID = re.compile(r"([a-z]+(?:-[a-z]+)*)-[0-9a-z]{1,40}(?:-[0-9a-f]{4,12})*")
_LONGEST = 80
_DEEPEST = 5

_WORDS: Mapping[str, str] = {
    # word of the identifier: kind of resource in the service authorization reference
    "acl": "network-acl",
    "ami": "image",
    "cagw": "carrier-gateway",
    "cgw": "customer-gateway",
    "cr": "capacity-reservation",
    "crf": "capacity-reservation-fleet",
    "cvpn-endpoint": "client-vpn-endpoint",
    "dopt": "dhcp-options",
    "eice": "instance-connect-endpoint",
    "eigw": "egress-only-internet-gateway",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "fleet": "fleet",
    "h": "dedicated-host",
    "i": "instance",
    "igw": "internet-gateway",
    "ipam": "ipam",
    "ipam-pool": "ipam-pool",
    "ipam-scope": "ipam-scope",
    "key": "key-pair",
    "lgw": "local-gateway",
    "lgw-rtb": "local-gateway-route-table",
    "lt": "launch-template",
    "nat": "natgateway",
    "nia": "network-insights-analysis",
    "nip": "network-insights-path",
    "pcx": "vpc-peering-connection",
    "pl": "prefix-list",
    "rtb": "route-table",
    "scr": "subnet-cidr-reservation",
    "sfr": "spot-fleet-request",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "sir": "spot-instances-request",
    "snap": "snapshot",
    "subnet": "subnet",
    "tgw": "transit-gateway",
    "tgw-attach": "transit-gateway-attachment",
    "tgw-connect-peer": "transit-gateway-connect-peer",
    "tgw-mcast-domain": "transit-gateway-multicast-domain",
    "tgw-rtb": "transit-gateway-route-table",
    "tmf": "traffic-mirror-filter",
    "tmfr": "traffic-mirror-filter-rule",
    "tms": "traffic-mirror-session",
    "tmt": "traffic-mirror-target",
    "vae": "verified-access-endpoint",
    "vagr": "verified-access-group",
    "vai": "verified-access-instance",
    "vatp": "verified-access-trust-provider",
    "vgw": "vpn-gateway",
    "vol": "volume",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
    "vpce-svc": "vpc-endpoint-service",
    "vpn": "vpn-connection",
}

_NOT_ACTED_ON = frozenset(
    {
        "ClientToken",
        "Description",
        "Filters",
        "PrefixListIds",
        "TagSpecifications",
        "Tags",
        "UserData",
        "UserIdGroupPairs",
    }
)
"""Members below which nothing is named that the action works on."""


def kind_of(identifier: str) -> str:
    """The kind of resource that an identifier means; empty where it is none that is known."""
    found = _ID.fullmatch(identifier) if len(identifier) <= _LONGEST else None
    return _WORDS.get(found[1], "") if found else ""


def ids_in(value: Any, depth: int = 0) -> Iterator[tuple[str, str]]:
    """The identifiers in an input, wherever they stand, each with its kind."""
    if isinstance(value, str):
        kind = kind_of(value)
        if kind:
            yield kind, value
    elif depth < _DEEPEST:
        if isinstance(value, Mapping):
            for name, inner in value.items():
                if name not in _NOT_ACTED_ON:
                    yield from ids_in(inner, depth + 1)
        elif isinstance(value, list | tuple):
            for inner in bounded(value):
                yield from ids_in(inner, depth + 1)
