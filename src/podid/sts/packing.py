"""How much of a session's space policies and tags take, as a percentage; over 100 the request fails.

AWS does not publish the form it packs them in. What is public fits this one: tags count byte for byte, keys and values, out of 456.

    nine tags of 252 bytes   498 %   https://github.com/aws-actions/configure-aws-credentials/issues/1898
    the six tags of EKS       56 %   an AWS workshop's CloudTrail record, about 260 bytes
    adding up: 74 % inherited and 37 % own make 112 %   https://github.com/aws/containers-roadmap/issues/2413

Policies are packed tighter: AWS's own example, a statement of one wildcard, takes 6 to 8 %. Here they are deflated with a dictionary of what
policies are made of.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from podid.sts.errors import PackedPolicyTooLarge, ValidationError

SPACE = 456
"""Bytes, packed."""

MAX_PLAIN = 2048
"""Characters of inline and managed session policies together, before packing."""

_DICTIONARY = (
    b'"NotAction":"NotResource":"ForAllValues:StringEquals":"ForAnyValue:StringLike":"Bool":{"aws:SecureTransport":"true"}'
    b'"IpAddress":{"aws:SourceIp":"DateGreaterThan":{"aws:CurrentTime":"NumericLessThan":"Null":"ArnLike":{"aws:PrincipalArn":'
    b'"Condition":{"StringNotEquals":{"aws:RequestedRegion":"us-east-1"}}"StringEquals":{"aws:PrincipalTag/"${aws:PrincipalTag/'
    b"arn:aws:lambda:arn:aws:logs:arn:aws:ec2:arn:aws:ecr:arn:aws:kms:arn:aws:sns:arn:aws:sqs:arn:aws:dynamodb:us-east-1:table/"
    b'"ec2:Describe*","sqs:SendMessage","sns:Publish","kms:Decrypt","kms:GenerateDataKey","sts:AssumeRole","sts:TagSession",'
    b'"iam:PassRole","logs:PutLogEvents","logs:CreateLogStream","secretsmanager:GetSecretValue","ssm:GetParameter",'
    b'"dynamodb:GetItem","dynamodb:PutItem","dynamodb:Query","s3:AbortMultipartUpload","s3:DeleteObject","s3:PutObject",'
    b'"s3:GetObject","s3:ListBucket","s3:ListAllMyBuckets","s3:*"arn:aws:iam::aws:policy/service-role/arn:aws:iam::aws:policy/'
    b'arn:aws:s3:::"Effect":"Deny","Principal":"Resource":["arn:aws:s3:::","arn:aws:s3:::/*"]}{"Sid":"Stmt1","Action":['
    b'{"Version":"2012-10-17","Statement":[{"Sid":"Stmt1","Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
)


def packed_size(policy: str | None, policy_arns: Sequence[str], tag_bytes: int) -> int | None:
    """The percentage of the space taken, by tags of so many bytes in all too; None where nothing was passed.

    Raises PackedPolicyTooLarge over 100 %, ValidationError for policies that are too long before packing.
    """
    plain, packed = len(policy or ""), tag_bytes
    if policy_arns:
        plain += sum(map(len, policy_arns))
    elif policy is None and not tag_bytes:
        return None
    if plain > MAX_PLAIN:
        raise ValidationError(
            f"Session policies have {plain} characters; inline and managed ones together may have {MAX_PLAIN}."
        )
    if plain:
        packed += _deflated("\n".join((policy or "", *policy_arns)).strip().encode())
    percent = -(-100 * packed // SPACE)
    if percent > 100:
        if plain:
            raise PackedPolicyTooLarge(
                f"Packed policy consumes {percent}% of allotted space, please use smaller policy."
            )
        raise PackedPolicyTooLarge(f"Packed size of session tags consumes {percent}% of allotted space.")
    return percent


def _deflated(plain: bytes) -> int:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, _DICTIONARY)
    return len(packer.compress(plain) + packer.flush())
