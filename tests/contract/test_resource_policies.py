"""Policies that resources carry: read from moto, decided by podid, within an account and across accounts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.served import Served

from podid.core.sigv4 import Credentials

OTHER = "444455556666"
OTHER_ROOT = {"AWS": f"arn:aws:iam::{OTHER}:root"}


@pytest.fixture(scope="module")
def stranger(served: Served) -> Any:
    return served.administrator_of(OTHER)


def denied(call: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(*args, **kwargs)
    error = raised.value.response["Error"]
    assert error["Code"].startswith(("AccessDenied", "AuthorizationError")), error
    return str(error.get("Message", ""))


def test_a_bucket_across_accounts(served: Served, stranger: Credentials) -> None:
    s3, theirs = served.client("s3"), served.client("s3", stranger)
    s3.create_bucket(Bucket="rp-bucket")
    s3.put_object(Bucket="rp-bucket", Key="k", Body=b"v")
    assert denied(theirs.get_object, Bucket="rp-bucket", Key="k") == "Access Denied"
    assert "rp-bucket" not in [b["Name"] for b in theirs.list_buckets()["Buckets"]]
    s3.put_bucket_policy(
        Bucket="rp-bucket",
        Policy=served.document(
            served.allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::rp-bucket/*", Principal=OTHER_ROOT)
        ),
    )
    assert theirs.get_object(Bucket="rp-bucket", Key="k")["Body"].read() == b"v"
    theirs.put_object(Bucket="rp-bucket", Key="theirs", Body=b"w")
    assert s3.get_object(Bucket="rp-bucket", Key="theirs")["Body"].read() == b"w"
    denied(theirs.list_objects_v2, Bucket="rp-bucket")
    denied(theirs.delete_bucket, Bucket="rp-bucket")
    with pytest.raises(ClientError) as taken:
        theirs.create_bucket(Bucket="rp-bucket")
    assert taken.value.response["Error"]["Code"] == "BucketAlreadyExists"


def test_a_bucket_whose_public_access_is_restricted(served: Served, stranger: Credentials) -> None:
    s3, theirs = served.client("s3"), served.client("s3", stranger)
    s3.create_bucket(Bucket="rp-restricted")
    s3.put_object(Bucket="rp-restricted", Key="k", Body=b"v")
    s3.put_bucket_policy(
        Bucket="rp-restricted",
        Policy=served.document(served.allow("s3:GetObject", "arn:aws:s3:::rp-restricted/*", Principal="*")),
    )
    assert theirs.get_object(Bucket="rp-restricted", Key="k")["Body"].read() == b"v"
    s3.put_public_access_block(Bucket="rp-restricted", PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    denied(theirs.get_object, Bucket="rp-restricted", Key="k")


def test_a_queue_across_accounts(served: Served, stranger: Credentials) -> None:
    sqs, theirs = served.client("sqs"), served.client("sqs", stranger)
    url = sqs.create_queue(QueueName="rp-queue")["QueueUrl"]
    assert url.startswith(served.url)
    denied(theirs.send_message, QueueUrl=url, MessageBody="x")
    arn = "arn:aws:sqs:us-east-1:111122223333:rp-queue"
    policy = served.document(served.allow("sqs:SendMessage", arn, Principal=OTHER_ROOT))
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    theirs.send_message(QueueUrl=url, MessageBody="hello")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"
    denied(theirs.receive_message, QueueUrl=url)
    with pytest.raises(ClientError):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": "{no"})


def test_a_topic_across_accounts(served: Served, stranger: Credentials) -> None:
    sns, theirs = served.client("sns"), served.client("sns", stranger)
    arn = sns.create_topic(Name="rp-topic")["TopicArn"]
    denied(theirs.publish, TopicArn=arn, Message="x")
    policy = served.document(served.allow("sns:Publish", arn, Principal=OTHER_ROOT))
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    assert theirs.publish(TopicArn=arn, Message="x")["MessageId"]


def test_a_key_policy_must_allow_within_the_account_too(served: Served) -> None:
    kms = served.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    user = served.user("rp-kms", served.allow("kms:*"))
    theirs = served.client("kms", user)
    assert theirs.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    only = {"AWS": "arn:aws:iam::111122223333:user/podid-admin"}
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=served.document(served.allow("kms:*", Principal=only)))
    assert "resource-based policy" in denied(theirs.encrypt, KeyId=key, Plaintext=b"x")
    assert kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]


def test_an_alias_is_its_key(served: Served) -> None:
    kms = served.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/rp", TargetKeyId=key)
    some = served.client("kms", served.user("rp-alias", served.allow("kms:Encrypt", key)))
    assert some.encrypt(KeyId="alias/rp", Plaintext=b"x")["KeyId"] == key
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    denied(some.encrypt, KeyId=other, Plaintext=b"x")


def test_a_secret_across_accounts_and_by_name(served: Served, stranger: Credentials) -> None:
    secrets, theirs = served.client("secretsmanager"), served.client("secretsmanager", stranger)
    arn = secrets.create_secret(Name="rp/secret", SecretString="s")["ARN"]
    denied(theirs.get_secret_value, SecretId=arn)
    policy = served.document(served.allow("secretsmanager:GetSecretValue", Principal=OTHER_ROOT))
    secrets.put_resource_policy(SecretId=arn, ResourcePolicy=policy)
    assert theirs.get_secret_value(SecretId=arn)["SecretString"] == "s"
    some = served.client(
        "secretsmanager",
        served.user(
            "rp-secret",
            served.allow("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:111122223333:secret:rp/*"),
        ),
    )
    assert some.get_secret_value(SecretId="rp/secret")["SecretString"] == "s"
    secrets.create_secret(Name="other/secret", SecretString="s")
    denied(some.get_secret_value, SecretId="other/secret")


def test_a_table_across_accounts(served: Served, stranger: Credentials) -> None:
    dynamodb, theirs = served.client("dynamodb"), served.client("dynamodb", stranger)
    arn = dynamodb.create_table(
        TableName="rp-table",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )["TableDescription"]["TableArn"]
    item = {"id": {"S": "1"}}
    denied(theirs.put_item, TableName=arn, Item=item)
    dynamodb.put_resource_policy(
        ResourceArn=arn, Policy=served.document(served.allow("dynamodb:PutItem", arn, Principal=OTHER_ROOT))
    )
    theirs.put_item(TableName=arn, Item=item)
    assert dynamodb.get_item(TableName="rp-table", Key=item)["Item"] == item


def test_a_transaction_needs_each_of_its_parts(served: Served) -> None:
    dynamodb = served.client("dynamodb")
    for name in ("rp-one", "rp-two"):
        dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
    one = "arn:aws:dynamodb:us-east-1:111122223333:table/rp-one"
    some = served.client("dynamodb", served.user("rp-dynamo", served.allow("dynamodb:PutItem", one)))

    def put(table: str) -> dict[str, Any]:
        return {"Put": {"TableName": table, "Item": {"id": {"S": "1"}}}}

    some.transact_write_items(TransactItems=[put("rp-one")])
    text = denied(some.transact_write_items, TransactItems=[put("rp-one"), put("rp-two")])
    assert text.endswith("because no identity-based policy allows the dynamodb:PutItem action")
    denied(some.execute_statement, Statement='SELECT * FROM "rp-one"')


def test_a_function_across_accounts(served: Served, stranger: Credentials) -> None:
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("f.py", "")
    trust = served.document(
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )
    role = served.client("iam").create_role(RoleName="rp-fn", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    client, theirs = served.client("lambda"), served.client("lambda", stranger)
    arn = client.create_function(
        FunctionName="rp-fn", Runtime="python3.12", Role=role, Handler="f.h", Code={"ZipFile": buffer.getvalue()}
    )["FunctionArn"]
    denied(theirs.invoke, FunctionName=arn)
    client.add_permission(FunctionName="rp-fn", StatementId="s", Action="lambda:InvokeFunction", Principal=OTHER)
    assert theirs.invoke(FunctionName=arn)["StatusCode"] == 200
    denied(theirs.delete_function, FunctionName=arn)


def test_every_decision_is_in_the_log(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="podid.access"):
        served.client("s3").list_buckets()
    line = [record for record in caplog.records if record.name == "podid.access"][-1].__dict__
    (fields,) = line["decisions"]
    assert fields["action"] == "s3:ListAllMyBuckets"
    assert fields["outcome"] == "Allowed"
    assert fields["decided_by"][0].startswith("identity:arn:aws:iam::aws:policy/AdministratorAccess")
    assert served.administrator.secret_access_key not in json.dumps(line, default=str)
