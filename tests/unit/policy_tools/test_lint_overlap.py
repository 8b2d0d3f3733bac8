"""Patterns against patterns, held against trying texts out."""

from __future__ import annotations

import itertools

import pytest

from podid.core.policy.syntax import matcher, resource_template, tokens_of
from podid.core.policy.variables import resolve
from podid.policy_tools.lint.overlap import Steps, covers, of_policy, of_reference, overlap

BUCKET = of_reference("arn:${Partition}:s3:::${BucketName}").steps
OBJECT = of_reference("arn:${Partition}:s3:::${BucketName}/${ObjectName}").steps
QUEUE = of_reference("arn:${Partition}:sqs:${Region}:${Account}:${QueueName}").steps


@pytest.mark.parametrize(
    ("pattern", "form", "expected"),
    [
        ("*", BUCKET, True),
        ("arn:aws:s3:::b", BUCKET, True),
        ("arn:aws:s3:::b", OBJECT, False),
        ("arn:aws:s3:::b/k", BUCKET, False),
        ("arn:aws:s3:::b/k", OBJECT, True),
        ("arn:aws:s3:::b/", OBJECT, False),
        ("arn:aws:s3:::b*", BUCKET, True),
        ("arn:aws:s3:::b*", OBJECT, True),
        ("arn:aws:s3:::*/*", BUCKET, False),
        ("arn:aws:s3:::?", BUCKET, True),
        ("arn:aws:s3:::", BUCKET, False),
        ("arn:aws:s3:::b/${aws:username}", OBJECT, True),
        ("arn:aws:s3:::${*}", BUCKET, True),
        ("arn:aws:s3:us-east-1::b", BUCKET, False),
        ("arn:aws:sqs:us-east-1:1:q", QUEUE, True),
        ("arn:aws:sqs:*:*:q", QUEUE, True),
        ("arn:aws:sqs:*", QUEUE, True),
        ("arn:aws:sns:*:*:q", QUEUE, False),
    ],
)
def test_overlap_with_a_form_of_the_reference(pattern: str, form: Steps, expected: bool) -> None:
    assert overlap(of_policy(pattern), form) is expected
    assert overlap(form, of_policy(pattern)) is expected


PATTERNS = ["".join(each) for length in range(4) for each in itertools.product("ab*?", repeat=length)]
TEXTS = ["".join(each) for length in range(6) for each in itertools.product("ab", repeat=length)]
MATCHED = {pattern: {text for text in TEXTS if matcher(tokens_of(pattern))(text)} for pattern in PATTERNS}


def test_overlap_says_what_trying_texts_out_says() -> None:
    for one, other in itertools.combinations_with_replacement(PATTERNS, 2):
        assert overlap(of_policy(one), of_policy(other)) is bool(MATCHED[one] & MATCHED[other]), (one, other)


def test_what_covers_matches_all_that_the_other_does() -> None:
    said = 0
    for wide, narrow in itertools.product(PATTERNS, PATTERNS):
        if covers(wide, narrow):
            said += 1
            assert MATCHED[wide] >= MATCHED[narrow], (wide, narrow)
    assert said > len(PATTERNS)
    assert covers("s3:*", "s3:Get*")
    assert covers("arn:aws:s3:::*", "arn:aws:s3:::b/${aws:username}/*")
    assert not covers("s3:Get?", "s3:Get*")
    assert not covers("a${x}", "ab")


SEGMENTED = ["".join(each) for length in range(4) for each in itertools.product("a:*?", repeat=length)]
SPLIT = ["".join(each) for length in range(5) for each in itertools.product("a:", repeat=length)]


def _in_segments(pattern: str) -> set[str]:
    match = matcher(resolve(resource_template(pattern, variables=False), lambda _: None) or ())
    return {text for text in SPLIT if match(text)}


def test_patterns_of_resources_keep_to_their_segments() -> None:
    matched = {pattern: _in_segments(pattern) for pattern in SEGMENTED}
    said = 0
    for wide, narrow in itertools.product(SEGMENTED, SEGMENTED):
        assert overlap(of_policy(wide), of_policy(narrow)) or not matched[wide] & matched[narrow], (wide, narrow)
        if covers(wide, narrow, segments=True):
            said += 1
            assert matched[wide] >= matched[narrow], (wide, narrow)
    assert said > len(SEGMENTED)
    assert not covers("a*c", "a:c", segments=True)
    assert not covers("a*:c", "a?c", segments=True)
    assert covers("a*:c", "ab*:c", segments=True)
    assert covers("a*c", "ab*c", segments=True)


def test_what_is_too_long_to_compare_counts_as_fitting() -> None:
    assert overlap(of_policy("a" * 600), of_policy("b"))
    assert not covers("a" * 600 + "*", "a" * 601)
