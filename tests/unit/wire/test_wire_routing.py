from __future__ import annotations

import pytest

from podid.core.http import HttpRequest
from podid.core.wire import InvalidInput, load_service, protocol_of, unknown_operation

FORM = (("content-type", "application/x-www-form-urlencoded; charset=utf-8"),)


def ask(
    service: str, method: str, target: str, *headers: tuple[str, str], body: bytes = b""
) -> tuple[str, dict[str, str]]:
    """Operation and path members, or ("", {})."""
    path, _, query = target.partition("?")
    match = load_service(service).match(HttpRequest(method=method, path=path, query=query, headers=headers, body=body))
    return ("", {}) if match is None else (match.operation.name, match.path_members)


@pytest.mark.parametrize(
    ("method", "target", "operation", "labels"),
    [
        ("GET", "/clusters", "ListClusters", {}),
        ("GET", "/clusters/", "ListClusters", {}),
        ("GET", "/clusters/c1", "DescribeCluster", {"name": "c1"}),
        ("POST", "/clusters/c1/pod-identity-associations", "CreatePodIdentityAssociation", {"clusterName": "c1"}),
        ("GET", "/clusters/c1/pod-identity-associations", "ListPodIdentityAssociations", {"clusterName": "c1"}),
        (
            "DELETE",
            "/clusters/c1/pod-identity-associations/a-1",
            "DeletePodIdentityAssociation",
            {"clusterName": "c1", "associationId": "a-1"},
        ),
        ("GET", "/addons/supported-versions", "DescribeAddonVersions", {}),
        (
            "GET",
            "/tags/arn%3Aaws%3Aeks%3Ar%3Aa%3Acluster%2Fc1",
            "ListTagsForResource",
            {"resourceArn": "arn:aws:eks:r:a:cluster/c1"},
        ),
        ("GET", "/clusters/a%20b%C3%BC", "DescribeCluster", {"name": "a bü"}),
        ("GET", "/clusters/a+b", "DescribeCluster", {"name": "a+b"}),
        ("GET", "/%63lusters", "ListClusters", {}),
    ],
)
def test_rest_paths(method: str, target: str, operation: str, labels: dict[str, str]) -> None:
    assert ask("eks", method, target) == (operation, labels)


@pytest.mark.parametrize(
    "target",
    [
        "",
        "/",
        "//",
        "/Clusters",
        "/clusters//c1",
        "/clusters/../clusters",
        "/clusters/./c1/x",
        "/clusters//pod-identity-associations",
        "/clusters/..",
        "clusters",
    ],
)
def test_paths_that_two_readers_might_take_differently_match_nothing(target: str) -> None:
    assert ask("eks", "GET", target) == ("", {})


def test_a_method_that_the_path_does_not_have_matches_nothing() -> None:
    assert ask("eks", "PATCH", "/clusters") == ("", {})


