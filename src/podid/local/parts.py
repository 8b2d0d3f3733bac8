"""The processes of local mode: what each is told, and the command line that starts it.

Each gets its settings as a file in the home or as flags, its secrets as files that only it reads. Who may reach what is in
`docs/architecture.md`, "Who runs where".
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from podid.local.home import Home, write_file
from podid.local.installation import LOOPBACK, Installation
from podid.local.problems import Forbidden
from podid.local.tools import Tools
from podid.localcluster.isolation.choose import choose
from podid.localcluster.isolation.port import IsolationError
from podid.localcluster.preparing import prepare as prepare_cluster
from podid.localcluster.settings import ClusterSettings
from podid.webhook.certificates import prepare as prepare_certificates

WEBHOOK_USER = "podid-webhook"
IMDS_USER = "podid-imds"
CLUSTER_USER = "podid-cluster"


class PartSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One process to start."""

    name: str
    argv: tuple[str, ...]
    listens: str
    what: str


class ClusterPart(msgspec.Struct, frozen=True, kw_only=True):
    """The cluster's process, and how it will keep pods apart."""

    spec: PartSpec
    isolation: str
    why: str


def prepare_endpoint(home: Home, installation: Installation) -> tuple[PartSpec, PartSpec]:
    """Make keys and certificates, write the settings of `serve` and of the webhook. These two can start."""
    files = prepare_cluster(home.cluster, cluster_name=installation.cluster, port=installation.cluster_port)
    prepare_certificates(home.webhook)
    described = home.serve / "installation.json"
    _write(described, _installation(home, installation, files.ca_certificate, files.jwks, files.serve_kubeconfig))
    return _serve(home, installation, described), _webhook(home, installation)


def prepare_cluster_part(home: Home, installation: Installation, tools: Tools) -> ClusterPart:
    """Find out how pods can be kept apart, and write the cluster's settings. Raises Forbidden where it cannot be as asked."""
    try:
        isolation = choose(cast(Literal["auto", "namespaces", "process"], installation.isolation), scratch=home.cluster)
    except IsolationError as problem:
        what, _, way_out = str(problem).partition("; ")
        raise Forbidden(what, way_out or "see: podid up --help") from problem
    spec = PartSpec(
        name="cluster",
        argv=_part("cluster", home.cluster / "settings.json", _cluster(home, installation, tools, isolation.name)),
        listens=f"{LOOPBACK}:{installation.cluster_port}",
        what=f"the cluster {installation.cluster}: API server, controllers, kubelet; IMDS in its node",
    )
    return ClusterPart(spec=spec, isolation=isolation.name, why=isolation.why)


def _part(name: str, path: Path, settings: Any) -> tuple[str, ...]:
    """Write a part's settings, and say how to start it with them (`podid part`)."""
    _write(path, settings)
    return (sys.executable, "-m", "podid", "part", name, str(path))


def _write(path: Path, value: Any) -> None:
    write_file(path, msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2) + b"\n")


def _serve(home: Home, installation: Installation, described: Path) -> PartSpec:
    settings = {
        "home": home.serve,
        "port": installation.port,
        "installation": described,
        "region": installation.region,
        "account": installation.account,
    }
    return PartSpec(
        name="serve",
        argv=_part("serve", home.serve / "settings.json", settings),
        listens=f"{LOOPBACK}:{installation.port}",
        what="the AWS endpoint: EKS, EKS Auth, IAM, STS; moto's services behind them",
    )


def _webhook(home: Home, installation: Installation) -> PartSpec:
    settings = {
        "host": LOOPBACK,
        "port": installation.webhook_port,
        "home": home.webhook,
        "endpoint": installation.endpoint,
        "credentials_file": home.credentials / "webhook.json",
        "cluster_name": installation.cluster,
        "region": installation.region,
        "aws_default_region": installation.region,
        # the API server waits 10 s for it; on a busy machine a late answer is better than a pod without its identity
        "lookup_seconds": 8.0,
    }
    return PartSpec(
        name="webhook",
        argv=_part("webhook", home.webhook / "settings.json", settings),
        listens=f"{LOOPBACK}:{installation.webhook_port}",
        what="the mutating webhook",
    )


def _installation(
    home: Home, installation: Installation, ca_file: Path, jwks_file: Path, kubeconfig: Path
) -> dict[str, Any]:
    """What `serve` brings its store to: the administrator, a user for each part that calls it, the cluster."""
    scope = f"arn:aws:eks:{installation.region}:{installation.account}:cluster/{installation.cluster}"
    reviews = f"arn:aws:podid:{installation.region}:{installation.account}:cluster/{installation.cluster}"
    node = f"arn:aws:podid:{installation.region}:{installation.account}:node/{installation.instance_id}"
    return {
        "account": installation.account,
        "region": installation.region,
        "administrator": {"user": "podid-admin", "credentials_file": str(home.administrator)},
        "service_users": [
            {
                "user": WEBHOOK_USER,
                "policy": _allow("eks:ListPodIdentityAssociations", scope),
                "credentials_file": str(home.credentials / "webhook.json"),
            },
            {
                "user": IMDS_USER,
                "policy": _allow("podid:GetNodeSession", node),
                "credentials_file": str(home.credentials / "imds.json"),
            },
            {
                "user": CLUSTER_USER,
                "policy": _allow("podid:ReviewClusterToken", reviews),
                "credentials_file": str(home.credentials / "cluster.json"),
            },
        ],
        "clusters": [
            {
                "name": installation.cluster,
                "version": installation.kubernetes_version,
                "endpoint": f"https://{LOOPBACK}:{installation.cluster_port}",
                "ca_file": str(ca_file),
                "issuer": installation.issuer,
                "jwks_file": str(jwks_file),
                "kubeconfig": str(kubeconfig),
                "nodes": [{"name": installation.node, "instance_id": installation.instance_id}],
                "node_role": installation.node_role,
            }
        ],
    }


def _allow(action: str, resource: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}


def _cluster(home: Home, installation: Installation, tools: Tools, isolation: str) -> ClusterSettings:
    return ClusterSettings(
        home=home.cluster,
        podid_home=home.path,
        port=installation.cluster_port,
        issuer=installation.issuer,
        cluster_name=installation.cluster,
        region=installation.region,
        zone=installation.zone,
        kubernetes_version=installation.kubernetes_version,
        node_name=installation.node,
        instance_id=installation.instance_id,
        isolation=cast(Literal["auto", "namespaces", "process"], isolation),
        aws_port=installation.port,
        imds_credentials=home.credentials / "imds.json",
        review_credentials=home.credentials / "cluster.json",
        tools=(tools.pod_aws,),
        own_folders=own_folders(),
    )


def own_folders() -> tuple[Path, ...]:
    """Where this very podid lies: the environment it runs in, the interpreter that the environment is made of, and its source."""
    import podid

    found = (
        Path(sys.prefix),
        Path(sys.base_prefix),
        Path(sysconfig.get_path("stdlib")),
        Path(podid.__file__).resolve().parent.parent,
    )
    system = (Path("/usr"),)
    return tuple(dict.fromkeys(folder for folder in found if not any(folder.is_relative_to(root) for root in system)))
