"""Clusters: registered ones and those of the API."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from podid.core.errors import AccessDenied, AwsError, NotImplementedHere
from podid.eks import Cluster, ClusterRegistration, Eks, KeySource
from podid.eks.errors import InvalidParameter, InvalidRequest, ResourceInUse, ResourceNotFound

ACCOUNT, REGION = "111122223333", "us-east-1"
EKS_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)


@pytest.fixture
def create(api: Any, make_role: Callable[..., str]) -> Callable[..., Any]:
    role = make_role("cluster-role", trust=EKS_TRUST)

    def ask(**members: Any) -> Any:
        asked = {"name": "made", "roleArn": role, "resourcesVpcConfig": {"subnetIds": ["subnet-1"]}} | members
        return api("CreateCluster", **asked)["cluster"]

    return ask


def test_registered_cluster_shows_what_tools_need(api: Any, cluster: Cluster) -> None:
    told = api("DescribeCluster", name="eksdemo1")["cluster"]
    assert told["status"] == "ACTIVE"
    assert told["arn"] == f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/eksdemo1" == cluster.arn
    assert told["endpoint"] == "https://127.0.0.1:6443"
    assert base64.b64decode(told["certificateAuthority"]["data"]) == b"CA"
    assert told["identity"] == {"oidc": {"issuer": "https://issuer.test"}}
    assert told["version"] == "1.33"
    assert told["platformVersion"].startswith("eks.")
    assert told["accessConfig"] == {"authenticationMode": "API"}
    assert told["resourcesVpcConfig"]["endpointPublicAccess"] is True
    assert told["createdAt"] == datetime(2026, 11, 24, 10, 0, 0, 123000, tzinfo=UTC)


def test_registering_again_changes_nothing(eks: Eks, cluster: Cluster, store: Any, clock: Any) -> None:
    clock.move(hours=1)
    registration = ClusterRegistration(
        name="eksdemo1", version="1.33", endpoint="https://127.0.0.1:6443", ca_pem="CA", issuer="https://issuer.test"
    )
    assert eks.register_cluster(ACCOUNT, REGION, registration) == cluster


def test_registering_again_brings_new_facts_and_keeps_the_rest(eks: Eks, api: Any, cluster: Cluster) -> None:
    api("TagResource", resourceArn=cluster.arn, tags={"a": "b"})
    api("UpdateClusterConfig", name="eksdemo1", deletionProtection=True)
    registration = ClusterRegistration(
        name="eksdemo1", version="1.34", endpoint="https://[::1]:7443", issuer="https://other.test", jwks="{}"
    )
    eks.register_cluster(ACCOUNT, REGION, registration)
    told = api("DescribeCluster", name="eksdemo1")["cluster"]
    assert (told["version"], told["endpoint"], told["tags"]) == ("1.34", "https://[::1]:7443", {"a": "b"})
    assert told["deletionProtection"] is True and told["createdAt"] == cluster.created_at
    found = eks.find_cluster(ACCOUNT, REGION, "eksdemo1")
    assert found is not None and found.issuer == "https://other.test" and found.keys == KeySource(inline="{}")


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"name": "-x"}, "cluster name"),
        ({"name": "a" * 101}, "cluster name"),
        ({"issuer": ""}, "issuer"),
        ({"jwks": "{}", "jwks_url": "https://x.test"}, "one source of keys"),
        ({"jwks_file": Path("/k"), "jwks": "{}"}, "one source of keys"),
        ({"jwks_url": "http://issuer.test/keys"}, "https only"),
        ({"jwks_url": "http://127.0.0.1.issuer.test/keys"}, "https only"),
        ({"jwks_url": "file:///etc/passwd"}, "https only"),
    ],
)
def test_registration_is_checked(eks: Eks, facts: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidParameter, match=text):
        eks.register_cluster(ACCOUNT, REGION, ClusterRegistration(**{"name": "a", "issuer": "https://i.test"} | facts))


def test_create_answers_creating_and_is_active_then(create: Callable[..., Any], api: Any) -> None:
    made = create(version="1.33", tags={"a": "b"}, kubernetesNetworkConfig={"ipFamily": "ipv6"})
    assert made["status"] == "CREATING"
    told = api("DescribeCluster", name="made")["cluster"]
    assert told == made | {"status": "ACTIVE"}
    assert told["resourcesVpcConfig"]["subnetIds"] == ["subnet-1"]
    assert told["kubernetesNetworkConfig"]["ipFamily"] == "ipv6"
    assert told["endpoint"] is None and told["certificateAuthority"] == {}
    assert told["identity"]["oidc"]["issuer"].startswith("https://oidc.eks.us-east-1.amazonaws.com/id/")


def test_default_version_is_never_too_old(create: Callable[..., Any], clock: Any) -> None:
    clock.move(days=2000)
    assert create()["version"] == "1.34"


def test_a_made_cluster_can_be_registered_later(create: Callable[..., Any], eks: Eks, api: Any) -> None:
    made = create()
    eks.register_cluster(
        ACCOUNT, REGION, ClusterRegistration(name="made", issuer="https://i.test", endpoint="https://e")
    )
    told = api("DescribeCluster", name="made")["cluster"]
    assert (told["createdAt"], told["roleArn"], told["endpoint"]) == (made["createdAt"], made["roleArn"], "https://e")


@pytest.mark.parametrize(
    ("members", "code", "text"),
    [
        ({"name": "_x"}, "InvalidParameterException", "cluster name"),
        ({"version": "1.2"}, "InvalidParameterException", "unsupported Kubernetes version"),
        ({"version": "1.28"}, "InvalidParameterException", "unsupported Kubernetes version"),
        ({"roleArn": f"arn:aws:iam::{ACCOUNT}:role/none"}, "InvalidParameterException", "does not exist"),
        ({"roleArn": "arn:aws:iam::444455556666:role/x"}, "InvalidParameterException", "Cross-account pass role"),
        ({"tags": {"aws:a": ""}}, "InvalidParameterException", "reserved"),
        ({"accessConfig": {"authenticationMode": "X"}}, "InvalidParameterException", "authenticationMode"),
        ({"logging": {"clusterLogging": [{"types": ["x"], "enabled": True}]}}, "InvalidParameterException", "log type"),
        ({"outpostConfig": {}}, "NotImplemented", "outpostConfig"),
    ],
)
def test_creation_is_checked(create: Callable[..., Any], members: dict[str, Any], code: str, text: str) -> None:
    with pytest.raises(AwsError, match=text) as refused:
        create(**members)
    assert refused.value.code == code


def test_creation_needs_pass_role(create: Callable[..., Any], api: Any, make_user: Callable[..., Any]) -> None:
    api.caller = make_user("clerk", {"Effect": "Allow", "Action": "eks:*", "Resource": "*"})
    with pytest.raises(AccessDenied, match="iam:PassRole"):
        create()


def test_names_are_unique_and_tokens_replay(create: Callable[..., Any]) -> None:
    first = create(clientRequestToken="one")
    assert create(clientRequestToken="one") == first
    with pytest.raises(ResourceInUse, match=r"^Cluster already exists with name: made$"):
        create()
    with pytest.raises(InvalidParameter, match="other parameters"):
        create(clientRequestToken="one", version="1.33")


def test_list_pages_in_alphabetical_order(create: Callable[..., Any], api: Any, cluster: Cluster) -> None:
    for name in ("zeta", "alpha"):
        create(name=name)
    first = api("ListClusters", maxResults=2)
    assert first["clusters"] == ["alpha", "eksdemo1"]
    rest = api("ListClusters", maxResults=2, nextToken=first["nextToken"])
    assert rest == {"clusters": ["zeta"], "nextToken": None}
    assert api("ListClusters", include=["all"])["clusters"] == ["alpha", "eksdemo1", "zeta"]
    with pytest.raises(InvalidParameter):
        api("ListClusters", include=["some"])


def test_delete_takes_all_that_belongs_to_it(
    api: Any, cluster: Cluster, make_role: Callable[..., str], eks: Eks
) -> None:
    api(
        "CreatePodIdentityAssociation",
        clusterName="eksdemo1",
        namespace="default",
        serviceAccount="app",
        roleArn=make_role("reader"),
    )
    assert api("DeleteCluster", name="eksdemo1")["cluster"]["status"] == "DELETING"
    with pytest.raises(ResourceNotFound, match=r"^No cluster found for name: eksdemo1.$") as refused:
        api("DescribeCluster", name="eksdemo1")
    assert refused.value.members == {"clusterName": "eksdemo1"}
    assert eks.find_association(ACCOUNT, REGION, "eksdemo1", "default", "app") is None
    with pytest.raises(ResourceNotFound):
        api("ListPodIdentityAssociations", clusterName="eksdemo1")


def test_deletion_protection(api: Any, cluster: Cluster) -> None:
    api("UpdateClusterConfig", name="eksdemo1", deletionProtection=True)
    with pytest.raises(InvalidRequest, match="deletion protection"):
        api("DeleteCluster", name="eksdemo1")
    api("UpdateClusterConfig", name="eksdemo1", deletionProtection=False)
    api("DeleteCluster", name="eksdemo1")


class TestUpdates:
    def test_logging_is_one_type_at_a_time(self, api: Any, cluster: Cluster) -> None:
        logging = {"clusterLogging": [{"types": ["api", "audit"], "enabled": True}]}
        update = api("UpdateClusterConfig", name="eksdemo1", logging=logging)["update"]
        assert (update["status"], update["type"]) == ("InProgress", "LoggingUpdate")
        assert update["params"][0]["type"] == "ClusterLogging"
        done = api("DescribeUpdate", name="eksdemo1", updateId=update["id"])["update"]
        assert done == update | {"status": "Successful"}
        told = api("DescribeCluster", name="eksdemo1")["cluster"]["logging"]["clusterLogging"]
        assert told == [
            {"types": ["api", "audit"], "enabled": True},
            {"types": ["authenticator", "controllerManager", "scheduler"], "enabled": False},
        ]
        with pytest.raises(InvalidParameter, match="No changes needed for the logging config provided"):
            api("UpdateClusterConfig", name="eksdemo1", logging=logging)
        with pytest.raises(InvalidParameter, match=r"Only one type of update can be allowed\."):
            api("UpdateClusterConfig", name="eksdemo1", logging=logging, deletionProtection=True)
        with pytest.raises(InvalidParameter, match="Nothing to update"):
            api("UpdateClusterConfig", name="eksdemo1")

    def test_endpoint_access(self, api: Any, cluster: Cluster) -> None:
        update = api("UpdateClusterConfig", name="eksdemo1", resourcesVpcConfig={"endpointPublicAccess": False})
        assert update["update"]["type"] == "EndpointAccessUpdate"
        assert update["update"]["params"] == [{"type": "EndpointPublicAccess", "value": "false"}]
        told = api("DescribeCluster", name="eksdemo1")["cluster"]["resourcesVpcConfig"]
        assert told["endpointPublicAccess"] is False and told["publicAccessCidrs"] == ["0.0.0.0/0"]

    def test_version_goes_up_one_minor(self, api: Any, create: Callable[..., Any]) -> None:
        create(version="1.32")
        with pytest.raises(InvalidParameter, match=r"from 1.32 to 1.34"):
            api("UpdateClusterVersion", name="made", version="1.34")
        update = api("UpdateClusterVersion", name="made", version="1.33")["update"]
        assert (update["type"], update["params"][0]) == ("VersionUpdate", {"type": "Version", "value": "1.33"})
        assert api("DescribeCluster", name="made")["cluster"]["version"] == "1.33"

    def test_version_of_a_cluster_elsewhere_is_not_ours_to_change(self, api: Any, cluster: Cluster) -> None:
        with pytest.raises(InvalidRequest, match="runs elsewhere"):
            api("UpdateClusterVersion", name="eksdemo1", version="1.34")

    def test_lists_in_order_with_pages(self, api: Any, cluster: Cluster, clock: Any) -> None:
        made = []
        for wanted in (True, False, True):
            made.append(api("UpdateClusterConfig", name="eksdemo1", deletionProtection=wanted)["update"]["id"])
            clock.move(seconds=1)
        first = api("ListUpdates", name="eksdemo1", maxResults=2)
        rest = api("ListUpdates", name="eksdemo1", maxResults=2, nextToken=first["nextToken"])
        assert first["updateIds"] + rest["updateIds"] == made and rest["nextToken"] is None

    def test_unknown_update(self, api: Any, cluster: Cluster) -> None:
        update = api("UpdateClusterConfig", name="eksdemo1", deletionProtection=True)["update"]
        for members in ({"updateId": "none"}, {"updateId": update["id"], "addonName": "vpc-cni"}):
            with pytest.raises(ResourceNotFound):
                api("DescribeUpdate", name="eksdemo1", **members)


def test_versions_are_told_with_their_support(api: Any, clock: Any) -> None:
    told = {each["clusterVersion"]: each for each in api("DescribeClusterVersions")["clusterVersions"]}
    assert "1.28" not in told and told["1.33"]["versionStatus"] == "EXTENDED_SUPPORT"
    assert told["1.34"]["status"] == "standard-support" and told["1.34"]["defaultVersion"] is True
    clock.now = datetime(2026, 12, 2, tzinfo=UTC)  # the day standard support ends
    assert api("DescribeClusterVersions", defaultOnly=True)["clusterVersions"][0]["versionStatus"] == "EXTENDED_SUPPORT"
    assert len(api("DescribeClusterVersions", includeAll=True)["clusterVersions"]) > len(told)
    assert [
        each["clusterVersion"] for each in api("DescribeClusterVersions", clusterVersions=["1.28"])["clusterVersions"]
    ] == ["1.28"]


def test_creator_has_an_access_entry(create: Callable[..., Any], api: Any, administrator: Any) -> None:
    create()
    assert api("ListAccessEntries", clusterName="made")["accessEntries"] == [administrator.arn]
    told = api("DescribeAccessEntry", clusterName="made", principalArn=administrator.arn)["accessEntry"]
    assert told["username"] == administrator.arn and told["type"] == "STANDARD"
    assert told["accessEntryArn"].startswith(f"arn:aws:eks:us-east-1:{ACCOUNT}:access-entry/made/user/{ACCOUNT}/admin/")
    policies = api("ListAssociatedAccessPolicies", clusterName="made", principalArn=administrator.arn)
    assert policies["associatedAccessPolicies"][0]["policyArn"].endswith("/AmazonEKSClusterAdminPolicy")
    with pytest.raises(ResourceNotFound):
        api("DescribeAccessEntry", clusterName="made", principalArn="arn:aws:iam::111122223333:role/x")
    create(name="bare", accessConfig={"bootstrapClusterCreatorAdminPermissions": False})
    assert api("ListAccessEntries", clusterName="bare")["accessEntries"] == []


def test_what_is_not_implemented_says_so(api: Any) -> None:
    with pytest.raises(NotImplementedHere, match="eks:CreateNodegroup"):
        api("CreateNodegroup", clusterName="x")
