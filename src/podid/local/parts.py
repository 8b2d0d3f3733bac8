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


class PartSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One process to start."""

    name: str
    argv: tuple[str, ...]
    listens: str
    what: str


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, and what was found out on the way."""

    parts: tuple[PartSpec, ...]
    isolation: str
    isolation_reason: str
    notes: tuple[str, ...] = ()


def prepare(home: Home, installation: Installation, tools: Tools) -> Prepared:
    """Choose the isolation, make keys and certificates, write every part's settings. Raises Forbidden."""
    try:
        isolation = choose(cast(Literal["auto", "namespaces", "process"], installation.isolation), scratch=home.cluster)
    except IsolationError as problem:
        what, _, way_out = str(problem).partition("; ")
        raise Forbidden(what, way_out or "see: podid up --help") from problem
    cluster_files = prepare_cluster(home.cluster, cluster_name=installation.cluster, port=installation.cluster_port)
    prepare_certificates(home.webhook)
    serve_settings = home.serve / "installation.json"
    _write(
        serve_settings,
        _installation(
            home, installation, cluster_files.ca_certificate, cluster_files.jwks, cluster_files.serve_kubeconfig
        ),
    )
    cluster_settings = home.cluster / "settings.json"
    _write(cluster_settings, _cluster(home, installation, tools, isolation.name))
    return Prepared(
        parts=(
            _serve(home, installation, serve_settings),
            _cluster_part(installation, cluster_settings),
            _webhook(home, installation),
        ),
        isolation=isolation.name,
        isolation_reason=isolation.why,
        notes=(f"isolation is {isolation.name}: {isolation.why}",),
    )


def _write(path: Path, value: Any) -> None:
    write_file(path, msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2) + b"\n")


def _command(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "podid", *arguments)


def _serve(home: Home, installation: Installation, settings: Path) -> PartSpec:
    return PartSpec(
        name="serve",
        argv=_command(
            "serve", "--home", str(home.serve), "--port", str(installation.port), "--installation", str(settings)
        ),
        listens=f"{LOOPBACK}:{installation.port}",
        what="the AWS endpoint: EKS, EKS Auth, IAM, STS; moto's services behind them",
    )


def _cluster_part(installation: Installation, settings: Path) -> PartSpec:
    return PartSpec(
        name="cluster",
        argv=_command("localcluster", "--settings", str(settings)),
        listens=f"{LOOPBACK}:{installation.cluster_port}",
        what=f"the cluster {installation.cluster}: API server, controllers, kubelet; IMDS in its node",
    )


def _webhook(home: Home, installation: Installation) -> PartSpec:
    return PartSpec(
        name="webhook",
        argv=_command(
            *("webhook", "--host", LOOPBACK, "--port", str(installation.webhook_port), "--home", str(home.webhook)),
            *("--endpoint", installation.endpoint, "--credentials", str(home.credentials / "webhook.json")),
            *(
                "--cluster-name",
                installation.cluster,
                "--region",
                installation.region,
                "--aws-default-region",
                installation.region,
            ),
            *("--metrics-port", "0"),
        ),
        listens=f"{LOOPBACK}:{installation.webhook_port}",
        what="the mutating webhook",
    )


def _installation(
    home: Home, installation: Installation, ca_file: Path, jwks_file: Path, kubeconfig: Path
) -> dict[str, Any]:
    """What `serve` brings its store to: the administrator, a user for each part that calls it, the cluster."""
    scope = f"arn:aws:eks:{installation.region}:{installation.account}:cluster/{installation.cluster}"
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
