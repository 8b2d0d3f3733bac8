"""Policies as they are held: read when needed, compiled once; AWS's own; the package's public names."""

from __future__ import annotations

import json

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

import podid.core.policy
from podid.core.policy import (
    MANAGED_POLICY,
    MalformedPolicy,
    NamedPolicy,
    Policy,
    PolicyKind,
    PolicySet,
    Principal,
    Request,
    decide,
    parse_policy,
    read_policy,
    size_of,
)

TEXT = '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
ALICE = Principal(kind="user", account="111122223333", arn="arn:aws:iam::111122223333:user/alice")


def test_a_deferred_policy_is_read_once_when_it_is_first_asked() -> None:
    reads = []

    def load() -> Policy:
        reads.append(1)
        return read_policy(TEXT)

    policy = Policy.deferred(load)
    assert repr(policy) == "<identity policy, not read yet>"
    request = Request(principal=ALICE, action="s3:GetObject")
    for _ in range(2):
        assert decide(request, PolicySet(identity=(NamedPolicy("p", policy),))).allowed
    assert reads == [1]
    assert repr(policy) == "<identity policy, 1 statements>"


def test_a_deferred_policy_that_cannot_be_read_says_so_each_time() -> None:
    policy = Policy.deferred(lambda: read_policy("{"))
    for _ in range(2):
        with pytest.raises(MalformedPolicy):
            decide(Request(principal=ALICE, action="s3:GetObject"), PolicySet(identity=(NamedPolicy("p", policy),)))


def test_a_policy_is_compiled_once() -> None:
    policy = parse_policy(TEXT)
    assert policy.compiled is policy.compiled


MANAGED = json.loads(aws_managed_policies_data)


def test_awss_own_policies_are_read_and_compiled() -> None:
    longest = 0
    for entry in MANAGED.values():
        text = json.dumps(entry["Document"])
        longest = max(longest, size_of(text))
        policy = read_policy(text)
        request = Request(principal=ALICE, action="nothing:Ever", resource="arn:aws:nothing:::")
        decide(request, PolicySet(identity=(NamedPolicy("own", policy),)))
        if len(text) < 131_072:
            assert parse_policy(text, managed=True).document == policy.document
    assert len(MANAGED) > 1000
    assert longest > MANAGED_POLICY.limit


@pytest.mark.parametrize(
    ("name", "action", "allowed"),
    [
        ("AdministratorAccess", "iam:CreateUser", True),
        ("PowerUserAccess", "s3:GetObject", True),
        ("PowerUserAccess", "iam:CreateUser", False),
        ("PowerUserAccess", "iam:ListRoles", True),
        ("ReadOnlyAccess", "s3:GetObject", True),
        ("ReadOnlyAccess", "s3:PutObject", False),
        ("ReadOnlyAccess", "ec2:DescribeInstances", True),
        ("ReadOnlyAccess", "eks:DescribeCluster", True),
        ("ReadOnlyAccess", "eks:DeleteCluster", False),
        ("AmazonS3ReadOnlyAccess", "s3:ListBucket", True),
        ("AmazonS3ReadOnlyAccess", "s3:DeleteBucket", False),
        ("AmazonEKSWorkerNodePolicy", "eks-auth:AssumeRoleForPodIdentity", True),
        ("AWSDenyAll", "s3:GetObject", False),
    ],
)
def test_awss_own_policies_decide(name: str, action: str, allowed: bool) -> None:
    policy = NamedPolicy(name, read_policy(json.dumps(MANAGED[name]["Document"])))
    request = Request(principal=ALICE, action=action, resource="*")
    assert decide(request, PolicySet(identity=(policy,))).allowed is allowed


@pytest.mark.parametrize(
    ("text", "size"),
    [("", 0), ("abc", 3), (" a b\n\tc ", 3), ('{"a": "b c"}', 10)],
)
def test_size_leaves_out_white_space(text: str, size: int) -> None:
    assert size_of(text) == size


def test_public_names() -> None:
    exported = podid.core.policy.__all__
    assert sorted(exported) == sorted(set(exported))
    for name in exported:
        assert getattr(podid.core.policy, name) is not None
    here = {
        name
        for name, value in vars(podid.core.policy).items()
        if getattr(value, "__module__", "").startswith("podid.core.policy.")
    }
    assert here <= set(exported)


def test_kinds_are_kept() -> None:
    assert read_policy(TEXT, PolicyKind.SCP).kind is PolicyKind.SCP
