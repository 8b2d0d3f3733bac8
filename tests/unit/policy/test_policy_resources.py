"""Wildcards within ARN segments, and incomplete ARNs, by both evaluators.

Sources: the IAM user guide, "IAM JSON policy elements: Resource" (wildcards stand within segments, a star at a segment's end reaches
beyond the colon) and "Identify AWS resources with Amazon Resource Names (ARNs)" (incomplete ARNs).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from podid.core.policy import (
    Decision,
    MalformedPolicy,
    NamedPolicy,
    PolicyKind,
    PolicySet,
    Principal,
    Request,
    parse_policy,
    read_policy,
    trace,
)
from podid.core.policy.globs import Wild, matcher, matches, prepare
from podid.core.policy.plain_globs import glob_tokens
from podid.core.policy.resources import completed, in_segments, readings
from podid.core.policy.variables import Variable, template_of

ACCOUNT = "111122223333"
ALICE = Principal(kind="user", account=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/alice")
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:queue"
STREAM = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/app/web:log-stream:one"
Ask = Callable[[Request, PolicySet], Decision]
Applies = Callable[..., bool]
Context = Mapping[str, tuple[str, ...]]


def held(resource: Any, kind: PolicyKind, element: str = "Resource", effect: str = "Allow") -> NamedPolicy:
    statement = {"Effect": effect, "Action": "*", element: resource}
    if kind in (PolicyKind.RESOURCE, PolicyKind.RCP):
        statement["Principal"] = {"AWS": ALICE.arn}
    return NamedPolicy("p", read_policy(json.dumps({"Version": "2012-10-17", "Statement": statement}), kind))


ALL = held("*", PolicyKind.IDENTITY)


@pytest.fixture
def covers(ask: Ask) -> Applies:
    """Whether a value of a policy's Resource covers a resource, in a policy of some kind."""

    def covered(
        value: str,
        resource: str,
        kind: PolicyKind = PolicyKind.SCP,
        context: Context | None = None,
        element: str = "Resource",
    ) -> bool:
        policy = held(value, kind, element, "Deny" if kind is PolicyKind.RCP else "Allow")
        policies = {
            PolicyKind.IDENTITY: PolicySet(identity=(policy,)),
            PolicyKind.BOUNDARY: PolicySet(identity=(ALL,), boundary=policy),
            PolicyKind.SESSION: PolicySet(identity=(ALL,), session=(policy,)),
            PolicyKind.RESOURCE: PolicySet(resource=policy, identity=(ALL,)),
            PolicyKind.SCP: PolicySet(identity=(ALL,), scps=((policy,),)),
            PolicyKind.RCP: PolicySet(identity=(ALL,), rcps=((policy,),)),
        }[kind]
        if kind is PolicyKind.RESOURCE:  # in the same account identity policies would do
            policies = PolicySet(resource=policy)
        request = Request(
            principal=ALICE, action="x:Y", resource=resource, resource_account=ACCOUNT, context=context or {}
        )
        return ask(request, policies).allowed is not (kind is PolicyKind.RCP)

    return covered


