"""Callers of every kind, and calls of theirs, for events to be made of."""

from __future__ import annotations

from datetime import UTC, datetime

from podid.core.caller import Call, Caller

ACCOUNT, FAR = "111122223333", "444455556666"
AT = datetime(2026, 1, 2, 15, 20, 4, 999_999, tzinfo=UTC)
REQUEST_ID = "0199c1c6-0d37-7abc-8def-0123456789ab"

NODE = Caller(
    kind="role-session",
    account=ACCOUNT,
    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/node/i-0123456789abcdef0",
    user_id="AROANODE:i-0123456789abcdef0",
    access_key_id="ASIANODE",
    issuer_arn=f"arn:aws:iam::{ACCOUNT}:role/path/node",
    issuer_id="AROANODE",
    session_name="i-0123456789abcdef0",
    issued_at=datetime(2026, 1, 2, tzinfo=UTC),
    delivered_by="ec2.amazonaws.com",
)
POD = Caller(
    kind="role-session",
    account=ACCOUNT,
    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/near/eks-c-p-1",
    user_id="AROANEAR:eks-c-p-1",
    access_key_id="ASIANEAR",
    issuer_arn=f"arn:aws:iam::{ACCOUNT}:role/near",
    issuer_id="AROANEAR",
    session_name="eks-c-p-1",
    issued_at=datetime(2026, 1, 2, 15, 20, 4, tzinfo=UTC),
    delivered_by="pods.eks.amazonaws.com",
)
WEB = Caller(
    kind="role-session",
    account=ACCOUNT,
    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/web/w",
    user_id="AROAWEB:w",
    access_key_id="ASIAWEB",
    issuer_arn=f"arn:aws:iam::{ACCOUNT}:role/web",
    issuer_id="AROAWEB",
    session_name="w",
    issued_at=datetime(2026, 1, 2, 5, tzinfo=UTC),
    provider=f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example.com",
    source_identity="carol",
)
ANN = Caller(
    kind="user",
    account=ACCOUNT,
    arn=f"arn:aws:iam::{ACCOUNT}:user/ann",
    user_id="AIDAANN",
    access_key_id="AKIAANN",
    issuer_arn=f"arn:aws:iam::{ACCOUNT}:user/ann",
    issuer_id="AIDAANN",
    user_name="ann",
)
PROVED = Caller(
    kind="user",
    account=ACCOUNT,
    arn=f"arn:aws:iam::{ACCOUNT}:user/ann",
    user_id="AIDAANN",
    access_key_id="ASIAANN",
    issuer_arn=f"arn:aws:iam::{ACCOUNT}:user/ann",
    issuer_id="AIDAANN",
    user_name="ann",
    issued_at=datetime(2026, 1, 2, 3, tzinfo=UTC),
    mfa_at=datetime(2026, 1, 2, 3, tzinfo=UTC),
)
BOB = Caller(
    kind="federated-user",
    account=ACCOUNT,
    arn=f"arn:aws:sts::{ACCOUNT}:federated-user/bob",
    user_id=f"{ACCOUNT}:bob",
    access_key_id="ASIABOB",
    issuer_arn=f"arn:aws:iam::{ACCOUNT}:user/ann",
    issuer_id="AIDAANN",
    session_name="bob",
    issued_at=datetime(2026, 1, 2, 4, tzinfo=UTC),
)
ROOT = Caller(
    kind="root",
    account=ACCOUNT,
    arn=f"arn:aws:iam::{ACCOUNT}:root",
    user_id=ACCOUNT,
    access_key_id="AKIAROOT",
    issuer_arn=f"arn:aws:iam::{ACCOUNT}:root",
)
SERVICE = Caller(kind="service", service="pods.eks.amazonaws.com")


def call(caller: Caller, service: str = "eks-auth", operation: str = "AssumeRoleForPodIdentity") -> Call:
    return Call(
        caller=caller,
        account=caller.account,
        region="us-west-2",
        partition="aws",
        now=AT,
        request_id=REQUEST_ID,
        service=service,
        operation=operation,
        source_ip="10.88.0.2",
        user_agent='aws-sdk-go-v2/1.0 é"',
        host="eks-auth.us-west-2.amazonaws.com",
    )
