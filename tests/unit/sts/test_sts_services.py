"""Roles assumed by AWS services, as Pod Identity does it."""

from __future__ import annotations

from typing import Any

import pytest

from podid.core.errors import AccessDenied, AwsError

ACCOUNT = "111122223333"
CLUSTER = f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/eksdemo1"
PODS = {"Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
TAGS = {
    "eks-cluster-arn": CLUSTER,
    "eks-cluster-name": "eksdemo1",
    "kubernetes-namespace": "default",
    "kubernetes-service-account": "app",
    "kubernetes-pod-name": "app-1",
    "kubernetes-pod-uid": "0d2ba5c9-1d2c-4a4f-9c3e-0123456789ab",
}


def assume(world: Any, role_arn: str, **members: Any) -> Any:
    asked = {
        "service": "pods.eks.amazonaws.com",
        "role_arn": role_arn,
        "session_name": "eks-eksdemo1-app-1-x",
        "duration": 21_600,
        "tags": TAGS,
        "transitive": tuple(TAGS),
        "source_arn": CLUSTER,
        "source_account": ACCOUNT,
        "now": world.clock(),
        **members,
    }
    return world.sts.assume_role_as_service(**asked)


def test_a_trusted_service_gets_a_session_with_its_tags(world: Any) -> None:
    role = world.role(world.trust(PODS))
    session = assume(world, role)
    assert session.role_arn == role
    assert session.assumed_role_arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/app/eks-eksdemo1-app-1-x"
    assert session.packed_policy_size in range(40, 70)
    caller = world.sts.open_session(
        session.credentials.access_key_id, session.credentials.session_token, world.clock()
    ).caller
    assert dict(caller.session.tags) == TAGS
    assert list(caller.session.tags) == list(TAGS)
    assert caller.session.transitive == set(TAGS)
    assert not caller.chained


def test_the_roles_maximum_does_not_bound_services(world: Any) -> None:
    session = assume(world, world.role(world.trust(PODS)), duration=43_200)
    assert (session.expiration - world.clock()).total_seconds() == pytest.approx(43_200, abs=1)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        {"ArnEquals": {"aws:SourceArn": CLUSTER}},
        {"StringEquals": {"aws:RequestTag/kubernetes-namespace": "default"}},
        {"StringEquals": {"aws:RequestTag/eks-cluster-arn": CLUSTER}},
        {"ForAllValues:StringEquals": {"aws:TagKeys": list(TAGS)}},
        {"ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": "kubernetes-namespace"}},
        {"Bool": {"aws:PrincipalIsAWSService": "true"}},
        {"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}},
        {"StringLike": {"sts:RoleSessionName": "eks-*"}},
    ],
)
def test_conditions_of_the_trust_policy_are_met(world: Any, condition: dict[str, Any]) -> None:
    assert assume(world, world.role(world.trust({**PODS, "Condition": condition})))


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:SourceAccount": "444455556666"}},
        {"ArnLike": {"aws:SourceArn": CLUSTER.replace("cluster", "podidentityassociation") + "*"}},
        {"StringEquals": {"aws:RequestTag/kubernetes-namespace": "other"}},
        {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
        {"StringEquals": {"sts:ExternalId": "x"}},
    ],
)
def test_conditions_of_the_trust_policy_are_not_met(world: Any, condition: dict[str, Any]) -> None:
    with pytest.raises(AccessDenied) as caught:
        assume(world, world.role(world.trust({**PODS, "Condition": condition})))
    assert caught.value.private.startswith("sts:AssumeRole: ImplicitlyDenied")


def test_without_tag_session_tags_are_refused_and_none_is_needed_without_tags(world: Any) -> None:
    role = world.role(world.trust({**PODS, "Action": "sts:AssumeRole"}))
    with pytest.raises(AccessDenied) as caught:
        assume(world, role)
    assert caught.value.private.startswith("sts:TagSession")
    session = assume(world, role, tags={}, transitive=())
    assert session.packed_policy_size is None


def test_another_service_is_not_trusted(world: Any) -> None:
    role = world.role(world.trust({"Principal": {"Service": "ec2.amazonaws.com"}}))
    with pytest.raises(AccessDenied):
        assume(world, role)
    assert assume(world, role, service="ec2.amazonaws.com")


def test_an_external_id_can_be_passed(world: Any) -> None:
    role = world.role(world.trust({**PODS, "Condition": {"StringEquals": {"sts:ExternalId": "r/a/c/ns/sa"}}}))
    assert assume(world, role, external_id="r/a/c/ns/sa")


def test_a_session_policy_narrows(world: Any) -> None:
    role = world.role(world.trust(PODS), p=world.allow("s3:*"))
    session = assume(world, role, tags={}, transitive=(), policy=world.allow("s3:GetObject"))
    caller = world.sts.open_session(
        session.credentials.access_key_id, session.credentials.session_token, world.clock()
    ).caller
    assert world.authorizer.decide(caller, "s3:GetObject", "*", {}).allowed
    assert not world.authorizer.decide(caller, "s3:PutObject", "*", {}).allowed


def test_a_role_that_is_gone(world: Any) -> None:
    with pytest.raises(AccessDenied) as caught:
        assume(world, f"arn:aws:iam::{ACCOUNT}:role/nobody")
    assert caught.value.private == "there is no such role"


@pytest.mark.parametrize("duration", [0, 899, 43_201])
def test_durations_are_bounded(world: Any, duration: int) -> None:
    with pytest.raises(AwsError) as caught:
        assume(world, world.role(world.trust(PODS)), duration=duration)
    assert caught.value.code == "ValidationError"


def test_the_second_hop_inherits_the_six_tags(world: Any) -> None:
    first = world.role(world.trust(PODS), "first", p=world.allow(["sts:AssumeRole", "sts:TagSession"]))
    target = world.role(
        world.trust(
            {
                "Principal": {"AWS": first},
                "Condition": {
                    "StringEquals": {
                        "aws:RequestTag/kubernetes-namespace": "default",
                        "aws:RequestTag/eks-cluster-arn": CLUSTER,
                        "sts:ExternalId": "us-east-1/111122223333/eksdemo1/default/app",
                    }
                },
            }
        ),
        "target",
        account="444455556666",
    )
    session = assume(world, first)
    caller = world.sts.open_session(
        session.credentials.access_key_id, session.credentials.session_token, world.clock()
    ).caller
    second = world.sts.assume_role_as(
        caller,
        role_arn=target,
        session_name="eks-second",
        duration=3600,
        external_id="us-east-1/111122223333/eksdemo1/default/app",
        now=world.clock(),
    )
    assert second.assumed_role_arn == "arn:aws:sts::444455556666:assumed-role/target/eks-second"
    assert second.packed_policy_size == session.packed_policy_size
    with pytest.raises(AwsError, match="1 hour"):
        world.sts.assume_role_as(caller, role_arn=target, session_name="eks-second", duration=21_600, now=world.clock())
