"""The AssumeRole made for a pod, as CloudTrail shows it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from podid.audit import Entry, shared_id
from podid.audit.trail import HIDDEN
from podid.core.errors import AwsError
from podid.eks_auth import ClusterKeys, EksAuth
from podid.iam import Authorizer

ACCOUNT, FAR = "111122223333", "444455556666"
BOTH = ["sts:AssumeRole", "sts:TagSession"]
TAGS = [
    "eks-cluster-arn",
    "eks-cluster-name",
    "kubernetes-namespace",
    "kubernetes-service-account",
    "kubernetes-pod-name",
    "kubernetes-pod-uid",
]


@pytest.fixture
def recorded(world: Any) -> list[Entry]:
    entries: list[Entry] = []
    world.eks_auth = EksAuth(
        world.eks,
        world.iam,
        world.sts,
        Authorizer(world.iam),
        random=world.random,
        keys=ClusterKeys(world.eks.access, monotonic=world.seconds),
        record=entries.append,
    )
    return entries


def test_the_services_own_call(world: Any, recorded: list[Entry]) -> None:
    role = world.role("reader")
    world.associate(role)
    answer = world.assume(world.token())
    (entry,) = recorded
    assert (entry.action, entry.resource, entry.outcome, entry.account) == (
        "sts:AssumeRole",
        role,
        "Completed",
        ACCOUNT,
    )
    event = json.loads(entry.event)
    assert (event["eventVersion"], event["eventSource"], event["eventName"]) == (
        "1.08",
        "sts.amazonaws.com",
        "AssumeRole",
    )
    assert event["userIdentity"] == {"type": "AWSService", "invokedBy": "pods.eks.amazonaws.com"}
    assert event["sourceIPAddress"] == event["userAgent"] == "pods.eks.amazonaws.com"
    asked = event["requestParameters"]
    assert (asked["roleArn"], asked["durationSeconds"]) == (role, 21_600)
    assert asked["roleSessionName"] == answer["assumedRoleUser"]["arn"].rpartition("/")[2]
    assert [tag["key"] for tag in asked["tags"]] == asked["transitiveTagKeys"] == TAGS
    shown = event["responseElements"]
    assert shown["credentials"]["accessKeyId"] == answer["credentials"]["accessKeyId"]
    assert shown["credentials"]["sessionToken"] == HIDDEN
    assert shown["assumedRoleUser"] == {
        "assumedRoleId": answer["assumedRoleUser"]["assumeRoleId"],
        "arn": answer["assumedRoleUser"]["arn"],
    }
    assert (event["readOnly"], event["managementEvent"]) == (True, True)
    assert event["sharedEventID"] == shared_id("r")
    assert event["resources"] == [{"accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": role}]
    for secret in ("secretAccessKey", "sessionToken"):
        assert answer["credentials"][secret] not in entry.event


def test_both_hops(world: Any, recorded: list[Entry]) -> None:
    target = world.role("far", {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": BOTH}, account=FAR)
    world.associate(world.role("near", may=BOTH), targetRoleArn=target)
    answer = world.assume(world.token())
    first, second = (json.loads(entry.event) for entry in recorded)
    assert [entry.account for entry in recorded] == [ACCOUNT, FAR]
    assert second["userIdentity"]["type"] == "AssumedRole"
    assert second["userIdentity"]["arn"] == first["responseElements"]["assumedRoleUser"]["arn"]
    assert second["userIdentity"]["invokedBy"] == "pods.eks.amazonaws.com"
    assert (second["recipientAccountId"], second["requestParameters"]["durationSeconds"]) == (FAR, 3600)
    assert second["requestParameters"]["externalId"].endswith("/default/app")
    assert second["responseElements"]["assumedRoleUser"]["arn"] == answer["assumedRoleUser"]["arn"]
    assert first["sharedEventID"] == second["sharedEventID"]


def test_a_refusal_keeps_its_reason_for_the_log(world: Any, recorded: list[Entry]) -> None:
    world.associate(world.role("reader"))
    world.role("reader", {"Principal": {"Service": "ec2.amazonaws.com"}, "Action": BOTH})
    with pytest.raises(AwsError):
        world.assume(world.token())
    (entry,) = recorded
    assert (entry.outcome, entry.error_code) == ("Failed", "AccessDenied")
    assert "sts:AssumeRole" in entry.reason
    event = json.loads(entry.event)
    assert (event["errorCode"], event["responseElements"]) == ("AccessDenied", None)
