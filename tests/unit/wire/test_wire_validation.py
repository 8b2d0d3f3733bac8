from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from podid.core.http import HttpRequest
from podid.core.wire import InvalidInput, load_service, patterns, read_input, service_names

FORM = (("content-type", "application/x-www-form-urlencoded"),)


def read(service: str, request: HttpRequest, *, validate: bool = True) -> Any:
    model = load_service(service)
    match = model.match(request)
    assert match is not None
    return read_input(model, match, request, validate=validate)


def call(service: str, action: str, **parameters: str) -> Any:
    version = load_service(service).api_version
    named = {name.replace("__", "."): text for name, text in parameters.items()}
    body = urlencode({"Action": action, "Version": version, **named}).encode()
    return read(service, HttpRequest(method="POST", path="/", headers=FORM, body=body))


def eks(body: bytes, path: str = "/clusters", method: str = "POST") -> Any:
    return read("eks", HttpRequest(method=method, path=path, body=body))


@pytest.mark.parametrize(
    ("service", "action", "parameters", "text"),
    [
        (
            "iam",
            "GetRole",
            {"RoleName": "x" * 65},
            f"1 validation error detected: Value '{'x' * 65}' at 'roleName' failed to satisfy constraint: "
            "Member must have length less than or equal to 64",
        ),
        (
            "iam",
            "GetRole",
            {},
            "1 validation error detected: Value null at 'roleName' failed to satisfy constraint: Member must not be null",
        ),
        (
            "iam",
            "GetRole",
            {"RoleName": "a b"},
            "1 validation error detected: Value 'a b' at 'roleName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [\\w+=,.@-]+",
        ),
        (
            "iam",
            "ListRoles",
            {"MaxItems": "1001"},
            "1 validation error detected: Value '1001' at 'maxItems' failed to satisfy constraint: "
            "Member must have value less than or equal to 1000",
        ),
        (
            "iam",
            "UpdateAccessKey",
            {"AccessKeyId": "A" * 20, "Status": "Asleep"},
            "1 validation error detected: Value 'Asleep' at 'status' failed to satisfy constraint: "
            "Member must satisfy enum value set: [Active, Inactive, Expired]",
        ),
        (
            "iam",
            "TagRole",
            {
                "RoleName": "r",
                "Tags__member__1__Key": "ok",
                "Tags__member__1__Value": "v",
                "Tags__member__2__Key": "k" * 129,
                "Tags__member__2__Value": "",
            },
            f"1 validation error detected: Value '{'k' * 129}' at 'tags.2.member.key' failed to satisfy constraint: "
            "Member must have length less than or equal to 128",
        ),
        (
            "sts",
            "AssumeRole",
            {"RoleArn": "arn:aws:iam::1:role/r", "RoleSessionName": "s", "DurationSeconds": "1"},
            "2 validation errors detected: Value 's' at 'roleSessionName' failed to satisfy constraint: "
            "Member must have length greater than or equal to 2; Value '1' at 'durationSeconds' failed to satisfy "
            "constraint: Member must have value greater than or equal to 900",
        ),
    ],
)
def test_iam_and_sts_tell_what_breaks_the_model(
    service: str, action: str, parameters: dict[str, str], text: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        call(service, action, **parameters)
    assert (refused.value.code, refused.value.status, refused.value.public) == ("ValidationError", 400, text)


def test_a_sensitive_value_is_not_repeated() -> None:
    with pytest.raises(InvalidInput) as refused:
        call("iam", "CreateLoginProfile", UserName="u", Password="\u4e00secret")
    assert "secret" not in refused.value.public
    assert refused.value.public.startswith("1 validation error detected: Value at 'password' failed")


def test_secrets_that_models_do_not_mark_are_not_repeated_either() -> None:
    """Wherever they stand: alone, or in a list that is too long."""
    contexts = {
        f"ProvidedContexts__member__{number}__{name}": f"secret-{name}"
        for number in range(1, 8)
        for name in ("ProviderArn", "ContextAssertion")
    }
    role = {"RoleArn": "arn:aws:iam::111122223333:role/r", "RoleSessionName": "one"}
    with pytest.raises(InvalidInput) as refused:
        call("sts", "AssumeRole", **role, TokenCode="secret-code", **contexts)
    assert "ContextAssertion=...," in refused.value.public or "ContextAssertion=...}" in refused.value.public
    assert "Value at 'tokenCode' failed" in refused.value.public
    assert "secret-ProviderArn" in refused.value.public
    assert "secret-code" not in refused.value.public
    assert "secret-ContextAssertion" not in refused.value.public


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"name":"-x","roleArn":"r","resourcesVpcConfig":{}}', "'name'"),
        (b'{"name":"c","resourcesVpcConfig":{}}', "'roleArn'"),
    ],
)
def test_eks_answers_invalid_parameter(body: bytes, place: str) -> None:
    with pytest.raises(InvalidInput, match=place) as refused:
        eks(body)
    assert (refused.value.code, refused.value.status) == ("InvalidParameterException", 400)


