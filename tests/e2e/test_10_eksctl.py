"""The real eksctl, unmodified: add-on, associations with roles that it makes by stacks, access entries, kubeconfig.

It is one Go program of 280 MB that takes minutes to build, so PODID_EKSCTL has to name one that is there (CONTRIBUTING says how to build it).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.installed import CLUSTER, Installed, document

EKSCTL = os.environ.get("PODID_EKSCTL", "")

pytestmark = [
    pytest.mark.tools,
    pytest.mark.skipif(
        not EKSCTL, reason="set PODID_EKSCTL to an eksctl: it is built in ten minutes, not by the suite"
    ),
]

VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


def wanted(folder: Path, action: str, viewer: str) -> Path:
    """A ClusterConfig: one role by a well-known policy, with its service account; one by a policy of its own; an access entry."""
    config = {
        "apiVersion": "eksctl.io/v1alpha5",
        "kind": "ClusterConfig",
        "metadata": {"name": CLUSTER, "region": "us-east-1"},
        "addons": [{"name": "eks-pod-identity-agent"}],
        "iam": {
            "podIdentityAssociations": [
                {
                    "namespace": "default",
                    "serviceAccountName": "eksctl-scaler",
                    "createServiceAccount": True,
                    "wellKnownPolicies": {"autoScaler": True},
                    "tags": {"team": "a"},
                },
                {
                    "namespace": "default",
                    "serviceAccountName": "eksctl-lister",
                    "permissionPolicy": document({"Effect": "Allow", "Action": action, "Resource": "*"}),
                },
            ]
        },
        "accessConfig": {
            "accessEntries": [
                {
                    "principalARN": viewer,
                    "accessPolicies": [
                        {"policyARN": VIEW, "accessScope": {"type": "namespace", "namespaces": ["default"]}}
                    ],
                }
            ]
        },
    }
    path = folder / "eksctl.json"
    path.write_text(json.dumps(config))
    return path


class Eksctl:
    """Commands of eksctl at one installation; each has to succeed."""

    def __init__(self, installed: Installed) -> None:
        self._installed = installed

    def __call__(self, words: str) -> str:
        typed = self._installed.type(f"{EKSCTL} {words}")
        assert typed.code == 0, typed.output
        return typed.output

    def associations(self) -> dict[str, str]:
        """Role by service account."""
        listed: list[dict[str, Any]] = json.loads(self(f"get podidentityassociation --cluster {CLUSTER} -o json"))
        return {each["ServiceAccountName"]: each["RoleARN"] for each in listed}


def test_everything_that_eksctl_does_with_identities(install: Callable[[], Installed], tmp_path: Path) -> None:
    installed = install()
    assert installed.up().code == 0
    eksctl, iam = Eksctl(installed), installed.client("iam")
    trust = document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    )
    roles = [
        iam.create_role(RoleName=f"eksctl-{name}", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        for name in ("given", "other")
    ]
    config = wanted(tmp_path, "s3:ListAllMyBuckets", roles[0])
    before = eksctl.associations()

    assert "active" in eksctl(f"create addon -f {config}") + eksctl(f"get addon --cluster {CLUSTER} -o json").lower()
    eksctl(f"create podidentityassociation -f {config}")
    held = eksctl.associations()
    assert set(held) - set(before) == {"eksctl-scaler", "eksctl-lister"}
    assert "managed-by=eksctl" in installed.kubectl("get", "sa", "eksctl-scaler", "--show-labels").output
    lister = held["eksctl-lister"].rpartition("/")[2]
    (name,) = iam.list_role_policies(RoleName=lister)["PolicyNames"]

    assert "nothing to update" in eksctl(f"update podidentityassociation -f {config}")
    wanted(tmp_path, "s3:GetObject", roles[0])
    eksctl(f"update podidentityassociation -f {config}")
    assert "s3:GetObject" in json.dumps(iam.get_role_policy(RoleName=lister, PolicyName=name)["PolicyDocument"])

    # A role that is there already: eksctl sends an empty map of tags with it.
    given = f"--cluster {CLUSTER} --namespace default --service-account-name eksctl-given"
    eksctl(f"create podidentityassociation {given} --role-arn {roles[0]}")
    eksctl(f"update podidentityassociation {given} --role-arn {roles[1]}")
    assert eksctl.associations()["eksctl-given"] == roles[1]
    eksctl(f"delete podidentityassociation {given}")

    eksctl(f"create accessentry -f {config}")
    assert roles[0] in eksctl(f"get accessentry --cluster {CLUSTER}")
    eksctl(f"delete accessentry -f {config}")
    kubeconfig = tmp_path / "kubeconfig"
    eksctl(f"utils write-kubeconfig --cluster {CLUSTER} --kubeconfig {kubeconfig}")
    nodes = installed.type(f"KUBECONFIG={kubeconfig} kubectl get nodes")
    assert "Ready" in nodes.output, nodes.output

    eksctl(f"delete podidentityassociation -f {config}")
    assert eksctl.associations() == before
    assert "NotFound" in installed.kubectl("get", "sa", "eksctl-scaler").output
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=lister)
