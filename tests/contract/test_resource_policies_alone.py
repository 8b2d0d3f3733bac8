"""Every service whose resources can carry a policy with moto: the policy alone lets in a user who has none of their own, and nobody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from msgspec import Struct
from tests.contract.served import Served

ACCOUNT = "111122223333"
ROLE_TRUST = {"Effect": "Allow", "Principal": {"Service": "logs.amazonaws.com"}, "Action": "sts:AssumeRole"}


class Case(Struct, frozen=True):
    """One service: what is made, which action the policy allows on it, how the policy is put, and what the user then calls."""

    service: str
    action: str
    make: Callable[[Any], str]
    """From the administrator's client to the ARN."""
    put: Callable[[Any, str, str], Any]
    """From the administrator's client, the ARN and the policy."""
    call: Callable[[Any, str], Any]
    """From the user's client and the ARN."""
    resources: tuple[str, ...] = ()
    """What the policy is about, where it is more than the ARN."""


def _stream(client: Any) -> str:
    client.create_stream(StreamName="alone", ShardCount=1)
    return str(client.describe_stream_summary(StreamName="alone")["StreamDescriptionSummary"]["StreamARN"])


def _database(client: Any) -> str:
    client.create_database(DatabaseInput={"Name": "alone"})
    return f"arn:aws:glue:us-east-1:{ACCOUNT}:database/alone"


def _broker(client: Any) -> str:
    nodes = {"InstanceType": "kafka.m5.large", "ClientSubnets": ["subnet-1"], "SecurityGroups": ["sg-1"]}
    made = client.create_cluster(
        ClusterName="alone", KafkaVersion="3.5.1", NumberOfBrokerNodes=1, BrokerNodeGroupInfo=nodes
    )
    return str(made["ClusterArn"])


def _payment_key(client: Any) -> str:
    attributes = {
        "KeyUsage": "TR31_P0_PIN_ENCRYPTION_KEY",
        "KeyClass": "SYMMETRIC_KEY",
        "KeyAlgorithm": "TDES_3KEY",
        "KeyModesOfUse": {"Encrypt": True, "Decrypt": True, "Wrap": True, "Unwrap": True},
    }
    return str(client.create_key(Exportable=True, KeyAttributes=attributes)["Key"]["KeyArn"])


def _bot(client: Any) -> str:
    made = client.create_bot(
        botName="alone",
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/lex",
        dataPrivacy={"childDirected": False},
        idleSessionTTLInSeconds=60,
    )
    return f"arn:aws:lex:us-east-1:{ACCOUNT}:bot/{made['botId']}"


def _last(arn: str) -> str:
    return arn.rpartition("/")[2]