def test_a_query_parameter_of_eks_has_its_range() -> None:
    request = HttpRequest(method="GET", path="/clusters/c/pod-identity-associations", query="maxResults=101")
    with pytest.raises(InvalidInput, match="less than or equal to 100"):
        read("eks", request)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/clusters/c/assume-role-for-pod-identity", b"{}", "InvalidParameterException"),
        ("/clusters/c/assume-role-for-pod-identity", b'{"token":"no dots"}', "InvalidParameterException"),
        ("/clusters/-/assume-role-for-pod-identity", b'{"token":"a.b.c"}', "InvalidParameterException"),
        ("/clusters/c/assume-role-for-pod-identity", b'{"token":1}', "InvalidRequestException"),
        ("/clusters/c/assume-role-for-pod-identity", b'{"token":"a.b.c"', "InvalidRequestException"),
    ],
)
def test_eks_auth_has_its_own_codes(path: str, body: bytes, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read("eks-auth", HttpRequest(method="POST", path=path, body=body))
    assert (refused.value.code, refused.value.status) == (code, 400)
    assert "no dots" not in refused.value.public  # the token is sensitive


def test_an_idempotency_token_is_not_asked_for_and_not_made_up() -> None:
    members = eks(b'{"namespace":"n","serviceAccount":"s","roleArn":"r"}', "/clusters/c/pod-identity-associations")
    assert members == {"clusterName": "c", "namespace": "n", "serviceAccount": "s", "roleArn": "r"}


def test_a_map_without_entries_is_as_one_that_is_not_there() -> None:
    """Clients in Go write it so; where a map has to be given, it has to hold something."""
    path = "/clusters/c/pod-identity-associations"
    assert eks(b'{"namespace":"n","serviceAccount":"s","roleArn":"r","tags":{}}', path)["tags"] == {}
    arn = "arn%3Aaws%3Aeks%3Aus-east-1%3A111122223333%3Acluster%2Fc"
    with pytest.raises(InvalidInput, match="'tags' failed to satisfy constraint: Member must have length greater than"):
        eks(b'{"tags":{}}', f"/tags/{arn}")


def test_a_structure_without_members_is_there_and_lacks_what_it_requires() -> None:
    body = b'{"name":"c","roleArn":"r","resourcesVpcConfig":{},"outpostConfig":{}}'
    with pytest.raises(InvalidInput, match=r"Value null at 'outpostConfig\.outpostArns' failed"):
        eks(body)


def test_a_null_in_a_map_or_a_list_is_missing() -> None:
    path = "/clusters/c/pod-identity-associations"
    body = b'{"namespace":"n","serviceAccount":"s","roleArn":"r","tags":{"a":null}}'
    with pytest.raises(InvalidInput, match=r"^1 validation error detected: Value null at 'tags.a.member' failed"):
        eks(body, path)
    with pytest.raises(InvalidInput, match="NULL_VALUE found where a structure or map was expected"):
        eks(b"null", path)


def test_patterns_alone_can_be_left_out() -> None:
    model = load_service("kinesis")
    target = (("x-amz-target", "Kinesis_20131202.DeregisterStreamConsumer"),)
    request = HttpRequest(method="POST", path="/", headers=target, body=b'{"ConsumerARN":"moto"}')
    match = model.match(request)
    assert match is not None
    with pytest.raises(InvalidInput, match="regular expression pattern"):
        read_input(model, match, request)
    assert read_input(model, match, request, patterns=False) == {"ConsumerARN": "moto"}
    long = HttpRequest(method="POST", path="/", headers=target, body=b'{"ConsumerARN":"' + b"x" * 2049 + b'"}')
    with pytest.raises(InvalidInput, match="length less than or equal to 2048"):
        read_input(model, match, long, patterns=False)


def test_absent_null_and_empty_are_told_apart() -> None:
    path = "/clusters/c/pod-identity-associations/a-1"
    assert eks(b'{"targetRoleArn":""}', path)["targetRoleArn"] == ""
    assert "targetRoleArn" not in eks(b'{"targetRoleArn":null}', path)
    assert "targetRoleArn" not in eks(b"{}", path)
    assert "targetRoleArn" not in eks(b"", path)


def test_what_the_model_does_not_know_is_passed_over() -> None:
    path = "/clusters/c/pod-identity-associations/a-1"
    assert eks(b'{"fromTheFuture":{"a":[1]}}', path) == {"clusterName": "c", "associationId": "a-1"}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"TableName":1}', "NUMBER_VALUE cannot be converted to String"),
        (b'{"TableName":true}', "TRUE_VALUE cannot be converted to String"),
        (b'{"TableName":["t"]}', "Start of list found where not expected"),
        (b'{"TableName":{}}', "Start of structure or map found where not expected"),
        (b'{"TableName":"t","Key":[]}', "Expected map or null"),
        (b'{"TableName":"t","AttributesToGet":{}}', "Expected list or null"),
        (b'{"TableName":"t","ConsistentRead":"yes"}', "STRING_VALUE cannot be converted to Boolean"),
        (b"[]", "Start of list found where not expected"),
    ],
)
def test_json_type_errors_have_aws_words(body: bytes, text: str) -> None:
    request = HttpRequest(method="POST", path="/", headers=(("x-amz-target", "DynamoDB_20120810.GetItem"),), body=body)
    with pytest.raises(InvalidInput) as refused:
        read("dynamodb", request, validate=False)
    assert (refused.value.code, refused.value.status, refused.value.public) == ("SerializationException", 400, text)


