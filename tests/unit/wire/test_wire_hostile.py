"""What a stranger may send: every input is read or refused, within bounds, and never ends in another exception."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podid.core.http import HttpRequest
from podid.core.wire import InvalidInput, load_service, read_input

FORM = (("content-type", "application/x-www-form-urlencoded"),)
CBOR = (("smithy-protocol", "rpc-v2-cbor"),)
CBOR_PATH = "/service/GraniteServiceVersion20100801/operation/PutMetricData"
TARGET = (("x-amz-target", "DynamoDB_20120810.PutItem"),)


def attempt(service: str, request: HttpRequest, *, validate: bool = False) -> Any:
    """The members, or None where the request was refused. Without validation: what is refused is refused for its form."""
    model = load_service(service)
    try:
        match = model.match(request)
        return None if match is None else read_input(model, match, request, validate=validate)
    except InvalidInput as refused:
        assert 400 <= refused.status < 500 and len(refused.public) < 8000
        return None


def json_body(body: bytes) -> HttpRequest:
    return HttpRequest(method="POST", path="/", headers=TARGET, body=body)


def form_body(body: bytes) -> HttpRequest:
    return HttpRequest(
        method="POST", path="/", headers=FORM, body=b"Action=TagRole&Version=2010-05-08&RoleName=r&" + body
    )


@pytest.mark.parametrize(
    "body",
    [
        b'{"TableName":"t","TableName":"u"}',
        b'{"TableName":"t","Item":{"k":{"S":"a"},"k":{"S":"b"}}}',
        b'{"TableName":"\\ud800"}',
        b'{"TableName":NaN}',
        b'{"TableName":Infinity}',
        b"\xff\xfe{\x00}\x00",
        b"{'TableName':'t'}",
        b'{"TableName":"t"}{}',
        b'{"TableName":"t",}',
        b'{"TableName":"\xed\xa0\x80"}',
        b'{"TableName":"t\x00"}',
        b"nul",
        b'"',
        b"1e999999",
        b'{"Limit":' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"Item":' * 5000 + b"1" + b"}" * 5000,
    ],
)
def test_hostile_json_is_refused(body: bytes) -> None:
    assert attempt("dynamodb", json_body(body)) is None


def test_deep_json_is_refused_without_reading_it() -> None:
    deep = b'{"TableName":"t","Item":' + b'{"L":[' * 200_000 + b"]}" * 200_000 + b"}"
    began = time.process_time()
    assert attempt("dynamodb", json_body(deep)) is None
    assert time.process_time() - began < 2  # a bound on work, not a benchmark: the depth is known after 128 brackets


def test_brackets_within_text_are_not_depth() -> None:
    body = b'{"TableName":"' + b"[{" * 500 + b'\\"","Item":{}}'
    model = load_service("dynamodb")
    request = json_body(body)
    match = model.match(request)
    assert match is not None
    assert read_input(model, match, request, validate=False)["TableName"] == "[{" * 500 + '"'


@pytest.mark.parametrize(
    "body",
    [
        b"Tags.member.1.Key=a&Tags.member.1.Key=b",
        b"Tags.member.1=a",
        b"Tags=a",
        b"Tags.1.Key=a",
        b"Tags.entry.1.Key=a",
        b"Tags.member.x.Key=a",
        b"Tags.member.-1.Key=a",
        b"Tags.member.99999999999999999999.Key=a",
        b"Tags.member.1.Key=a&Tags.member.01.Key=b",
        b"Tags.member.1.Key.Deeper=a",
        b"Tags.member.1.Key=%ff",
        b"Tags.member.1.Key=\xff",
        b"RoleName=again",
        b"RoleName.x=r",
        b".".join([b"Tags"] * 100) + b"=x",
        b"&".join(b"Tags.member.%d.Key=k" % n for n in range(11_000)),
    ],
)
def test_hostile_forms_are_refused(body: bytes) -> None:
    assert attempt("iam", form_body(body)) is None


def test_positions_are_an_order_and_not_a_size() -> None:
    body = b"Tags.member.900000000.Key=b&Tags.member.900000000.Value=2&Tags.member.7.Key=a&Tags.member.7.Value=1"
    assert attempt("iam", form_body(body))["Tags"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]


def test_an_empty_list_is_a_name_alone() -> None:
    assert attempt("iam", form_body(b"Tags="))["Tags"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<",
        b"plain",
        b"<Wrong/>",
        b'<!DOCTYPE CreateBucketConfiguration [<!ENTITY a "aaaa">]><CreateBucketConfiguration>&a;</CreateBucketConfiguration>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><CreateBucketConfiguration/>',
        b"<CreateBucketConfiguration><LocationConstraint><b/></LocationConstraint></CreateBucketConfiguration>",
        b"<CreateBucketConfiguration><LocationConstraint>a</LocationConstraint><LocationConstraint>b</LocationConstraint></CreateBucketConfiguration>",
        b"<CreateBucketConfiguration>&undefined;</CreateBucketConfiguration>",
        b"<CreateBucketConfiguration>" * 100,
        b"<CreateBucketConfiguration>" + b"<a>" * 100 + b"</a>" * 100 + b"</CreateBucketConfiguration>",
        b"<CreateBucketConfiguration>" + b"<a/>" * 100_001 + b"</CreateBucketConfiguration>",
        b'<?xml version="1.0" encoding="no-such"?><CreateBucketConfiguration/>',
        b"<CreateBucketConfiguration>\x00</CreateBucketConfiguration>",
    ],
)
def test_hostile_xml_is_refused(body: bytes) -> None:
    model = load_service("s3")
    request = HttpRequest(method="PUT", path="/bucket", body=body)
    match = model.match(request)
    assert match is not None
    if not body:
        assert read_input(model, match, request) == {"Bucket": "bucket"}
        return
    with pytest.raises(InvalidInput) as refused:
        read_input(model, match, request)
    assert refused.value.code == "MalformedXML"


@pytest.mark.parametrize(
    "body",
    [
        b"\xff",
        b"\xa1",
        b"\xa1\x61a",
        b"\xa2\x61a\x01\x61a\x02",
        b"\xa1\x01\x02",
        b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x1c",
        b"\xf8\xff",
        b"\xc2\x41\x00",
        b"\xc1\x61a",
        b"\xc1\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00",
        b"\xc1\x1b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x81" * 500,
        b"\xbf" + b"\x61a\xbf" * 500,
        b"\x7f\x41a\xff",
        b"\x61\xff",
        b"\xa0\xa0",
        b"\x80",
        b"\xf6",
    ],
)
def test_hostile_cbor_is_refused(body: bytes) -> None:
    assert attempt("cloudwatch", HttpRequest(method="POST", path=CBOR_PATH, headers=CBOR, body=body)) is None


@pytest.mark.parametrize(
    "query",
    [
        "maxResults=1&maxResults=2",
        "maxResults=%ff",
        "maxResults=\xff",
        "maxResults=a",
        "a&" * 11_000,
        "namespace=a&namespace=b",
    ],
)
def test_hostile_query_strings_are_refused(query: str) -> None:
    request = HttpRequest(method="GET", path="/clusters/c/pod-identity-associations", query=query)
    assert attempt("eks", request) is None


def test_a_header_given_twice_is_refused() -> None:
    headers = (("x-amz-acl", "private"), ("x-amz-acl", "public-read"))
    assert attempt("s3", HttpRequest(method="PUT", path="/bucket", headers=headers)) is None


_HEADERS = {
    "iam": FORM,
    "ec2": FORM,
    "dynamodb": TARGET,
    "cloudwatch": CBOR,
    "eks": (),
    "s3": (),
    "route53": (),
}


@settings(max_examples=60, deadline=None)
@given(
    service=st.sampled_from(sorted(_HEADERS)),
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE"]),
    path=st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=40),
    query=st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=60),
    body=st.binary(max_size=200),
)
def test_noise_is_read_or_refused(service: str, method: str, path: str, query: str, body: bytes) -> None:
    noise = HttpRequest(method=method, path="/" + path, query=query, headers=_HEADERS[service], body=body)
    attempt(service, noise)
    attempt(service, noise, validate=True)


@pytest.mark.parametrize(
    ("service", "operation", "protocol"),
    [
        ("dynamodb", "PutItem", "json"),
        ("eks", "CreateCluster", "rest-json"),
        ("iam", "CreateRole", "query"),
        ("ec2", "RunInstances", "ec2"),
        ("s3", "PutBucketLifecycleConfiguration", "rest-xml"),
        ("cloudwatch", "PutMetricData", "smithy-rpc-v2-cbor"),
    ],
)
def test_a_real_request_with_some_bytes_changed_is_read_or_refused(
    service: str, operation: str, protocol: str, other: Any, maker: Any
) -> None:
    model = load_service(service)
    shape = model.operations[operation].input
    assert shape is not None
    dice = random.Random(f"{service} {operation}")
    for round_ in range(150):
        request = other.send(
            service, operation, maker(f"{operation} {round_}", milliseconds=True).members(shape), protocol
        )
        body = bytearray(request.body)
        for _ in range(dice.randrange(1, 4)):
            if body:
                at = dice.randrange(len(body))
                body[at : at + dice.randrange(3)] = dice.randbytes(dice.randrange(3))
        changed = HttpRequest(
            method=request.method, path=request.path, query=request.query, headers=request.headers, body=bytes(body)
        )
        attempt(service, changed, validate=True)
