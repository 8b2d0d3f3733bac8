"""Where the public keys of a cluster's token issuer are read: told at registration, used by EKS Auth."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from msgspec import Struct


class KeySource(Struct, frozen=True, omit_defaults=True):
    """At most one of file, url and inline is set; with none the cluster's own API server is asked."""

    file: str = ""
    """A JWKS file on this machine."""
    url: str = ""
    inline: str = ""
    """The JWKS document itself."""
    by_call: bool = False
    """Told by a caller, not by the installation file: these keys are the cluster's, and say nothing of its issuer to anybody else."""


def may_fetch(url: str) -> bool:
    """Whether keys may be fetched from a URL: by https, or by plain http from this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
