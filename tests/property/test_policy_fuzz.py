"""Whatever comes in: a policy, or MalformedPolicy with a place in the text; and a policy that came in is decided by."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from podid.core.policy import (
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
    trace,
)
from podid.core.policy.operators import operators

ALICE = Principal(kind="user", account="111122223333", arn="arn:aws:iam::111122223333:user/a", issuer_id="AIDAALICE")
KINDS = st.sampled_from(list(PolicyKind))
CONTEXT = {"aws:username": ("a",), "k": ("1", ""), "aws:PrincipalTag/x": ("*",)}

pieces = st.sampled_from(
    [
        "a",
        "*",
        "?",
        "${",
        "}",
        "${aws:username}",
        "${k}",
        "${x, 'd'}",
        ":",
        "arn:aws:s3:::",
        "/",
        "$",
        "'",
        ",",
        "\ud800",
        "\x00",
        "1",
        "-",
        "T",
        ".",
    ]
)
words = st.one_of(st.lists(pieces, max_size=6).map("".join), st.text(max_size=4))
scalars = st.one_of(
    words, st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False, allow_infinity=False)
)
loose = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=6,
)
conditions = st.dictionaries(
    st.sampled_from([*operators(), "Nonsense"]),
    st.dictionaries(words, st.one_of(words, st.lists(words, max_size=2)), max_size=2),
    max_size=2,
)
elements = st.fixed_dictionaries(
    {},
    optional={
        "Sid": words,
        "Effect": st.sampled_from(["Allow", "Deny", "allow", "x"]),
        "Action": st.one_of(st.just("*"), words, st.lists(words, max_size=3)),
        "NotAction": words,
        "Resource": st.one_of(st.just("*"), words, st.lists(words, max_size=3)),
        "NotResource": words,
        "Principal": st.one_of(
            st.just("*"),
            st.dictionaries(st.sampled_from(["AWS", "Service", "Federated", "CanonicalUser"]), words, max_size=2),
        ),
        "NotPrincipal": loose,
        "Condition": st.one_of(conditions, loose),
        "Extra": loose,
    },
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "Version": st.sampled_from(["2012-10-17", "2008-10-17", "2012", 1]),
        "Id": loose,
        "Statement": st.one_of(elements, st.lists(elements, max_size=3), loose),
    },
)


def ask(policy: Policy) -> None:
    named = NamedPolicy("p", policy)
    for action, resource in (("s3:GetObject", "arn:aws:s3:::a"), ("a", ""), ("", "*"), (":", "a:b:c:d:e:f:g")):
        request = Request(principal=ALICE, action=action, resource=resource, context=CONTEXT)
        for policies in (
            PolicySet(identity=(named,)),
            PolicySet(resource=named, scps=((named,),)),
            PolicySet(trust=named),
        ):
            decision = decide(request, policies)
            assert trace(request, policies).decision.outcome is decision.outcome


def feed(text: str, kind: PolicyKind) -> None:
    for read in (parse_policy, read_policy):
        try:
            policy = read(text, kind)
        except MalformedPolicy as refused:
            assert refused.message
            offset, line, column = refused.position
            assert 0 <= offset <= len(text)
            assert line == text.count("\n", 0, offset) + 1
            assert column >= 1
        else:
            ask(policy)


@given(st.text(), KINDS)
@example('{"a": "\\ud800"}', PolicyKind.IDENTITY)
@example('\ufeff{"Version": "2012-10-17"}', PolicyKind.TRUST)
def test_any_text(text: str, kind: PolicyKind) -> None:
    feed(text, kind)


@given(
    st.lists(
        st.sampled_from(
            ["{", "}", "[", "]", ",", ":", '"', '"Statement"', '"Effect"', '"a"', "\\", "null", "1", " ", "\n"]
        ),
        max_size=30,
    ).map("".join),
    KINDS,
)
def test_any_tokens(text: str, kind: PolicyKind) -> None:
    feed(text, kind)


@given(st.one_of(documents, loose), KINDS, st.sampled_from([None, 2]))
def test_any_document(document: Any, kind: PolicyKind, indent: int | None) -> None:
    feed(json.dumps(document, indent=indent), kind)


@given(documents, KINDS, st.data())
def test_a_document_with_a_piece_cut_out(document: Any, kind: PolicyKind, data: st.DataObject) -> None:
    text = json.dumps(document)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 5)))
    feed(text[:start] + text[end:], kind)
