"""A cluster as EKS knows it: where its API server is, who issues its service account tokens, and with which keys they are checked."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, field

from podid.core.arn import partition_of
from podid.core.caller import Output
from podid.eks.key_source import KeySource

CLUSTER_NAME: Final = re.compile(r"[0-9A-Za-z][A-Za-z0-9\-_]{0,99}")
"""From the service model: 1 to 100 characters."""

LOG_TYPES: Final = ("api", "audit", "authenticator", "controllerManager", "scheduler")


class ClusterRegistration(Struct, frozen=True, kw_only=True):
    """What must be told of a cluster that runs elsewhere. RegisterCluster of AWS's API carries none of it: this is podid's own."""

    name: str
    version: str = ""
    """`1.33`; empty where unknown."""
    endpoint: str = ""
    """The API server, as people's kubeconfigs should name it."""
    ca_pem: str = ""
    issuer: str
    jwks_file: Path | None = None
    jwks_url: str = ""
    jwks: str = ""
    kubeconfig: Path | None = None
    """For podid's own calls to the cluster: add-ons, and its keys where no source of them is given."""
    role_arn: str = ""
    creator_arn: str = ""
    """The principal that gets the first access entry."""
    service_ipv4_cidr: str = "10.96.0.0/12"
    by_call: bool = False
    """Whether a caller tells, rather than the operator of the installation."""


class Cluster(Struct, frozen=True, kw_only=True):
    """One cluster of one account in one region."""

    account: str
    region: str
    name: str
    version: str
    platform_version: str
    status: str
    created_at: datetime
    role_arn: str = ""
    endpoint: str = ""
    ca_data: str = ""
    """The CA certificates (PEM) in base64."""
    issuer: str = ""
    keys: KeySource = KeySource()
    kubeconfig: str = ""
    creator_arn: str = ""
    registered: bool = False
    """Whether it runs elsewhere and was told to us, rather than made by CreateCluster."""
    config: dict[str, Any] = field(default_factory=dict)
    """Members of the Cluster shape that are kept and shown as they came: resourcesVpcConfig, logging, accessConfig, …"""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def partition(self) -> str:
        return partition_of(self.region)

    @property
    def arn(self) -> str:
        return cluster_arn(self.account, self.region, self.name)

    def view(self, *, status: str = "") -> Output:
        """The Cluster shape; `status` other than the stored one for the moment of an answer (CREATING, DELETING)."""
        return {
            "name": self.name,
            "arn": self.arn,
            "createdAt": self.created_at,
            "version": self.version,
            "endpoint": self.endpoint or None,
            "roleArn": self.role_arn,
            "identity": {"oidc": {"issuer": self.issuer}} if self.issuer else None,
            "status": status or self.status,
            "certificateAuthority": {"data": self.ca_data} if self.ca_data else {},
            "platformVersion": self.platform_version,
            "tags": self.tags,
            "health": {"issues": []},
            **self.config,
        }


@lru_cache(4096)
def cluster_arn(account: str, region: str, name: str) -> str:
    """arn:PARTITION:eks:REGION:ACCOUNT:cluster/NAME"""
    return f"arn:{partition_of(region)}:eks:{region}:{account}:cluster/{name}"


def default_config(service_ipv4_cidr: str = "10.100.0.0/16") -> dict[str, Any]:
    """What a cluster shows where nothing else was asked for: the defaults of CreateCluster."""
    return {
        "resourcesVpcConfig": {
            "subnetIds": [],
            "securityGroupIds": [],
            "clusterSecurityGroupId": "",
            "vpcId": "",
            "endpointPublicAccess": True,
            "endpointPrivateAccess": False,
            "publicAccessCidrs": ["0.0.0.0/0"],
        },
        "kubernetesNetworkConfig": {
            "serviceIpv4Cidr": service_ipv4_cidr,
            "ipFamily": "ipv4",
            "elasticLoadBalancing": {"enabled": False},
        },
        "logging": {"clusterLogging": [{"types": list(LOG_TYPES), "enabled": False}]},
        "accessConfig": {"authenticationMode": "API"},
        "upgradePolicy": {"supportType": "EXTENDED"},
        "deletionProtection": False,
    }
