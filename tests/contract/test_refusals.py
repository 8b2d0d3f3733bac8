"""Who is not let in, and in whose words: every protocol's code and status, on the wire."""

from __future__ import annotations

import json
import urllib.request
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from tests.contract.served import Served

from podid.core.clock import system_clock
from podid.core.http import HttpRequest
from podid.core.sigv4 import Credentials, sign
from podid.gateway.steps.values import Received


class Call(NamedTuple):
    """One request to a service, as plain as its protocol allows."""

    service: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    host: str


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CALLS = {
    "rest-json": Call("eks", "GET", "/clusters", {}, b"", "eks.us-east-1.amazonaws.com"),
    "json": Call(
        "dynamodb",
        "POST",
        "/",
        {"X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0"},
        b"{}",
        "dynamodb.us-east-1.amazonaws.com",
    ),
    "cbor": Call(
        "monitoring",
        "POST",
        "/service/GraniteServiceVersion20100801/operation/ListMetrics",
        {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"},
        b"\xa0",
        "monitoring.us-east-1.amazonaws.com",
    ),
    "query": Call("iam", "POST", "/", FORM, b"Action=ListUsers&Version=2010-05-08", "iam.amazonaws.com"),
    "sts": Call("sts", "POST", "/", FORM, b"Action=GetCallerIdentity&Version=2011-06-15", "sts.amazonaws.com"),
    "ec2": Call("ec2", "POST", "/", FORM, b"Action=DescribeVpcs&Version=2016-11-15", "ec2.us-east-1.amazonaws.com"),
    "s3": Call("s3", "GET", "/", {}, b"", "s3.amazonaws.com"),
    "rest-xml": Call("route53", "GET", "/2013-04-01/hostedzone", {}, b"", "route53.amazonaws.com"),
}
WRONG_SECRET, UNKNOWN_KEY, SKEWED, UNSIGNED, TRUNCATED, EXPIRED = (
    "wrong secret",
    "unknown key",
    "skewed",
    "unsigned",
    "truncated",
    "expired session",
)
EXPECTED = {
    WRONG_SECRET: {
        "rest-json": ("InvalidSignatureException", 403),
        "json": ("InvalidSignatureException", 400),
        "cbor": ("InvalidSignatureException", 400),
        "query": ("SignatureDoesNotMatch", 403),
        "sts": ("SignatureDoesNotMatch", 403),
        "ec2": ("AuthFailure", 401),
        "s3": ("SignatureDoesNotMatch", 403),
        "rest-xml": ("SignatureDoesNotMatch", 403),
    },
    UNKNOWN_KEY: {
        "rest-json": ("UnrecognizedClientException", 403),
        "json": ("UnrecognizedClientException", 400),
        "cbor": ("UnrecognizedClientException", 400),
        "query": ("InvalidClientTokenId", 403),
        "sts": ("InvalidClientTokenId", 403),
        "ec2": ("AuthFailure", 401),
        "s3": ("InvalidAccessKeyId", 403),
        "rest-xml": ("InvalidClientTokenId", 403),
    },
    SKEWED: {
        "rest-json": ("InvalidSignatureException", 403),
        "json": ("InvalidSignatureException", 400),
        "cbor": ("InvalidSignatureException", 400),
        "query": ("SignatureDoesNotMatch", 403),
        "sts": ("SignatureDoesNotMatch", 403),
        "ec2": ("RequestExpired", 400),
        "s3": ("RequestTimeTooSkewed", 403),
        "rest-xml": ("SignatureDoesNotMatch", 403),
    },
    UNSIGNED: {
        "rest-json": ("MissingAuthenticationTokenException", 403),
        "json": ("MissingAuthenticationTokenException", 400),
        "cbor": ("MissingAuthenticationTokenException", 400),
        "query": ("MissingAuthenticationToken", 403),
        "sts": ("MissingAuthenticationToken", 403),
        "ec2": ("AuthFailure", 401),
        "s3": ("AccessDenied", 403),
        "rest-xml": ("MissingAuthenticationToken", 403),
    },
    TRUNCATED: {
        "rest-json": ("IncompleteSignatureException", 403),
        "json": ("IncompleteSignatureException", 400),
        "cbor": ("IncompleteSignatureException", 400),
        "query": ("IncompleteSignature", 403),
        "sts": ("IncompleteSignature", 403),
        "ec2": ("IncompleteSignature", 403),
        "s3": ("AuthorizationHeaderMalformed", 400),
        "rest-xml": ("IncompleteSignature", 403),
    },
    EXPIRED: {
        "rest-json": ("ExpiredTokenException", 403),
        "json": ("ExpiredTokenException", 400),
        "cbor": ("ExpiredTokenException", 400),
        "query": ("ExpiredToken", 403),
        "sts": ("ExpiredToken", 403),
        "ec2": ("RequestExpired", 400),
        "s3": ("ExpiredToken", 400),
        "rest-xml": ("ExpiredToken", 403),
    },
}


@pytest.fixture(scope="module")
def session(served: Served) -> Credentials:
    """A role session of an hour."""
    iam = served.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = iam.create_role(RoleName="refusals", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    told = served.client("sts").assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    return Credentials(told["AccessKeyId"], told["SecretAccessKey"], told["SessionToken"])


def answer(served: Served, call: Call, kind: str, session: Credentials) -> tuple[str, int]:
    now = signed_at = system_clock()
    who = served.administrator
    if kind == WRONG_SECRET:
        who = Credentials(who.access_key_id, "x" * 40)
    elif kind == UNKNOWN_KEY:
        who = Credentials("AKIAIOSFODNN7EXAMPLE", "x" * 40)
    elif kind == SKEWED:
        signed_at = now - timedelta(minutes=16)
    elif kind == EXPIRED:
        who, now = session, now + timedelta(hours=1)
        signed_at = now
    headers = dict(call.headers)
    if kind != UNSIGNED:
        headers = sign(
            who,
            method=call.method,
            url=f"https://{call.host}{call.path}",
            headers=headers,
            body=call.body,
            service=call.service,
            region="us-east-1",
            now=signed_at,
        )
    if kind == TRUNCATED:
        headers["Authorization"] = headers["Authorization"].partition(", Signature")[0]
    names = {name.lower(): value for name, value in headers.items()} | {"host": call.host}
    request = HttpRequest(method=call.method, path=call.path, headers=tuple(names.items()), body=call.body)
    response = served.gateway.answer(Received(request=request, now=now))
    assert any(name in ("x-amzn-requestid", "x-amz-request-id") for name, _ in response.headers)
    return code_in(dict(response.headers), response.body), response.status


def code_in(headers: dict[str, str], body: bytes) -> str:
    if "x-amzn-errortype" in headers:
        return headers["x-amzn-errortype"]
    if body.startswith(b"{"):
        return str(json.loads(body)["__type"])
    if b"<Code>" in body:
        return body.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()
    from botocore.parsers import create_parser

    told = {"status_code": 400, "headers": headers, "body": body, "context": {}}
    return str(create_parser("smithy-rpc-v2-cbor").parse(told, None)["Error"]["Code"])


@pytest.mark.parametrize("protocol", CALLS)
@pytest.mark.parametrize("kind", EXPECTED)
def test_a_refusal_is_in_the_protocols_own_words(
    served: Served, session: Credentials, kind: str, protocol: str
) -> None:
    assert answer(served, CALLS[protocol], kind, session) == EXPECTED[kind][protocol]


DENIED: dict[str, tuple[str, dict[str, Any], str, int]] = {
    "eks": ("list_clusters", {}, "AccessDeniedException", 403),
    "dynamodb": ("list_tables", {}, "AccessDeniedException", 400),
    "kms": ("list_keys", {}, "AccessDeniedException", 400),
    "ssm": ("describe_parameters", {}, "AccessDeniedException", 400),
    "secretsmanager": ("list_secrets", {}, "AccessDeniedException", 400),
    "lambda": ("list_functions", {}, "AccessDeniedException", 403),
    "iam": ("list_users", {}, "AccessDenied", 403),
    "sns": ("list_topics", {}, "AuthorizationError", 403),
    "ec2": ("describe_vpcs", {}, "UnauthorizedOperation", 403),
    "s3": ("list_buckets", {}, "AccessDenied", 403),
    "cloudformation": ("list_stacks", {}, "AccessDenied", 403),
    "sqs": ("list_queues", {}, "AccessDenied", 403),
    "logs": ("describe_log_groups", {}, "AccessDeniedException", 400),
    "route53": ("list_hosted_zones", {}, "AccessDenied", 403),
    "stepfunctions": ("list_state_machines", {}, "AccessDeniedException", 400),
}


@pytest.fixture(scope="module")
def powerless(served: Served) -> Credentials:
    return served.user("refusals-powerless")


@pytest.mark.parametrize("service", DENIED)
def test_a_denial_is_in_the_services_own_words(served: Served, powerless: Credentials, service: str) -> None:
    operation, arguments, code, status = DENIED[service]
    client = served.client(service, powerless)
    with pytest.raises(client.exceptions.ClientError) as denied:
        getattr(client, operation)(**arguments)
    response = denied.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    text = response["Error"]["Message"]
    assert "arn:aws:iam::111122223333:user/refusals-powerless is not authorized to perform: " in text
    assert text.endswith("action")


def test_what_needs_no_permission_is_given_to_the_powerless(served: Served, powerless: Credentials) -> None:
    assert served.client("sts", powerless).get_caller_identity()["Arn"].endswith("user/refusals-powerless")


def test_an_unsigned_form_with_a_web_identity_goes_to_sts(served: Served) -> None:
    body = b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn:aws:iam::111122223333:role/x&RoleSessionName=ab&WebIdentityToken=a.b.c"
    request = urllib.request.Request(served.url, data=body, headers=FORM)
    with pytest.raises(urllib.error.HTTPError) as refused, urllib.request.urlopen(request):
        pass
    with refused.value as error:
        text = error.read()
    assert b"https://sts.amazonaws.com/doc/2011-06-15/" in text
    assert b"<Code>" in text


def test_an_unknown_service_is_told_as_such(served: Served) -> None:
    headers = sign(
        served.administrator,
        method="GET",
        url=f"{served.url}/x",
        headers={},
        body=b"",
        service="nosuchservice",
        region="us-east-1",
        now=system_clock(),
    )
    request = urllib.request.Request(f"{served.url}/x", headers=headers)
    with pytest.raises(urllib.error.HTTPError) as refused, urllib.request.urlopen(request):
        pass
    with refused.value as error:
        assert error.code == 404
        assert b"podid does not serve" in error.read()


def test_an_operation_that_is_not_there(served: Served) -> None:
    client = served.client("eks")
    with pytest.raises(client.exceptions.ClientError) as raised:
        client.list_nodegroups(clusterName="eksdemo1")
    assert raised.value.response["Error"]["Code"] == "NotImplementedException"
