"""Asking the policy engine in few words. Every question is put to both evaluators, which have to agree."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from podid.core.policy import (
    Decision,
    NamedPolicy,
    PolicyKind,
    PolicySet,
    Principal,
    Request,
    decide,
    read_policy,
    trace,
)

ACCOUNT = "111122223333"
ALICE = Principal(
    kind="user",
    account=ACCOUNT,
    arn=f"arn:aws:iam::{ACCOUNT}:user/alice",
    issuer_arn=f"arn:aws:iam::{ACCOUNT}:user/alice",
    user_id="AIDAALICE",
    issuer_id="AIDAALICE",
)

Ask = Callable[[Request, PolicySet], Decision]
Applies = Callable[..., bool]


def named(policy: Mapping[str, Any], kind: PolicyKind = PolicyKind.IDENTITY, name: str = "policy") -> NamedPolicy:
    return NamedPolicy(name, read_policy(json.dumps(policy), kind))


@pytest.fixture
def ask() -> Ask:
    """Decide, by both evaluators."""

    def decided(request: Request, policies: PolicySet) -> Decision:
        decision = decide(request, policies)
        plain = trace(request, policies).decision
        assert (plain.outcome, plain.reasons) == (decision.outcome, decision.reasons)
        assert set(plain.decided_by) == set(decision.decided_by)
        return decision

    return decided


@pytest.fixture
def applies(ask: Ask) -> Applies:
    """Whether one Allow statement, given by its elements, applies to a request."""

    def holds(
        statement: Mapping[str, Any],
        *,
        action: str = "s3:GetObject",
        resource: str = "arn:aws:s3:::bucket/key",
        context: Mapping[str, tuple[str, ...]] | None = None,
        version: str | None = "2012-10-17",
    ) -> bool:
        policy: dict[str, Any] = {
            "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", **statement},
        }
        for name in ("Action", "Resource"):
            if f"Not{name}" in statement:
                del policy["Statement"][name]
        if version is not None:
            policy["Version"] = version
        request = Request(principal=ALICE, action=action, resource=resource, context=context or {})
        return ask(request, PolicySet(identity=(named(policy),))).allowed

    return holds