SEGMENTS = [
    ("arn:aws:s3:::b/*.json", "arn:aws:s3:::b/a:b.json", True),
    ("arn:aws:s3:::b/?.json", "arn:aws:s3:::b/:.json", True),
    # pattern, resource, covers
    ("*", QUEUE, True),
    ("*", "*", True),
    ("**", QUEUE, True),
    # a star within a segment stops at the colon
    ("arn:aws:sqs:u*3333:queue", QUEUE, False),
    ("arn:aws:sqs:u*1:111122223333:queue", QUEUE, True),
    ("arn:aws:sqs:us-*-1:*:q*e", QUEUE, True),
    ("arn:aws:sqs:*t-1:111122223333:queue", QUEUE, True),
    ("arn:aws:sqs:*3333:queue", QUEUE, False),
    ("arn:aws:s*queue", QUEUE, False),
    ("arn:aws:s*s:us-east-1:111122223333:queue", QUEUE, True),
    ("arn:aws*1:111122223333:queue", QUEUE, False),
    ("a*queue", QUEUE, False),
    ("*queue", QUEUE, False),
    ("*:queue", QUEUE, True),
    # one at a segment's end reaches over as many as it takes
    ("arn:aws:sqs:*:queue", QUEUE, True),
    ("arn:aws:sqs:us*:queue", QUEUE, True),
    ("arn:aws:*:queue", QUEUE, True),
    ("arn:*:queue", QUEUE, True),
    ("arn:aws:sqs:*:111122223333:queue", QUEUE, True),
    ("arn:aws:sqs:*:111122223333:other", QUEUE, False),
    ("arn:aws:sqs:*", QUEUE, True),
    ("arn:aws:sqs:us-east-1:1*", QUEUE, True),
    ("arn:aws:sqs:*:*:*:queue", QUEUE, False),
    ("arn:aws:sqs:*e", QUEUE, False),
    # a run of stars is one star
    ("arn:aws:sqs:**:queue", QUEUE, True),
    ("arn:aws:sqs:u**3333:queue", QUEUE, False),
    ("arn:aws:sqs:us-**-1:111122223333:queue", QUEUE, True),
    ("arn:aws:sqs:u***", QUEUE, True),
    # one character, and never a colon
    ("arn:aws:sqs:us-east-1?111122223333:queue", QUEUE, False),
    ("arn:aws:sqs:us-east-?:111122223333:queue", QUEUE, True),
    ("arn:aws:sqs:us-east-1:????????????:queue", QUEUE, True),
    ("arn:aws:sqs:us-east-1:????????????????:queue", QUEUE, False),
    ("arn:aws:sqs:us-east-1:???????????????eue", QUEUE, False),
    ("arn:aws:sqs:us-east-1:11112222333??queue", QUEUE, False),
    # a question mark beside a star takes the segment's end from it
    ("arn:aws:sqs:us*?:queue", QUEUE, False),
    ("arn:aws:sqs:us*?:111122223333:queue", QUEUE, True),
    ("arn:aws:sqs:us?*:queue", QUEUE, True),
    ("arn:aws:sqs:us?*:111122223333:queu?", QUEUE, True),
    ("arn:aws:sqs:*?", QUEUE, False),
    ("arn:aws:sqs:?*", QUEUE, True),
    # both sorts in one pattern, where the first place that fits is not the right one
    ("arn:*:1*3:queue", QUEUE, True),
    ("arn:*:u*1:*:queue", QUEUE, True),
    ("arn:*:log-*:one", STREAM, True),
    ("arn:*:log-s*m:one", STREAM, True),
    ("arn:*:log-*p:one", STREAM, False),
    ("arn:aws:logs:*:log-*:one", STREAM, True),
    ("arn:aws:logs:us-east-1:111122223333:log-group:/app/*:*", STREAM, True),
    ("arn:aws:logs:us-east-1:111122223333:log-group:/app/*:log-stream:*", STREAM, True),
    ("arn:aws:logs:us-east-1:111122223333:log-group:/app/*eam:one", STREAM, True),
    ("arn:aws:logs:us-east-1:111122223333:log-group:/*/w*b:log-stream:one", STREAM, True),
    ("arn:aws:logs:us-east-1:111122223333:log-group:/*/w*o*e", STREAM, True),
    ("arn:aws:logs:us-east-1:111122223333:log-group:/a*b:log-*e", STREAM, True),
    ("arn:aws:logs:us-east-1:111122223333:log-group:/a*b:log-*:o*e", STREAM, True),
    # a slash is an ordinary character
    ("arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1/2/test/3/object.jpg", True),
    ("arn:aws:s3:::b*t.jpg", "arn:aws:s3:::bucket/a/object.jpg", True),
    ("arn:aws:s3:::bucket/?/b", "arn:aws:s3:::bucket///b", True),
    ("arn:aws:s3:::*/x", "arn:aws:s3:::bucket/y/x", True),
]


@pytest.mark.parametrize("kind", [PolicyKind.RESOURCE, PolicyKind.SESSION, PolicyKind.SCP])
@pytest.mark.parametrize(("pattern", "resource", "expected"), SEGMENTS)
def test_wildcards_in_segments(covers: Applies, pattern: str, resource: str, expected: bool, kind: PolicyKind) -> None:
    assert covers(pattern, resource, kind) is expected
    assert covers(pattern, resource, kind, element="NotResource") is not expected


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [case for case in SEGMENTS if case[0].count(":") >= 5 or case[0].startswith("*")],
)
def test_complete_arns_are_the_same_in_identity_policies(
    covers: Applies, pattern: str, resource: str, expected: bool
) -> None:
    assert covers(pattern, resource, PolicyKind.IDENTITY) is expected


