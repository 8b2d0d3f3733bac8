"""Policies that are meant to hurt: refused, or decided in bounded time. A backtracking matcher would not come back from these in this life."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from podid.core.policy import (
    MalformedPolicy,
    NamedPolicy,
    PolicySet,
    Principal,
    Request,
    decide,
    parse_policy,
    read_policy,
    trace,
)
from podid.core.policy.globs import matches, prepare, tokens_of

ALICE = Principal(kind="user", account="111122223333", arn="arn:aws:iam::111122223333:user/alice")


def decided(statement: dict[str, Any], resource: str, context: dict[str, tuple[str, ...]] | None = None) -> bool:
    text = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", **statement}})
    policies = PolicySet(identity=(NamedPolicy("hostile", read_policy(text)),))
    request = Request(principal=ALICE, action="s3:GetObject", resource=resource, context=context or {})
    allowed = decide(request, policies).allowed
    assert trace(request, policies).decision.allowed is allowed
    return allowed


LONG = "a" * 8000


@pytest.mark.parametrize(
    "pattern",
    [
        "a*" * 4000 + "b",
        "*a" * 4000 + "b",
        "a?*" * 3000 + "b",
        "*?" * 4000 + "b",
        "?" * 7999 + "b",
        "*" + "a?" * 3000 + "b*",
        "*" + "a" * 4000 + "b*",
        "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
    ],
)
def test_catastrophic_patterns(pattern: str) -> None:
    glob = prepare(tokens_of(pattern))
    assert not matches(glob, LONG)
    assert matches(prepare(tokens_of(pattern.replace("b", "*"))), LONG)


@pytest.mark.parametrize(
    "pattern", ["a*" * 4000 + "b", "a?*" * 3000 + "b", "*?" * 4000 + "b", "*:" + "a*" * 3000 + "b*", "*:a*b" * 2000]
)
def test_catastrophic_patterns_of_resources(pattern: str) -> None:
    for resource in ("a" * 8000, ":a" * 4000, "a" * 4000 + ":" + "a" * 4000):
        assert not decided({"Resource": f"arn:aws:x:::{pattern}"}, f"arn:aws:x:::{resource}")
        statement = {"Resource": f"arn:aws:x:::${{k}}{pattern}"}
        assert not decided(statement, f"arn:aws:x:::a{resource}", {"k": ("a",)})


def test_many_wildcards_in_a_resource_and_a_condition() -> None:
    pattern = "arn:aws:s3:::" + "a*" * 10_000
    assert not decided({"Resource": pattern + "b"}, "arn:aws:s3:::" + LONG)
    statement = {"Resource": "*", "Condition": {"StringLike": {"k": "a?*" * 10_000}}}
    assert not decided(statement, "*", {"k": ("a" * 8000,)})


def test_variables_that_unfold_into_long_patterns() -> None:
    statement = {"Resource": "*", "Condition": {"StringLike": {"k": "${v}*?" * 5000}}}
    assert not decided(statement, "*", {"k": ("a" * 8000,), "v": ("a",)})


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 20_000,
        '{"Statement":' + "[" * 60_000 + "]" * 60_000 + "}",
        '"' + '\\"' * 60_000,
        "{}" + " " * 120_000,
        '{"Version": "2012-10-17", "Statement": [' + " " * 130_000,
        '{"a": "' + "\\" * 100_001,
        "{" + ",".join(f'"{n}": 1' for n in range(9000)) + "}",
        "[" * 17 + '"' + '\\"' * 60_000,
        "9" * 130_000,
        '{"Statement": ' + "1" * 100_000 + "}",
        "{" * 17 + "\x00" * 100_000,
        '{"Statement": {"a": 1, "a": 2}}, 3}}',  # a key twice, and no JSON after that
        '{"a": 1, "a": [1}',
    ],
)
def test_hostile_texts_are_refused(text: str) -> None:
    with pytest.raises(MalformedPolicy):
        parse_policy(text)
    with pytest.raises(MalformedPolicy):
        read_policy(text)


@pytest.mark.parametrize("reader", [parse_policy, read_policy])
def test_a_megabyte_is_refused(reader: Callable[[str], object]) -> None:
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement] * 20_000})
    assert len(text) > 2**20
    with pytest.raises(MalformedPolicy) as refused:
        reader(text)
    assert "longer than" in refused.value.hint


def test_many_statements_for_many_services() -> None:
    statements = [{"Effect": "Allow", "Action": [f"s{n}:A", "s3:*"], "Resource": "arn:aws:s3:::x"} for n in range(1000)]
    everywhere = [{"Effect": "Deny", "Action": "*:Nothing", "Resource": "*"} for _ in range(500)]
    policy = read_policy(json.dumps({"Version": "2012-10-17", "Statement": statements + everywhere}))
    request = Request(principal=ALICE, action="s3:GetObject", resource="arn:aws:s3:::x")
    decision = decide(request, PolicySet(identity=(NamedPolicy("p", policy),)))
    assert len(decision.decided_by) == 1000


@pytest.mark.parametrize("value", ["\ud800", "\x00", "é" * 100, "\n", "𝔘"])
def test_odd_characters_are_characters(value: str) -> None:
    text = json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": f"arn:aws:s3:::{value}?"}}
    )
    policies = PolicySet(identity=(NamedPolicy("p", read_policy(text)),))
    for resource, allowed in ((f"arn:aws:s3:::{value}x", True), (f"arn:aws:s3:::{value}", False)):
        assert decide(Request(principal=ALICE, action="s3:GetObject", resource=resource), policies).allowed is allowed
