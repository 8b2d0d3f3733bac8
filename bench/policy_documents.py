"""What `policy.py` asks: three policies, the request, and AWS's own policies as moto carries them."""

from __future__ import annotations

import json
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

from podid.core.policy import Principal, Request

ACCOUNT = "111122223333"
SESSION = Principal(
    kind="role-session",
    account=ACCOUNT,
    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/app/eks-demo-pod-0123",
    issuer_arn=f"arn:aws:iam::{ACCOUNT}:role/app",
    issuer_id="AROAEXAMPLEEXAMPLE123",
)
CONTEXT = {
    "aws:PrincipalArn": (f"arn:aws:iam::{ACCOUNT}:role/app",),
    "aws:PrincipalAccount": (ACCOUNT,),
    "aws:PrincipalType": ("AssumedRole",),
    "aws:userid": ("AROAEXAMPLEEXAMPLE123:eks-demo-pod-0123",),
    "aws:RequestedRegion": ("us-east-1",),
    "aws:SourceIp": ("10.88.0.17",),
    "aws:SecureTransport": ("true",),
    "aws:CurrentTime": ("2026-03-01T12:00:00Z",),
    "aws:EpochTime": ("1772366400",),
    "aws:PrincipalTag/kubernetes-namespace": ("shop",),
    "aws:PrincipalTag/kubernetes-service-account": ("cart",),
    "aws:PrincipalTag/eks-cluster-name": ("eksdemo1",),
    "s3:prefix": ("shop/cart/",),
}
ONE: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::shop/*"}],
}
SIX: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": "arn:aws:s3:::shop/${aws:PrincipalTag/kubernetes-namespace}/*",
            "Condition": {"StringEquals": {"aws:PrincipalTag/eks-cluster-name": "eksdemo1"}},
        },
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::shop",
            "Condition": {"StringLike": {"s3:prefix": ["", "${aws:PrincipalTag/kubernetes-namespace}/*"]}},
        },
        {
            "Effect": "Allow",
            "Action": "s3:Get*",
            "Resource": "*",
            "Condition": {
                "IpAddress": {"aws:SourceIp": ["10.88.0.0/16", "192.0.2.0/24"]},
                "DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"},
            },
        },
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}},
        },
        {
            "Effect": "Deny",
            "NotAction": ["s3:*", "sts:*"],
            "Resource": "*",
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin/*"}},
        },
    ],
}
REQUEST = Request(
    principal=SESSION, action="s3:GetObject", resource="arn:aws:s3:::shop/shop/cart/1.json", context=CONTEXT
)


def managed() -> dict[str, dict[str, Any]]:
    """AWS's policies by name."""
    return {name: entry["Document"] for name, entry in json.loads(aws_managed_policies_data).items()}


def policies() -> dict[str, list[dict[str, Any]]]:
    """The sets of policies to decide by, each with its name."""
    everything = managed()
    fifty = [name for name in sorted(everything) if name.startswith("Amazon")][:50]
    return {
        "1 statement": [ONE],
        "6 statements with conditions": [SIX],
        "ReadOnlyAccess": [everything["ReadOnlyAccess"]],
        "50 managed policies": [everything[name] for name in fifty],
    }
