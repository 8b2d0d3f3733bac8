"""The AssumeRole made for a pod, as CloudTrail shows it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from podid.audit import HIDDEN, Entry, entries_of, proceedings_of, shared_id
from podid.core.errors import AwsError

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


def noted(world: Any) -> list[Entry]:
    """What was noted of the last call, as whoever reads the audit log gets it."""
    return entries_of(proceedings_of(world.last, secure=False, assumed=world.last.notes.assumed))


def test_the_services_own_call(world: Any) -> None:
    role = world.role("reader")
    world.associate(role)
    answer = world.assume(world.token())
    (entry,) = noted(world)
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


def test_both_hops(world: Any) -> None:
    target = world.role("far", {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": BOTH}, account=FAR)
    world.associate(world.role("near", may=BOTH), targetRoleArn=target)
    answer = world.assume(world.token())
    first, second = (json.loads(entry.event) for entry in noted(world))
    assert [entry.account for entry in noted(world)] == [ACCOUNT, FAR]
    assert second["userIdentity"]["type"] == "AssumedRole"
    assert second["userIdentity"]["arn"] == first["responseElements"]["assumedRoleUser"]["arn"]
    assert second["userIdentity"]["invokedBy"] == "pods.eks.amazonaws.com"
    assert (second["recipientAccountId"], second["requestParameters"]["durationSeconds"]) == (FAR, 3600)
    assert second["requestParameters"]["externalId"].endswith("/default/app")
    assert second["responseElements"]["assumedRoleUser"]["arn"] == answer["assumedRoleUser"]["arn"]
    assert first["sharedEventID"] == second["sharedEventID"]


def test_a_refusal_keeps_its_reason_for_the_log(world: Any) -> None:
    world.associate(world.role("reader"))
    world.role("reader", {"Principal": {"Service": "ec2.amazonaws.com"}, "Action": BOTH})
    with pytest.raises(AwsError):
        world.assume(world.token())
    (entry,) = noted(world)
    assert (entry.outcome, entry.error_code) == ("Failed", "AccessDenied")
    assert "sts:AssumeRole" in entry.reason
    event = json.loads(entry.event)
    assert (event["errorCode"], event["responseElements"]) == ("AccessDenied", None)


def test_whose_token_became_which_session(world: Any) -> None:
    world.associate(world.role("reader"))
    token = world.token()
    answer = world.assume(token)
    told = msgspec.to_builtins(world.last.notes.exchange)
    assert told["pod"].startswith("default/")
    assert told["association"] == answer["podIdentityAssociation"]["associationId"]
    assert told["session"] == answer["assumedRoleUser"]["arn"]
    assert told["session_tags"].split(",") == TAGS
    assert told["expires"] == msgspec.to_builtins(answer["credentials"]["expiration"])
    for secret in (token, answer["credentials"]["secretAccessKey"], answer["credentials"]["sessionToken"]):
        assert secret not in repr(world.last.notes)


def test_a_token_that_is_refused_leaves_nothing(world: Any) -> None:
    world.associate(world.role("reader"))
    with pytest.raises(AwsError):
        world.assume(world.token()[:-4] + "AAAA")
    notes = world.last.notes
    assert (notes.assumed, notes.exchange) == ([], None)
