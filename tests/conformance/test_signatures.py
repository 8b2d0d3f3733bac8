"""Signatures that are not quite right, over a bare socket: refused, each with the code its protocol has for it; and those that must pass."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from tests.conformance.endpoint import CLUSTER, Answer, Endpoint, Key
from tests.conformance.signer import Signing

FORM = ("content-type", "application/x-www-form-urlencoded")
KINDS = {
    "eks": Signing(path=f"/clusters/{CLUSTER}"),
    "dynamodb": Signing(
        method="POST",
        service="dynamodb",
        body=b"{}",
        headers=(("x-amz-target", "DynamoDB_20120810.ListTables"), ("content-type", "application/x-amz-json-1.0")),
    ),
    "sts": Signing(method="POST", service="sts", body=b"Action=GetCallerIdentity&Version=2011-06-15", headers=(FORM,)),
    "s3": Signing(
        service="s3",
        headers=(("x-amz-content-sha256", hashlib.sha256(b"").hexdigest()),),
    ),
}
Codes = dict[str, tuple[str, int]]
MISMATCH: Codes = {
    "eks": ("InvalidSignatureException", 403),
    "dynamodb": ("InvalidSignatureException", 400),
    "sts": ("SignatureDoesNotMatch", 403),
    "s3": ("SignatureDoesNotMatch", 403),
}
SKEWED: Codes = MISMATCH | {"s3": ("RequestTimeTooSkewed", 403)}
INCOMPLETE: Codes = {
    "eks": ("IncompleteSignatureException", 403),
    "dynamodb": ("IncompleteSignatureException", 400),
    "sts": ("IncompleteSignature", 403),
    "s3": ("AuthorizationHeaderMalformed", 400),
}
MISSING: Codes = {
    "eks": ("MissingAuthenticationTokenException", 403),
    "dynamodb": ("MissingAuthenticationTokenException", 400),
    "sts": ("MissingAuthenticationToken", 403),
    "s3": ("AccessDenied", 403),
}
UNKNOWN: Codes = {
    "eks": ("UnrecognizedClientException", 403),
    "dynamodb": ("UnrecognizedClientException", 400),
    "sts": ("InvalidClientTokenId", 403),
    "s3": ("InvalidAccessKeyId", 403),
}
INVALID_TOKEN: Codes = UNKNOWN | {"s3": ("InvalidToken", 400)}


class Bad(NamedTuple):
    """How to spoil a signing, or the header that came of it, and the codes that are right for it; None: any refusal."""

    codes: Codes | None
    signing: Callable[[Signing], Signing] = lambda signing: signing
    header: Callable[[str], str] = lambda header: header
    key: Callable[[Key], Key] = lambda key: key
    also: bytes = b""


def cut(header: str) -> str:
    return header[:-1]


def past(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


HOSTILE: dict[str, Bad] = {
    "wrong secret": Bad(MISMATCH, key=lambda key: key._replace(secret="x" * 40)),
    "empty secret": Bad(MISMATCH, key=lambda key: key._replace(secret="")),
    "unknown key": Bad(UNKNOWN, key=lambda key: Key("AKIAIOSFODNN7EXAMPLE", key.secret)),
    "a key id in small letters": Bad(UNKNOWN, key=lambda key: key._replace(id=key.id.lower())),
    "a session token beside a long-term key": Bad(INVALID_TOKEN, key=lambda key: key._replace(token="x")),
    "a temporary key without its token": Bad(UNKNOWN, key=lambda key: Key("ASIAIOSFODNN7EXAMPLE", key.secret)),
    "a temporary key with a made-up token": Bad(
        INVALID_TOKEN, key=lambda key: Key("ASIAIOSFODNN7EXAMPLE", key.secret, "IQoJb3JpZ2luX2VjEXAMPLE")
    ),
    "16 minutes old": Bad(SKEWED, lambda signing: signing._replace(signed_at=past(16))),
    "15 minutes and 5 seconds old": Bad(SKEWED, lambda signing: signing._replace(signed_at=past(15 + 5 / 60))),
    "16 minutes ahead": Bad(SKEWED, lambda signing: signing._replace(signed_at=past(-16))),
    "a year old": Bad(SKEWED, lambda signing: signing._replace(signed_at=past(525_600))),
    "yesterday's scope": Bad(
        None, lambda signing: signing._replace(scope_date=(datetime.now(UTC) - timedelta(days=1)).strftime("%Y%m%d"))
    ),
    "a truncated mac": Bad(MISMATCH, header=cut),
    "half a mac": Bad(MISMATCH, header=lambda header: header[:-32]),
    "an empty mac": Bad(INCOMPLETE, header=lambda header: re.sub("Signature=.*", "Signature=", header)),
    "no mac": Bad(INCOMPLETE, header=lambda header: re.sub(", Signature=.*", "", header)),
    "a mac in capitals": Bad(
        MISMATCH, header=lambda h: re.sub("Signature=(.*)", lambda m: f"Signature={m[1].upper()}", h)
    ),
    "two macs": Bad(None, header=lambda header: f"{header}, Signature={'0' * 64}"),
    "no credential": Bad(INCOMPLETE, header=lambda header: re.sub("Credential=[^,]+, ", "", header)),
    "an empty credential": Bad(INCOMPLETE, header=lambda header: re.sub("Credential=[^,]+", "Credential=", header)),
    "no signed headers": Bad(INCOMPLETE, header=lambda header: re.sub("SignedHeaders=[^,]+, ", "", header)),
    "a scope of four parts": Bad(INCOMPLETE, header=lambda header: header.replace("/us-east-1", "")),
    "a scope of six parts": Bad(INCOMPLETE, header=lambda header: header.replace("/us-east-1", "/us-east-1/x")),
    "a reordered scope": Bad(None, header=lambda header: re.sub(r"/(\d{8})/(us-east-1)/", r"/\2/\1/", header)),
    "another terminator": Bad(None, lambda signing: signing._replace(terminator="aws5_request")),
    "another terminator in the header": Bad(None, header=lambda header: header.replace("aws4_request", "aws4")),
    "the algorithm of version 4A": Bad(
        None, header=lambda header: header.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")
    ),
    "an algorithm of nobody": Bad(None, header=lambda header: header.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-MD5")),
    "basic authentication": Bad(None, header=lambda header: "Basic YWRtaW46YWRtaW4="),
    "a bearer token": Bad(None, header=lambda header: "Bearer x"),
    "an unsigned host": Bad(None, lambda signing: signing._replace(signed_headers="x-amz-date")),
    "an unsigned x-amz header": Bad(None, also=b"x-amz-meta-more: x\r\n"),
    "a header signed that is not there": Bad(
        None, header=lambda header: header.replace("SignedHeaders=", "SignedHeaders=a-header;")
    ),
    "a doubled date": Bad(None, also=b"x-amz-date: 20260101T000000Z\r\n"),
    "a doubled authorization": Bad(None, also=b"authorization: AWS4-HMAC-SHA256 x\r\n"),
    "a doubled host": Bad(None, also=b"host: other\r\n"),
    "a folded header": Bad(None, also=b"x-more: a\r\n b\r\n"),
    "a header that is not ASCII": Bad(MISMATCH, header=lambda header: re.sub("Signature=.", "Signature=é", header)),
    "another method": Bad(MISMATCH, lambda signing: signing._replace(headers=signing.headers), header=lambda h: h),
    "another region in the header": Bad(MISMATCH, header=lambda header: header.replace("us-east-1", "eu-west-1")),
    "a region that is none": Bad(None, lambda signing: signing._replace(region="nowhere")),
    "a body that was not signed": Bad(
        None, lambda signing: signing._replace(content_hash=hashlib.sha256(b"other").hexdigest())
    ),
}
del HOSTILE["another method"]


def ask(endpoint: Endpoint, signing: Signing, key: Key, bad: Bad | None = None) -> Answer:
    host = f"127.0.0.1:{endpoint.port}"
    spoil = bad or Bad(None)
    spoiled = spoil.signing(signing)
    value, _ = spoiled.authorization(spoil.key(key), host)
    message = spoiled.message(spoil.key(key), host, authorization=spoil.header(value), also=spoil.also)
    return endpoint.talk(message)


@pytest.mark.parametrize("service", KINDS)
def test_as_it_should_be(endpoint: Endpoint, service: str) -> None:
    answer = ask(endpoint, KINDS[service], endpoint.administrator)
    assert answer.status == 200, answer


@pytest.mark.parametrize("service", KINDS)
@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_signature(endpoint: Endpoint, case: str, service: str) -> None:
    bad = HOSTILE[case]
    answer = ask(endpoint, KINDS[service], endpoint.administrator, bad)
    if bad.codes is None:
        assert answer.status in (400, 401, 403), answer
    else:
        assert (answer.code, answer.status) == bad.codes[service], answer
    assert endpoint.administrator.secret.encode() not in answer.body


@pytest.mark.parametrize("service", KINDS)
@pytest.mark.parametrize("minutes", [14.9, -14.9])
def test_at_the_edge_of_the_window(endpoint: Endpoint, service: str, minutes: float) -> None:
    signing = KINDS[service]._replace(signed_at=past(minutes))
    assert ask(endpoint, signing, endpoint.administrator).status == 200


@pytest.mark.parametrize("service", KINDS)
def test_unsigned(endpoint: Endpoint, service: str) -> None:
    signing = KINDS[service]
    host = {"s3": "s3.amazonaws.com", "sts": "sts.amazonaws.com"}.get(service, f"{service}.us-east-1.amazonaws.com")
    headers = {name: value for name, value in signing.headers if name != "x-amz-content-sha256"} | {"Host": host}
    answer = endpoint.send(signing.method, signing.path, signing.body, headers)
    assert (answer.code, answer.status) == MISSING[service], answer


def test_spaces_in_the_authorization_header_do_not_matter(endpoint: Endpoint) -> None:
    tight = Bad(None, header=lambda header: header.replace(", ", ","))
    assert ask(endpoint, KINDS["eks"], endpoint.administrator, tight).status == 200


def test_header_names_in_any_case(endpoint: Endpoint) -> None:
    host = f"127.0.0.1:{endpoint.port}"
    message = KINDS["eks"].message(endpoint.administrator, host)
    for name in (b"authorization", b"x-amz-date", b"host"):
        message = message.replace(name + b": ", name.upper() + b": ")
    assert endpoint.talk(message).status == 200


def test_values_of_signed_headers_are_trimmed(endpoint: Endpoint) -> None:
    signing = KINDS["eks"]._replace(headers=(("x-note", "  a   b  "),))
    assert ask(endpoint, signing, endpoint.administrator).status == 200


def test_queries_are_signed_in_order(endpoint: Endpoint) -> None:
    path = f"/clusters/{CLUSTER}/pod-identity-associations"
    for query in ("namespace=b&maxResults=1", "maxResults=1&namespace=b"):
        assert ask(endpoint, Signing(path=path, query=query), endpoint.administrator).status == 200


def test_an_inactive_key_is_unknown(endpoint: Endpoint) -> None:
    key = endpoint.user("inactive", {"Effect": "Allow", "Action": "*", "Resource": "*"})
    assert ask(endpoint, KINDS["eks"], key).status == 200
    iam = endpoint.client("iam")
    iam.update_access_key(UserName="inactive", AccessKeyId=key.id, Status="Inactive")
    assert ask(endpoint, KINDS["eks"], key).code == "UnrecognizedClientException"
    iam.delete_access_key(UserName="inactive", AccessKeyId=key.id)
    assert ask(endpoint, KINDS["sts"], key).code == "InvalidClientTokenId"


def test_the_key_of_one_session_does_not_open_another(endpoint: Endpoint, role: str) -> None:
    endpoint.associate(role, "two-sessions")
    one, two = (endpoint.assume(endpoint.issuer.token("two-sessions")).json["credentials"] for _ in range(2))
    mixed = Key(one["accessKeyId"], one["secretAccessKey"], two["sessionToken"])
    assert ask(endpoint, KINDS["sts"], mixed).code in ("InvalidClientTokenId", "SignatureDoesNotMatch")
    token = one["sessionToken"]
    for spoiled in (token[:-8], token[: len(token) // 2] + "AAAA" + token[len(token) // 2 + 4 :], token + "AAAA"):
        key = Key(one["accessKeyId"], one["secretAccessKey"], spoiled)
        assert ask(endpoint, KINDS["sts"], key).code == "InvalidClientTokenId"


def test_a_session_token_must_be_signed_with(endpoint: Endpoint, role: str) -> None:
    endpoint.associate(role, "unsigned-token")
    told = endpoint.assume(endpoint.issuer.token("unsigned-token")).json["credentials"]
    host = f"127.0.0.1:{endpoint.port}"
    key = Key(told["accessKeyId"], told["secretAccessKey"])
    also = f"x-amz-security-token: {told['sessionToken']}\r\n".encode()
    assert endpoint.talk(KINDS["eks"].message(key, host, also=also)).status in (400, 403)
