"""Every handler takes what the service model says, no less and no more than it means to."""

from __future__ import annotations

import gzip
import inspect
import json
from importlib.resources import files
from typing import Any

import pytest

from podid.core.operations import snake_case
from podid.eks import Eks


def _operations() -> dict[str, Any]:
    data = files("botocore") / "data" / "eks" / "2017-11-01" / "service-2.json.gz"
    model = json.loads(gzip.decompress(data.read_bytes()))
    return {name: model["shapes"][operation["input"]["shape"]] for name, operation in model["operations"].items()}


MODEL = _operations()

EXPECTED = {
    "AssociateAccessPolicy", "CreateAccessEntry", "CreateAddon", "CreateCluster", "CreatePodIdentityAssociation",
    "DeleteAccessEntry", "DeleteAddon", "DeleteCluster", "DeregisterCluster",
    "DeletePodIdentityAssociation", "DescribeAccessEntry", "DescribeAddon", "DescribeAddonConfiguration",
    "DescribeAddonVersions", "DescribeCluster", "DescribeClusterVersions", "DescribePodIdentityAssociation",
    "DescribeUpdate", "DisassociateAccessPolicy", "ListAccessEntries", "ListAccessPolicies", "ListAddons", "ListAssociatedAccessPolicies", "ListClusters",
    "ListPodIdentityAssociations", "ListTagsForResource", "ListUpdates", "TagResource", "UntagResource",
    "RegisterCluster", "UpdateAccessEntry", "UpdateAddon",
    "UpdateClusterConfig", "UpdateClusterVersion", "UpdatePodIdentityAssociation",
}  # fmt: skip


def test_these_operations_are_answered(eks: Eks) -> None:
    assert set(eks.handlers()) == EXPECTED


@pytest.mark.parametrize("operation", sorted(EXPECTED))
def test_parameters_are_the_models_members(eks: Eks, operation: str) -> None:
    shape = MODEL[operation]
    members = {snake_case(name): name for name in shape["members"]}
    required = set(shape.get("required", ()))
    parameters = dict(inspect.signature(eks.handlers()[operation]).parameters)
    parameters.pop("call")
    assert set(parameters) <= set(members)
    assert {members[name] for name, p in parameters.items() if p.default is p.empty} == required
