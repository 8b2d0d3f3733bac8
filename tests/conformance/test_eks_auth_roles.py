"""EKS Auth and roles: what the trust policy asks for, what the session may do, and the target role behind it."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from tests.conformance.endpoint import (
    ACCOUNT,
    CLUSTER,
    CLUSTER_ARN,
    REGION,
    TRUST,
    Answer,
    Endpoint,
    Key,
)


@pytest.fixture(scope="module")
def node(endpoint: Endpoint) -> Key:
    return endpoint.node


def key_of(told: dict[str, Any]) -> Key:
    credentials = told["credentials"]
    return Key(credentials["accessKeyId"], credentials["secretAccessKey"], credentials["sessionToken"])


NO = "Unauthorized Exception! EKS does not have permissions to assume the associated role."


def trust(actions: list[str], condition: dict[str, Any] | None = None) -> dict[str, Any]:
    statement = {**TRUST["Statement"][0], "Action": actions, **({"Condition": condition} if condition else {})}  # type: ignore[dict-item]
    return {"Version": "2012-10-17", "Statement": [statement]}


BOTH = ["sts:AssumeRole", "sts:TagSession"]
TRUSTS: dict[str, tuple[Any, bool]] = {
    "without TagSession": (trust(["sts:AssumeRole"]), False),
    "our account": (trust(BOTH, {"StringEquals": {"aws:SourceAccount": ACCOUNT}}), True),
    "another account": (trust(BOTH, {"StringEquals": {"aws:SourceAccount": "444455556666"}}), False),
    "our cluster": (trust(BOTH, {"ArnEquals": {"aws:SourceArn": CLUSTER_ARN}}), True),
    "another cluster": (trust(BOTH, {"ArnEquals": {"aws:SourceArn": f"{CLUSTER_ARN}2"}}), False),
    "our namespace": (trust(BOTH, {"StringEquals": {"aws:RequestTag/kubernetes-namespace": "ns"}}), True),
    "another namespace": (trust(BOTH, {"StringEquals": {"aws:RequestTag/kubernetes-namespace": "x"}}), False),
    "our service account": (
        trust(BOTH, {"StringLike": {"aws:RequestTag/kubernetes-service-account": "trust-*"}}),
        True,
    ),
    "our cluster by tag": (trust(BOTH, {"StringEquals": {"aws:RequestTag/eks-cluster-arn": CLUSTER_ARN}}), True),
    "our cluster's name by tag": (trust(BOTH, {"StringEquals": {"aws:RequestTag/eks-cluster-name": CLUSTER}}), True),
    "our pod by tag": (trust(BOTH, {"StringEquals": {"aws:RequestTag/kubernetes-pod-name": "pod-1"}}), True),
    "our pod's uid by tag": (
        trust(BOTH, {"StringEquals": {"aws:RequestTag/kubernetes-pod-uid": "5e0bb4b2-7a38-4b8f-8a44-1a2b3c4d5e6f"}}),
        True,
    ),
    "all six are transitive": (
        trust(
            BOTH,
            {
                "ForAllValues:StringEquals": {
                    "sts:TransitiveTagKeys": [
                        "eks-cluster-arn",
                        "eks-cluster-name",
                        "kubernetes-namespace",
                        "kubernetes-service-account",
                        "kubernetes-pod-name",
                        "kubernetes-pod-uid",
                    ]
                },
                "Null": {"sts:TransitiveTagKeys": "false"},
            },
        ),
        True,
    ),
    "five of them": (
        trust(BOTH, {"ForAllValues:StringEquals": {"aws:TagKeys": ["eks-cluster-arn", "kubernetes-namespace"]}}),
        False,
    ),
    "an explicit deny": (
        {
            "Version": "2012-10-17",
            "Statement": [
                TRUST["Statement"][0],
                {
                    "Effect": "Deny",
                    "Principal": {"Service": "pods.eks.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"aws:RequestTag/kubernetes-namespace": "ns"}},
                },
            ],
        },
        False,
    ),
}


@pytest.mark.parametrize("case", TRUSTS)
def test_a_trust_policy(endpoint: Endpoint, node: Key, case: str) -> None:
    document, allowed = TRUSTS[case]
    name = "trust-" + re.sub("[^a-z]+", "-", case)
    endpoint.associate(endpoint.role(name, document), name)
    answer = endpoint.assume(endpoint.issuer.token(name), key=node)
    expected = (200, "", "") if allowed else (400, "AccessDeniedException", NO)
    assert (answer.status, answer.code, answer.text) == expected, answer


def test_without_session_tags_tag_session_is_not_needed(endpoint: Endpoint, node: Key) -> None:
    role = endpoint.role("tagless", trust(["sts:AssumeRole"]))
    endpoint.associate(role, "tagless", disableSessionTags=True)
    assert endpoint.assume(endpoint.issuer.token("tagless"), key=node).status == 200


def test_a_role_that_is_gone(endpoint: Endpoint, node: Key) -> None:
    endpoint.associate(endpoint.role("to-be-deleted"), "deleted-role")
    endpoint.client("iam").delete_role(RoleName="to-be-deleted")
    answer = endpoint.assume(endpoint.issuer.token("deleted-role"), key=node)
    assert (answer.status, answer.code, answer.text) == (400, "AccessDeniedException", NO)
    endpoint.role("to-be-deleted")
    assert endpoint.assume(endpoint.issuer.token("deleted-role"), key=node).status == 200, "a role made again works"


def test_a_change_of_role_is_seen_by_the_next_call(endpoint: Endpoint, role: str, node: Key) -> None:
    association = endpoint.associate(role, "changing")
    assert (
        "/conformance/" in endpoint.assume(endpoint.issuer.token("changing"), key=node).json["assumedRoleUser"]["arn"]
    )
    other = endpoint.role("changed", path="/some/path/")
    endpoint.client("eks").update_pod_identity_association(
        clusterName=CLUSTER, associationId=association["associationId"], roleArn=other
    )
    arn = endpoint.assume(endpoint.issuer.token("changing"), key=node).json["assumedRoleUser"]["arn"]
    assert arn.startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/changed/eks-"), "a role's path is not in it"


def test_a_deleted_association_ends_new_exchanges_and_no_session(endpoint: Endpoint, role: str, node: Key) -> None:
    association = endpoint.associate(role, "ending")
    told = endpoint.assume(endpoint.issuer.token("ending"), key=node).json
    endpoint.client("eks").delete_pod_identity_association(
        clusterName=CLUSTER, associationId=association["associationId"]
    )
    assert endpoint.assume(endpoint.issuer.token("ending"), key=node).code == "ResourceNotFoundException"
    assert endpoint.client("sts", key_of(told)).get_caller_identity()["Account"] == ACCOUNT


# -- what the session may do -------------------------------------------------------------------------------------------
def test_session_tags_are_principal_tags(endpoint: Endpoint, node: Key) -> None:
    statement = {
        "Effect": "Allow",
        "Action": "sqs:ListQueues",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalTag/kubernetes-namespace": "ns"}},
    }
    role = endpoint.role("principal-tags", policy={"Version": "2012-10-17", "Statement": [statement]})
    for namespace, allowed in (("ns", True), ("other", False)):
        endpoint.associate(role, "principal-tags", namespace)
        told = endpoint.assume(endpoint.issuer.token("principal-tags", namespace), key=node).json
        client = endpoint.client("sqs", key_of(told))
        if allowed:
            assert client.list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200
        else:
            with pytest.raises(client.exceptions.ClientError, match=r"AccessDenied"):
                client.list_queues()


def test_a_session_policy_narrows(endpoint: Endpoint, node: Key) -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    role = endpoint.role("narrowed", policy={"Version": "2012-10-17", "Statement": [everything]})
    narrow = {"Version": "2012-10-17", "Statement": [{**everything, "Action": "s3:ListAllMyBuckets"}]}
    endpoint.associate(role, "narrowed", disableSessionTags=True, policy=json.dumps(narrow))
    key = key_of(endpoint.assume(endpoint.issuer.token("narrowed"), key=node).json)
    assert endpoint.client("s3", key).list_buckets()["ResponseMetadata"]["HTTPStatusCode"] == 200
    sqs = endpoint.client("sqs", key)
    with pytest.raises(sqs.exceptions.ClientError, match="because no session policy allows the sqs:"):
        sqs.list_queues()


# -- the target role ---------------------------------------------------------------------------------------------------
def chain(endpoint: Endpoint, node: Key, name: str, condition: dict[str, Any] | None, **more: Any) -> Answer:
    """An association with a target role that trusts the first one under a condition, and its exchange."""
    target = f"arn:aws:iam::{ACCOUNT}:role/{name}-target"
    hop = {"Effect": "Allow", "Action": BOTH, "Resource": target}
    first = endpoint.role(name, policy={"Version": "2012-10-17", "Statement": [hop]})
    statement = {"Effect": "Allow", "Principal": {"AWS": first}, "Action": BOTH}
    if condition:
        statement["Condition"] = condition
    endpoint.role(f"{name}-target", {"Version": "2012-10-17", "Statement": [statement]})
    endpoint.associate(first, name, targetRoleArn=target, **more)
    return endpoint.assume(endpoint.issuer.token(name), key=node)


def test_a_target_role_is_what_the_pod_gets(endpoint: Endpoint, node: Key) -> None:
    told = chain(endpoint, node, "hop", None).json
    assert told["assumedRoleUser"]["arn"].startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/hop-target/")
    assert abs(told["credentials"]["expiration"] - time.time() - 3600) < 60, "a chained session has an hour"


CHAINS: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "tag": ({"StringEquals": {"aws:RequestTag/kubernetes-namespace": "ns"}}, {}, True),
    "wrong tag": ({"StringEquals": {"aws:RequestTag/kubernetes-namespace": "x"}}, {}, False),
    "external id": (
        {"StringEquals": {"sts:ExternalId": f"{REGION}/{ACCOUNT}/{CLUSTER}/ns/chain-external-id"}},
        {"disableSessionTags": True},
        True,
    ),
    "wrong external id": (
        {"StringEquals": {"sts:ExternalId": f"{REGION}/{ACCOUNT}/{CLUSTER}/ns/other"}},
        {"disableSessionTags": True},
        False,
    ),
}


@pytest.mark.parametrize("case", CHAINS)
def test_what_the_target_may_ask_for(endpoint: Endpoint, node: Key, case: str) -> None:
    condition, more, allowed = CHAINS[case]
    answer = chain(endpoint, node, "chain-" + case.replace(" ", "-"), condition, **more)
    expected = (200, "", "") if allowed else (400, "AccessDeniedException", NO)
    assert (answer.status, answer.code, answer.text) == expected, answer


def test_a_target_that_is_not_there(endpoint: Endpoint, node: Key) -> None:
    role = endpoint.role(
        "aimless",
        policy={"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]},
    )
    endpoint.associate(role, "aimless", targetRoleArn=f"arn:aws:iam::{ACCOUNT}:role/nobody")
    answer = endpoint.assume(endpoint.issuer.token("aimless"), key=node)
    assert (answer.status, answer.code, answer.text) == (400, "AccessDeniedException", NO)
