"""Kept decisions: only where nothing but caller, action and resource counts, and never beyond a change."""

from __future__ import annotations

import json
from typing import Any

import pytest

from podid.core.policy import NamedPolicy, Policy, PolicyKind, PolicySet, Principal, parse_policy
from podid.iam.plain_decisions import PlainDecisions

ROLE = "arn:aws:iam::111122223333:role/app"
OWN = Principal(kind="user", account="111122223333", arn="arn:aws:iam::111122223333:user/ann", issuer_id="AIDA1")
POD_IDENTITY = Principal(kind="service", service="pods.eks.amazonaws.com")
NONE = PolicySet()


def named(statement: dict[str, Any], kind: PolicyKind = PolicyKind.IDENTITY) -> NamedPolicy:
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
    return NamedPolicy("p", parse_policy(text, kind))


def trust(**more: Any) -> Policy:
    usual = {"Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    return named(usual | more, PolicyKind.TRUST).policy


def test_an_allow_without_conditions_is_kept() -> None:
    plain, policies = PlainDecisions(), PolicySet(identity=(named({"Action": "s3:*", "Resource": "*"}),))
    first = plain.decide(OWN, "s3:GetObject", "arn:aws:s3:::b/k", policies)
    assert first is not None
    assert first.allowed
    assert plain.decide(OWN, "s3:GetObject", "arn:aws:s3:::b/k", policies) is first


def test_other_policies_are_another_question() -> None:
    plain, policies = PlainDecisions(), PolicySet(identity=(named({"Action": "s3:*", "Resource": "*"}),))
    assert plain.decide(OWN, "s3:GetObject", "arn:aws:s3:::b/k", policies)
    narrowed = PolicySet(identity=(named({"Action": "s3:ListBucket", "Resource": "*"}),))
    assert plain.decide(OWN, "s3:GetObject", "arn:aws:s3:::b/k", narrowed) is None
    bounded = PolicySet(identity=policies.identity, boundary=named({"Action": "sqs:*", "Resource": "*"}))
    assert plain.decide(OWN, "s3:GetObject", "arn:aws:s3:::b/k", bounded) is None


def test_callers_do_not_share_decisions() -> None:
    plain, policies = PlainDecisions(), PolicySet(identity=(named({"Action": "s3:*", "Resource": "*"}),))
    assert plain.decide(OWN, "s3:GetObject", "arn:aws:s3:::b/k", policies)
    nobody = Principal(kind="anonymous")
    assert plain.decide(nobody, "s3:GetObject", "arn:aws:s3:::b/k", policies) is None


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:username}*"},
        {"Action": "s3:*", "NotResource": "arn:aws:s3:::${aws:PrincipalTag/team}/*"},
    ],
)
def test_what_hangs_on_the_circumstances_is_asked_each_time(statement: dict[str, Any]) -> None:
    other = named({"Action": "s3:*", "Resource": "*"})
    for policies in (
        PolicySet(identity=(other, named(statement))),
        PolicySet(identity=(other,), boundary=named(statement)),
        PolicySet(identity=(other,), session=(named(statement),)),
        PolicySet(identity=(other,), scps=((named(statement),),)),
    ):
        assert PlainDecisions().decide(OWN, "s3:GetObject", "arn:aws:s3:::b/k", policies) is None


def test_trust_counts_as_long_as_the_policy_is_the_same() -> None:
    plain, usual = PlainDecisions(), trust()
    both = ("sts:AssumeRole", "sts:TagSession")
    assert plain.trusted(POD_IDENTITY, both, ROLE, NONE, usual)
    assert plain.trusted(POD_IDENTITY, both, ROLE, NONE, usual)
    untagged = trust(Action="sts:AssumeRole")
    assert not plain.trusted(POD_IDENTITY, both, ROLE, NONE, untagged)
    assert plain.trusted(POD_IDENTITY, both[:1], ROLE, NONE, untagged)
    conditional = trust(Condition={"StringEquals": {"aws:SourceAccount": "111122223333"}})
    assert not plain.trusted(POD_IDENTITY, both, ROLE, NONE, conditional)
    assert plain.trusted(POD_IDENTITY, both, ROLE, NONE, usual)


def test_trust_is_for_who_asks_what_of_which_role() -> None:
    plain, usual = PlainDecisions(), trust()
    assert plain.trusted(POD_IDENTITY, ("sts:AssumeRole",), ROLE, NONE, usual)
    assert not plain.trusted(POD_IDENTITY, ("sts:AssumeRole", "sts:SetSourceIdentity"), ROLE, NONE, usual)
    other = Principal(kind="service", service="ec2.amazonaws.com")
    assert not plain.trusted(other, ("sts:AssumeRole",), ROLE, NONE, usual)
    assert not plain.trusted(OWN, ("sts:AssumeRole",), ROLE, NONE, usual)


def test_what_is_trusted_hangs_on_the_callers_policies_too() -> None:
    usual = trust(Principal={"AWS": "111122223333"})
    allowing = PolicySet(identity=(named({"Action": "sts:*", "Resource": "*"}),))
    plain = PlainDecisions()
    assert plain.trusted(OWN, ("sts:AssumeRole",), ROLE, allowing, usual)
    assert not plain.trusted(OWN, ("sts:AssumeRole",), ROLE, NONE, usual)
    limited = PolicySet(identity=allowing.identity, boundary=named({"Action": "sqs:*", "Resource": "*"}))
    assert not plain.trusted(OWN, ("sts:AssumeRole",), ROLE, limited, usual)
    condition = {"Bool": {"aws:SecureTransport": "true"}}
    conditional = PolicySet(identity=(named({"Action": "sts:*", "Resource": "*", "Condition": condition}),))
    assert not plain.trusted(OWN, ("sts:AssumeRole",), ROLE, conditional, usual)
