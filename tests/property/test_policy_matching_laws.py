"""Laws of matching: the fast matcher against the textbook's, over patterns and values of few characters."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from podid.core.policy import NamedPolicy, PolicyKind, PolicySet, Principal, Request, decide, read_policy
from podid.core.policy.globs import Wild, matcher, matches, prepare
from podid.core.policy.plain import decide_plainly
from podid.core.policy.plain_globs import glob_tokens

TOKENS = st.lists(
    st.sampled_from(["a", "b", "ab", "ba", "aab", ":", "b:a", "", *Wild, Wild.ANY, Wild.ANY_WITHIN]), max_size=9
).map(tuple)


@given(TOKENS, st.text("ab:", max_size=9))
def test_wildcards_match_as_the_textbook_says(tokens: tuple[str | Wild, ...], value: str) -> None:
    expected = glob_tokens(tokens, value)
    assert matches(prepare(tokens), value) is expected
    assert matcher(tokens)(value) is expected


USER = "arn:aws:iam::444455556666:user/u"
SOMEBODY = Principal(kind="user", account="444455556666", arn=USER, issuer_arn=USER)
PIECES = st.lists(st.sampled_from(["a", ":", ":", "b", "*", "*", "?", "${k1}", "${*}"]), max_size=10).map("".join)


@given(PIECES, st.text("ab:*", max_size=10), st.text("ab:", max_size=3), st.sampled_from(PolicyKind))
def test_resources_are_matched_as_the_plain_evaluator_does(
    pattern: str, resource: str, value: str, kind: PolicyKind
) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": f"arn:{pattern}"}
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    policies = PolicySet(resource=NamedPolicy("p", read_policy(text, kind)))
    request = Request(principal=SOMEBODY, action="s3:X", resource=f"arn:{resource}", context={"k1": (value,)})
    assert decide(request, policies).outcome is decide_plainly(request, policies).outcome
