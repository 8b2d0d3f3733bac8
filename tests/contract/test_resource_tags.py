"""Conditions on the tags of resources: what moto, IAM and EKS hold."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.served import Served

MINE = {"StringEquals": {"aws:ResourceTag/team": "mine"}}


def is_denied(call: Any, **members: Any) -> bool:
    try:
        call(**members)
    except ClientError as error:
        assert error.response["Error"]["Code"].startswith(("AccessDenied", "AuthorizationError", "Unauthorized"))
        return True
    return False


def test_queues_topics_and_secrets(served: Served) -> None:
    sqs, sns, secrets = served.client("sqs"), served.client("sns"), served.client("secretsmanager")
    who = served.user("rt-user", served.allow(["sqs:*", "sns:*", "secretsmanager:*"], Condition=MINE))
    queues = {
        team: sqs.create_queue(QueueName=f"rt-{team}", tags={"team": team})["QueueUrl"] for team in ("mine", "theirs")
    }
    topics = {
        team: sns.create_topic(Name=f"rt-{team}", Tags=[{"Key": "team", "Value": team}])["TopicArn"]
        for team in ("mine", "theirs")
    }
    for team in ("mine", "theirs"):
        secrets.create_secret(Name=f"rt/{team}", SecretString="s", Tags=[{"Key": "team", "Value": team}])
    for team, denied in (("mine", False), ("theirs", True)):
        assert is_denied(served.client("sqs", who).send_message, QueueUrl=queues[team], MessageBody="x") is denied
        assert is_denied(served.client("sns", who).publish, TopicArn=topics[team], Message="x") is denied
        assert is_denied(served.client("secretsmanager", who).get_secret_value, SecretId=f"rt/{team}") is denied
    sqs.tag_queue(QueueUrl=queues["mine"], Tags={"team": "theirs"})
    assert is_denied(served.client("sqs", who).send_message, QueueUrl=queues["mine"], MessageBody="x")


def test_tables_and_keys(served: Served) -> None:
    dynamodb, kms = served.client("dynamodb"), served.client("kms")
    who = served.user("rt-data", served.allow(["dynamodb:*", "kms:Encrypt"], Condition=MINE))
    for team in ("mine", "theirs"):
        dynamodb.create_table(
            TableName=f"rt-{team}",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            Tags=[{"Key": "team", "Value": team}],
        )
        key = kms.create_key(Tags=[{"TagKey": "team", "TagValue": team}])["KeyMetadata"]["KeyId"]
        assert is_denied(served.client("kms", who).encrypt, KeyId=key, Plaintext=b"x") is (team != "mine")
    for team, denied in (("mine", False), ("theirs", True)):
        assert is_denied(served.client("dynamodb", who).scan, TableName=f"rt-{team}") is denied


@pytest.mark.parametrize("key", ["aws:ResourceTag/team", "iam:ResourceTag/team"])
def test_roles(served: Served, key: str) -> None:
    iam = served.client("iam")
    trust = served.document(
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )
    prefix = "rt-" + key[:3]
    for team in ("mine", "theirs"):
        iam.create_role(
            RoleName=f"{prefix}-{team}", AssumeRolePolicyDocument=trust, Tags=[{"Key": "team", "Value": team}]
        )
    who = served.user(f"{prefix}-iam", served.allow("iam:GetRole", Condition={"StringEquals": {key: "mine"}}))
    assert not is_denied(served.client("iam", who).get_role, RoleName=f"{prefix}-mine")
    assert is_denied(served.client("iam", who).get_role, RoleName=f"{prefix}-theirs")


def test_objects(served: Served) -> None:
    s3 = served.client("s3")
    s3.create_bucket(Bucket="rt-bucket")
    s3.put_object(Bucket="rt-bucket", Key="mine", Body=b"", Tagging="team=mine")
    s3.put_object(Bucket="rt-bucket", Key="theirs", Body=b"", Tagging="team=theirs")
    condition = {"StringEquals": {"s3:ExistingObjectTag/team": "mine"}}
    who = served.client("s3", served.user("rt-s3", served.allow("s3:GetObject", Condition=condition)))
    assert not is_denied(who.get_object, Bucket="rt-bucket", Key="mine")
    assert is_denied(who.get_object, Bucket="rt-bucket", Key="theirs")


def test_instances(served: Served) -> None:
    ec2 = served.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    made = {}
    for team in ("mine", "theirs"):
        made[team] = ec2.run_instances(
            ImageId=image,
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": team}]}],
        )["Instances"][0]["InstanceId"]
    condition = {"StringEquals": {"ec2:ResourceTag/team": "mine"}}
    who = served.client("ec2", served.user("rt-ec2", served.allow("ec2:StopInstances", Condition=condition)))
    assert not is_denied(who.stop_instances, InstanceIds=[made["mine"]])
    assert is_denied(who.stop_instances, InstanceIds=[made["theirs"]])
    assert is_denied(who.stop_instances, InstanceIds=[made["mine"], made["theirs"]])
