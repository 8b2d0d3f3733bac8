"""What the agent is told at its start. Flags, defaults and meanings are those of AWS's agent (its `cmd/server.go`), where it has them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

IPV4_ADDRESS: Final = "169.254.170.23"
IPV6_ADDRESS: Final = "fd00:ec2::23"
"""The two addresses that SDKs take for a Pod Identity agent, and no other."""

Verbosity = Literal["panic", "error", "info", "trace"]

_CLUSTER_NAME: Final = re.compile(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}")


class BadSettings(ValueError):
    """A setting that cannot be meant; the text names it and its value."""


class AgentSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`podid agent server`."""

    cluster_name: str
    """-c, --cluster-name: the cluster whose service account tokens are exchanged."""
    port: int = 80
    """-p, --port: where credentials are served; SDKs ask port 80."""
    probe_port: int = 2703
    """--probe-port: `/healthz` and `/readyz`, on localhost."""
    metrics_address: str = "0.0.0.0"  # noqa: S104 - AWS's default: Prometheus asks from outside the node
    """--metrics-address."""
    metrics_port: int = 2705
    """--metrics-port: `/metrics`, and the probes again."""
    bind_hosts: tuple[str, ...] = (IPV4_ADDRESS, f"[{IPV6_ADDRESS}]")
    """-b, --bind-hosts: literal addresses, IPv6 with or without brackets; an element may be a list with commas."""
    max_credential_retention_before_renewal: float = 3 * 3600.0
    """Seconds after which credentials are renewed at the latest; 0 turns the cache off. Renewal comes earlier where half of their life is less."""
    max_cache_size: int = 2000
    """Pods whose credentials are kept; 0 turns the cache off. AWS's default, far above what a node can run."""
    max_service_qps: int = 3
    """Renewals in the background a second; what a pod waits for is not counted."""
    rotate_credentials: bool = False
    """Accepted for AWS's hybrid nodes: a shared credentials file is read again each minute in any case."""
    endpoint: str = ""
    """--endpoint: URL of EKS Auth. Empty: AWS_ENDPOINT_URL_EKS_AUTH, AWS_ENDPOINT_URL, then AWS's own of the region."""
    region: str = ""
    """Empty: AWS_REGION, AWS_DEFAULT_REGION, then the region that IMDS tells."""
    verbosity: Verbosity = "info"
    """-v, --verbosity."""
    ca_bundle: Path | None = None
    """--ca-bundle: PEM file of the authorities that may vouch for EKS Auth, in place of the system's. None: AWS_CA_BUNDLE."""
    strict_aws_status: bool = False
    """Answer with AWS's statuses throughout. By default what may pass in a second is a 503, which five SDK families retry."""
    token_keys: str = ""
    """--token-keys: file or URL of the cluster's JWKS. With it a rotated token of a pod that has credentials is checked here, also in an outage."""
    answer_within: float = 0.85
    """Seconds until a waiting pod gets an answer: at 1 s the Java SDK leaves for the node's role (and boto gives up at 2 s)."""
    attempt_timeout: float = 5.0
    """Seconds for one call of EKS Auth. A pod does not wait that long, but its next attempt finds what came meanwhile."""
    attempts: int = 3
    """Calls of EKS Auth for one fetch where it is unreachable, throttles or fails."""
    refused_for: float = 0.3
    """Seconds for which a refusal is repeated to the same token without asking again: one burst, one call; a person's next try is new."""
    asks_per_second: float = 20.0
    """Requests a second and caller that no lease answers; more are turned away. Callers are addresses, on loopback tokens."""
    asks_burst: int = 200
    """How many such requests may come at once: a node's pods on the host network share one address."""
    grace: float = 5.0
    """Seconds at the end in which requests under way may finish."""

    @property
    def caching(self) -> bool:
        return self.max_cache_size > 0 and self.max_credential_retention_before_renewal > 0


def hosts_of(settings: AgentSettings) -> tuple[str, ...]:
    """The addresses to bind, without brackets, each once."""
    named = (host.strip().strip("[]") for element in settings.bind_hosts for host in element.split(","))
    return tuple(dict.fromkeys(host for host in named if host))


def check(settings: AgentSettings) -> None:
    """Raise BadSettings for what cannot work."""
    if not _CLUSTER_NAME.fullmatch(settings.cluster_name):
        raise BadSettings(
            f"cluster name {settings.cluster_name[:200]!r}: expected 1 to 100 letters, digits, hyphens and underscores,"
            " the first a letter or digit"
        )
    if not hosts_of(settings):
        raise BadSettings("bind hosts: expected at least one address")
    for name in ("port", "probe_port", "metrics_port"):
        if not 0 <= getattr(settings, name) <= 65535:
            raise BadSettings(f"{name.replace('_', ' ')} {getattr(settings, name)}: expected 0 to 65535")
    if settings.endpoint and not settings.endpoint.startswith(("http://", "https://")):
        raise BadSettings(f"endpoint {settings.endpoint[:200]!r}: expected an http:// or https:// URL")
    if settings.max_cache_size < 0 or settings.max_credential_retention_before_renewal < 0:
        raise BadSettings("cache size and retention: expected 0 or more")
    if settings.max_service_qps < 1:
        raise BadSettings(f"max service qps {settings.max_service_qps}: expected 1 or more")
