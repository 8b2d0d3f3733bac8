"""The processes of local mode: what each is told, and the command line that starts it.

Each gets its settings as a file in the home, its secrets as files that only it reads. The command line is the same at every start, so that a
part can be started, and import what it needs, before its settings are written. Who may reach what is in `docs/architecture.md`, "Who runs where".
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from podid.files import write_whole
from podid.local.home import Home
from podid.local.installation import LOOPBACK, Installation
from podid.local.problems import Forbidden
from podid.local.tools import Tools
from podid.localcluster.isolation.choose import choose
from podid.localcluster.isolation.port import Isolation, IsolationError
from podid.localcluster.preparing import is_prepared
from podid.localcluster.preparing import prepare as prepare_cluster
from podid.localcluster.settings import ClusterSettings, files_of

WEBHOOK_USER = "podid-webhook"
IMDS_USER = "podid-imds"
CLUSTER_USER = "podid-cluster"


NAMES = ("serve", "cluster", "webhook")
"""In the order in which they are started: the first takes longest to import what it needs."""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """A part, for the reader of `podid status`."""

    listens: str
    what: str


def argv(home: Home, name: str) -> tuple[str, ...]:
    """The command line of a part (cli/part.py)."""
    return (sys.executable, "-m", "podid", "part", name, str(_settings_of(home, name)))


def choose_isolation(home: Home, wished: str) -> Isolation:
    """Find out how pods can be kept apart here. Raises Forbidden where it cannot be as asked."""
    try:
        return choose(cast(Literal["auto", "namespaces", "process"], wished), scratch=home.cluster)
    except IsolationError as problem:
        what, _, way_out = str(problem).partition("; ")
        raise Forbidden(what, way_out or "see: podid up --help") from problem


def prepare_serve(home: Home, installation: Installation) -> Description:
    """Make what the endpoint must know of the cluster, where it is missing, and write the endpoint's settings."""
    files = files_of(home.cluster, installation.cluster_port)
    if not is_prepared(home.cluster, port=installation.cluster_port):
        prepare_cluster(home.cluster, cluster_name=installation.cluster, port=installation.cluster_port)
    described = home.serve / "installation.json"
    _write(described, _installation(home, installation, files.ca_certificate, files.jwks, files.serve_kubeconfig))
    settings = {
        "home": home.serve,
        "port": installation.port,
        "installation": described,
        "region": installation.region,
        "account": installation.account,
    }
    _write(_settings_of(home, "serve"), settings)
    return Description(
        listens=f"{LOOPBACK}:{installation.port}",
        what="the AWS endpoint: EKS, EKS Auth, IAM, STS; moto's services behind them",
    )


def prepare_webhook(home: Home, installation: Installation) -> Description:
    """Write the webhook's settings; it makes its certificate itself."""
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
    _write(_settings_of(home, "webhook"), settings)
    return Description(listens=f"{LOOPBACK}:{installation.webhook_port}", what="the mutating webhook")


def prepare_cluster_part(home: Home, installation: Installation, tools: Tools, isolation: str) -> Description:
    """Write the cluster's settings."""
    _write(_settings_of(home, "cluster"), _cluster(home, installation, tools, isolation))
    return Description(
        listens=f"{LOOPBACK}:{installation.cluster_port}",
        what=f"the cluster {installation.cluster}: API server, controllers, kubelet; IMDS in its node",
    )


def _settings_of(home: Home, name: str) -> Path:
    return home.path / name / "settings.json"


def _write(path: Path, value: Any) -> None:
    write_whole(path, msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2) + b"\n")


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
