from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from podid.core.errors import AccessDenied, AwsError, NotImplementedHere
from podid.core.http import HttpRequest, HttpResponse
from podid.core.wire import load_service, write_error

POST = HttpRequest(method="POST", path="/")


class Exists(AwsError):
    code, status = "ResourceInUseException", 500


class NoSuchEntity(AwsError):
    code, status = "NoSuchEntity", 400


class Coded(AwsError):
    def __init__(self, code: str, status: int, text: str) -> None:
        super().__init__(text)
        vars(self).update(code=code, status=status)


def header(response: HttpResponse, name: str) -> str | None:
    return dict(response.headers).get(name)


def told(service: str, operation: str | None, error: AwsError, request: HttpRequest | None = None) -> HttpResponse:
    model = load_service(service)
    found = None if operation is None else model.operations[operation]
    return write_error(model, found, error, request_id="the-id", request=request)


def test_rest_json_names_the_error_in_a_header() -> None:
    error = Exists("Association already exists: a-1", clusterName="c1")
    response = told("eks", "CreatePodIdentityAssociation", error)
    assert response.status == 409  # the model's, not the class's
    assert header(response, "x-amzn-errortype") == "ResourceInUseException"
    assert header(response, "content-type") == "application/json"
    assert header(response, "x-amzn-requestid") == "the-id"
    assert json.loads(response.body) == {"message": "Association already exists: a-1", "clusterName": "c1"}


@pytest.mark.parametrize(
    ("service", "operation", "code", "status"),
    [
        ("eks", "DescribeCluster", "AccessDeniedException", 403),
        ("eks-auth", "AssumeRoleForPodIdentity", "AccessDeniedException", 400),
        ("lambda", "GetFunction", "AccessDeniedException", 403),
    ],
)
def test_access_denied_of_rest_json(service: str, operation: str, code: str, status: int) -> None:
    response = told(service, operation, AccessDenied("no"))
    assert (response.status, header(response, "x-amzn-errortype")) == (status, code)


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("dynamodb", "AccessDeniedException", 400),
        ("kms", "AccessDeniedException", 400),
        ("ssm", "AccessDeniedException", 400),
        ("secretsmanager", "AccessDeniedException", 400),
        ("iam", "AccessDenied", 403),
        ("sts", "AccessDenied", 403),
        ("sns", "AuthorizationError", 403),
        ("ec2", "UnauthorizedOperation", 403),
        ("s3", "AccessDenied", 403),
        ("route53", "AccessDenied", 403),
        ("cloudwatch", "AccessDeniedException", 400),
    ],
)
def test_access_denied_as_each_service_spells_it(service: str, code: str, status: int, other: Any) -> None:
    response = told(service, None, AccessDenied("User: x is not authorized"))
    parsed = other.receive_error(response, load_service(service).protocol)
    assert (response.status, parsed["Error"]["Code"]) == (status, code)
    assert parsed["Error"]["Message"] == "User: x is not authorized"
    assert parsed["ResponseMetadata"]["RequestId"] == "the-id"


def test_query_errors_have_the_code_of_the_model_and_its_namespace() -> None:
    response = told("iam", "GetRole", NoSuchEntity("The role with name <r> cannot be found."))
    assert response.status == 404
    root = ElementTree.fromstring(response.body)
    space = "{https://iam.amazonaws.com/doc/2010-05-08/}"
    assert root.tag == f"{space}ErrorResponse"
    assert [(node.tag.removeprefix(space), node.text) for node in root[0]] == [
        ("Type", "Sender"),
        ("Code", "NoSuchEntity"),
        ("Message", "The role with name <r> cannot be found."),
    ]
    assert root.findtext(f"{space}RequestId") == "the-id"


def test_the_name_of_the_shape_does_as_well_as_its_code() -> None:
    by_name = told("iam", "GetRole", Coded("NoSuchEntityException", 500, "x"))
    assert by_name.status == 404 and b"<Code>NoSuchEntity</Code>" in by_name.body