CASES = (
    Case(
        "kinesis",
        "kinesis:PutRecord",
        _stream,
        lambda c, arn, policy: c.put_resource_policy(ResourceARN=arn, Policy=policy),
        lambda c, arn: c.put_record(StreamARN=arn, Data=b"x", PartitionKey="k"),
    ),
    Case(
        "events",
        "events:PutEvents",
        lambda c: str(c.create_event_bus(Name="alone")["EventBusArn"]),
        lambda c, _arn, policy: c.put_permission(EventBusName="alone", Policy=policy),
        lambda c, arn: c.put_events(Entries=[{"EventBusName": arn, "Source": "s", "DetailType": "d", "Detail": "{}"}]),
    ),
    Case(
        "glue",
        "glue:GetDatabase",
        _database,
        lambda c, _arn, policy: c.put_resource_policy(PolicyInJson=policy),
        lambda c, _arn: c.get_database(Name="alone"),
        (f"arn:aws:glue:us-east-1:{ACCOUNT}:catalog", f"arn:aws:glue:us-east-1:{ACCOUNT}:database/alone"),
    ),
    Case(
        "efs",
        "elasticfilesystem:DescribeMountTargets",
        lambda c: str(c.create_file_system(CreationToken="alone")["FileSystemArn"]),
        lambda c, arn, policy: c.put_file_system_policy(FileSystemId=_last(arn), Policy=policy),
        lambda c, arn: c.describe_mount_targets(FileSystemId=_last(arn)),
    ),
    Case(
        "kafka",
        "kafka:DescribeCluster",
        _broker,
        lambda c, arn, policy: c.put_cluster_policy(ClusterArn=arn, Policy=policy),
        lambda c, arn: c.describe_cluster(ClusterArn=arn),
    ),
    Case(
        "dsql",
        "dsql:GetCluster",
        lambda c: str(c.create_cluster(deletionProtectionEnabled=False)["arn"]),
        lambda c, arn, policy: c.put_cluster_policy(identifier=_last(arn), policy=policy),
        lambda c, arn: c.get_cluster(identifier=_last(arn)),
    ),
    Case(
        "opensearch",
        "es:DescribeDomain",
        lambda c: str(c.create_domain(DomainName="alone")["DomainStatus"]["ARN"]),
        lambda c, _arn, policy: c.update_domain_config(DomainName="alone", AccessPolicies=policy),
        lambda c, _arn: c.describe_domain(DomainName="alone"),
    ),
    Case(
        "mediastore",
        "mediastore:DescribeContainer",
        lambda c: str(c.create_container(ContainerName="alone")["Container"]["ARN"]),
        lambda c, _arn, policy: c.put_container_policy(ContainerName="alone", Policy=policy),
        lambda c, _arn: c.describe_container(ContainerName="alone"),
        (f"arn:aws:mediastore:us-east-1:{ACCOUNT}:container/alone",),  # moto's own ARN has neither region nor account
    ),
    Case(
        "s3vectors",
        "s3vectors:GetVectorBucket",
        lambda c: str(
            c.create_vector_bucket(vectorBucketName="alone") and f"arn:aws:s3vectors:us-east-1:{ACCOUNT}:bucket/alone"
        ),
        lambda c, _arn, policy: c.put_vector_bucket_policy(vectorBucketName="alone", policy=policy),
        lambda c, _arn: c.get_vector_bucket(vectorBucketName="alone"),
    ),
    Case(
        "sesv2",
        "ses:SendEmail",
        lambda c: str(
            c.create_email_identity(EmailIdentity="alone@example.com")
            and f"arn:aws:ses:us-east-1:{ACCOUNT}:identity/alone@example.com"
        ),
        lambda c, _arn, policy: c.create_email_identity_policy(
            EmailIdentity="alone@example.com", PolicyName="p", Policy=policy
        ),
        lambda c, _arn: c.send_email(
            FromEmailAddress="alone@example.com",
            Destination={"ToAddresses": ["alone@example.com"]},
            Content={"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}},
        ),
    ),
    Case(
        "payment-cryptography",
        "payment-cryptography:GetKey",
        _payment_key,
        lambda c, arn, policy: c.put_resource_policy(ResourceArn=arn, Policy=policy),
        lambda c, arn: c.get_key(KeyIdentifier=arn),
    ),
    Case(
        "lexv2-models",
        "lex:DescribeResourcePolicy",
        _bot,
        lambda c, arn, policy: c.create_resource_policy(resourceArn=arn, policy=policy),
        lambda c, arn: c.describe_resource_policy(resourceArn=arn),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.service)
def test_the_policy_alone_lets_in(served: Served, case: Case) -> None:
    ours = served.client(case.service)
    name = f"alone-{case.service}"
    theirs = served.client(case.service, served.user(name))
    arn = case.make(ours)
    assert refused(case.call, theirs, arn)
    policy = {
        "Sid": "alone",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/{name}"},
        "Action": case.action,
        "Resource": list(case.resources) or arn,
    }
    case.put(ours, arn, served.document(policy))
    case.call(theirs, arn)
    other = served.client(case.service, served.user(f"{name}-other"))
    assert refused(case.call, other, arn)


def refused(call: Callable[..., Any], *args: Any) -> bool:
    try:
        call(*args)
    except ClientError as error:
        assert "not authorized" in str(error), error
        return True
    return False


def test_where_another_accounts_logs_may_go(served: Served) -> None:
    ours, theirs = served.client("logs"), served.client("logs", served.administrator_of("444455556666"))
    role = served.client("iam").create_role(
        RoleName="alone-logs", AssumeRolePolicyDocument=served.document(ROLE_TRUST)
    )["Role"]["Arn"]
    target = served.client("kinesis")
    target.create_stream(StreamName="alone-logs", ShardCount=1)
    stream = target.describe_stream_summary(StreamName="alone-logs")["StreamDescriptionSummary"]["StreamARN"]
    arn = ours.put_destination(destinationName="alone", targetArn=stream, roleArn=role)["destination"]["arn"]
    theirs.create_log_group(logGroupName="alone")

    def send() -> Any:
        return theirs.put_subscription_filter(
            logGroupName="alone", filterName="f", filterPattern="", destinationArn=arn
        )

    assert refused(send)
    policy = served.allow("logs:PutSubscriptionFilter", arn, Principal={"AWS": "444455556666"})
    ours.put_destination_policy(destinationName="alone", accessPolicy=served.document(policy))
    try:
        send()
    except ClientError as error:  # moto knows no destination of another account
        assert "not authorized" not in str(error)


def test_a_layer_of_another_account(served: Served) -> None:
    ours, theirs = served.client("lambda"), served.client("lambda", served.administrator_of("444455556666"))
    arn = ours.publish_layer_version(LayerName="alone", Content={"ZipFile": b"x"})["LayerVersionArn"]
    assert refused(lambda: theirs.get_layer_version_by_arn(Arn=arn))
    ours.add_layer_version_permission(
        LayerName="alone", VersionNumber=1, StatementId="s", Action="lambda:GetLayerVersion", Principal="444455556666"
    )
    try:
        theirs.get_layer_version_by_arn(Arn=arn)
    except ClientError as error:  # moto looks in the caller's account
        assert "not authorized" not in str(error)


def test_what_is_no_policy_is_not_taken(served: Served) -> None:
    glue = served.client("glue")
    with pytest.raises(ClientError) as raised:
        glue.put_resource_policy(PolicyInJson=json.dumps({"Statement": "no"}))
    assert raised.value.response["Error"]["Code"] == "InvalidInputException"
