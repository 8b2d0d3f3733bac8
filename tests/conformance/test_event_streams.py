"""Answers that are event streams: what moto gives comes through unbroken, what it has not is refused in the protocol's own form."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conformance.endpoint import ACCOUNT, REGION, Endpoint


def test_selecting_from_an_object(endpoint: Endpoint) -> None:
    s3 = endpoint.client("s3")
    s3.create_bucket(Bucket="conformance-streams")
    rows = b"a,b\n" + b"1,2\n" * 500
    s3.put_object(Bucket="conformance-streams", Key="rows.csv", Body=rows)
    told = s3.select_object_content(
        Bucket="conformance-streams",
        Key="rows.csv",
        Expression="SELECT * FROM s3object s",
        ExpressionType="SQL",
        InputSerialization={"CSV": {"FileHeaderInfo": "USE"}},
        OutputSerialization={"JSON": {}},
    )
    events = list(told["Payload"])
    records = b"".join(event["Records"]["Payload"] for event in events if "Records" in event)
    assert records.count(b'{"a":"1","b":"2"}') == 500
    assert [name for event in events[-2:] for name in event] == ["Stats", "End"]


CONSUMER = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/s/consumer/c:1700000000"
REFUSED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a shard": (
        "kinesis",
        "subscribe_to_shard",
        {"ConsumerARN": CONSUMER, "ShardId": "shardId-000000000000", "StartingPosition": {"Type": "LATEST"}},
    ),
    "a function": ("lambda", "invoke_with_response_stream", {"FunctionName": "f"}),
    "a model": ("bedrock-runtime", "invoke_model_with_response_stream", {"modelId": "m", "body": b"{}"}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_stream_that_moto_has_not(endpoint: Endpoint, case: str) -> None:
    service, operation, asked = REFUSED[case]
    with pytest.raises(ClientError) as refused:
        getattr(endpoint.client(service), operation)(**asked)
    response: Any = refused.value.response
    assert (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]) == (
        501,
        "NotImplementedException",
    )
    assert "does not implement it" in response["Error"]["Message"]


def test_moto_takes_back_what_it_gives_out(endpoint: Endpoint) -> None:
    """Its consumers' ARNs are not of the model's pattern."""
    kinesis = endpoint.client("kinesis")
    kinesis.create_stream(StreamName="conformance", ShardCount=1)
    stream = kinesis.describe_stream(StreamName="conformance")["StreamDescription"]["StreamARN"]
    made = kinesis.register_stream_consumer(StreamARN=stream, ConsumerName="c")["Consumer"]
    told = kinesis.describe_stream_consumer(ConsumerARN=made["ConsumerARN"])["ConsumerDescription"]
    assert told["ConsumerName"] == "c"


@pytest.mark.parametrize("service", ["apigateway", "iot"])
def test_json_is_called_json(endpoint: Endpoint, service: str) -> None:
    path = {"apigateway": "/restapis", "iot": "/things"}[service]
    answer = endpoint.call(service, "GET", path)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json is not None
