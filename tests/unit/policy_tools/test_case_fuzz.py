"""Whatever stands in a line, and in a policy, there is an answer: the readers of cases and lint never fail in another way."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from podid.policy_tools.cases import Shelf
from podid.policy_tools.cases.stream import answer
from podid.policy_tools.lint import Reference, lint

REFERENCE = Reference.installed()
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
CASE: dict[str, Any] = {
    "id": 1,
    "request": {
        "principal": "arn:aws:iam::111122223333:user/a",
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/k",
        "context": {"a:b": ["c"]},
    },
    "identityPolicies": [{"name": "p", "policy": ALLOW}],
    "boundary": ALLOW,
    "scps": [{"level": "root", "policies": [ALLOW]}],
}
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
WORDS = (
    "Version Statement Effect Allow Deny Action NotAction Resource NotResource Principal AWS Service Condition * s3:Get* iam:PassRole "
    "arn:aws:s3:::b/${aws:username} 2012-10-17 StringEquals ForAllValues:StringLike aws:TagKeys"
)
KNOWN = st.sampled_from(WORDS.split())
ELEMENTS = st.dictionaries(
    KNOWN, KNOWN | st.lists(KNOWN, max_size=3) | st.dictionaries(KNOWN, KNOWN | st.dictionaries(KNOWN, KNOWN))
)


def replaced(value: Any, path: list[Any], new: Any) -> Any:
    """A case with the value at one path replaced."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def paths(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [above]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += paths(inner, (*above, key))
    return found


def check(line: bytes) -> None:
    answered = answer(line, Shelf())
    assert answered.endswith(b"\n")
    assert answered.count(b"\n") == 1
    told = json.loads(answered)
    assert set(told) in ({"id", "decision", "reasons"}, {"id", "error"})


@settings(deadline=None)
@given(st.binary(max_size=200).map(lambda data: data.replace(b"\n", b" ")))
def test_any_bytes(line: bytes) -> None:
    check(line)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(paths(CASE)), ANYTHING)
def test_anything_in_any_place_of_a_case(path: tuple[Any, ...], new: Any) -> None:
    check(json.dumps(replaced(CASE, list(path), new)).encode())


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, len(json.dumps(CASE))),
    st.integers(0, 30),
    st.binary(max_size=6).map(lambda data: data.replace(b"\n", b" ")),
)
def test_a_case_that_was_cut_and_patched(start: int, length: int, patch: bytes) -> None:
    text = json.dumps(CASE).encode()
    check(text[:start] + patch + text[start + length :])


@settings(max_examples=300, deadline=None)
@given(st.lists(ELEMENTS, max_size=3) | ELEMENTS, st.sampled_from(["2012-10-17", "2008-10-17"]))
def test_lint_of_what_looks_like_a_policy(statements: Any, version: str) -> None:
    base = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    listed = [{**base, **each} for each in statements] if isinstance(statements, list) else {**base, **statements}
    for text in (json.dumps({"Version": version, "Statement": listed}), json.dumps(statements)):
        report = lint(text, reference=REFERENCE)
        lines = text.count("\n") + 1
        assert all(1 <= finding.line <= lines for finding in report.findings)
