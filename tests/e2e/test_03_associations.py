"""What an association can ask for, and what becomes of running pods when it, or its role, goes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.e2e.installed import (
    CLUSTER,
    Installed,
    allow,
    ask_agent,
    credentials_of,
    document,
    pod,
    service_account,
    trust,
)

pytestmark = [pytest.mark.tools, pytest.mark.namespaces, pytest.mark.usefixtures("curl")]

OTHER = "444455556666"
TAGGED = {"Condition": {"StringEquals": {"aws:PrincipalTag/kubernetes-namespace": "default"}}}
EXTERNAL_ID = f"us-east-1/111122223333/{CLUSTER}/default"
PODS = ("tags-on", "tags-off", "narrowed", "far", "far-shut", "role-goes", "association-goes")


def trusting(role_arn: str, external_id: str) -> dict[str, Any]:
    """A trust policy of a target role: the first role, with the external id that EKS gives."""
    return document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": role_arn},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
        }
    )


@pytest.fixture(scope="module")
def pods(with_agent: Installed) -> Iterator[Installed]:
    """A role, an association and a pod for each story; what is special about them is done here."""
    make, associate = with_agent.make_role, with_agent.associate
    listing = allow("s3:ListAllMyBuckets") | TAGGED
    associate("tags-on", make("tags-on", trust(), listing))
    associate("tags-off", make("tags-off", trust(), listing), disableSessionTags=True)
    narrow = json.dumps(document(allow("s3:ListAllMyBuckets")))
    associate("narrowed", make("narrowed", trust(), allow("s3:*")), disableSessionTags=True, policy=narrow)
    for name, external_id in (("far", f"{EXTERNAL_ID}/far"), ("far-shut", f"{EXTERNAL_ID}/another")):
        target = f"arn:aws:iam::{OTHER}:role/{name}-target"
        first = make(name, trust(), allow("sts:AssumeRole", target))
        assert make(f"{name}-target", trusting(first, external_id), allow("s3:*"), account=OTHER) == target
        associate(name, first, targetRoleArn=target, disableSessionTags=True)
    associate("role-goes", make("role-goes", trust()))
    associate("association-goes", make("association-goes", trust(), allow("s3:ListAllMyBuckets")))
    applied = with_agent.apply(*map(service_account, PODS), *map(pod, PODS))
    assert applied.code == 0, applied.output
    with_agent.wait_ready(*PODS)
    yield with_agent
    with_agent.kubectl("delete", "pod", "--wait=false", *PODS)


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    return str(refused.value.response["Error"]["Message"])


def test_the_session_carries_the_six_tags(pods: Installed) -> None:
    pods.client("s3", credentials_of(pods, "tags-on")).list_buckets()


def test_disable_session_tags_sends_none(pods: Installed) -> None:
    text = refusal(pods.client("s3", credentials_of(pods, "tags-off")).list_buckets)
    assert "no identity-based policy allows the s3:ListAllMyBuckets action" in text


def test_a_session_policy_narrows_what_the_role_may(pods: Installed) -> None:
    s3 = pods.client("s3", credentials_of(pods, "narrowed"))
    s3.list_buckets()
    assert "no session policy allows the s3:CreateBucket action" in refusal(s3.create_bucket, Bucket="narrowed")


def test_a_session_policy_goes_only_without_tags(pods: Installed) -> None:
    role = "arn:aws:iam::111122223333:role/narrowed"
    with pytest.raises(ClientError) as refused:
        pods.associate("never", role, policy=json.dumps(document(allow("s3:*"))))
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"


def test_a_target_role_of_another_account_is_reached_with_its_external_id(pods: Installed) -> None:
    credentials = credentials_of(pods, "far")
    assert credentials["AccountId"] == OTHER
    who = pods.client("sts", credentials).get_caller_identity()
    assert who["Arn"].startswith(f"arn:aws:sts::{OTHER}:assumed-role/far-target/")
    pods.client("s3", credentials).list_buckets()


def test_and_not_with_another_external_id(pods: Installed) -> None:
    answer = ask_agent(pods, "far-shut")
    assert answer.status == 400
    assert "EKS does not have permissions to assume the associated role." in answer.body


def test_a_deleted_role_ends_its_sessions_and_gives_no_new_ones(pods: Installed) -> None:
    credentials = credentials_of(pods, "role-goes")
    pods.client("iam").delete_role(RoleName="role-goes")
    with pytest.raises(ClientError) as refused:
        pods.client("s3", credentials).list_buckets()
    assert refused.value.response["Error"]["Code"] == "InvalidToken"
    pods.kubectl("delete", "pod", "role-goes")
    pods.apply(pod("role-goes"))
    pods.wait_ready("role-goes")
    answer = ask_agent(pods, "role-goes")
    assert answer.status == 400
    assert "(AccessDeniedException)" in answer.body


def test_a_role_made_again_under_the_name_does_not_revive_them(pods: Installed) -> None:
    iam = pods.client("iam")
    name = "made-again"
    association = pods.associate(name, pods.make_role(name, trust(), allow("s3:ListAllMyBuckets")))
    pods.apply(service_account(name), pod(name))
    pods.wait_ready(name)
    credentials = credentials_of(pods, name)
    iam.delete_role_policy(RoleName=name, PolicyName="may")
    iam.delete_role(RoleName=name)
    pods.make_role(name, trust(), allow("s3:ListAllMyBuckets"))
    with pytest.raises(ClientError):
        pods.client("s3", credentials).list_buckets()
    pods.client("eks").delete_pod_identity_association(clusterName=CLUSTER, associationId=association)
    pods.kubectl("delete", "pod", name, "--wait=false")


def test_a_deleted_association_leaves_the_running_session_and_gives_no_new_one(pods: Installed) -> None:
    credentials = credentials_of(pods, "association-goes")
    eks = pods.client("eks")
    (found,) = eks.list_pod_identity_associations(clusterName=CLUSTER, serviceAccount="association-goes")[
        "associations"
    ]
    eks.delete_pod_identity_association(clusterName=CLUSTER, associationId=found["associationId"])
    pods.client("s3", credentials).list_buckets()
    assert ask_agent(pods, "association-goes").status == 200  # the agent's lease lives on
    token = pods.exec("association-goes", "cat $AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").output
    with pytest.raises(ClientError) as refused:
        pods.client("eks-auth").assume_role_for_pod_identity(clusterName=CLUSTER, token=token)
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
