"""Who asks, and policies in a few words, for the tables of evaluation."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from podid.core.policy import (
    Decision,
    NamedPolicy,
    PolicySet,
    Principal,
    Request,
    read_policy,
)

Ask = Callable[[Request, PolicySet], Decision]

HERE, THERE = "111122223333", "444455556666"
ALICE = Principal(
    kind="user", account=HERE, arn=f"arn:aws:iam::{HERE}:user/alice", issuer_arn=f"arn:aws:iam::{HERE}:user/alice"
)
SESSION = Principal(
    kind="role-session",
    account=HERE,
    arn=f"arn:aws:sts::{HERE}:assumed-role/app/s",
    issuer_arn=f"arn:aws:iam::{HERE}:role/app",
    issuer_id="AROAAPP",
)
ROOT = Principal(kind="root", account=HERE, arn=f"arn:aws:iam::{HERE}:root")
SNS = Principal(kind="service", service="sns.amazonaws.com")

BUCKET = "arn:aws:s3:::bucket/key"


def policy(effect: str, action: str = "*", **elements: Any) -> NamedPolicy:
    body = {"Effect": effect, "Action": action, "Resource": "*", **elements}
    return NamedPolicy("p", read_policy(json.dumps({"Version": "2012-10-17", "Statement": body})))


ALLOW, DENY, SILENT = policy("Allow"), policy("Deny"), policy("Allow", "other:Thing")


def granting(*principals: str, kind: str = "AWS", action: str = "*") -> NamedPolicy:
    return policy("Allow", action, Principal={kind: list(principals)})


def reasons(decision: Decision) -> list[tuple[str, str]]:
    return [(reason.layer.value, reason.kind) for reason in decision.reasons]


def judge(ask: Ask, who: Principal, owner: str = HERE, action: str = "s3:GetObject", **layers: Any) -> Decision:
    resource = layers.pop("on", BUCKET)
    request = Request(principal=who, action=action, resource=resource, resource_account=owner)
    return ask(request, PolicySet(**layers))


ACCOUNT_ARN = f"arn:aws:iam::{HERE}:root"
ROLE_ARN, SESSION_ARN = SESSION.issuer_arn, SESSION.arn
