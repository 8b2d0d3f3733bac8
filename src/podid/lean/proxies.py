"""Which proxy a request goes through, by HTTP_PROXY, HTTPS_PROXY and NO_PROXY, as Go's programs (and so AWS's agent) read them.

Source: golang.org/x/net/http/httpproxy, its documentation. In short: the scheme of the address decides which variable counts, in capitals or
not; a proxy is a URL or a host with a port; loopback is never proxied. NO_PROXY lists, with commas, addresses, networks (10.0.0.0/8), names
(which mean their subdomains too; `.example.com` means those alone), each with a port or without, or `*` for all.

Beyond Go: link-local addresses and EC2's own IPv6 ones (instance metadata, the agent itself) are never proxied, as no proxy could reach those
of this node. A proxy is spoken to in plain HTTP, as most are; `https://` and `socks5://` ones are refused.
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from msgspec import Struct

_OURS: Final = ipaddress.ip_network("fd00:ec2::/32")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class BadProxy(ValueError):
    """A proxy that cannot be meant, or not be spoken to. The text names the variable and never a password."""


class Proxy(Struct, frozen=True):
    """Where a proxy is, and what it is shown: `authorization` is a header's value, or empty."""

    host: str
    port: int
    authorization: str = ""

    def __repr__(self) -> str:
        return f"Proxy({self.host}:{self.port})"


class _Exception(Struct, frozen=True):
    """An entry of NO_PROXY."""

    host: str = ""
    network: Network | None = None
    port: int | None = None
    subdomains_alone: bool = False

    def covers(self, host: str, address: Address | None, port: int) -> bool:
        if self.port is not None and self.port != port:
            return False
        if self.network is not None:
            return address is not None and address in self.network
        if address is not None:
            return False
        return host.endswith(f".{self.host}") or (host == self.host and not self.subdomains_alone)


class Proxies:
    """The proxies of a process."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Raises BadProxy."""
        self._by_scheme = {scheme: _proxy(environment, f"{scheme}_proxy".upper()) for scheme in ("http", "https")}
        entries = [entry.strip().lower() for entry in _value(environment, "NO_PROXY").split(",")]
        self._none = "*" in entries
        self._exceptions = [_exception(entry) for entry in entries if entry not in ("", "*")]

    def of(self, scheme: str, host: str, port: int) -> Proxy | None:
        """The proxy for this address; None: it is reached directly."""
        proxy = self._by_scheme.get(scheme)
        if proxy is None or self._none:
            return None
        name = host.lower().rstrip(".")
        address = _address(name)
        if name == "localhost" or (address is not None and _is_near(address)):
            return None
        covered = any(exception.covers(name, address, port) for exception in self._exceptions)
        return None if covered else proxy


def _value(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name) or environment.get(name.lower()) or ""


def _proxy(environment: Mapping[str, str], name: str) -> Proxy | None:
    text = _value(environment, name).strip()
    if not text:
        return None
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadProxy(f"{name}: expected a URL such as http://proxy.example:3128") from None
    if parts.scheme != "http":
        raise BadProxy(f"{name}: a proxy that is spoken to by {parts.scheme}:// is not supported, only http://")
    if not host:
        raise BadProxy(f"{name}: expected a URL such as http://proxy.example:3128")
    authorization = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return Proxy(host, port or 80, authorization)


def _exception(entry: str) -> _Exception:
    try:
        return _Exception(network=ipaddress.ip_network(entry.strip("[]"), strict=False))
    except ValueError:
        pass
    host, colon, digits = entry.rpartition(":")
    port = int(digits) if colon and digits.isdigit() else None
    if port is not None:
        entry = host
        address = _address(entry.strip("[]"))
        if address is not None:
            return _Exception(network=ipaddress.ip_network(address), port=port)
    name = entry.removeprefix("*")  # Go takes *.example.com for .example.com
    return _Exception(host=name.strip("."), port=port, subdomains_alone=name.startswith("."))


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _is_near(address: Address) -> bool:
    return address.is_loopback or address.is_link_local or address in _OURS
