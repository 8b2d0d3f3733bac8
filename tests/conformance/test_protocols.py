"""Errors and answers in each protocol's own shape, and S3's and STS's particulars."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

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
