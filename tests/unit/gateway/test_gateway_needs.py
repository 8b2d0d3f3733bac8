"""What operations need: actions, resources, condition keys."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.gateway.asking import ACCOUNT, USER, Things, needs, whole_needs

TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"


@pytest.mark.parametrize(
    ("operation", "members", "expected"),
    [
        ("ListBuckets", {}, [("s3:ListAllMyBuckets", "*")]),
        ("HeadBucket", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
        ("ListObjectsV2", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
        ("ListObjectVersions", {"Bucket": "b"}, [("s3:ListBucketVersions", "arn:aws:s3:::b")]),
        ("GetObject", {"Bucket": "b", "Key": "k/x"}, [("s3:GetObject", "arn:aws:s3:::b/k/x")]),
        ("GetObject", {"Bucket": "b", "Key": "k", "VersionId": "1"}, [("s3:GetObjectVersion", "arn:aws:s3:::b/k")]),
        ("HeadObject", {"Bucket": "b", "Key": "k"}, [("s3:GetObject", "arn:aws:s3:::b/k")]),
        ("DeleteBucketTagging", {"Bucket": "b"}, [("s3:PutBucketTagging", "arn:aws:s3:::b")]),
        ("GetPublicAccessBlock", {"Bucket": "b"}, [("s3:GetBucketPublicAccessBlock", "arn:aws:s3:::b")]),
        ("UploadPart", {"Bucket": "b", "Key": "k"}, [("s3:PutObject", "arn:aws:s3:::b/k")]),
        (
            "CopyObject",
            {"Bucket": "b", "Key": "k", "CopySource": "/a/x%20y?versionId=7"},
            [("s3:PutObject", "arn:aws:s3:::b/k"), ("s3:GetObjectVersion", "arn:aws:s3:::a/x y")],
        ),
        (
            "PutObject",
            {"Bucket": "b", "Key": "k", "ACL": "public-read", "Tagging": "a=b"},
            [
                ("s3:PutObject", "arn:aws:s3:::b/k"),
                ("s3:PutObjectAcl", "arn:aws:s3:::b/k"),
                ("s3:PutObjectTagging", "arn:aws:s3:::b/k"),
            ],
        ),
        (
            "DeleteObjects",
            {"Bucket": "b", "Delete": {"Objects": [{"Key": "1"}, {"Key": "2", "VersionId": "v"}]}},
            [("s3:DeleteObject", "arn:aws:s3:::b/1"), ("s3:DeleteObjectVersion", "arn:aws:s3:::b/2")],
        ),
    ],
)
def test_s3(operation: str, members: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert needs("s3", operation, **members) == expected


def test_s3_tells_what_is_listed_and_with_which_tags_is_written() -> None:
    listing = whole_needs("s3", "ListObjectsV2", Bucket="b", Prefix="a/", Delimiter="/", MaxKeys=5)[0].context
    assert (listing["s3:prefix"], listing["s3:delimiter"], listing["s3:max-keys"]) == (("a/",), ("/",), ("5",))
    put = whole_needs("s3", "PutObject", Bucket="b", Key="k", Tagging="x=1&y=2", ServerSideEncryption="aws:kms")[0]
    assert put.context["s3:RequestObjectTag/x"] == ("1",)
    assert put.context["s3:RequestObjectTagKeys"] == ("x", "y")
    assert put.context["s3:x-amz-server-side-encryption"] == ("aws:kms",)
    assert "s3:prefix" not in put.context


def test_a_bucket_of_another_account_is_that_accounts() -> None:
    need = whole_needs("s3", "GetObject", Things(buckets={"b": "444455556666"}), Bucket="b", Key="k")[0]
    assert need.resource_account == "444455556666"


@pytest.mark.parametrize(
    ("operation", "members", "expected"),
    [
        ("CreateRole", {"RoleName": "r", "Path": "/p/"}, ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/p/r")),
        ("GetRole", {"RoleName": "known"}, ("iam:GetRole", f"arn:aws:iam::{ACCOUNT}:role/deep/known")),
        ("PutRolePolicy", {"RoleName": "r", "PolicyName": "p"}, ("iam:PutRolePolicy", ROLE)),
        ("ListUsers", {}, ("iam:ListUsers", "*")),
        ("CreateAccessKey", {}, ("iam:CreateAccessKey", USER)),
        ("GetUser", {"UserName": "u"}, ("iam:GetUser", f"arn:aws:iam::{ACCOUNT}:user/u")),
        (
            "GetPolicy",
            {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
            ("iam:GetPolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ),
    ],
)
def test_iam(operation: str, members: dict[str, Any], expected: tuple[str, str]) -> None:
    things = Things({"role/known": f"arn:aws:iam::{ACCOUNT}:role/deep/known"})
    assert needs("iam", operation, things, **members)[0] == expected


def test_attaching_a_policy_is_about_the_role_and_tells_the_policy() -> None:
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    found = whole_needs("iam", "AttachRolePolicy", RoleName="r", PolicyArn=arn)
    assert [(need.action, need.resource) for need in found] == [("iam:AttachRolePolicy", ROLE)]
    assert found[0].context["iam:PolicyARN"] == (arn,)


@pytest.mark.parametrize(
    ("service", "operation", "members", "expected"),
    [
        ("eks", "DescribeCluster", {"name": "c"}, [("eks:DescribeCluster", "cluster/c")]),
        (
            "eks",
            "CreatePodIdentityAssociation",
            {"clusterName": "c"},
            [("eks:CreatePodIdentityAssociation", "cluster/c")],
        ),
        (
            "eks",
            "DeletePodIdentityAssociation",
            {"clusterName": "c", "associationId": "a-1"},
            [("eks:DeletePodIdentityAssociation", "podidentityassociation/c/a-1")],
        ),
        ("eks", "DescribeAddon", {"clusterName": "c", "addonName": "a"}, [("eks:DescribeAddon", "addon/c/a/*")]),
        (
            "eks-auth",
            "AssumeRoleForPodIdentity",
            {"clusterName": "c"},
            [("eks-auth:AssumeRoleForPodIdentity", "cluster/c")],
        ),
    ],
)
def test_eks(service: str, operation: str, members: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    wanted = [(action, f"arn:aws:eks:us-east-1:{ACCOUNT}:{resource}") for action, resource in expected]
    assert needs(service, operation, **members) == wanted


@pytest.mark.parametrize(
    "operation", ["GetCallerIdentity", "AssumeRole", "AssumeRoleWithWebIdentity", "GetSessionToken"]
)
def test_sts_is_decided_elsewhere_or_needs_nothing(operation: str) -> None:
    assert needs("sts", operation, RoleArn=ROLE) == []


@pytest.mark.parametrize(
    ("service", "operation", "members", "expected"),
    [
        ("dynamodb", "PutItem", {"TableName": "t"}, [("dynamodb:PutItem", f"{TABLE}/t")]),
        ("dynamodb", "PutItem", {"TableName": f"{TABLE}/t"}, [("dynamodb:PutItem", f"{TABLE}/t")]),
        (
            "dynamodb",
            "ExecuteStatement",
            {"Statement": 'SELECT * FROM "t"."idx"'},
            [("dynamodb:PartiQLSelect", f"{TABLE}/t/index/idx")],
        ),
        (
            "dynamodb",
            "ExecuteStatement",
            {"Statement": "DELETE FROM t WHERE id='1'"},
            [("dynamodb:PartiQLDelete", f"{TABLE}/t")],
        ),
        ("dynamodb", "ExecuteStatement", {"Statement": "?"}, [("dynamodb:*", "*")]),
        (
            "dynamodb",
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"TableName": "a"}}, {"ConditionCheck": {"TableName": "b"}}]},
            [("dynamodb:PutItem", f"{TABLE}/a"), ("dynamodb:ConditionCheckItem", f"{TABLE}/b")],
        ),
        (
            "sqs",
            "SendMessageBatch",
            {"QueueUrl": "http://127.0.0.1:4566/444455556666/q"},
            [("sqs:SendMessage", "arn:aws:sqs:us-east-1:444455556666:q")],
        ),
        ("sqs", "CreateQueue", {"QueueName": "q"}, [("sqs:CreateQueue", f"arn:aws:sqs:us-east-1:{ACCOUNT}:q")]),
        ("sqs", "ListQueues", {}, [("sqs:ListQueues", "*")]),
        (
            "sns",
            "PublishBatch",
            {"TopicArn": "arn:aws:sns:us-east-1:1:t"},
            [("sns:Publish", "arn:aws:sns:us-east-1:1:t")],
        ),
        (
            "kms",
            "ReEncrypt",
            {"SourceKeyId": "1", "DestinationKeyId": "2"},
            [
                ("kms:ReEncryptFrom", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1"),
                ("kms:ReEncryptTo", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/2"),
            ],
        ),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "f"},
            [("lambda:InvokeFunction", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f")],
        ),
        (
            "ssm",
            "GetParameters",
            {"Names": ["/a/b", "c"]},
            [
                ("ssm:GetParameters", f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/a/b"),
                ("ssm:GetParameters", f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/c"),
            ],
        ),
        (
            "secretsmanager",
            "GetSecretValue",
            {"SecretId": "s"},
            [("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:s-??????")],
        ),
        (
            "route53",
            "ChangeResourceRecordSets",
            {"HostedZoneId": "/hostedzone/Z1"},
            [("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z1")],
        ),
        ("cloudwatch", "ListMetrics", {}, [("cloudwatch:ListMetrics", "*")]),
    ],
)
def test_other_services(service: str, operation: str, members: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert needs(service, operation, **members) == expected


def test_api_gateway_is_asked_for_by_method_and_path() -> None:
    found = whole_needs("apigateway", "GetRestApis", path="/restapis", method="GET")
    assert [(need.action, need.resource) for need in found] == [
        ("apigateway:GET", "arn:aws:apigateway:us-east-1::/restapis")
    ]


def test_an_alias_is_looked_up() -> None:
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k"
    found = whole_needs("kms", "Encrypt", Things({"kms:alias/alias/a": key}), KeyId="alias/a")[0]
    assert found.resource == key
    assert found.context["kms:RequestAlias"] == ("alias/a",)


@pytest.mark.parametrize(
    ("service", "operation", "members", "passed"),
    [
        ("lambda", "CreateFunction", {"FunctionName": "f", "Role": ROLE}, [ROLE]),
        ("lambda", "GetFunction", {"FunctionName": "f", "Role": ROLE}, []),
        ("events", "PutTargets", {"Rule": "r", "Targets": [{"Arn": ROLE, "RoleArn": ROLE}]}, [ROLE]),
        (
            "ecs",
            "RegisterTaskDefinition",
            {"family": "f", "taskRoleArn": ROLE, "executionRoleArn": f"{ROLE}2"},
            [ROLE, f"{ROLE}2"],
        ),
        ("ec2", "RunInstances", {"IamInstanceProfile": {"Name": "p"}}, [ROLE]),
        ("eks", "CreateCluster", {"name": "c", "roleArn": ROLE}, []),  # the eks room asks itself
    ],
)
def test_who_gives_a_role_must_be_allowed_to(
    service: str, operation: str, members: dict[str, Any], passed: list[str]
) -> None:
    found = whole_needs(service, operation, Things(profiles={"p": (ROLE,)}), **members)
    assert [need.resource for need in found if need.action == "iam:PassRole"] == passed


def test_a_passed_role_tells_the_service() -> None:
    found = whole_needs("stepfunctions", "CreateStateMachine", name="m", roleArn=ROLE, definition="{}")
    assert found[-1].context == {
        "aws:ResourceAccount": (ACCOUNT,),
        "iam:AssociatedResourceArn": (f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:m",),
        "iam:PassedToService": ("states.amazonaws.com",),
    }


@pytest.mark.parametrize(
    ("members", "tags"),
    [
        ({"Tags": [{"Key": "a", "Value": "1"}]}, {"a": "1"}),
        ({"tags": {"a": "1"}}, {"a": "1"}),
        ({"Tags": [{"TagKey": "a", "TagValue": "1"}]}, {"a": "1"}),
        ({"BackupVaultTags": {"a": "1"}}, {"a": "1"}),
        ({"TagsList": [{"Key": "a", "Value": "1"}]}, {"a": "1"}),
        ({"DistributionConfigWithTags": {"Tags": {"Items": [{"Key": "a", "Value": "1"}]}}}, {"a": "1"}),
        ({"TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "1"}]}]}, {"a": "1"}),
    ],
)
def test_tags_of_a_request_are_conditions(members: dict[str, Any], tags: dict[str, str]) -> None:
    from podid.gateway.needs.request_tags import conditions

    found = conditions(members)
    assert found["aws:TagKeys"] == tuple(tags)
    assert {key.partition("/")[2]: values[0] for key, values in found.items() if "/" in key} == tags


@pytest.mark.parametrize(
    ("service", "operation", "members", "resource"),
    [
        (
            "cloudformation",
            "CreateStack",
            {"StackName": "s", "TemplateURL": "https://s3.amazonaws.com/b/a%20b.yaml"},
            "b/a b.yaml",
        ),
        (
            "cloudformation",
            "UpdateStack",
            {"StackName": "s", "TemplateURL": "https://buck.s3.eu-west-1.amazonaws.com/t"},
            "buck/t",
        ),
        ("cloudformation", "GetTemplateSummary", {"TemplateURL": "http://127.0.0.1:4566/b/t"}, "b/t"),
        ("lambda", "CreateFunction", {"FunctionName": "f", "Code": {"S3Bucket": "b", "S3Key": "k"}}, "b/k"),
        ("lambda", "UpdateFunctionCode", {"FunctionName": "f", "S3Bucket": "b", "S3Key": "k"}, "b/k"),
    ],
)
def test_what_is_fetched_for_the_caller_is_asked_for(
    service: str, operation: str, members: dict[str, Any], resource: str
) -> None:
    assert needs(service, operation, **members)[-1] == ("s3:GetObject", f"arn:aws:s3:::{resource}")
