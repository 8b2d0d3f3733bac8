"""Errors and answers in each protocol's own shape, and S3's and STS's particulars."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from tests.conformance.endpoint import ACCOUNT, CLUSTER, Answer, Endpoint, Key

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def form(endpoint: Endpoint, service: str, version: str, key: Key | None = None, **members: str) -> Answer:
    body = urlencode({"Version": version, **members}).encode()
    return endpoint.call(service, "POST", "/", body, headers=FORM, key=key)


def sts(endpoint: Endpoint, key: Key | None = None, **members: str) -> Answer:
    return form(endpoint, "sts", "2011-06-15", key, **members)


def target(
    endpoint: Endpoint, service: str, name: str, body: Any, key: Key | None = None, version: str = "1.1"
) -> Answer:
    headers = {"X-Amz-Target": name, "Content-Type": f"application/x-amz-json-{version}"}
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return endpoint.call(service, "POST", "/", sent, headers=headers, key=key)


# -- query -------------------------------------------------------------------------------------------------------------
def test_an_answer_of_query(endpoint: Endpoint) -> None:
    answer = sts(endpoint, Action="GetCallerIdentity")
    assert answer.headers["content-type"] == "text/xml"
    assert re.fullmatch(
        r'(<\?xml[^>]*\?>\s*)?<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        rf"\s*<GetCallerIdentityResult>.*<Account>{ACCOUNT}</Account>.*</GetCallerIdentityResult>"
        r"\s*<ResponseMetadata>\s*<RequestId>[0-9a-f-]{36}</RequestId>\s*</ResponseMetadata>\s*</GetCallerIdentityResponse>\s*",
        answer.body.decode(),
        re.DOTALL,
    ), answer.body


def test_a_query_in_the_address(endpoint: Endpoint) -> None:
    answer = endpoint.call("sts", "GET", "/?Action=GetCallerIdentity&Version=2011-06-15")
    assert answer.status == 200
    assert b"<Arn>arn:aws:iam::111122223333:user/admin</Arn>" in answer.body


QUERY: dict[str, tuple[Callable[[Endpoint, Key], Answer], int, str]] = {
    "no action": (lambda e, p: sts(e), 400, "MissingAction"),
    "an unknown action": (lambda e, p: sts(e, Action="Nonsense"), 400, "InvalidAction"),
    "an unknown version": (
        lambda e, p: form(e, "sts", "1999-01-01", Action="GetCallerIdentity"),
        400,
        "InvalidAction",
    ),
    "a missing member": (lambda e, p: sts(e, Action="AssumeRole"), 400, "ValidationError"),
    "a short session name": (
        lambda e, p: sts(e, Action="AssumeRole", RoleArn=f"arn:aws:iam::{ACCOUNT}:role/x", RoleSessionName="a"),
        400,
        "ValidationError",
    ),
    "a duration of 899": (
        lambda e, p: sts(
            e,
            Action="AssumeRole",
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/conformance",
            RoleSessionName="abc",
            DurationSeconds="899",
        ),
        400,
        "ValidationError",
    ),
    "a role that does not trust": (
        lambda e, p: sts(
            e, Action="AssumeRole", RoleArn=f"arn:aws:iam::{ACCOUNT}:role/conformance", RoleSessionName="abc"
        ),
        403,
        "AccessDenied",
    ),
    "a role that is not there": (
        lambda e, p: sts(e, Action="AssumeRole", RoleArn=f"arn:aws:iam::{ACCOUNT}:role/none", RoleSessionName="abc"),
        403,
        "AccessDenied",
    ),
    "iam: denied": (lambda e, p: form(e, "iam", "2010-05-08", p, Action="ListRoles"), 403, "AccessDenied"),
    "iam: no such role": (
        lambda e, p: form(e, "iam", "2010-05-08", Action="GetRole", RoleName="nobody"),
        404,
        "NoSuchEntity",
    ),
    "iam: again": (
        lambda e, p: form(
            e,
            "iam",
            "2010-05-08",
            Action="CreateRole",
            RoleName="conformance",
            AssumeRolePolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}',
        ),
        409,
        "EntityAlreadyExists",
    ),
    "iam: a bad policy": (
        lambda e, p: form(
            e, "iam", "2010-05-08", Action="CreateRole", RoleName="bad-policy", AssumeRolePolicyDocument="{"
        ),
        400,
        "MalformedPolicyDocument",
    ),
    "iam: a principal that is not there": (
        lambda e, p: form(
            e,
            "iam",
            "2010-05-08",
            Action="CreateRole",
            RoleName="bad-principal",
            AssumeRolePolicyDocument=f'{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{ACCOUNT}:role/nobody"}},"Action":"sts:AssumeRole"}}]}}',
        ),
        400,
        "MalformedPolicyDocument",
    ),
    "sns: denied": (lambda e, p: form(e, "sns", "2010-03-31", p, Action="ListTopics"), 403, "AuthorizationError"),
    "cloudformation: denied": (
        lambda e, p: form(e, "cloudformation", "2010-05-15", p, Action="ListStacks"),
        403,
        "AccessDenied",
    ),
}


@pytest.mark.parametrize("case", QUERY)
def test_an_error_of_query(endpoint: Endpoint, role: str, powerless: Key, case: str) -> None:
    ask, status, code = QUERY[case]
    answer = ask(endpoint, powerless)
    assert (answer.status, answer.code) == (status, code), answer
    sender = "Sender" if status < 500 else "Receiver"
    body = answer.body.decode()
    assert re.search(
        rf"<ErrorResponse[^>]*>\s*<Error>\s*<Type>{sender}</Type>\s*<Code>{code}</Code>\s*<Message>[^<]+</Message>",
        body,
    ), body
    assert re.search(r"</Error>\s*<RequestId>[0-9a-f-]{36}</RequestId>\s*</ErrorResponse>", body), body


def test_ec2_has_a_form_of_its_own(endpoint: Endpoint, powerless: Key) -> None:
    answer = form(endpoint, "ec2", "2016-11-15", powerless, Action="DescribeVpcs")
    assert (answer.status, answer.code) == (403, "UnauthorizedOperation")
    assert re.search(
        r"<Response>\s*<Errors>\s*<Error>\s*<Code>UnauthorizedOperation</Code>\s*<Message>You are not authorized to perform this "
        r"operation. User: arn:aws:iam::111122223333:user/powerless is not authorized to perform: ec2:DescribeVpcs "
        r"because no identity-based policy allows the ec2:DescribeVpcs action[^<]*</Message>\s*</Error>\s*</Errors>\s*<RequestID>",
        answer.body.decode(),
    ), answer.body


# -- json --------------------------------------------------------------------------------------------------------------
JSON: dict[str, tuple[str, str, Any, str, int, str]] = {
    "dynamodb: unknown operation": (
        "dynamodb",
        "DynamoDB_20120810.Nonsense",
        {},
        "1.0",
        400,
        "UnknownOperationException",
    ),
    "dynamodb: not json": ("dynamodb", "DynamoDB_20120810.ListTables", b"{", "1.0", 400, "SerializationException"),
    "dynamodb: no such table": (
        "dynamodb",
        "DynamoDB_20120810.DescribeTable",
        {"TableName": "nothing-here"},
        "1.0",
        400,
        "ResourceNotFoundException",
    ),
    "kms: no such key": (
        "kms",
        "TrentService.DescribeKey",
        {"KeyId": "00000000-0000-0000-0000-000000000000"},
        "1.1",
        400,
        "NotFoundException",
    ),
    "ssm: no such parameter": ("ssm", "AmazonSSM.GetParameter", {"Name": "none"}, "1.1", 400, "ParameterNotFound"),
    "secretsmanager: no such secret": (
        "secretsmanager",
        "secretsmanager.GetSecretValue",
        {"SecretId": "none"},
        "1.1",
        400,
        "ResourceNotFoundException",
    ),
}


@pytest.mark.parametrize("case", JSON)
def test_an_error_of_json(endpoint: Endpoint, case: str) -> None:
    service, name, body, version, status, code = JSON[case]
    answer = target(endpoint, service, name, body, version=version)
    assert (answer.status, answer.json["__type"].rpartition("#")[2]) == (status, code), answer
    assert answer.headers["content-type"] == f"application/x-amz-json-{version}"


JSON_DENIED = {
    "dynamodb": ("DynamoDB_20120810.ListTables", "1.0", "dynamodb:ListTables"),
    "kms": ("TrentService.ListKeys", "1.1", "kms:ListKeys"),
    "ssm": ("AmazonSSM.DescribeParameters", "1.1", "ssm:DescribeParameters"),
    "secretsmanager": ("secretsmanager.ListSecrets", "1.1", "secretsmanager:ListSecrets"),
}


@pytest.mark.parametrize("service", JSON_DENIED)
def test_json_denies_with_400(endpoint: Endpoint, powerless: Key, service: str) -> None:
    name, version, action = JSON_DENIED[service]
    answer = target(endpoint, service, name, {}, powerless, version)
    assert (answer.status, answer.code) == (400, "AccessDeniedException"), answer
    assert f"User: arn:aws:iam::{ACCOUNT}:user/powerless is not authorized to perform: {action}" in answer.text


def test_cbor(endpoint: Endpoint, powerless: Key) -> None:
    path = "/service/GraniteServiceVersion20100801/operation/ListMetrics"
    headers = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
    good = endpoint.call("monitoring", "POST", path, b"\xa0", headers=headers)
    assert (good.status, good.headers["content-type"], good.headers["smithy-protocol"]) == (
        200,
        "application/cbor",
        "rpc-v2-cbor",
    )
    denied = endpoint.call("monitoring", "POST", path, b"\xa0", headers=headers, key=powerless)
    assert denied.status in (400, 403)
    assert b"__type" in denied.body
    assert b"AccessDenied" in denied.body
    assert denied.headers["smithy-protocol"] == "rpc-v2-cbor"
    assert endpoint.call("monitoring", "POST", path, b"\xff\xff", headers=headers).status == 400


# -- rest-json ---------------------------------------------------------------------------------------------------------
def test_an_operation_that_eks_has_and_podid_has_not(endpoint: Endpoint) -> None:
    answer = endpoint.eks("GET", f"/clusters/{CLUSTER}/node-groups")
    assert answer.status == 501
    assert "does not implement eks:ListNodegroups" in answer.text


def test_a_path_of_nobody(endpoint: Endpoint) -> None:
    answer = endpoint.eks("GET", "/nonsense")
    assert (answer.status, answer.code) == (404, "UnknownOperationException")


def test_the_cluster_has_what_eksctl_reads(endpoint: Endpoint) -> None:
    told = endpoint.eks("GET", f"/clusters/{CLUSTER}").json["cluster"]
    assert told["status"] == "ACTIVE"
    assert told["endpoint"].startswith("https://")
    assert told["identity"]["oidc"]["issuer"] == endpoint.issuer.url
    assert told["platformVersion"].startswith("eks.")
    assert "certificateAuthority" in told


# -- S3 ----------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def bucket(endpoint: Endpoint) -> str:
    """A bucket with one object, `a key` of three bytes."""
    s3 = endpoint.client("s3")
    s3.create_bucket(Bucket="conformance-bucket")
    s3.put_object(Bucket="conformance-bucket", Key="a key", Body=b"abc")
    return "conformance-bucket"


S3: dict[str, tuple[str, str, int, str]] = {
    "no such bucket": ("GET", "/no-such-bucket-here", 404, "NoSuchBucket"),
    "no such key": ("GET", "/conformance-bucket/none", 404, "NoSuchKey"),
    "a bad continuation": ("GET", "/conformance-bucket?list-type=3", 400, "InvalidArgument"),
}


@pytest.mark.parametrize("case", ["no such bucket", "no such key"])
def test_an_error_of_s3(endpoint: Endpoint, bucket: str, case: str) -> None:
    method, path, status, code = S3[case]
    answer = endpoint.call("s3", method, path)
    assert (answer.status, answer.code) == (status, code), answer
    assert answer.headers["content-type"] == "application/xml"
    assert re.search(rb"<Error>\s*<Code>", answer.body), "no ErrorResponse around it"
    assert b"<RequestId>" in answer.body
    assert b"<HostId>" in answer.body
    assert "x-amz-id-2" in answer.headers


def test_s3_denies_in_its_own_words(endpoint: Endpoint, powerless: Key, bucket: str) -> None:
    answer = endpoint.call("s3", "GET", "/", key=powerless)
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert answer.text == (
        f"User: arn:aws:iam::{ACCOUNT}:user/powerless is not authorized to perform: s3:ListAllMyBuckets "
        "because no identity-based policy allows the s3:ListAllMyBuckets action"
    )
    answer = endpoint.call("s3", "GET", f"/{bucket}/a%20key", key=powerless)
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert f'on resource: "arn:aws:s3:::{bucket}/a key" because' in answer.text.replace("&quot;", '"')


def test_nobody_reads_a_private_bucket(endpoint: Endpoint, bucket: str) -> None:
    answer = endpoint.send("GET", f"/{bucket}/a%20key")
    assert (answer.status, answer.code) == (403, "AccessDenied")


@pytest.mark.parametrize("version", ["s3v4", "s3"])
@pytest.mark.parametrize("operation", ["get_object", "put_object", "head_object"])
def test_presigned_urls(endpoint: Endpoint, bucket: str, version: str, operation: str) -> None:
    client = endpoint.client("s3", signature_version=version)
    key = "a key" if operation != "put_object" else f"put {version}"
    url = client.generate_presigned_url(operation, Params={"Bucket": bucket, "Key": key}, ExpiresIn=60)
    assert ("X-Amz-Algorithm" in url) == (version == "s3v4")
    method = {"get_object": "GET", "put_object": "PUT", "head_object": "HEAD"}[operation]
    answer = endpoint.get(url, method, b"xyz" if method == "PUT" else b"")
    assert answer.status == 200, answer
    if method == "GET":
        assert answer.body == b"abc"
    assert endpoint.get(url, "DELETE").status == 403, "for that method alone"
    assert endpoint.get(url.replace("a%20key", "b%20key").replace("put%20", "pot%20"), method).status in (403, 404)


def version_2(endpoint: Endpoint, bucket: str, expires: int, secret: str = "") -> str:
    key = endpoint.administrator
    text = f"GET\n\n\n{expires}\n/{bucket}/a%20key"
    mac = hmac.new((secret or key.secret).encode(), text.encode(), hashlib.sha1).digest()
    signature = quote(base64.b64encode(mac).decode(), safe="")
    return f"{endpoint.url}/{bucket}/a%20key?AWSAccessKeyId={key.id}&Signature={signature}&Expires={expires}"


def test_version_2_by_hand(endpoint: Endpoint, bucket: str) -> None:
    soon = int(time.time()) + 60
    assert endpoint.get(version_2(endpoint, bucket, soon)).body == b"abc"
    past = endpoint.get(version_2(endpoint, bucket, soon - 120))
    assert (past.status, past.code, past.text) == (403, "AccessDenied", "Request has expired")
    wrong = endpoint.get(version_2(endpoint, bucket, soon, "x" * 40))
    assert (wrong.status, wrong.code) == (403, "SignatureDoesNotMatch")
    unknown = endpoint.get(version_2(endpoint, bucket, soon).replace(endpoint.administrator.id, "AKIAIOSFODNN7EXAMPLE"))
    assert (unknown.status, unknown.code) == (403, "InvalidAccessKeyId")


def test_version_2_opens_nothing_but_s3(endpoint: Endpoint) -> None:
    key = endpoint.administrator
    headers = {"Authorization": f"AWS {key.id}:c2lnbmF0dXJl", "Host": "eks.us-east-1.amazonaws.com"}
    assert endpoint.send("GET", "/clusters", headers=headers).status in (400, 403, 404)


def test_a_presigned_url_ends(endpoint: Endpoint, bucket: str) -> None:
    client = endpoint.client("s3", signature_version="s3v4")
    url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a key"}, ExpiresIn=1)
    time.sleep(max(0.0, 2.1 - time.time() % 1))  # past the whole second that it lasts
    answer = endpoint.get(url)
    assert (answer.status, answer.code, answer.text) == (403, "AccessDenied", "Request has expired")
    longer = re.sub("X-Amz-Expires=1&", "X-Amz-Expires=600&", url)
    assert endpoint.get(longer).code == "SignatureDoesNotMatch"
    assert (
        endpoint.get(re.sub("X-Amz-Expires=1&", "X-Amz-Expires=604801&", url)).code
        == "AuthorizationQueryParametersError"
    )


def test_presigned_urls_of_other_services(endpoint: Endpoint) -> None:
    url = endpoint.client("sts").generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    answer = endpoint.get(url)
    assert answer.status == 200
    assert b"user/admin</Arn>" in answer.body


def test_a_body_that_s3_was_not_told_of(endpoint: Endpoint, bucket: str) -> None:
    headers = endpoint.signed("s3", "PUT", f"/{bucket}/x", b"abc")
    answer = endpoint.send("PUT", f"/{bucket}/x", b"abd", headers)
    assert (answer.status, answer.code) == (400, "XAmzContentSHA256Mismatch")


# -- STS ---------------------------------------------------------------------------------------------------------------
def test_identity_needs_no_permission_and_cannot_be_denied(endpoint: Endpoint) -> None:
    key = endpoint.user("denied-all", {"Effect": "Deny", "Action": "*", "Resource": "*"})
    assert sts(endpoint, key, Action="GetCallerIdentity").status == 200


def test_assuming_a_role(endpoint: Endpoint) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    arn = endpoint.role("assumable", {"Version": "2012-10-17", "Statement": [statement]}, path="/a/b/")
    told = endpoint.client("sts").assume_role(RoleArn=arn, RoleSessionName="my.session")
    assert told["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/assumable/my.session"
    assert told["AssumedRoleUser"]["AssumedRoleId"].endswith(":my.session")
    credentials = told["Credentials"]
    key = Key(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])
    again = sts(endpoint, key, Action="AssumeRole", RoleArn=arn, RoleSessionName="again", DurationSeconds="3601")
    assert (again.status, again.code) == (403, "AccessDenied") or again.code == "ValidationError"
    denied = sts(
        endpoint, key, Action="AssumeRole", RoleArn=f"arn:aws:iam::{ACCOUNT}:role/assumable2", RoleSessionName="ab"
    )
    assert denied.text == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/assumable/my.session is not authorized to perform: sts:AssumeRole "
        f"on resource: arn:aws:iam::{ACCOUNT}:role/assumable2"
    )


def test_a_chained_session_has_an_hour_at_most(endpoint: Endpoint) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    arn = endpoint.role(
        "chained",
        {"Version": "2012-10-17", "Statement": [statement]},
        policy={"Version": "2012-10-17", "Statement": [everything]},
    )
    endpoint.client("iam").update_role(RoleName="chained", MaxSessionDuration=43200)
    told = endpoint.client("sts").assume_role(RoleArn=arn, RoleSessionName="first", DurationSeconds=43200)[
        "Credentials"
    ]
    key = Key(told["AccessKeyId"], told["SecretAccessKey"], told["SessionToken"])
    longer = sts(endpoint, key, Action="AssumeRole", RoleArn=arn, RoleSessionName="second", DurationSeconds="3601")
    assert (longer.status, longer.code) == (400, "ValidationError")
    assert sts(endpoint, key, Action="AssumeRole", RoleArn=arn, RoleSessionName="second").status == 200
