"""What moto is handed, and what of its answer goes on."""

from __future__ import annotations

from typing import Any

import pytest

from podid.core.errors import NotImplementedHere
from podid.core.http import HttpResponse
from podid.gateway.catalog import SERVICES
from podid.gateway.moto_services import MotoCall, MotoServices
from podid.gateway.moto_services.messages import as_answer, with_request_id


def nobody(account: str, operation: str, members: dict[str, Any]) -> dict[str, Any]:
    return {"Roles": [], "InstanceProfiles": []}


@pytest.fixture(scope="module")
def moto() -> MotoServices:
    return MotoServices(nobody)


def ask(moto: MotoServices, service: str, operation: str, protocol: str, account: str, /, **members: Any) -> Any:
    return moto.carry_out(
        MotoCall(
            service=SERVICES[service],
            operation=operation,
            members=members,
            protocol=protocol,
            account=account,
            region=members.pop("region", "us-east-1"),
            access_key_id="AKIAEXAMPLE",
            endpoint="http://127.0.0.1:4566",
            request_id="the-id",
        )
    )


def test_accounts_and_regions_are_kept_apart(moto: MotoServices) -> None:
    ask(moto, "dynamodbstreams", "ListStreams", "json", "111111111111")
    for account, region in (
        ("111111111111", "us-east-1"),
        ("222222222222", "us-east-1"),
        ("111111111111", "eu-west-1"),
    ):
        ask(moto, "sns", "CreateTopic", "query", account, Name=f"hand-{account}-{region}", region=region)
    told = ask(moto, "sns", "ListTopics", "query", "111111111111").body
    assert told.count(b"<TopicArn>") == 1
    assert b"arn:aws:sns:us-east-1:111111111111:hand-111111111111-us-east-1" in told


def test_the_request_id_is_ours_in_body_and_headers(moto: MotoServices) -> None:
    told = ask(moto, "sns", "ListTopics", "query", "333333333333")
    assert b"<RequestId>the-id</RequestId>" in told.body
    assert not [name for name, _ in told.headers if "request" in name]


def test_a_queue_leads_back_to_the_endpoint_it_was_made_at(moto: MotoServices) -> None:
    told = ask(moto, "sqs", "CreateQueue", "json", "111111111111", QueueName="hand")
    assert b'"http://127.0.0.1:4566/111111111111/hand"' in told.body


def test_a_protocol_moto_does_not_speak_comes_back_as_values(moto: MotoServices) -> None:
    told = ask(moto, "cloudwatch", "ListMetrics", "smithy-rpc-v2-cbor", "444444444444")
    assert told == {"Metrics": []}


def test_an_operation_moto_lacks_is_told_as_such(moto: MotoServices) -> None:
    with pytest.raises(NotImplementedHere) as error:
        ask(
            moto,
            "sns",
            "VerifySMSSandboxPhoneNumber",
            "query",
            "111111111111",
            PhoneNumber="1",
            OneTimePassword="12345",
        )
    assert error.value.public == (
        "sns:VerifySMSSandboxPhoneNumber is served by moto here, which does not implement it."
    )


def test_of_motos_answer_no_connection_header_goes_on() -> None:
    headers = {"Connection": "close", "Content-Length": "3", "x-moto-thing": "1", "ETag": '"x"', "X-Bad": "a\r\nb: c"}
    told = as_answer(200, headers, "abc")
    assert told == HttpResponse(status=200, headers=(("etag", '"x"'), ("x-bad", "a  b: c")), body=b"abc")
    assert ("content-length", "3") in as_answer(200, headers, "", head=True).headers


def test_a_made_up_request_id_is_replaced_in_xml_only() -> None:
    xml = HttpResponse(status=200, headers=(("x-amzn-requestid", "made-up"),), body=b"<RequestId>made-up</RequestId>")
    assert with_request_id(xml, "ours") == HttpResponse(status=200, body=b"<RequestId>ours</RequestId>")
    other = HttpResponse(status=200, headers=(("x-amzn-requestid", "made-up"),), body=b'{"x":"made-up"}')
    assert with_request_id(other, "ours").body == b'{"x":"made-up"}'
