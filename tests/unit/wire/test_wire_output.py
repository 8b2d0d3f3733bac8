from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from podid.core.http import HttpRequest, HttpResponse
from podid.core.wire import load_service, write_output

AT = datetime(2024, 4, 16, 15, 20, 4, 123_456, tzinfo=UTC)


def answer(service: str, operation: str, output: dict[str, Any], request: HttpRequest | None = None) -> HttpResponse:
    model = load_service(service)
    return write_output(model, model.operations[operation], output, request_id="the-id", request=request)


def test_eks_times_are_seconds_with_milliseconds() -> None:
    response = answer("eks", "DescribePodIdentityAssociation", {"association": {"createdAt": AT, "tags": {}}})
    assert response.body == b'{"association":{"tags":{},"createdAt":1713280804.123}}'
    whole = answer("eks", "DescribeCluster", {"cluster": {"createdAt": AT.replace(microsecond=0)}})
    assert whole.body == b'{"cluster":{"createdAt":1713280804}}'


def test_times_of_any_zone_are_written_in_utc() -> None:
    east = AT.astimezone(timezone(timedelta(hours=2)))
    assert b"2024-04-16T15:20:04.123Z" in answer("iam", "GetUser", {"User": {"CreateDate": east}}).body


def test_a_time_without_a_zone_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="time zone"):
        answer("iam", "GetUser", {"User": {"CreateDate": datetime(2024, 1, 1)}})


def test_none_is_absent() -> None:
    body = answer("eks", "ListPodIdentityAssociations", {"associations": [], "nextToken": None}).body
    assert json.loads(body) == {"associations": []}


def test_query_answers_are_wrapped() -> None:
    response = answer("sts", "GetCallerIdentity", {"UserId": "U", "Account": "1", "Arn": "a"})
    assert response.body == (
        b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        b"<UserId>U</UserId><Account>1</Account><Arn>a</Arn></GetCallerIdentityResult>"
        b"<ResponseMetadata><RequestId>the-id</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )


def test_a_query_answer_without_output_has_no_result() -> None:
    assert b"Result>" not in answer("iam", "DeleteRole", {}).body


def test_an_empty_output_of_rest_json_is_an_empty_object() -> None:
    assert answer("eks", "TagResource", {}).body == b"{}"


def test_the_models_status_is_used() -> None:
    response = answer("lambda", "CreateFunction", {"FunctionName": "f"})
    assert response.status == 201
    deleted = answer("s3", "DeleteObject", {"VersionId": "v"})
    assert (deleted.status, deleted.body, dict(deleted.headers)["x-amz-version-id"]) == (204, b"", "v")


def test_a_head_answer_has_headers_only() -> None:
    request = HttpRequest(method="HEAD", path="/b/k")
    response = answer("s3", "HeadObject", {"ContentLength": 5, "Metadata": {"a": "b"}}, request)
    assert response.body == b"" and ("x-amz-meta-a", "b") in response.headers


@pytest.mark.parametrize(
    ("service", "operation", "output"),
    [
        ("eks", "DescribeCluster", {"Cluster": {}}),
        ("eks", "DescribeCluster", {"cluster": {"nmae": "c"}}),
        ("eks", "DescribeCluster", {"cluster": {"name": 1}}),
        ("eks", "DescribeCluster", {"cluster": {"createdAt": "2024"}}),
        ("eks", "DescribeCluster", {"cluster": "c"}),
        ("iam", "GetRole", {"Role": {"Nmae": "r"}}),
        ("iam", "GetRole", {"Role": "r"}),
        ("iam", "GetRole", {"Role": {"MaxSessionDuration": "3600"}}),
        ("cloudwatch", "ListMetrics", {"Metrics": "m"}),
    ],
)
def test_an_output_that_is_not_of_the_model_is_a_mistake(service: str, operation: str, output: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"is a|has no member"):
        answer(service, operation, output)


def test_event_streams_are_refused_clearly() -> None:
    with pytest.raises(ValueError, match="event stream"):
        answer("s3", "SelectObjectContent", {})


def test_the_protocol_of_the_request_is_answered_in() -> None:
    asked = HttpRequest(
        method="POST", path="/", headers=(("x-amz-target", "GraniteServiceVersion20100801.ListMetrics"),)
    )
    assert dict(answer("cloudwatch", "ListMetrics", {}, asked).headers)["content-type"].startswith(
        "application/x-amz-json"
    )
    assert dict(answer("cloudwatch", "ListMetrics", {}).headers)["content-type"] == "application/cbor"