VARIABLES = [
    # what stands in a variable's place is text; variables stand in the last field alone, where wildcards match colons, too
    ("arn:aws:x:::a*${k}", {"k": (":b",)}, "arn:aws:x:::a1:b", True),
    ("arn:aws:x:::a*${k}", {"k": (":b",)}, "arn:aws:x:::a1:2:b", True),
    ("arn:aws:x:::a*${k}", {"k": ("",)}, "arn:aws:x:::a1", True),
    ("arn:aws:x:::a*${k}", {"k": ("",)}, "arn:aws:x:::a1:2", True),
    ("arn:aws:x:::a*${k}*", {"k": ("",)}, "arn:aws:x:::a1:2", True),
    ("arn:aws:x:::a*${k}:c", {"k": ("b",)}, "arn:aws:x:::a1b:c", True),
    ("arn:aws:x:::a*${k}:c", {"k": ("b",)}, "arn:aws:x:::a1:b:c", True),
    ("arn:aws:x:::${k}*", {"k": ("b",)}, "arn:aws:x:::b1:2", True),
    ("arn:aws:x:::${k}*:c", {"k": ("b",)}, "arn:aws:x:::b1:2:c", True),
    ("arn:aws:x:::${k}*c", {"k": ("b",)}, "arn:aws:x:::b1:2:c", True),
    ("arn:aws:x:::${k}?c", {"k": ("b",)}, "arn:aws:x:::b:c", True),
    ("arn:aws:x:::${k}?c", {"k": ("b:",)}, "arn:aws:x:::b:1c", True),
    ("arn:aws:x:::*:${k}*d", {"k": ("b",)}, "arn:aws:x:::b:b1:bd", True),
    ("arn:aws:x:::*:${k}*d", {"k": ("b",)}, "arn:aws:x:::1:b:d", True),
    ("arn:aws:x:::a*${*}", {}, "arn:aws:x:::a1*", True),
    ("arn:aws:x:::a*${*}", {}, "arn:aws:x:::a1:*", True),
    ("arn:aws:x:::a*${k, ':d'}", {}, "arn:aws:x:::a1:2:d", True),
    ("arn:aws:x:::a*${k}", {}, "arn:aws:x:::a1", False),
]


@pytest.mark.parametrize(("pattern", "context", "resource", "expected"), VARIABLES)
def test_variables_stand_for_text_in_the_last_field(
    covers: Applies, pattern: str, context: Context, resource: str, expected: bool
) -> None:
    for kind in (PolicyKind.IDENTITY, PolicyKind.SCP):
        assert covers(pattern, resource, kind, context) is expected


INCOMPLETE = [
    # pattern, what it is completed to, a resource that it then covers, and one that it does not
    ("arn:aws:sqs", "arn:aws:sqs:*:*:*", QUEUE, f"arn:aws:sns:us-east-1:{ACCOUNT}:queue"),
    ("arn:aws:sqs:us-east-1", "arn:aws:sqs:us-east-1:*:*", QUEUE, f"arn:aws:sqs:eu-west-1:{ACCOUNT}:queue"),
    (f"arn:aws:sqs:us-east-1:{ACCOUNT}", f"arn:aws:sqs:us-east-1:{ACCOUNT}:*", QUEUE, "arn:aws:sqs:us-east-1:1:queue"),
    ("arn:aws:sqs:us-east-?", "arn:aws:sqs:us-east-?:*:*", QUEUE, f"arn:aws:sqs:us-east-10:{ACCOUNT}:queue"),
    ("arn:aws:sqs:u*1", "arn:aws:sqs:u*1:*:*", QUEUE, f"arn:aws:sqs:us-east-2:{ACCOUNT}:queue"),
    ("arn:aws:s3:", "arn:aws:s3::*:*", "arn:aws:s3:::bucket", "arn:aws:s3:us-east-1::bucket"),
    ("arn:aws", "arn:aws:*:*:*:*", QUEUE, "arn:aws-cn:s3:::bucket"),
]


@pytest.mark.parametrize(("pattern", "whole", "inside", "outside"), INCOMPLETE)
def test_incomplete_arns_are_completed_in_identity_policies(
    covers: Applies, pattern: str, whole: str, inside: str, outside: str
) -> None:
    assert completed(pattern) == whole
    for kind in (PolicyKind.IDENTITY, PolicyKind.BOUNDARY):
        assert covers(pattern, inside, kind)
        assert covers(whole, inside, kind)
        assert not covers(pattern, outside, kind)
        assert not covers(pattern, inside, kind, element="NotResource")
        assert covers(pattern, outside, kind, element="NotResource")