@pytest.mark.parametrize(
    ("method", "target", "operation"),
    [
        ("GET", "/", "ListBuckets"),
        ("GET", "/?x-id=ListBuckets", "ListBuckets"),
        ("GET", "/?x-id=ListDirectoryBuckets", "ListDirectoryBuckets"),
        ("PUT", "/b", "CreateBucket"),
        ("PUT", "/b/", "CreateBucket"),
        ("GET", "/b", "ListObjects"),
        ("GET", "/b?list-type=2&prefix=p", "ListObjectsV2"),
        ("GET", "/b?list-type=1", "ListObjects"),
        ("GET", "/b?acl", "GetBucketAcl"),
        ("GET", "/b?acl=", "GetBucketAcl"),
        ("GET", "/b?versions", "ListObjectVersions"),
        ("GET", "/b?uploads&prefix=x", "ListMultipartUploads"),
        ("GET", "/b?analytics&id=1", "GetBucketAnalyticsConfiguration"),
        ("GET", "/b?analytics", "ListBucketAnalyticsConfigurations"),
        ("GET", "/b?lifecycle", "GetBucketLifecycleConfiguration"),
        ("PUT", "/b?notification", "PutBucketNotificationConfiguration"),
        ("POST", "/b?delete", "DeleteObjects"),
        ("GET", "/b/k", "GetObject"),
        ("GET", "/b/k?x-id=GetObject&versionId=1", "GetObject"),
        ("GET", "/b/k?acl&x-id=GetObject", "GetObjectAcl"),
        ("GET", "/b/k?partNumber=1", "GetObject"),
        ("GET", "/b/k?uploadId=u", "ListParts"),
        ("PUT", "/b/k?uploadId=u&partNumber=1", "UploadPart"),
        ("POST", "/b/k?uploads", "CreateMultipartUpload"),
        ("POST", "/b/k?uploadId=u", "CompleteMultipartUpload"),
        ("POST", "/b/k?select&select-type=2", "SelectObjectContent"),
        ("DELETE", "/b/k?uploadId=u", "AbortMultipartUpload"),
        ("DELETE", "/b/k", "DeleteObject"),
        ("DELETE", "/b/k?tagging", "DeleteObjectTagging"),
        ("HEAD", "/b/k", "HeadObject"),
        ("HEAD", "/b", "HeadBucket"),
        ("PUT", "/b/k", "PutObject"),
        ("PUT", "/b/k?tagging", "PutObjectTagging"),
    ],
)
def test_operations_of_one_address(method: str, target: str, operation: str) -> None:
    assert ask("s3", method, target)[0] == operation


def test_headers_tell_copies_from_uploads() -> None:
    source = ("x-amz-copy-source", "/b/other")
    assert ask("s3", "PUT", "/b/k", source)[0] == "CopyObject"
    assert ask("s3", "PUT", "/b/k?uploadId=u&partNumber=1", source)[0] == "UploadPartCopy"


@pytest.mark.parametrize(
    ("target", "key"),
    [
        ("/b/a/c.txt", "a/c.txt"),
        ("/b//a", "/a"),
        ("/b/a//", "a//"),
        ("/b/folder/", "folder/"),
        ("/b//", "/"),
        ("/b/a%2Fb", "a/b"),
        ("/b/./../x", "./../x"),
        ("/b/%E6%97%A5", "日"),
        ("/b/a+b%2B", "a+b+"),
    ],
)
def test_an_object_key_is_taken_as_it_is(target: str, key: str) -> None:
    assert ask("s3", "GET", target) == ("GetObject", {"Bucket": "b", "Key": key})


@pytest.mark.parametrize(
    "target",
    [
        "/b?acl&policy",
        "/b?versions&list-type=2",
        "/b/k?acl&tagging",
        "/b/k?uploadId=u&acl&torrent",
        "/b?list-type=1&list-type=2",
        "/b?list-type=2&list-type=1&list-type=2",
    ],
)
def test_two_sub_resources_at_once_are_refused(target: str) -> None:
    with pytest.raises(InvalidInput, match="Conflicting query string parameters") as refused:
        ask("s3", "GET", target)
    assert (refused.value.code, refused.value.status) == ("InvalidArgument", 400)


def test_what_a_caller_names_in_x_id_never_beats_the_address() -> None:
    assert ask("s3", "PUT", "/b?acl&x-id=CreateBucket")[0] == "PutBucketAcl"
    assert ask("s3", "DELETE", "/b/k?x-id=GetObject")[0] == "DeleteObject"


def test_templates_with_query_values() -> None:
    assert ask("apigateway", "POST", "/restapis")[0] == "CreateRestApi"
    assert ask("apigateway", "POST", "/restapis?mode=import")[0] == "ImportRestApi"
    assert ask("lambda", "GET", "/2018-10-31/layers?find=LayerVersion&Arn=a")[0] == "GetLayerVersionByArn"
    assert ask("lambda", "GET", "/2018-10-31/layers")[0] == "ListLayers"


@pytest.mark.parametrize("target", ["/clusters/%ff", "/clusters/%C3%28", "/clusters/\xe9"])
def test_a_path_that_is_not_utf8_is_refused(target: str) -> None:
    with pytest.raises(InvalidInput):
        ask("eks", "GET", target)


