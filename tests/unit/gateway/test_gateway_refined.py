"""Resources where a service asks for something else than the reference's ARN filled from the request."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from tests.unit.gateway.asking import ACCOUNT, Things, needs, whole_needs

from podid.core.errors import AccessDenied
from podid.gateway.needs.refined import REFINEMENTS

EC2 = f"arn:aws:ec2:us-east-1:{ACCOUNT}"


def here(service: str, resource: str) -> str:
    return f"arn:aws:{service}:us-east-1:{ACCOUNT}:{resource}"


@pytest.mark.parametrize(
    ("service", "operation", "members", "resources"),
    [
        ("dynamodb", "Query", {"TableName": "t", "IndexName": "i"}, ["table/t/index/i"]),
        ("dynamodb", "PutItem", {"TableName": "t", "IndexName": "i"}, ["table/t"]),
        ("lambda", "Invoke", {"FunctionName": "f", "Qualifier": "live"}, ["function:f:live"]),
        ("logs", "CreateLogGroup", {"logGroupName": "/g"}, ["log-group:/g:log-stream:"]),
        ("logs", "PutLogEvents", {"logGroupName": "/g", "logStreamName": "s"}, ["log-group:/g:log-stream:s"]),
        ("logs", "TagResource", {"resourceArn": here("logs", "log-group:/g")}, ["log-group:/g"]),
        ("ecs", "RunTask", {"taskDefinition": "t"}, ["task-definition/t:7"]),
        ("ecs", "RunTask", {"taskDefinition": "u:3"}, ["task-definition/u:3"]),
        ("events", "PutRule", {"Name": "r", "EventBusName": "b"}, ["rule/b/r"]),
        ("events", "PutRule", {"Name": "r", "EventBusName": "default"}, ["rule/r"]),
        ("cloudformation", "CreateStack", {"StackName": "s"}, ["stack/s/*"]),
        ("elbv2", "CreateLoadBalancer", {"Name": "l", "Type": "network"}, ["loadbalancer/net/l/*"]),
        ("elbv2", "CreateTargetGroup", {"Name": "t"}, ["targetgroup/t/*"]),
        (
            "autoscaling",
            "DeleteAutoScalingGroup",
            {"AutoScalingGroupName": "g"},
            ["autoScalingGroup:*:autoScalingGroupName/g"],
        ),
        ("kinesis", "GetRecords", {"ShardIterator": base64.b64encode(b"s:shardId-0:1").decode()}, ["stream/s"]),
        ("kinesis", "GetRecords", {"ShardIterator": "?"}, ["stream/*"]),
        ("s3vectors", "GetVectorBucket", {"vectorBucketName": "v"}, ["bucket/v"]),
    ],
)
def test_the_resource_is(service: str, operation: str, members: dict[str, Any], resources: list[str]) -> None:
    things = Things({"ecs:task-definition/t": here("ecs", "task-definition/t:7")})
    found = needs(service, operation, things, **members)
    assert [resource.split(":", 5)[5] for _, resource in found] == resources


def test_a_telephone_is_no_topic_and_an_instance_no_managed_node() -> None:
    assert needs("sns", "Publish", PhoneNumber="+1") == [("sns:Publish", "*")]
    sent = needs("ssm", "SendCommand", InstanceIds=["i-1"], DocumentName="d")
    assert [resource for _, resource in sent] == [here("ssm", "document/d"), here("ec2", "instance/i-1")]


def test_secrets_that_are_fetched_together_are_asked_for_each() -> None:
    found = needs("secretsmanager", "BatchGetSecretValue", SecretIdList=["a", "b"])
    assert found[0] == ("secretsmanager:BatchGetSecretValue", "*")
    assert found[1:] == [("secretsmanager:GetSecretValue", here("secretsmanager", f"secret:{n}-??????")) for n in "ab"]


@pytest.mark.parametrize("service", sorted(REFINEMENTS))
def test_a_refinement_leaves_something(service: str) -> None:
    from podid.core.wire import load_service
    from podid.gateway.needs.table import is_mapped

    words = {"IndexName": "i", "EventBusName": "b", "Qualifier": "q", "Name": "n", "StackName": "s", "PhoneNumber": "1"}
    for operation in load_service(service).operations:
        if is_mapped(service, operation):
            assert needs(service, operation, InstanceIds=["i-1"], InstanceId="i-1", **words), operation


@pytest.mark.parametrize(
    ("operation", "members", "resources"),
    [
        ("StopInstances", {"InstanceIds": ["i-1", "i-2"]}, ["instance/i-1", "instance/i-2"]),
        ("AuthorizeSecurityGroupIngress", {"GroupId": "sg-1"}, ["security-group/sg-1"]),
        ("AuthorizeSecurityGroupIngress", {"GroupName": "known"}, ["security-group/sg-9"]),
        ("CreateTags", {"Resources": ["i-1", "vol-2"]}, ["instance/i-1", "volume/vol-2"]),
        ("CreateTags", {"Resources": ["zzz-1"]}, ["*/zzz-1"]),
        ("DescribeInstances", {"InstanceIds": ["i-1"]}, ["*"]),
        ("CreateImage", {"InstanceId": "i-1", "Name": "n"}, ["image/*", "instance/i-1", "snapshot/*"]),
        ("DeleteKeyPair", {"KeyName": "k"}, ["key-pair/k"]),
    ],
)
def test_ec2_knows_things_by_their_identifiers(operation: str, members: dict[str, Any], resources: list[str]) -> None:
    things = Things({"ec2:security-group/known": f"{EC2}:security-group/sg-9"})
    found = needs("ec2", operation, things, **members)
    assert [resource.split(":", 5)[-1] for _, resource in found] == resources


def test_an_instance_needs_all_that_it_is_made_of() -> None:
    things = Things({"ec2:default-security-group/subnet-1": f"{EC2}:security-group/sg-0"})
    tags = [{"ResourceType": kind, "Tags": [{"Key": kind, "Value": "v"}]} for kind in ("instance", "volume")]
    call: dict[str, Any] = {"ImageId": "ami-1", "SubnetId": "subnet-1", "KeyName": "k", "TagSpecifications": tags}
    found = whole_needs("ec2", "RunInstances", things, **call)
    assert {(need.action, need.resource.split(":", 5)[5]) for need in found} == {
        *(
            ("ec2:RunInstances", resource)
            for resource in (
                "image/ami-1",
                "instance/*",
                "network-interface/*",
                "security-group/sg-0",
                "subnet/subnet-1",
                "key-pair/k",
                "volume/*",
            )
        ),
        ("ec2:CreateTags", "instance/*"),
        ("ec2:CreateTags", "volume/*"),
    }
    by_kind = {(need.action, need.resource.rpartition(":")[2]): need.context for need in found}
    assert by_kind["ec2:CreateTags", "volume/*"]["aws:TagKeys"] == ("volume",)
    assert by_kind["ec2:CreateTags", "volume/*"]["ec2:CreateAction"] == ("RunInstances",)
    assert by_kind["ec2:RunInstances", "instance/*"]["aws:RequestTag/instance"] == ("v",)
    assert "aws:TagKeys" not in by_kind["ec2:RunInstances", "subnet/subnet-1"]


def test_a_launch_template_gives_what_the_call_does_not_say() -> None:
    data = {"ImageId": "ami-1", "InstanceType": "m5.large", "SubnetId": "subnet-1", "SecurityGroupIds": ["sg-1"]}
    things = Things({"ec2:launch-template/t": f"{EC2}:launch-template/lt-1"}, templates={"t:2": data})
    call: dict[str, Any] = {"LaunchTemplate": {"LaunchTemplateName": "t", "Version": "2"}, "InstanceType": "t3.micro"}
    found = {
        need.resource.rpartition(":")[2]: need.context for need in whole_needs("ec2", "RunInstances", things, **call)
    }
    assert {"image/ami-1", "subnet/subnet-1", "security-group/sg-1", "launch-template/lt-1"} <= found.keys()
    assert found["instance/*"]["ec2:InstanceType"] == ("t3.micro",)
    assert found["instance/*"]["ec2:LaunchTemplate"] == (f"{EC2}:launch-template/lt-1",)
    given = {name: context["ec2:IsLaunchTemplateResource"] for name, context in found.items()}
    assert given["image/ami-1"] == given["launch-template/lt-1"] == ("true",)
    assert given["instance/*"] == ("false",)


def test_what_was_encrypted_says_with_which_key() -> None:
    key = "01234567-89ab-cdef-0123-456789abcdef"
    used, named = here("kms", f"key/{key}"), here("kms", "key/other")
    blob = key.encode() + b"..."
    assert needs("kms", "Decrypt", CiphertextBlob=blob) == [("kms:Decrypt", used)]
    assert needs("kms", "Decrypt", CiphertextBlob=blob, KeyId="other") == [
        ("kms:Decrypt", named),
        ("kms:Decrypt", used),
    ]
    assert needs("kms", "Decrypt", CiphertextBlob=b"x") == [("kms:Decrypt", here("kms", "key/*"))]
    found = whole_needs(
        "kms",
        "ReEncrypt",
        CiphertextBlob=blob,
        DestinationKeyId="other",
        SourceEncryptionContext={"a": "1"},
        DestinationEncryptionContext={"b": "2"},
    )
    assert [(need.action, need.resource) for need in found] == [("kms:ReEncryptFrom", used), ("kms:ReEncryptTo", named)]
    assert [need.context["kms:EncryptionContextKeys"] for need in found] == [("a",), ("b",)]


def test_all_that_is_named_is_asked_for_or_none_of_it() -> None:
    many = [f"i-{number}" for number in range(1000)]
    assert len(needs("ec2", "StopInstances", InstanceIds=many)) == 1000
    assert len(needs("ssm", "GetParameters", Names=many)) == 1000
    role = f"arn:aws:iam::{ACCOUNT}:role/r"
    targets = [{"Id": name, "Arn": here("sqs", "q")} for name in many] + [{"Id": "last", "RoleArn": role}]
    assert ("iam:PassRole", role) in needs("events", "PutTargets", Rule="r", Targets=targets)
    for service, operation, member in (("ec2", "StopInstances", "InstanceIds"), ("ssm", "GetParameters", "Names")):
        with pytest.raises(AccessDenied, match="more than the 10000"):
            needs(service, operation, **{member: many * 11})


@pytest.mark.parametrize(
    ("service", "operation", "members"),
    [
        ("dynamodb", "Query", {"TableName": "t", "KeyConditionExpression": "a" * 100_000}),
        ("dynamodb", "ExecuteStatement", {"Statement": "select * from t where " + "pk in (" * 100_000}),
        ("dynamodb", "ExecuteStatement", {"Statement": "select " + "from " * 100_000}),
        ("ec2", "StopInstances", {"InstanceIds": ["a-" * 100_000]}),
        ("ses", "SendEmail", {"Source": "(" * 100_000}),
        ("ses", "SendRawEmail", {"RawMessage": {"Data": b"From: " + b"(" * 60_000}}),
        ("events", "PutRule", {"Name": "r", "EventPattern": "[" * 100_000}),
        ("kinesis", "GetRecords", {"ShardIterator": "A" * 100_000}),
        ("kms", "Decrypt", {"CiphertextBlob": b"0" * 100_000}),
    ],
)
def test_what_is_written_to_be_slow_is_not(service: str, operation: str, members: dict[str, Any]) -> None:
    """Each ends at once, or the suite's own time limit ends it; none raises."""
    things = Things({f"dynamodb:partition-key/{here('dynamodb', 'table/t')}": "pk"})
    assert needs(service, operation, things, **members)
