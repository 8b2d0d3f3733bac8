"""What a local cluster must know to run."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from msgspec import Struct


class ClusterSettings(Struct, frozen=True, kw_only=True):
    """One cluster of one node. Ports are on the host's loopback."""

    home: Path
    """The cluster's own folder (PODID_HOME/cluster), mode 0700: objects, keys, kubeconfigs, pods."""
    podid_home: Path
    """PODID_HOME: no container may see it."""
    port: int
    """Where the API server listens."""
    issuer: str
    """`iss` of service account tokens: an https URL without query or fragment. Nothing is fetched from it."""
    cluster_name: str = "eksdemo1"
    region: str = "us-east-1"
    zone: str = "us-east-1a"
    kubernetes_version: str = "1.33"
    node_name: str = "ip-10-88-0-1.ec2.internal"
    instance_id: str = ""
    isolation: Literal["auto", "namespaces", "process"] = "auto"
    aws_port: int = 4566
    """Where the AWS endpoint listens."""
    imds_credentials: Path | None = None
    """The access key with which IMDS asks for the node's session; None: no IMDS."""
    review_credentials: Path | None = None
    """The access key with which the API server asks whose token of `aws eks get-token` it was shown; None: it takes no such tokens."""
    tools: tuple[Path, ...] = ()
    """Folders shown to every container, with `bin` in each on PATH (`aws` lives there)."""
    own_folders: tuple[Path, ...] = ()
    """podid's interpreter and packages, shown to podid's own pods at their own paths."""
    run_pods: bool = True
    """False: an API server without a node; pods stay Pending."""
    host: str = "127.0.0.1"


class ClusterFiles(Struct, frozen=True, kw_only=True):
    """Where `prepare` put things. All but the certificates and the key set are readable by their owner only."""

    folder: Path
    endpoint: str
    """URL of the API server."""
    ca_certificate: Path
    ca_key: Path
    certificate: Path
    key: Path
    service_account_key: Path
    former_keys: Path
    """The public keys that signed service account tokens before, each until its last token has ended."""
    jwks: Path
    """The public keys of service account tokens (RFC 7517)."""
    tokens: Path
    """The bearer tokens of the administrator and of `serve`."""
    kubeconfig: Path
    """The person's."""
    serve_kubeconfig: Path
    """Of `podid serve`, which installs add-ons."""
    objects: Path
    """The stored objects."""

    @property
    def ca_pem(self) -> str:
        return self.ca_certificate.read_text()


def files_of(folder: Path, port: int, host: str = "127.0.0.1") -> ClusterFiles:
    """The paths below a cluster's folder. Touches nothing."""
    return ClusterFiles(
        folder=folder,
        endpoint=f"https://{host}:{port}",
        ca_certificate=folder / "ca.crt",
        ca_key=folder / "ca.key",
        certificate=folder / "apiserver.crt",
        key=folder / "apiserver.key",
        service_account_key=folder / "service-account.key",
        former_keys=folder / "service-account.former.json",
        jwks=folder / "jwks.json",
        tokens=folder / "tokens.json",
        kubeconfig=folder / "kubeconfig",
        serve_kubeconfig=folder / "serve.kubeconfig",
        objects=folder / "objects.db",
    )
