"""The edges: what an unsigned request is for, whose words refuse, what a log line may hold."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import get_args

import pytest

from podid.core.http import HttpRequest, HttpResponse
from podid.core.sigv4 import Problem, SignatureProblem
from podid.gateway import logs
from podid.gateway.refusals import Family, Refusal, Refused, family_of, refused, spell
from podid.gateway.routing.guess import probable_service
from podid.gateway.routing.unsigned import service_of_unsigned
from podid.gateway.steps.values import Numbered, Received
from podid.log_lines import JsonLines

FORM = ("content-type", "application/x-www-form-urlencoded; charset=utf-8")


@pytest.mark.parametrize(
    ("request_", "model"),
    [
        (HttpRequest(method="GET", path="/b/k"), "s3"),
        (HttpRequest(method="POST", path="/", headers=(FORM,), body=b"Action=AssumeRoleWithWebIdentity"), "sts"),
        (HttpRequest(method="GET", path="/", query="Action=AssumeRoleWithSAML&Version=2011-06-15"), "sts"),
        (HttpRequest(method="POST", path="/", headers=(FORM,), body=b"Action=ListUsers&Version=2010-05-08"), "iam"),
        (HttpRequest(method="POST", path="/", headers=(FORM,), body=b"Action=Nonsense"), "s3"),
        (HttpRequest(method="POST", path="/", headers=(FORM,), body=b"\xff\xfe&" * 50), "s3"),
        (HttpRequest(method="GET", path="/", headers=(("host", "eks.eu-west-1.amazonaws.com"),)), "eks"),
        (HttpRequest(method="POST", path="/", headers=(("x-amz-target", "DynamoDB_20120810.ListTables"),)), "dynamodb"),
        (HttpRequest(method="POST", path="/", headers=(("x-amz-target", "Nobody.Knows"),)), "s3"),
        (HttpRequest(method="GET", path="/clusters"), "eks"),
        (HttpRequest(method="GET", path="/clusters", query="maxResults=5"), "eks"),
        (HttpRequest(method="DELETE", path="/clusters/c1"), "eks"),
        (HttpRequest(method="POST", path="/clusters/c1/addons"), "eks"),
        (HttpRequest(method="POST", path="/clusters/c1/assume-role-for-pod-identity"), "eks-auth"),
        (HttpRequest(method="GET", path="/tags/arn%3Aaws%3Aeks%3Aus-east-1%3A1%3Acluster%2Fc1"), "eks"),
        (HttpRequest(method="GET", path="/clusters", query="list-type=2&prefix="), "s3"),
        (HttpRequest(method="GET", path="/clusters/c1.txt"), "s3"),
        (HttpRequest(method="PUT", path="/clusters/c1"), "s3"),
        (HttpRequest(method="POST", path="/clusters", headers=(("content-type", "multipart/form-data; x"),)), "s3"),
        (HttpRequest(method="GET", path="/clusters", headers=(("host", "photos.localhost:4566"),)), "s3"),
        (HttpRequest(method="GET", path="/2015-03-31/functions/"), "lambda"),
        (HttpRequest(method="GET", path="/2013-04-01/hostedzone"), "route53"),
        (
            HttpRequest(
                method="POST",
                path="/service/GraniteServiceVersion20100801/operation/ListMetrics",
                headers=(("smithy-protocol", "rpc-v2-cbor"),),
            ),
            "cloudwatch",
        ),
    ],
)
def test_an_unsigned_request_is_for(request_: HttpRequest, model: str) -> None:
    assert service_of_unsigned(request_).model == model


def test_the_words_of_an_unreadable_signature_are_those_of_its_scope() -> None:
    broken = "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/dynamodb/aws4_request"
    assert (
        probable_service(HttpRequest(method="POST", path="/", headers=(("authorization", broken),))).model == "dynamodb"
    )
    for end in ("/aws5_request, SignedHeaders=host", ", SignedHeaders=host", ""):
        told = ("authorization", f"AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/lambda{end}")
        assert probable_service(HttpRequest(method="GET", path="/x", headers=(told,))).model == "lambda"
    presigned = "X-Amz-Credential=AKIA%2F20260101%2Fus-east-1%2Fsts%2Faws4_request"
    assert probable_service(HttpRequest(method="GET", path="/", query=presigned)).model == "sts"


@pytest.mark.parametrize("family", get_args(Family))
@pytest.mark.parametrize("refusal", Refusal)
def test_every_family_has_words_for_every_refusal(family: Family, refusal: Refusal) -> None:
    service, protocol = ("s3", "rest-xml") if family == "s3" else ("x", family)
    assert family_of(service, protocol) == family
    told = spell(Refused(refusal), service, protocol)
    assert told.code
    assert told.public
    assert 400 <= told.status < 500


@pytest.mark.parametrize("problem", Problem)
def test_every_problem_of_a_signature_is_a_refusal(problem: Problem) -> None:
    request = HttpRequest(method="GET", path="/")
    told = refused(SignatureProblem(problem, "public", private="private"), request)
    assert told.private == "private"


def test_a_malformed_address_and_a_malformed_header_are_told_apart_by_s3() -> None:
    problem = SignatureProblem(Problem.MALFORMED, "no")
    in_header = HttpRequest(method="GET", path="/", headers=(("authorization", "AWS4-HMAC-SHA256 x"),))
    assert spell(refused(problem, in_header), "s3", "rest-xml").code == "AuthorizationHeaderMalformed"
    in_query = HttpRequest(method="GET", path="/", query="X-Amz-Signature=x")
    assert spell(refused(problem, in_query), "s3", "rest-xml").code == "AuthorizationQueryParametersError"


def test_an_access_line_holds_no_query_and_no_header(caplog: pytest.LogCaptureFixture) -> None:
    request = HttpRequest(
        method="GET",
        path="/b/k",
        query="X-Amz-Signature=deadbeef&X-Amz-Security-Token=tokentoken",
        headers=(("authorization", "AWS4-HMAC-SHA256 Signature=deadbeef"), ("x-amz-security-token", "tokentoken")),
        body=b"secretbody",
    )
    seen = logs.Seen(
        numbered=Numbered(received=Received(request=request, now=datetime(2026, 1, 1, tzinfo=UTC)), request_id="r")
    )
    with caplog.at_level(logging.INFO, logger="podid.access"):
        logs.access(seen, HttpResponse(status=200), Refused(Refusal.BAD_SIGNATURE, private="why"), seconds=0.01)
    line = JsonLines().format(caplog.records[-1])
    told = json.loads(line)
    assert (told["request_id"], told["path"], told["status"], told["reason"]) == ("r", "/b/k", 200, "why")
    for secret in ("deadbeef", "tokentoken", "secretbody"):
        assert secret not in line
