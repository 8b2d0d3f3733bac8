"""A trace tells, for every policy, statement and element, what was compared with what."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from podid.core.policy import (
    Compared,
    ElementTrace,
    Layer,
    NamedPolicy,
    Outcome,
    PolicyKind,
    PolicySet,
    Principal,
    Request,
    Trace,
    read_policy,
    trace,
)

ALICE = Principal(
    kind="user",
    account="111122223333",
    arn="arn:aws:iam::111122223333:user/alice",
    issuer_arn="arn:aws:iam::111122223333:user/alice",
)


def named(name: str, *statements: dict[str, Any], kind: PolicyKind = PolicyKind.IDENTITY) -> NamedPolicy:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return NamedPolicy(name, read_policy(text, kind), f"arn:aws:iam::1:policy/{name}")


OWN = named(
    "own",
    {
        "Sid": "Home",
        "Effect": "Allow",
        "Action": ["s3:Put*", "s3:Get*"],
        "Resource": ["arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/${aws:PrincipalTag/team}/*"],
        "Condition": {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.0.2.0/24"]}, "Null": {"aws:Vpce": "true"}},
    },
    {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"},
)
BUCKET = named(
    "bucket",
    {"Effect": "Allow", "Principal": {"AWS": ["999999999999", ALICE.arn]}, "Action": "s3:*", "Resource": "*"},
    kind=PolicyKind.RESOURCE,
)
EVERYTHING = named("all", {"Effect": "Allow", "Action": "*", "Resource": "*"})
REQUEST = Request(
    principal=ALICE,
    action="s3:GetObject",
    resource="arn:aws:s3:::b/alice/k",
    context={"aws:username": ("alice",), "aws:SourceIp": ("10.1.2.3",)},
)


def test_each_element_with_what_was_compared() -> None:
    told = trace(REQUEST, PolicySet(identity=(OWN,)))
    assert told.decision.outcome is Outcome.ALLOWED
    (policy,) = told.policies
    assert (policy.layer, policy.name, policy.arn, policy.level) == (
        Layer.IDENTITY,
        "own",
        "arn:aws:iam::1:policy/own",
        None,
    )
    home, other = policy.statements
    assert (home.sid, home.effect, home.index, home.matched) == ("Home", "Allow", 0, True)
    assert home.elements == (
        ElementTrace(
            element="Action",
            matched=True,
            given=("s3:getobject",),
            compared=(Compared("s3:Put*", "s3:Put*", False), Compared("s3:Get*", "s3:Get*", True)),
        ),
        ElementTrace(
            element="Resource",
            matched=True,
            given=("arn:aws:s3:::b/alice/k",),
            compared=(
                Compared("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/alice/*", True),
                Compared("arn:aws:s3:::b/${aws:PrincipalTag/team}/*", None, False),
            ),
        ),
        ElementTrace(
            element="Condition",
            matched=True,
            given=("10.1.2.3",),
            compared=(Compared("10.0.0.0/8", "10.0.0.0/8", True), Compared("192.0.2.0/24", "192.0.2.0/24", False)),
            operator="IpAddress",
            key="aws:SourceIp",
        ),
        ElementTrace(
            element="Condition",
            matched=True,
            given=None,
            compared=(Compared("true", "true", True),),
            operator="Null",
            key="aws:Vpce",
        ),
    )
    assert (other.effect, other.index, other.matched) == ("Deny", 1, False)
    assert [(element.element, element.matched) for element in other.elements] == [
        ("NotAction", False),
        ("Resource", True),
    ]


def test_principals_in_a_trace() -> None:
    told = trace(REQUEST, PolicySet(resource=BUCKET))
    (policy,) = told.policies
    principal = policy.statements[0].elements[0]
    assert principal == ElementTrace(
        element="Principal",
        matched=True,
        given=("111122223333", ALICE.arn),
        compared=(
            Compared("AWS:999999999999", "999999999999", False),
            Compared(f"AWS:{ALICE.arn}", ALICE.arn, True),
        ),
    )


def test_every_layer_and_level_is_told() -> None:
    policies = PolicySet(
        identity=(OWN, EVERYTHING),
        boundary=EVERYTHING,
        session=(EVERYTHING,),
        resource=BUCKET,
        scps=((EVERYTHING, OWN), (EVERYTHING,)),
        rcps=((EVERYTHING,),),
    )
    told = trace(REQUEST, policies)
    assert [(policy.layer.value, policy.name, policy.level) for policy in told.policies] == [
        ("identity", "own", None),
        ("identity", "all", None),
        ("boundary", "all", None),
        ("session", "all", None),
        ("resource", "bucket", None),
        ("scp", "all", 0),
        ("scp", "own", 0),
        ("scp", "all", 1),
        ("rcp", "all", 0),
    ]


def test_a_trace_goes_through_json() -> None:
    told = trace(REQUEST, PolicySet(identity=(OWN,), resource=BUCKET))
    assert msgspec.json.decode(msgspec.json.encode(told), type=Trace) == told
