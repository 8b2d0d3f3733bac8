"""Condition keys of services, told by requests and by what exists: allowed where they hold, denied where not."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.served import Served

ACCOUNT = "111122223333"


def allowed(call: Any, *args: Any, **members: Any) -> bool:
    """Whether IAM lets a call pass, whatever the service then says to it."""
    try:
        call(*args, **members)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return not code.startswith(("AccessDenied", "AuthorizationError", "Unauthorized", "403"))
    return True


def table(served: Served, name: str) -> Any:
    dynamodb = served.client("dynamodb")
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "owner", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "owner", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for owner in ("ck-ann", "ck-bob"):
        dynamodb.put_item(TableName=name, Item={"owner": {"S": owner}, "note": {"S": "n"}, "secret": {"S": "s"}})
    return dynamodb


def test_items_of_ones_own(served: Served) -> None:
    table(served, "ck-items")
    own = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:username}"]}}
    actions = [
        "GetItem",
        "PutItem",
        "UpdateItem",
        "Query",
        "BatchGetItem",
        "BatchWriteItem",
        "PartiQLSelect",
        "PartiQLUpdate",
    ]
    ann = served.client(
        "dynamodb", served.user("ck-ann", served.allow([f"dynamodb:{name}" for name in actions], Condition=own))
    )
    for owner, mine in (("ck-ann", True), ("ck-bob", False)):
        key = {"owner": {"S": owner}}
        assert allowed(ann.get_item, TableName="ck-items", Key=key) is mine
        assert allowed(ann.put_item, TableName="ck-items", Item={**key, "note": {"S": "x"}}) is mine
        assert (
            allowed(
                ann.query,
                TableName="ck-items",
                KeyConditionExpression="#o = :o",
                ExpressionAttributeNames={"#o": "owner"},
                ExpressionAttributeValues={":o": {"S": owner}},
            )
            is mine
        )
        assert allowed(ann.batch_get_item, RequestItems={"ck-items": {"Keys": [key]}}) is mine
        assert allowed(ann.batch_write_item, RequestItems={"ck-items": [{"DeleteRequest": {"Key": key}}]}) is mine
        assert allowed(ann.transact_get_items, TransactItems=[{"Get": {"TableName": "ck-items", "Key": key}}]) is mine
        assert allowed(ann.execute_statement, Statement=f"SELECT * FROM \"ck-items\" WHERE owner = '{owner}'") is mine
        statement = {"Statement": 'SELECT * FROM "ck-items" WHERE owner = ?', "Parameters": [{"S": owner}]}
        assert allowed(ann.execute_statement, **statement) is mine
        assert allowed(ann.batch_execute_statement, Statements=[statement]) is mine
    both = [{"owner": {"S": "ck-ann"}}, {"owner": {"S": "ck-bob"}}]
    assert not allowed(ann.batch_get_item, RequestItems={"ck-items": {"Keys": both}})
    for more in ("OR note = 'n'", "AND NOT owner = 'ck-ann'", "AND owner IN ('ck-ann', 'ck-bob')"):
        statement = {"Statement": f"SELECT * FROM \"ck-items\" WHERE owner = 'ck-ann' {more}"}
        assert not allowed(ann.execute_statement, **statement), more


def test_attributes_that_may_be_seen(served: Served) -> None:
    table(served, "ck-attributes")
    condition = {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["owner", "note"]},
        "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
    }
    some = served.client(
        "dynamodb",
        served.user("ck-attributes", served.allow(["dynamodb:GetItem", "dynamodb:PartiQLSelect"], Condition=condition)),
    )
    call = {"TableName": "ck-attributes", "Key": {"owner": {"S": "ck-ann"}}}
    assert allowed(some.get_item, **call, ProjectionExpression="note")
    assert allowed(some.get_item, **call, ProjectionExpression="#n", ExpressionAttributeNames={"#n": "note"})
    assert not allowed(some.get_item, **call)
    assert not allowed(some.get_item, **call, ProjectionExpression="note, secret")
    assert not allowed(some.get_item, **call, ProjectionExpression="#n", ExpressionAttributeNames={"#n": "secret"})
    for what, expected in (
        ("note", True),
        ('owner, "note"', True),
        ("*", False),
        ("secret", False),
        ("note, secret", False),
    ):
        statement = f"SELECT {what} FROM \"ck-attributes\" WHERE owner = 'ck-ann'"
        assert allowed(some.execute_statement, Statement=statement) is expected, what


def test_keys_and_what_was_encrypted_with_them(served: Served) -> None:
    kms = served.client("kms")
    mine, other = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    context = {"app": "a"}
    condition = {
        "StringEquals": {"kms:EncryptionContext:app": "a"},
        "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": "app"},
    }
    some = served.client(
        "kms", served.user("ck-kms", served.allow(["kms:Encrypt", "kms:Decrypt"], mine, Condition=condition))
    )
    blob = some.encrypt(KeyId=mine, Plaintext=b"x", EncryptionContext=context)["CiphertextBlob"]
    assert not allowed(some.encrypt, KeyId=mine, Plaintext=b"x")
    assert not allowed(some.encrypt, KeyId=mine, Plaintext=b"x", EncryptionContext={**context, "more": "m"})
    assert some.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"] == b"x"
    assert not allowed(some.decrypt, CiphertextBlob=blob)
    theirs = kms.encrypt(KeyId=other, Plaintext=b"y", EncryptionContext=context)["CiphertextBlob"]
    assert not allowed(some.decrypt, CiphertextBlob=theirs, EncryptionContext=context)
    assert not allowed(some.decrypt, CiphertextBlob=theirs, EncryptionContext=context, KeyId=mine)
    signing = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["KeyId"]
    kind = {"StringEquals": {"kms:KeyUsage": "SIGN_VERIFY"}}
    describer = served.client("kms", served.user("ck-usage", served.allow("kms:DescribeKey", Condition=kind)))
    assert allowed(describer.describe_key, KeyId=signing)
    assert not allowed(describer.describe_key, KeyId=mine)


def test_instances_and_volumes(served: Served) -> None:
    ec2 = served.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    here = f"arn:aws:ec2:us-east-1:{ACCOUNT}"
    some = served.client(
        "ec2",
        served.user(
            "ck-ec2",
            served.allow(
                "ec2:RunInstances", f"{here}:instance/*", Condition={"StringEquals": {"ec2:InstanceType": "t3.micro"}}
            ),
            served.allow(
                "ec2:RunInstances", f"{here}:subnet/*", Condition={"ArnEquals": {"ec2:Vpc": f"{here}:vpc/{vpc}"}}
            ),
            served.allow(
                "ec2:RunInstances", f"{here}:volume/*", Condition={"NumericLessThanEquals": {"ec2:VolumeSize": "20"}}
            ),
            served.allow(
                "ec2:RunInstances",
                ["arn:aws:ec2:*::image/*", f"{here}:security-group/*", f"{here}:network-interface/*"],
            ),
            served.allow(
                "ec2:CreateTags", f"{here}:instance/*", Condition={"StringEquals": {"ec2:CreateAction": "RunInstances"}}
            ),
            served.allow("ec2:StopInstances", Condition={"StringEquals": {"ec2:InstanceType": "t3.micro"}}),
            served.allow(
                "ec2:CreateVolume",
                Condition={"StringEquals": {"ec2:VolumeType": "gp3"}, "Bool": {"ec2:Encrypted": "true"}},
            ),
        ),
    )
    disk = {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 10}}
    start = {
        "ImageId": image,
        "MinCount": 1,
        "MaxCount": 1,
        "InstanceType": "t3.micro",
        "SubnetId": subnet,
        "BlockDeviceMappings": [disk],
    }
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}]
    small = some.run_instances(**start, TagSpecifications=tags)["Instances"][0]["InstanceId"]
    large = ec2.run_instances(**{**start, "InstanceType": "m5.large"})["Instances"][0]["InstanceId"]
    assert not allowed(some.run_instances, **{**start, "InstanceType": "m5.large"})
    elsewhere = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"][0]["SubnetId"]
    assert not allowed(some.run_instances, **{**start, "SubnetId": elsewhere})
    assert not allowed(some.run_instances, **{**start, "BlockDeviceMappings": [{**disk, "Ebs": {"VolumeSize": 100}}]})
    assert not allowed(some.create_tags, Resources=[small], Tags=[{"Key": "a", "Value": "c"}])
    assert allowed(some.stop_instances, InstanceIds=[small])
    assert not allowed(some.stop_instances, InstanceIds=[large])
    assert not allowed(some.run_instances, **start, TagSpecifications=[{**tags[0], "ResourceType": "volume"}])
    volume = {"AvailabilityZone": "us-east-1a", "Size": 1}
    assert allowed(some.create_volume, **volume, VolumeType="gp3", Encrypted=True)
    assert not allowed(some.create_volume, **volume, VolumeType="gp3")
    assert not allowed(some.create_volume, **volume, VolumeType="io1", Iops=100, Encrypted=True)


def test_instances_from_a_launch_template(served: Served) -> None:
    ec2 = served.client("ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    for name, kind in (("ck-small", "t3.micro"), ("ck-large", "m5.large")):
        data = {"ImageId": image, "InstanceType": kind}
        ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
    instances = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/*"
    small = {"StringEquals": {"ec2:InstanceType": "t3.micro"}}
    parts = ["subnet", "security-group", "network-interface", "volume", "launch-template"]
    some = served.client(
        "ec2",
        served.user(
            "ck-template",
            served.allow("ec2:RunInstances", instances, Condition=small),
            served.allow("ec2:RunInstances", [f"arn:aws:ec2:us-east-1:{ACCOUNT}:{part}/*" for part in parts]),
            served.allow("ec2:RunInstances", f"arn:aws:ec2:us-east-1::image/{image}"),
        ),
    )
    start = {"MinCount": 1, "MaxCount": 1}
    assert allowed(some.run_instances, **start, LaunchTemplate={"LaunchTemplateName": "ck-small"})
    assert not allowed(some.run_instances, **start, LaunchTemplate={"LaunchTemplateName": "ck-large"})
    asked = {"LaunchTemplate": {"LaunchTemplateName": "ck-large"}, "InstanceType": "t3.micro"}
    assert allowed(some.run_instances, **start, **asked)


def test_security_groups_one_by_one(served: Served) -> None:
    ec2 = served.client("ec2")
    mine, other = (ec2.create_security_group(GroupName=f"ck-{n}", Description="d")["GroupId"] for n in "ab")
    arn = f"arn:aws:ec2:us-east-1:{ACCOUNT}:security-group/{mine}"
    some = served.client("ec2", served.user("ck-groups", served.allow("ec2:AuthorizeSecurityGroupIngress", arn)))
    rule = [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": other}]}]
    assert allowed(some.authorize_security_group_ingress, GroupId=mine, IpPermissions=rule)
    assert not allowed(some.authorize_security_group_ingress, GroupId=other, IpPermissions=rule)


@pytest.mark.parametrize("kind", ["role", "user"])
def test_who_has_a_boundary(served: Served, kind: str) -> None:
    iam = served.client("iam")
    boundary = iam.create_policy(
        PolicyName=f"ck-boundary-{kind}", PolicyDocument=served.document(served.allow("s3:*"))
    )["Policy"]["Arn"]
    trust = served.document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
    title = kind.capitalize()
    held = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    actions = [f"iam:Create{title}", f"iam:Put{title}Policy"]
    delegate = served.client("iam", served.user(f"ck-delegate-{kind}", served.allow(actions, Condition=held)))
    more = {"AssumeRolePolicyDocument": trust} if kind == "role" else {}
    name = f"{title}Name"
    create = getattr(delegate, f"create_{kind}")
    assert allowed(create, **{name: f"ck-bound-{kind}"}, **more, PermissionsBoundary=boundary)
    assert not allowed(create, **{name: f"ck-free-{kind}"}, **more)
    getattr(iam, f"create_{kind}")(**{name: f"ck-free-{kind}"}, **more)
    policy = {"PolicyName": "p", "PolicyDocument": served.document(served.allow("s3:Get*"))}
    put = getattr(delegate, f"put_{kind}_policy")
    assert allowed(put, **{name: f"ck-bound-{kind}"}, **policy)
    assert not allowed(put, **{name: f"ck-free-{kind}"}, **policy)


@pytest.mark.parametrize(
    ("service", "action", "key", "operation", "good", "bad"),
    [
        ("sns", "sns:Subscribe", "sns:Protocol", "subscribe", {"Protocol": "sqs"}, {"Protocol": "https"}),
        (
            "route53",
            "route53:ChangeResourceRecordSets",
            "route53:ChangeResourceRecordSetsNormalizedRecordNames",
            "change_resource_record_sets",
            {"name": "Good.example.com."},
            {"name": "bad.example.com"},
        ),
        ("events", "events:PutEvents", "events:source", "put_events", {"source": "good"}, {"source": "bad"}),
        (
            "sesv2",
            "ses:SendEmail",
            "ses:FromAddress",
            "send_email",
            {"address": "a@good.example"},
            {"address": "a@x.example"},
        ),
        (
            "cloudwatch",
            "cloudwatch:PutMetricData",
            "cloudwatch:namespace",
            "put_metric_data",
            {"ns": "good"},
            {"ns": "bad"},
        ),
        ("rds", "rds:CreateDBInstance", "rds:DatabaseEngine", "create_db_instance", {"e": "mysql"}, {"e": "oracle-ee"}),
    ],
)
def test_what_a_request_says(
    served: Served, service: str, action: str, key: str, operation: str, good: dict[str, str], bad: dict[str, str]
) -> None:
    values = {"sns": "sqs", "route53": "good.example.com", "sesv2": "a@good.example", "rds": "mysql"}
    condition = {"ForAllValues:StringEquals": {key: values.get(service, "good")}, "Null": {key: "false"}}
    some = served.client(service, served.user(f"ck-{service}", served.allow(action, Condition=condition)))
    for given, expected in ((good, True), (bad, False)):
        assert allowed(getattr(some, operation), **_members(service, given)) is expected


def _members(service: str, given: dict[str, str]) -> dict[str, Any]:
    if service == "sns":
        return {"TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:ck", "Endpoint": "e", **given}
    if service == "route53":
        record = {"Name": given["name"], "Type": "A", "TTL": 1, "ResourceRecords": [{"Value": "1.2.3.4"}]}
        change = {"Action": "UPSERT", "ResourceRecordSet": record}
        return {"HostedZoneId": "Z1", "ChangeBatch": {"Changes": [change]}}
    if service == "events":
        return {"Entries": [{"Source": given["source"], "DetailType": "d", "Detail": "{}"}]}
    if service == "sesv2":
        body = {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}
        return {
            "FromEmailAddress": f"Name <{given['address']}>",
            "Destination": {"ToAddresses": ["b@example.com"]},
            "Content": {"Simple": body},
        }
    if service == "cloudwatch":
        return {"Namespace": given["ns"], "MetricData": [{"MetricName": "m", "Value": 1.0}]}
    return {"DBInstanceIdentifier": "ck", "DBInstanceClass": "db.t3.micro", "Engine": given["e"]}


def test_tagging_at_creation_is_a_right_of_its_own(served: Served) -> None:
    plain = served.client("sqs", served.user("ck-plain", served.allow("sqs:CreateQueue")))
    both = served.client("sqs", served.user("ck-both", served.allow(["sqs:CreateQueue", "sqs:TagQueue"])))
    assert allowed(plain.create_queue, QueueName="ck-untagged")
    assert not allowed(plain.create_queue, QueueName="ck-tagged", tags={"a": "b"})
    assert allowed(both.create_queue, QueueName="ck-tagged", tags={"a": "b"})


def test_roles_are_passed_wherever_they_stand(served: Served) -> None:
    iam = served.client("iam")
    trust = served.document(
        {"Effect": "Allow", "Principal": {"Service": ["vpc-flow-logs.amazonaws.com"]}, "Action": "sts:AssumeRole"}
    )
    role = iam.create_role(RoleName="ck-passed", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    to_logs = {"StringEquals": {"iam:PassedToService": "vpc-flow-logs.amazonaws.com"}}
    vpc = served.client("ec2").create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    flow = {
        "ResourceIds": [vpc],
        "ResourceType": "VPC",
        "TrafficType": "ALL",
        "LogGroupName": "g",
        "DeliverLogsPermissionArn": role,
    }
    without = served.client("ec2", served.user("ck-pass-0", served.allow("ec2:*")))
    with_ = served.client(
        "ec2", served.user("ck-pass-1", served.allow("ec2:*"), served.allow("iam:PassRole", role, Condition=to_logs))
    )
    assert not allowed(without.create_flow_logs, **flow)
    assert allowed(with_.create_flow_logs, **flow)