def test_query_protocol_takes_form_and_address() -> None:
    body = b"Action=GetUser&Version=2010-05-08"
    assert ask("iam", "POST", "/", *FORM, body=body)[0] == "GetUser"
    assert ask("iam", "GET", "/?Action=GetUser&Version=2010-05-08")[0] == "GetUser"
    assert ask("iam", "POST", "/", body=body)[0] == "GetUser"
    assert ask("iam", "POST", "/", ("content-type", "application/json"), body=body)[0] == ""


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        (
            b"Action=Nothing&Version=2010-05-08",
            "InvalidAction",
            "Could not find operation Nothing for version 2010-05-08",
        ),
        (
            b"Action=GetUser&Version=2000-01-01",
            "InvalidAction",
            "Could not find operation GetUser for version 2000-01-01",
        ),
        (b"Action=GetUser", "InvalidAction", "Could not find operation GetUser for version NO_VERSION_SPECIFIED"),
        (b"Version=2010-05-08", "MissingAction", "The request is missing an action or a required parameter."),
    ],
)
def test_unknown_actions_are_told_as_the_service_tells_them(body: bytes, code: str, text: str) -> None:
    request = HttpRequest(method="POST", path="/", headers=FORM, body=body)
    model = load_service("iam")
    assert model.match(request) is None
    error = unknown_operation(model, request)
    assert (error.code, error.status, error.public) == (code, 400, text)


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("eks", "UnknownOperationException", 404),
        ("dynamodb", "UnknownOperationException", 400),
        ("s3", "MethodNotAllowed", 405),
    ],
)
def test_unknown_operations_of_other_protocols(service: str, code: str, status: int) -> None:
    error = unknown_operation(load_service(service), HttpRequest(method="PATCH", path="/"))
    assert (error.code, error.status) == (code, status)


def test_an_action_given_twice_is_refused() -> None:
    with pytest.raises(InvalidInput, match="twice"):
        ask("iam", "POST", "/?Action=GetUser&Version=2010-05-08", *FORM, body=b"Action=DeleteUser")


def test_ec2_takes_any_version() -> None:
    assert ask("ec2", "POST", "/", *FORM, body=b"Action=DescribeVpcs&Version=2014-10-01")[0] == "DescribeVpcs"


def test_json_goes_by_its_target() -> None:
    target = "x-amz-target"
    assert ask("dynamodb", "POST", "/", (target, "DynamoDB_20120810.GetItem"))[0] == "GetItem"
    assert ask("dynamodb", "POST", "/", (target, "DynamoDBStreams_20120810.GetItem"))[0] == ""
    assert ask("dynamodb", "POST", "/", (target, "GetItem"))[0] == ""
    assert ask("dynamodb", "POST", "/")[0] == ""


def test_a_service_of_many_protocols_is_asked_in_the_callers_own() -> None:
    model = load_service("cloudwatch")
    cbor = HttpRequest(
        method="POST",
        path="/service/GraniteServiceVersion20100801/operation/ListMetrics",
        headers=(("smithy-protocol", "rpc-v2-cbor"),),
    )
    json = HttpRequest(
        method="POST", path="/", headers=(("x-amz-target", "GraniteServiceVersion20100801.ListMetrics"),)
    )
    query = HttpRequest(method="POST", path="/", headers=FORM, body=b"Action=ListMetrics&Version=2010-08-01")
    spoken = [protocol_of(model, request) for request in (cbor, json, query)]
    assert spoken == ["smithy-rpc-v2-cbor", "json", "query"]
    for request in (cbor, json, query):
        match = model.match(request)
        assert match is not None and match.operation.name == "ListMetrics"


def test_a_cbor_path_below_a_prefix_is_taken_and_another_services_is_not() -> None:
    headers = ("smithy-protocol", "rpc-v2-cbor")
    path = "/service/GraniteServiceVersion20100801/operation/ListMetrics"
    assert ask("cloudwatch", "POST", "/any/prefix" + path, headers)[0] == "ListMetrics"
    assert ask("cloudwatch", "POST", "/service/Other/operation/ListMetrics", headers)[0] == ""
