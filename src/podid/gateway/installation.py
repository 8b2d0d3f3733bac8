"""What an installation is to hold from its start: an administrator, users for podid's own parts, clusters with their nodes.

The supervisor (or an operator) writes it as a JSON file; `apply` brings the store to it, as often as it is asked to: what is there stays,
what is missing is made.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from podid.core.arn import partition_of
from podid.eks import ClusterRegistration, Eks
from podid.gateway import credentials_files
from podid.gateway.credentials_files import KeyFile
from podid.iam import Iam

ADMINISTRATOR_ACCESS = "arn:aws:iam::aws:policy/AdministratorAccess"


class UserSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user for people (no policy: AdministratorAccess), or for one of podid's parts, with a policy of its own."""

    user: str
    credentials_file: Path
    policy: dict[str, Any] | None = None


class NodeSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A node of a cluster, by its Kubernetes name and its EC2 instance id."""

    name: str
    instance_id: str


class ClusterSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cluster that runs elsewhere: where its API server is, and whose tokens its pods bring."""

    name: str
    version: str
    endpoint: str
    issuer: str
    ca_file: Path | None = None
    jwks_file: Path | None = None
    jwks_url: str = ""
    kubeconfig: Path | None = None
    nodes: tuple[NodeSettings, ...] = ()
    node_role: str = ""


class Installation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything, for one account and region."""

    account: str
    region: str
    administrator: UserSettings | None = None
    service_users: tuple[UserSettings, ...] = ()
    clusters: tuple[ClusterSettings, ...] = ()


class NodeRole(Struct, frozen=True):
    """The role in a node's instance profile, and the region the node is in."""

    role_arn: str
    region: str


class InvalidInstallation(Exception):
    """The file cannot be used; the text says why."""


def read(path: Path) -> Installation:
    """The installation in a file. Raises InvalidInstallation."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Installation, dec_hook=_decode)
    except OSError as error:
        raise InvalidInstallation(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise InvalidInstallation(f"{path} is not an installation: {error}") from error


def _decode(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise NotImplementedError(kind)


def apply(installation: Installation, iam: Iam, eks: Eks) -> dict[tuple[str, str], NodeRole]:
    """Bring the store to the installation. Gives the roles of its nodes, by account and instance id."""
    creator = ""
    if installation.administrator is not None:
        creator = _user(installation.account, installation.administrator, iam)
    for settings in installation.service_users:
        _user(installation.account, settings, iam)
    nodes: dict[tuple[str, str], NodeRole] = {}
    for cluster in installation.clusters:
        role_arn = _node_role(installation, cluster, iam) if cluster.node_role else ""
        eks.register_cluster(installation.account, installation.region, _registration(cluster, creator))
        for node in cluster.nodes:
            nodes[installation.account, node.instance_id] = NodeRole(role_arn, installation.region)
    return nodes


def issuers(installation: Installation) -> dict[str, tuple[str, str, str]]:
    """The clusters that the file vouches for, by the issuer of their tokens: account, region, name."""
    return {
        cluster.issuer: (installation.account, installation.region, cluster.name) for cluster in installation.clusters
    }


def _user(account: str, settings: UserSettings, iam: Iam) -> str:
    """A user with its policies and an access key whose file the part can read. Gives its ARN."""
    inline = {} if settings.policy is None else {settings.user: _text(settings.policy)}
    policies = (ADMINISTRATOR_ACCESS,) if settings.policy is None else ()
    user_arn = iam.ensure_user(account, settings.user, policy_arns=policies, inline=inline)
    found = credentials_files.read(settings.credentials_file)
    if found is not None and _still_valid(found, account, settings.user, iam):
        return user_arn
    credentials = iam.ensure_access_key(account, settings.user)
    credentials_files.write(
        settings.credentials_file, KeyFile(credentials=credentials, account=account, user_arn=user_arn)
    )
    return user_arn


def _still_valid(found: KeyFile, account: str, user: str, iam: Iam) -> bool:
    key = iam.find_key(found.credentials.access_key_id)
    return (
        key is not None
        and key.active
        and key.caller.account == account
        and key.caller.user_name == user
        and key.secret == found.credentials.secret_access_key
    )


def _node_role(installation: Installation, cluster: ClusterSettings, iam: Iam) -> str:
    """The role of the cluster's nodes: only EC2 may assume it, and it may ask EKS Auth for this one cluster."""
    partition = partition_of(installation.region)
    cluster_arn = f"arn:{partition}:eks:{installation.region}:{installation.account}:cluster/{cluster.name}"
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ],
    }
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["eks-auth:AssumeRoleForPodIdentity", "eks:DescribeCluster"],
                "Resource": cluster_arn,
            },
        ],
    }
    role = iam.ensure_role(
        installation.account, cluster.node_role, trust=_text(trust), inline={"podid-node": _text(policy)}
    )
    iam.ensure_instance_profile(installation.account, cluster.node_role, role_name=cluster.node_role)
    return role.arn


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document)


def _registration(cluster: ClusterSettings, creator: str) -> ClusterRegistration:
    return ClusterRegistration(
        name=cluster.name,
        version=cluster.version,
        endpoint=cluster.endpoint,
        ca_pem=cluster.ca_file.read_text() if cluster.ca_file else "",
        issuer=cluster.issuer,
        jwks_file=cluster.jwks_file,
        jwks_url=cluster.jwks_url,
        kubeconfig=cluster.kubeconfig,
        creator_arn=creator,
    )
