"""EKS on every database: the same calls, the same answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from podid.core.caller import Call, Caller
from podid.core.errors import AwsError
from podid.core.operations import invoke
from podid.eks import ClusterRegistration, Eks, KubeconfigAccess
from podid.iam import Authorizer, Iam
from podid.store import Store

ACCOUNT, REGION = "111122223333", "us-east-1"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
OF = {"clusterName": "one"}
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
Ask = Callable[..., Any]


@pytest.fixture
def asker(store: Store) -> Iterator[Callable[[], Ask]]:
    """Makes EKS over the store, with one cluster and one role, to be asked as the account's root."""
    opened: list[Eks] = []

    def make() -> Ask:
        iam = Iam(store)
        eks = Eks(store, iam, Authorizer(iam), KubeconfigAccess())
        opened.append(eks)
        iam.ensure_role(ACCOUNT, "app", trust=TRUST)
        eks.register_cluster(ACCOUNT, REGION, ClusterRegistration(name="one", issuer="https://issuer.test", jwks="{}"))
        caller = Caller(kind="root", account=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:root", user_id=ACCOUNT)

        def ask(operation: str, **members: Any) -> Any:
            call = Call(
                caller=caller,
                account=ACCOUNT,
                region=REGION,
                partition="aws",
                now=NOW,
                request_id="r",
                service="eks",
                operation=operation,
            )
            return invoke(eks.handlers(), call, members)

        return ask

    yield make
    for each in opened:
        each.close()


ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"
ANY = {**OF, "namespace": "ns", "roleArn": ROLE}


def test_associations(asker: Callable[[], Ask]) -> None:
    ask = asker()
    names = [f"sa-{number:02}" for number in range(25)]
    for name in names:
        ask("CreatePodIdentityAssociation", **ANY, serviceAccount=name, tags={"k": "v"}, clientRequestToken=name)
    told: list[str] = []
    token = None
    while token or not told:
        page = ask("ListPodIdentityAssociations", **OF, maxResults=10, nextToken=token)
        told += [each["serviceAccount"] for each in page["associations"]]
        token = page["nextToken"]
    assert sorted(told) == names
    first = ask(
        "CreatePodIdentityAssociation", **ANY, serviceAccount="sa-00", tags={"k": "v"}, clientRequestToken="sa-00"
    )
    found = ask("ListPodIdentityAssociations", **OF, serviceAccount="sa-00")["associations"]
    assert first["association"]["associationId"] == found[0]["associationId"]
    changed = ask(
        "UpdatePodIdentityAssociation", **OF, associationId=found[0]["associationId"], disableSessionTags=True
    )
    assert changed["association"]["disableSessionTags"] is True
    for text in ("a\0", "é" * 300, "' OR 1=1 --"):
        assert ask("ListPodIdentityAssociations", **OF, namespace=text)["associations"] == []
        with pytest.raises(AwsError, match="No pod identity association found"):
            ask("DescribePodIdentityAssociation", **OF, associationId=text)


def test_of_many_at_once_one_wins(asker: Callable[[], Ask]) -> None:
    ask = asker()

    def attempt(_: int) -> str:
        try:
            return str(ask("CreatePodIdentityAssociation", **ANY, serviceAccount="sa")["association"]["associationId"])
        except AwsError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(attempt, range(16)))
    assert ended.count("ResourceInUseException") == 15


def test_access_entries(asker: Callable[[], Ask]) -> None:
    ask = asker()
    asked = {**OF, "principalArn": ROLE}
    made = ask("CreateAccessEntry", **asked, kubernetesGroups=["b", "a"], tags={"Größe": "漢"})["accessEntry"]
    ask("AssociateAccessPolicy", **asked, policyArn=VIEW, accessScope={"type": "namespace", "namespaces": ["n"]})
    assert ask("DescribeAccessEntry", **asked)["accessEntry"] == made
    assert ask("ListAccessEntries", **OF, associatedPolicyArn=VIEW)["accessEntries"] == [ROLE]
    with pytest.raises(AwsError, match="already in use"):
        ask("CreateAccessEntry", **asked)
    for text in ("a\0", "' OR 1=1 --"):
        with pytest.raises(AwsError, match="could not be found"):
            ask("DescribeAccessEntry", **OF, principalArn=text)
    ask("UntagResource", resourceArn=made["accessEntryArn"], tagKeys=["Größe"])
    ask("DeleteAccessEntry", **asked)
    assert ask("ListAccessEntries", **OF)["accessEntries"] == []


def test_a_cluster_goes_with_all_it_has(asker: Callable[[], Ask]) -> None:
    ask = asker()
    ask("CreatePodIdentityAssociation", **ANY, serviceAccount="sa")
    ask("CreateAccessEntry", **OF, principalArn=ROLE)
    ask("CreateAddon", **OF, addonName="eks-pod-identity-agent")
    ask("UpdateClusterConfig", name="one", deletionProtection=True)
    with pytest.raises(AwsError, match="deletion protection"):
        ask("DeleteCluster", name="one")
    ask("UpdateClusterConfig", name="one", deletionProtection=False)
    assert len(ask("ListUpdates", name="one")["updateIds"]) == 2
    ask("DeleteCluster", name="one")
    again = asker()
    assert again("ListPodIdentityAssociations", **OF)["associations"] == []
    assert again("ListAccessEntries", **OF)["accessEntries"] == []
    assert again("ListAddons", **OF)["addons"] == []