def test_numbers_must_fit_their_type() -> None:
    for text in ("2147483648", "abc", "1.5", "", "٣", "9" * 30):
        with pytest.raises(InvalidInput):
            call("iam", "ListRoles", MaxItems=text)
    assert call("iam", "ListRoles", MaxItems="7")["MaxItems"] == 7


def test_no_more_than_ten_failures_are_told() -> None:
    tags = {f"Tags__member__{n}__Key": "" for n in range(1, 40)}
    with pytest.raises(InvalidInput) as refused:
        call("iam", "TagRole", RoleName="r", **tags)
    assert refused.value.public.startswith("10 validation errors detected: ")


def test_without_validation_only_the_form_counts() -> None:
    body = urlencode({"Action": "GetRole", "Version": "2010-05-08", "RoleName": "a b" * 100}).encode()
    request = HttpRequest(method="POST", path="/", headers=FORM, body=body)
    assert read("iam", request, validate=False) == {"RoleName": "a b" * 100}


@pytest.mark.parametrize("service", ["eks", "eks-auth", "iam", "sts", "s3"])
def test_every_pattern_of_a_service_that_we_answer_can_be_checked(service: str) -> None:
    model = load_service(service)
    for name in model._raw.shapes:  # all shapes, whether an operation reaches them or not
        pattern = model.shape(name).raw.pattern
        assert not pattern or patterns.is_usable(pattern), (name, pattern)


def test_few_patterns_of_all_services_cannot_be_checked() -> None:
    total = unusable = 0
    for service in service_names():
        for raw in load_service(service)._raw.shapes.values():
            total += bool(raw.pattern)
            unusable += bool(raw.pattern) and not patterns.is_usable(raw.pattern)
    assert unusable * 200 < total


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+", "Zürich 日本 ٣ _.:/=+-@", True),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+", "a*", False),
        (r"\p{Lu}\p{Ll}*", "Ängstlich", True),
        (r"\p{Alpha}+", "ä", False),
        (r"\P{C}*", "a\u0000", False),
        (r"[\P{C}\n]*", "a\n日", True),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*", "\U0001f600", True),
        (r"[\w+=,.@-]+", "ü", False),
        (r"a", "ab", False),
        (r"^[0-9A-Za-z][A-Za-z0-9\-_]*", "a!", False),
        (r"^[0-9A-Za-z][A-Za-z0-9\-_]*", "a\n", False),
        (r"([a-z", "anything: the pattern cannot be read", True),
    ],
)
def test_patterns_of_java(pattern: str, text: str, expected: bool) -> None:
    assert patterns.matches(pattern, text) is expected


def test_a_value_too_long_to_match_is_left_to_the_length_limit() -> None:
    assert patterns.matches("a", "b" * (patterns.MAX_LENGTH + 1))
