"""What IMDS is told at its start."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Final

from msgspec import Struct

IPV4_ADDRESS: Final = "169.254.169.254"
IPV6_ADDRESS: Final = "fd00:ec2::254"
"""Where EC2 has it, and SDKs look."""

_INSTANCE_ID: Final = re.compile(r"i-[0-9a-f]{8,17}")
_REGION: Final = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+")


class BadSettings(ValueError):
    """A setting that cannot be meant; the text names it and its value."""


class ImdsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`podid imds`."""

    endpoint: str
    """URL of `podid serve`."""
    credentials_file: Path
    """JSON file with the access key (`AccessKeyId`, `SecretAccessKey`) that may ask for this node's session; read at each fetch."""
    instance_id: str
    """`i-` and 17 hex digits: also the name of the role's session."""
    region: str
    zone: str
    """The availability zone, such as us-east-1a."""
    hosts: tuple[str, ...] = (IPV4_ADDRESS,)
    """Literal addresses to listen on."""
    port: int = 80
    listen_fds: tuple[int, ...] = ()
    """Inherited descriptors of bound sockets to listen on, in place of `hosts` and `port`."""
    ca_bundle: Path | None = None
    """PEM file of the authorities that may vouch for an https endpoint."""
    hostname: str = ""
    """The node's private DNS name, for `hostname` and `local-hostname`."""
    private_ip: str = ""
    """The node's address, for `local-ipv4` and the identity document."""
    fetch_timeout: float = 5.0
    """Seconds for one fetch of the session."""
    answer_within: float = 0.9
    """Seconds for which a request waits for a session that is being fetched; some SDKs give up at 1 s."""


def check(settings: ImdsSettings) -> None:
    """Raise BadSettings for what cannot work."""
    if not settings.endpoint.startswith(("http://", "https://")):
        raise BadSettings(f"endpoint {settings.endpoint[:200]!r}: expected an http:// or https:// URL")
    if not _INSTANCE_ID.fullmatch(settings.instance_id):
        raise BadSettings(f"instance id {settings.instance_id[:100]!r}: expected i- and 17 hex digits")
    if not _REGION.fullmatch(settings.region):
        raise BadSettings(f"region {settings.region[:100]!r}: expected the form us-east-1")
    if not settings.zone.startswith(settings.region):
        raise BadSettings(f"zone {settings.zone[:100]!r}: expected one of region {settings.region}")
    if not settings.hosts and not settings.listen_fds:
        raise BadSettings("hosts: expected at least one address")
    for host in settings.hosts:
        try:
            ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            raise BadSettings(f"host {host[:100]!r}: expected a literal address") from None
