"""Policies of services that boto3 cannot drive here (moto's own identifiers break the models, or its set-up is long), read from moto itself."""

from __future__ import annotations

import importlib
import json
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.gateway.asking import ACCOUNT

from podid.core.wire import load_service
from podid.gateway.needs import Need
from podid.gateway.resource_policies import HeldByMoto
from podid.gateway.resource_policies.accepted import _PUT
from podid.gateway.resource_policies.public_access import is_public

POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
)


@pytest.mark.parametrize(
    ("module", "backends", "action", "resource", "member"),
    [
        ("comprehend", "comprehend_backends", "comprehend:DescribeEndpoint", "document-classifier/m", "ResourcePolicy"),
        ("cloudhsmv2", "cloudhsmv2_backends", "cloudhsm:DescribeBackups", "backup/backup-1", ""),
        ("osis", "osis_backends", "osis:GetPipeline", "pipeline/p", ""),
        ("vpclattice", "vpclattice_backends", "vpc-lattice:GetServiceNetwork", "servicenetwork/sn-1", ""),
    ],
)
def test_kept_by_arn(module: str, backends: str, action: str, resource: str, member: str) -> None:
    arn = f"arn:aws:{action.partition(':')[0]}:us-east-1:{ACCOUNT}:{resource}"
    models: Any = importlib.import_module(f"moto.{module}.models")
    held = getattr(models, backends)[ACCOUNT]["us-east-1"].resource_policies
    held[arn] = {member: POLICY} if member else POLICY
    assert policy_on(action, arn) is not None
    assert policy_on(action, arn + "x") is None
    assert policy_on(action, arn.replace(ACCOUNT, "999988887777")) is None


def test_kept_by_the_authority() -> None:
    from moto.acmpca.models import acmpca_backends

    arn = f"arn:aws:acm-pca:us-east-1:{ACCOUNT}:certificate-authority/1"
    acmpca_backends[ACCOUNT]["us-east-1"].certificate_authorities[arn] = SimpleNamespace(policy=POLICY)  # type: ignore[assignment]
    assert policy_on("acm-pca:GetCertificate", arn) is not None
    assert policy_on("acm-pca:GetCertificate", arn + "x") is None


def policy_on(action: str, arn: str) -> Any:
    asked: Any = SimpleNamespace(operation="", call=None)
    return HeldByMoto().of(asked, Need(action=action, resource=arn))


@pytest.mark.parametrize(
    ("statement", "public"),
    [
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": {"AWS": ["*", ACCOUNT]}}, True),
        ({"NotPrincipal": {"AWS": ACCOUNT}}, True),
        ({"Principal": {"AWS": ACCOUNT}}, False),
        ({"Principal": "*", "Effect": "Deny"}, False),
        ({"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, False),
        ({"Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}}, True),
        ({"Principal": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, True),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}, False),
        ({"Principal": "*", "Condition": {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}}, True),
        ({"Principal": "*", "Condition": {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}}, True),
        ({"Principal": "*", "Condition": {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}}}, False),
        ({"Principal": "*", "Condition": {"StringEquals": {"s3:prefix": "public/"}}}, True),
        ({"Principal": "*", "Condition": {"StringEquals": {"aws:userid": "${aws:userid}"}}}, True),
    ],
)
def test_what_is_public(statement: dict[str, Any], public: bool) -> None:
    policy = json.dumps({"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **statement}})
    assert is_public(policy) is public
    assert is_public(policy.encode()) is public


def test_what_is_no_policy_is_not_public() -> None:
    assert not is_public("{no")
    assert not is_public("[]")
    assert not is_public(json.dumps({"Statement": "x"}))


def test_policies_are_looked_for_where_operations_put_them() -> None:
    for service, operation in _PUT:
        assert operation in load_service(service).operations, (service, operation)