def test_our_own_failures_are_the_receivers() -> None:
    response = told("sts", None, AwsError("it broke"))
    assert response.status == 500 and b"<Type>Receiver</Type>" in response.body
    assert header(told("eks", None, AwsError("it broke")), "x-amzn-errortype") == "ServerException"
    assert header(told("eks-auth", None, AwsError("it broke")), "x-amzn-errortype") == "InternalServerException"


def test_s3_errors_are_bare() -> None:
    response = told("s3", "GetObject", Coded("NoSuchKey", 404, "The specified key does not exist."))
    root = ElementTree.fromstring(response.body)
    assert [node.tag for node in root] == ["Code", "Message", "RequestId", "HostId"]
    assert root.tag == "Error" and header(response, "x-amz-request-id") == "the-id"


def test_a_head_answer_has_no_body() -> None:
    response = told("s3", "HeadObject", AccessDenied("no"), HttpRequest(method="HEAD", path="/b/k"))
    assert (response.status, response.body) == (403, b"")
    assert header(response, "x-amz-request-id") == "the-id"


def test_ec2_errors() -> None:
    response = told("ec2", None, Coded("InvalidVpcID.NotFound", 400, "no"))
    root = ElementTree.fromstring(response.body)
    assert root.tag == "Response" and root.findtext("Errors/Error/Code") == "InvalidVpcID.NotFound"
    assert root.findtext("RequestID") == "the-id"


def test_json_errors_use_the_member_that_the_model_has_for_the_text() -> None:
    response = told("dynamodb", "GetItem", Coded("ResourceNotFoundException", 400, "no table"))
    assert json.loads(response.body) == {"__type": "ResourceNotFoundException", "message": "no table"}
    assert header(response, "content-type") == "application/x-amz-json-1.0"


def test_clients_of_a_former_query_service_get_the_old_code_when_they_ask(other: Any) -> None:
    speaking = (("x-amz-target", "GraniteServiceVersion20100801.GetDashboard"),)
    asking = HttpRequest(method="POST", path="/", headers=(*speaking, ("x-amzn-query-mode", "true")))
    error = Coded("DashboardNotFoundError", 400, "no dashboard")
    response = told("cloudwatch", "GetDashboard", error, asking)
    assert header(response, "x-amzn-query-error") == "ResourceNotFound;Sender"
    assert json.loads(response.body)["__type"] == "DashboardNotFoundError"
    assert other.receive_error(response, "json")["Error"]["Code"] == "ResourceNotFound"
    plain = HttpRequest(method="POST", path="/", headers=speaking)
    assert header(told("cloudwatch", "GetDashboard", error, plain), "x-amzn-query-error") is None


def test_cbor_errors(other: Any) -> None:
    request = HttpRequest(method="POST", path="/", headers=(("smithy-protocol", "rpc-v2-cbor"),))
    response = told("cloudwatch", "PutMetricData", Coded("InvalidParameterValue", 400, "bad"), request)
    parsed = other.receive_error(response, "smithy-rpc-v2-cbor")
    assert parsed["Error"]["Code"] in ("InvalidParameterValue", "InvalidParameterValueException")
    assert parsed["Error"]["Message"] == "bad"
    assert header(response, "smithy-protocol") == "rpc-v2-cbor"


def test_what_is_not_implemented_says_so() -> None:
    response = told("eks", "CreateNodegroup", NotImplementedHere("podid does not implement eks:CreateNodegroup yet."))
    assert response.status == 501


def test_the_private_text_is_told_to_nobody() -> None:
    for service in ("eks", "iam", "s3", "ec2", "dynamodb", "cloudwatch", "route53"):
        response = told(service, None, AccessDenied("public words", private="for the log"))
        assert b"public words" in response.body and b"for the log" not in response.body


def test_a_text_that_xml_cannot_hold_is_still_readable() -> None:
    response = told("iam", None, AccessDenied("a\x00b\x1b]c & <d> \ud800"))
    assert ElementTree.fromstring(response.body).findtext(".//{*}Message") == "a\ufffdb\ufffd]c & <d> \ufffd"