@pytest.mark.parametrize("kind", [PolicyKind.RESOURCE, PolicyKind.SCP, PolicyKind.RCP, PolicyKind.SESSION])
@pytest.mark.parametrize(("pattern", "whole", "inside", "outside"), INCOMPLETE)
def test_incomplete_arns_are_as_they_are_elsewhere(
    covers: Applies, pattern: str, whole: str, inside: str, outside: str, kind: PolicyKind
) -> None:
    assert not covers(pattern, inside, kind)
    assert not covers(pattern, outside, kind)
    assert covers(whole, inside, kind)


def test_an_arn_whose_star_reaches_over_colons_may_be_whole_already(covers: Applies) -> None:
    assert covers("arn:aws:sqs:*:queue", QUEUE, PolicyKind.IDENTITY)
    assert covers("arn:aws:*:us-east-1", QUEUE, PolicyKind.IDENTITY)
    assert not covers("arn:aws:sqs:u*3333:queue", QUEUE, PolicyKind.IDENTITY)
    assert not covers("arn:aws:sqs:us-east-1?111122223333:queue", QUEUE, PolicyKind.IDENTITY)


@pytest.mark.parametrize("value", ["*", "arn:aws:s3:::b", "arn:aws:s3:::", "bucket", "", "sqs:queue"])
def test_nothing_else_is_completed(value: str) -> None:
    assert readings(value, PolicyKind.IDENTITY) == (value,)
    assert completed(value) == value


def test_a_variable_in_what_is_missing_stays_text(covers: Applies) -> None:
    context = {"aws:username": ("us-east-1",)}
    assert not covers("arn:aws:sqs:${aws:username}", QUEUE, PolicyKind.IDENTITY, context)


def test_a_trace_shows_the_completed_arn() -> None:
    request = Request(principal=ALICE, action="sqs:SendMessage", resource=QUEUE)
    told = trace(request, PolicySet(identity=(held("arn:aws:sqs", PolicyKind.IDENTITY),)))
    compared = told.policies[0].statements[0].elements[1].compared[0]
    assert (compared.written, compared.resolved, compared.matched) == ("arn:aws:sqs", "arn:aws:sqs:*:*:*", True)


def test_session_policies_take_no_incomplete_arns() -> None:
    text = json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:*", "Resource": ["*", "arn:aws:sqs"]}}
    )
    with pytest.raises(MalformedPolicy) as refused:
        parse_policy(text, PolicyKind.SESSION)
    assert text[refused.value.position.offset :].startswith('"arn:aws:sqs"')
    for kind in (PolicyKind.IDENTITY, PolicyKind.BOUNDARY, PolicyKind.SCP):
        assert parse_policy(text, kind).kind is kind
    whole = text.replace("arn:aws:sqs", "arn:aws:sqs:*:*:*")
    assert parse_policy(whole, PolicyKind.SESSION).kind is PolicyKind.SESSION


A, W, ONE = Wild.ANY, Wild.ANY_WITHIN, Wild.ONE_WITHIN


@pytest.mark.parametrize(
    ("pattern", "template"),
    [
        ("*", (A,)),
        ("a*", ("a", A)),
        ("a*b", ("a", W, "b")),
        ("a*:b", ("a", A, ":b")),
        ("a**:b", ("a", A, A, ":b")),
        ("a**b", ("a", W, W, "b")),
        ("a*?:", ("a", W, ONE, ":")),
        ("a?*:", ("a", ONE, A, ":")),
        ("a*${k}:", ("a", W, Variable("k"), ":")),
    ],
)
def test_which_wildcards_stay_within_a_segment(pattern: str, template: tuple[Any, ...]) -> None:
    assert in_segments(template_of(pattern, variables=True, wildcards=True)) == template


@pytest.mark.parametrize(
    ("tokens", "value", "expected"),
    [
        ((W,), "", True),
        ((W,), ":", False),
        ((W, ":"), ":", True),
        ((W, A), "a:b", True),
        ((A, W), "a:b", True),
        ((W, "", W), "a:b", False),
        ((A, ":a", W, "b"), ":a:ab", True),
        ((A, ":a", W, "b"), ":a:cb", False),
        ((W, "a:b", W), "xa:by", True),
        ((W, "a", W, "b", A), "aa:ab", False),
        ((W, "a", W, "b", A), "aab:c", True),
        ((ONE, A), ":", False),
        ((Wild.ONE, A), ":", True),
    ],
)
def test_tokens_that_stay_within_a_segment(tokens: tuple[str | Wild, ...], value: str, expected: bool) -> None:
    assert matches(prepare(tokens), value) is expected
    assert matcher(tokens)(value) is expected
    assert glob_tokens(tokens, value) is expected
